"""Reading a PayPal account against the double: every line once, every change found, and the balance to the cent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connector.errors import NeedsReconnect, UnknownRecord, Unreachable
from connector.model.finding import FindingCode
from connector.model.money_in import Attempt, AttemptState, Dispute, DisputeState, Payment, PaymentState, Refund
from connector.model.party import Profile
from connector.model.settlement import BalanceEntry, EntryNature, Membership, Payout, PayoutState
from connector.model.source import ConnectionId, Kind, Ref, Tag
from tests.paypal_rig import ACCOUNT, CONNECTION, WORLD, Desk, entries, key, open_desk, payment, ties, usd

LINES = "/v1/reporting/transactions"
BALANCES = "/v1/reporting/balances"
DAY = 86_400


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


def test_the_profile_names_the_account_and_its_own_currency(desk: Desk) -> None:
    page = desk.adapter().pull("profile", None)
    (mirrored,) = page.records
    assert mirrored.ref == Ref(CONNECTION, Kind.PROFILE, ACCOUNT)
    assert mirrored.record == Profile(name=f"PayPal {ACCOUNT}", home_currency=usd("0").currency, live=False)
    assert desk.adapter().pull("profile", page.cursor).records == ()


def test_a_payment_of_ours_names_its_debt_and_its_try_to_pay(desk: Desk) -> None:
    adapter = desk.adapter()
    taken = adapter.capture_page(desk.approved(adapter), key())
    desk.read(adapter)
    read = payment(desk, taken.ref.vendor_id)
    assert (read.gross, read.fee, read.net) == (usd("120.00"), usd("4.68"), usd("115.32"))
    assert read.state is PaymentState.SUCCEEDED
    assert read.tags == (
        Tag("receivables_debt", "quickbooks/invoice/130"),
        Tag("receivables_attempt", "a-abcdefghijklmnopqrst"),
    )


def test_payments_that_came_another_way_are_read_too_with_what_the_payer_wrote(desk: Desk) -> None:
    row = desk.people.pay("50.00", note="for inv 9", invoice_id="WC-123", payer="Pat Payer")
    desk.read()
    read = payment(desk, row.id)
    assert (read.memo, read.payer, read.tags) == ("for inv 9", None, (Tag("invoice_id", "WC-123"),))


def test_payers_are_read_only_where_the_firm_wants_that(desk: Desk) -> None:
    row = desk.people.pay("50.00", payer="Pat Payer")
    desk.read(desk.adapter(payer_details="yes"))
    assert payment(desk, row.id).payer == "Pat Payer"


def test_everything_that_moves_money_ties_to_the_balance_to_the_cent(desk: Desk) -> None:
    people = desk.people
    first, second, third, fourth = (people.pay(amount) for amount in ("120.00", "80.00", "60.00", "33.33"))
    people.pay("40.00", currency="EUR")
    desk.pass_hours(1)
    people.refund(first.id, "20.00", fee_back=58)
    people.reverse(second.id)
    people.charge_back(third.id, fee=2000)
    people.convert("30.00", "EUR", "USD", "32.11")
    people.line("T0106", "-0.30", of=fourth.id)
    people.line("T2101", "-10.00")
    people.line("T1503", "5.00")
    people.line("T0300", "100.00")
    people.line("T9999", "1.23")
    sent = people.withdraw("50.00")
    people.withdraw("7.00", waits=True)
    assert desk.read() != []
    assert ties(desk)
    natures = [entry.nature for entry in entries(desk)]
    assert {nature: natures.count(nature) for nature in natures} == {
        EntryNature.PAYMENT: 5,
        EntryNature.REFUND: 1,
        EntryNature.RETURN: 1,
        EntryNature.DISPUTE: 1,
        EntryNature.FEE: 2,
        EntryNature.TRANSFER: 2,
        EntryNature.RESERVE: 2,
        EntryNature.TOPUP: 1,
        EntryNature.SUSPENSE: 1,
        EntryNature.PAYOUT: 2,
    }
    desk.pass_hours(1)
    people.send_back(sent.id)
    people.refund(first.id, "100.00", fee_back=410)
    desk.read()
    assert ties(desk)


def test_a_refund_says_of_which_payment_it_is_and_what_came_back_of_the_fee(desk: Desk) -> None:
    paid = desk.people.pay("120.00")
    desk.pass_hours(1)
    back = desk.people.refund(paid.id, "20.00", fee_back=58)
    desk.read()
    read = desk.mirror.of(Kind.REFUND)[back.id]
    assert isinstance(read, Refund)
    assert (read.payment, read.amount) == (Ref(CONNECTION, Kind.PAYMENT, paid.id), usd("20.00"))
    (line,) = [entry for entry in entries(desk) if entry.nature is EntryNature.REFUND]
    assert (line.gross, line.fee, line.net) == (usd("-20.00"), usd("-0.58"), usd("-19.42"))
    assert (payment(desk, paid.id).refunded, payment(desk, paid.id).state) == (usd("20.00"), PaymentState.SUCCEEDED)


def test_refunds_of_one_payment_add_up_whenever_they_are_read(desk: Desk) -> None:
    paid = desk.people.pay("120.00")
    for given, state in (
        ("20.00", PaymentState.SUCCEEDED),
        ("30.00", PaymentState.SUCCEEDED),
        ("70.00", PaymentState.REFUNDED),
    ):
        desk.clock.pass_seconds(50 * DAY)
        desk.people.refund(paid.id, given)
        desk.read()
        assert payment(desk, paid.id).state is state
    assert payment(desk, paid.id).refunded == usd("120.00")
    before = payment(desk, paid.id)
    desk.clock.pass_seconds(2 * DAY)
    desk.read()
    assert payment(desk, paid.id) == before


def test_a_payment_that_paypal_took_back_has_returned_on_that_day(desk: Desk) -> None:
    paid = desk.people.pay("120.00")
    desk.read()
    desk.clock.pass_seconds(60 * DAY)
    desk.people.reverse(paid.id)
    desk.read()
    read = payment(desk, paid.id)
    assert read.state is PaymentState.RETURNED
    assert str(read.returned_on) == "2026-07-31"
    desk.clock.pass_seconds(2 * DAY)
    desk.cursor = None
    desk.read()
    assert payment(desk, paid.id) == read


def test_a_withdrawal_is_a_payout_of_which_nobody_can_say_what_it_consists_of(desk: Desk) -> None:
    desk.people.pay("120.00")
    sent = desk.people.withdraw("100.00")
    desk.read()
    read = desk.mirror.of(Kind.PAYOUT)[sent.id]
    assert isinstance(read, Payout)
    assert (read.amount, read.state, read.membership) == (usd("100.00"), PayoutState.PAID, Membership.NEVER)
    assert read.entry is not None
    own = desk.mirror.of(Kind.BALANCE_ENTRY)[read.entry.vendor_id]
    assert isinstance(own, BalanceEntry)
    assert own.gross == usd("-100.00")


def test_a_withdrawal_that_the_bank_sent_back_has_failed(desk: Desk) -> None:
    desk.people.pay("120.00")
    sent = desk.people.withdraw("100.00")
    desk.read()
    desk.clock.pass_seconds(50 * DAY)
    back = desk.people.send_back(sent.id)
    desk.read()
    read = desk.mirror.of(Kind.PAYOUT)[sent.id]
    assert isinstance(read, Payout)
    assert read.state is PayoutState.FAILED
    assert read.back is not None
    assert read.back.vendor_id.startswith(back.id)
    assert ties(desk)


def test_a_withdrawal_that_was_denied_on_its_way_takes_its_line_with_it(desk: Desk) -> None:
    desk.people.pay("120.00")
    sent = desk.people.withdraw("100.00", waits=True)
    desk.read()
    assert ties(desk)
    desk.people.refuse(sent.id)
    desk.pass_hours(1)
    desk.read()
    assert ties(desk)
    assert len(entries(desk)) == 1


def test_an_echeck_is_pending_until_it_clears_and_then_stands_in_the_ledger(desk: Desk) -> None:
    adapter = desk.adapter()
    taken = adapter.capture_page(desk.approved(adapter, "echeck"), key())
    desk.read(adapter)
    waiting = payment(desk, taken.ref.vendor_id)
    assert (waiting.state, waiting.fee, entries(desk)) == (PaymentState.PENDING, None, [])
    desk.clock.pass_seconds(8 * DAY)
    desk.people.clear(taken.ref.vendor_id)
    desk.read(adapter)
    cleared = payment(desk, taken.ref.vendor_id)
    assert (cleared.state, cleared.net) == (PaymentState.SUCCEEDED, usd("115.32"))
    assert ties(desk)


def test_an_echeck_that_bounced_has_failed_and_moved_nothing(desk: Desk) -> None:
    adapter = desk.adapter()
    taken = adapter.capture_page(desk.approved(adapter, "echeck"), key())
    desk.read(adapter)
    desk.clock.pass_seconds(8 * DAY)
    desk.people.deny(taken.ref.vendor_id)
    desk.read(adapter)
    assert payment(desk, taken.ref.vendor_id).state is PaymentState.FAILED
    assert entries(desk) == []


@pytest.mark.req("Y9")
def test_reports_that_are_three_hours_late_miss_nothing_and_tie_at_their_own_hour(desk: Desk) -> None:
    desk.people.conduct(late_seconds=3 * 3600)
    for _ in range(12):
        desk.people.pay("10.00")
        desk.read()
        assert ties(desk)
        desk.pass_hours(1)
    desk.pass_hours(3)
    desk.read()
    assert len(entries(desk)) == 12
    assert ties(desk)


def test_a_dispute_is_read_with_the_day_to_answer_and_marks_its_payment(desk: Desk) -> None:
    paid = desk.people.pay("120.00")
    desk.read()
    desk.clock.pass_seconds(60 * DAY)
    fight = desk.people.complain(paid.id, "PAYMENT_BY_OTHER_MEANS")
    desk.read()
    read = desk.mirror.of(Kind.DISPUTE)[fight.id]
    assert isinstance(read, Dispute)
    assert (read.payment, read.amount, read.state) == (
        Ref(CONNECTION, Kind.PAYMENT, paid.id),
        usd("120.00"),
        DisputeState.OPEN,
    )
    assert read.said == "the payer says it was paid another way (still an inquiry); answer in PayPal by 2026-08-10"
    assert payment(desk, paid.id).state is PaymentState.DISPUTED


@pytest.mark.parametrize(
    ("outcome", "state", "of_payment"),
    [
        ("RESOLVED_SELLER_FAVOUR", DisputeState.WON, PaymentState.DISPUTED),
        ("RESOLVED_BUYER_FAVOUR", DisputeState.LOST, PaymentState.RETURNED),
    ],
)
def test_a_dispute_that_ended_says_how(desk: Desk, outcome: str, state: DisputeState, of_payment: PaymentState) -> None:
    paid = desk.people.pay("120.00")
    fight = desk.people.complain(paid.id)
    desk.read()
    desk.pass_hours(1)
    desk.people.settle(fight.id, outcome)
    desk.read()
    read = desk.mirror.of(Kind.DISPUTE)[fight.id]
    assert isinstance(read, Dispute)
    assert (read.state, payment(desk, paid.id).state) == (state, of_payment)
    assert ties(desk)


def test_many_disputes_are_read_page_by_page_and_only_those_that_changed_again(desk: Desk) -> None:
    paid = [desk.people.pay("10.00") for _ in range(60)]
    for each in paid:
        desk.people.complain(each.id)
    desk.read()
    assert len(desk.mirror.of(Kind.DISPUTE)) == 60
    before = len(desk.server.calls)
    desk.pass_hours(1)
    desk.read()
    asked = [path for _, path, _ in desk.server.calls[before:]]
    assert [path for path in asked if path.startswith("/v1/customer/disputes/")] == []


def test_an_app_that_may_not_read_disputes_reads_the_rest_and_says_so(desk: Desk) -> None:
    desk.people.conduct(disputes=False)
    desk.people.pay("10.00")
    (told,) = desk.read()
    assert told.code is FindingCode.READ_FAILED
    assert "lacks the permission for Disputes" in told.sentence
    assert len(entries(desk)) == 1


def test_an_event_code_nobody_knows_counts_and_is_told(desk: Desk) -> None:
    desk.people.line("T9999", "1.23")
    (told,) = desk.read()
    assert told.code is FindingCode.UNKNOWN_VALUE
    assert "'T9999'" in told.sentence
    assert ties(desk)


def test_a_capture_is_seen_hours_before_the_reports_know_it(desk: Desk) -> None:
    desk.people.conduct(late_seconds=3 * 3600)
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    taken = adapter.capture_page(intent, key())
    (early,) = adapter.look([taken.ref]).records
    assert isinstance(early.record, Payment)
    assert (early.record.state, early.record.gross, early.record.fee) == (PaymentState.SUCCEEDED, usd("120.00"), None)
    assert early.record.tags[0] == Tag("receivables_debt", "quickbooks/invoice/130")
    desk.mirror.take((early,))
    desk.pass_hours(4)
    desk.read(adapter)
    late = payment(desk, taken.ref.vendor_id)
    assert (late.gross, late.received_on, late.tags) == (
        early.record.gross,
        early.record.received_on,
        early.record.tags,
    )
    assert late.fee == usd("4.68")


def test_an_echeck_that_cleared_is_seen_at_once_and_its_line_when_the_reports_have_it(desk: Desk) -> None:
    desk.people.conduct(late_seconds=3 * 3600)
    adapter = desk.adapter()
    taken = adapter.capture_page(desk.approved(adapter, "echeck"), key())
    desk.clock.pass_seconds(8 * DAY)
    desk.read(adapter)
    desk.people.clear(taken.ref.vendor_id)
    (early,) = adapter.look([taken.ref]).records
    assert isinstance(early.record, Payment)
    assert early.record.state is PaymentState.SUCCEEDED
    desk.mirror.take((early,))
    desk.pass_hours(4)
    desk.read(adapter)
    assert payment(desk, taken.ref.vendor_id).net == usd("115.32")
    assert ties(desk)


def test_a_refund_that_was_looked_at_first_reads_the_same_from_its_lines(desk: Desk) -> None:
    desk.people.conduct(late_seconds=3 * 3600)
    adapter = desk.adapter()
    taken = adapter.capture_page(desk.approved(adapter), key())
    desk.people.refund(taken.ref.vendor_id)
    desk.mirror.take(adapter.look([taken.ref]).records)
    assert payment(desk, taken.ref.vendor_id).state is PaymentState.REFUNDED
    desk.pass_hours(4)
    desk.read(adapter)
    assert payment(desk, taken.ref.vendor_id).state is PaymentState.REFUNDED
    assert ties(desk)


def test_an_order_is_looked_at_as_a_try_to_pay(desk: Desk) -> None:
    adapter = desk.adapter()
    intent = desk.approved(adapter)
    (mirrored,) = adapter.look([Ref(CONNECTION, Kind.ATTEMPT, intent.page_id)]).records
    assert isinstance(mirrored.record, Attempt)
    assert (mirrored.record.state, mirrored.record.amount) == (AttemptState.APPROVED, usd("120.00"))


def test_looking_at_a_refund_or_dispute_shows_the_payment_too(desk: Desk) -> None:
    paid = desk.people.pay("120.00")
    back = desk.people.refund(paid.id, "20.00")
    fight = desk.people.complain(paid.id)
    adapter = desk.adapter()
    page = adapter.look([Ref(CONNECTION, Kind.REFUND, back.id), Ref(CONNECTION, Kind.DISPUTE, fight.id)])
    seen = {each.ref: each.record for each in page.records}
    assert seen.keys() >= {
        Ref(CONNECTION, Kind.REFUND, back.id),
        Ref(CONNECTION, Kind.DISPUTE, fight.id),
        Ref(CONNECTION, Kind.PAYMENT, paid.id),
    }
    shown = seen[Ref(CONNECTION, Kind.PAYMENT, paid.id)]
    assert isinstance(shown, Payment)
    assert (shown.refunded, shown.state) == (usd("20.00"), PaymentState.DISPUTED)


def test_what_paypal_does_not_show_by_its_id_is_never_called_gone(desk: Desk) -> None:
    page = desk.adapter().look([Ref(CONNECTION, Kind.PAYMENT, "NOTTHERENOTTHERE2")])
    assert page.records == ()
    assert desk.asked("GET", LINES) == 2


@pytest.mark.parametrize(
    "ref",
    [
        Ref(CONNECTION, Kind.INVOICE, "1"),
        Ref(ConnectionId("stripe"), Kind.PAYMENT, "1"),
        Ref(CONNECTION, Kind.PAYOUT, "1"),
    ],
)
def test_what_is_not_kept_there_is_not_looked_for(desk: Desk, ref: Ref) -> None:
    with pytest.raises(UnknownRecord):
        desk.adapter().look([ref])


@pytest.mark.parametrize(
    "fault", ["answer-before  gateway", "answer-before  throttled", "answer-before  trouble", "drop-after", "truncate"]
)
def test_a_read_that_fails_is_made_again(desk: Desk, fault: str) -> None:
    desk.people.pay("10.00")
    desk.faults(f"GET  {LINES}  1  {fault}")
    desk.read(desk.adapter(read_from="2026-05-15"))
    assert len(entries(desk)) == 1


def test_reading_that_goes_on_failing_ends_and_keeps_what_it_has(desk: Desk) -> None:
    desk.faults(f"GET  {LINES}  0  answer-before  gateway")
    with pytest.raises(Unreachable):
        desk.read()
    assert desk.cursor is not None


def test_reports_have_a_slow_lane_of_their_own(desk: Desk) -> None:
    desk.read(desk.adapter(read_from="2026-05-15"))
    assert desk.turns.lanes["reports"].taken == desk.asked("GET", LINES) + desk.asked("GET", BALANCES)


def test_a_stream_that_is_none_is_refused(desk: Desk) -> None:
    with pytest.raises(UnknownRecord, match="no stream"):
        desk.adapter().pull("orders", None)


def test_a_world_is_read_as_it_was_written() -> None:
    world = (
        WORLD
        + """
2026-05-01  invoice  INV-7  Acme  120.00 USD  due 2026-05-31
2026-05-02  payment  pp1  Acme  120.00 USD  by paypal  in paypal  key INV-7  fee 4.68 USD
2026-05-03  payment  pp2  Acme  60.00 USD  by paypal  in paypal  memo "for inv 8"
2026-05-04  payment  pp3  Acme  30.00 USD  by paypal  in paypal  status returned
2026-05-05  payment  pp4  Acme  10.00 USD  by paypal  in paypal  status pending
2026-05-06  payment  ch_1  Acme  10.00 USD  by card
2026-05-07  refund  rf1  20.00 USD  of pp2
2026-05-08  dispute  dp1  60.00 USD  of pp2  reason unauthorised
2026-05-09  payout  wd1  USD  of pp1
"""
    )
    with open_desk(world) as desk:
        desk.read()
        states = sorted(each.state.value for each in desk.mirror.of(Kind.PAYMENT).values() if isinstance(each, Payment))
        assert states == ["disputed", "pending", "returned", "succeeded"]
        (sent,) = desk.mirror.of(Kind.PAYOUT).values()
        assert isinstance(sent, Payout)
        assert sent.amount == usd("115.32")
        assert ties(desk)


class TestPermissions:
    """An app's features are switched on by hand, and work hours later."""

    def test_a_missing_permission_is_named_with_what_to_do(self, desk: Desk) -> None:
        desk.people.conduct(reports=False)
        with pytest.raises(NeedsReconnect) as caught:
            desk.adapter().pull("profile", None)
        assert caught.value.sentence == "This PayPal app lacks the permission for Transaction Search."
        assert "up to 9 hours" in caught.value.next_step

    def test_a_token_from_before_the_permission_is_dropped_once(self, desk: Desk) -> None:
        desk.people.conduct(reports=False)
        with pytest.raises(NeedsReconnect):
            desk.adapter().pull("profile", None)
        assert desk.books.conduct.tokens_fetched == 2

    def test_the_checks_say_it_in_a_line_each(self, desk: Desk) -> None:
        desk.people.conduct(disputes=False)
        lines = {line.name: line.ok for line in desk.adapter().check()}
        assert lines == {"environment": True, "transaction search": True, "disputes": False}
        assert [line.ok for line in desk.adapter().may_read()] == [True, True]
        assert [line.ok for line in desk.adapter().may_write()] == [True]

    def test_credentials_that_are_refused_are_told_once(self, desk: Desk) -> None:
        told = [line for line in desk.adapter(client_secret="secret-of-somebody-else").check() if not line.ok]
        assert [line.sentence for line in told] == ["PayPal's sandbox environment does not know these credentials."]
