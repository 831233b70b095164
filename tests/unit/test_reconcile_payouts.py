"""Payouts explained: each line with its chain, the sum to the minor unit, and every reason why one cannot be told."""

from __future__ import annotations

import pytest

from connector.model.finding import FindingCode
from connector.model.money_in import DisputeState
from connector.model.settlement import EntryNature, Membership, PayoutMade, PayoutState
from connector.model.source import Kind, Ref, Tag
from connector.money import grouped
from connector.reconcile.match import reconcile
from connector.reconcile.payouts import Explanation, Statements, Verdict, explain, gaps
from tests.builders import PROCESSOR, Mirror, money, ref

FEE, REFUND, DISPUTE, PAYOUT = EntryNature.FEE, EntryNature.REFUND, EntryNature.DISPUTE, EntryNature.PAYOUT


@pytest.fixture
def world() -> Mirror:
    mirror = Mirror()
    mirror.customer("Acme")
    return mirror


def sale(world: Mirror, vendor_id: str, amount: str, fee: str, *, day: int = 1, invoice: str | None = None) -> Ref:
    """A charge and its line of the ledger, available at noon of that day of March."""
    tags = (Tag("invoice_number", invoice),) if invoice is not None else ()
    charge = world.charge(vendor_id, amount, fee=fee, tags=tags)
    when = f"2026-03-{day:02}T12:00:00Z"
    return world.entry(f"txn_{vendor_id}", charge, amount, fee, created=when, available=when)


def told(world: Mirror, payout: Ref) -> Explanation:
    seen = world.seen()
    found = explain(seen, payout)
    assert found is not None
    return found


def test_the_lines_of_a_payout_stand_by_their_nature_and_add_up_to_its_amount(world: Mirror) -> None:
    first, second = sale(world, "ch_1", "120.00", "3.78"), sale(world, "ch_2", "50.00", "1.75")
    back = world.entry(
        "txn_re", world.refund("re_1", ref(Kind.PAYMENT, "ch_2", PROCESSOR), "20.00"), "-20.00", "0.00", REFUND
    )
    monthly = world.entry("txn_fee", None, "-2.00", "0.00", FEE)
    got = told(world, world.payout("po_1", "142.47", monthly, back, second, first))
    assert [(part.nature, grouped(part.gross), grouped(part.fee), grouped(part.net)) for part in got.parts] == [
        (EntryNature.PAYMENT, "170.00 USD", "5.53 USD", "164.47 USD"),
        (FEE, "-2.00 USD", "0.00 USD", "-2.00 USD"),
        (REFUND, "-20.00 USD", "0.00 USD", "-20.00 USD"),
    ]
    assert (got.verdict, got.difference, got.reasons) == (Verdict.TIES, money("0.00"), ())


def test_each_line_leads_to_its_invoice_and_its_customer(world: Mirror) -> None:
    invoice = world.invoice("INV-1", "Acme", "120.00")
    line = sale(world, "ch_1", "120.00", "3.78", invoice="INV-1")
    charge = ref(Kind.PAYMENT, "ch_1", PROCESSOR)
    refund = world.refund("re_1", charge, "20.00")
    dispute = world.dispute("dp_1", charge, "100.00", DisputeState.LOST)
    members = (
        line,
        world.entry("txn_re", refund, "-20.00", "0.00", REFUND),
        world.entry("txn_dp", dispute, "-100.00", "15.00", DISPUTE),
    )
    payout = world.payout("po_1", "-18.78", *members)
    seen = world.seen()
    got = Statements(seen, reconcile(seen).decisions).of(payout)
    assert got is not None
    assert got.verdict is Verdict.TIES
    assert [each.chain.about for each in got.lines] == [charge, refund, dispute]
    assert {(each.chain.payment, each.chain.invoices, each.chain.customer, each.chain.lost) for each in got.lines} == {
        (charge, (invoice,), ref(Kind.CUSTOMER, "Acme"), None)
    }


def test_the_books_own_payment_says_what_it_settled_once_it_is_posted(world: Mirror) -> None:
    invoice = world.invoice("INV-7", "Acme", "50.00", still_open="0.00")
    line = sale(world, "ch_1", "50.00", "1.75")
    world.received(
        "p-1", "Acme", "50.00", {invoice: "50.00"}, memo=f"receivables op={'A' * 20} src=stripe/payment/ch_1"
    )
    assert [each.chain.invoices for each in told(world, world.payout("po_1", "48.25", line)).lines] == [(invoice,)]


def test_an_invoice_of_the_processor_is_found_through_the_attempt_that_paid_it(world: Mirror) -> None:
    invoice = world.invoice("S-1", "cus_1", "50.00", at=PROCESSOR)
    charge = world.charge("ch_1", "50.00", fee="1.75", attempt="pi_1")
    world.link(ref(Kind.ATTEMPT, "pi_1", PROCESSOR), invoice, "50.00")
    line = world.entry("txn_1", charge, "50.00", "1.75")
    chain = told(world, world.payout("po_1", "48.25", line)).lines[0].chain
    assert (chain.attempt, chain.invoices) == (ref(Kind.ATTEMPT, "pi_1", PROCESSOR), (invoice,))


@pytest.mark.parametrize("kind", [Kind.PAYMENT, Kind.REFUND, Kind.DISPUTE])
def test_a_chain_that_breaks_names_the_record_that_was_not_read(world: Mirror, kind: Kind) -> None:
    gone = ref(kind, "x_1", PROCESSOR)
    line = world.entry("txn_1", gone, "-5.00", "0.00", EntryNature.ADJUSTMENT)
    assert told(world, world.payout("po_1", "-5.00", line)).lines[0].chain.lost == gone


def test_a_payout_whose_lines_come_to_another_amount_does_not_tie_and_says_by_how_much(world: Mirror) -> None:
    got = told(world, world.payout("po_1", "48.24", sale(world, "ch_1", "50.00", "1.75")))
    assert (got.verdict, got.difference) == (Verdict.DOES_NOT_TIE, money("-0.01"))
    assert got.reasons == ("It does not tie: it says 48.24 USD, and its lines come to 48.25 USD, -0.01 USD apart.",)


def test_a_missing_member_is_named_even_where_the_rest_would_tie(world: Mirror) -> None:
    line, lost = sale(world, "ch_1", "50.00", "1.75"), ref(Kind.BALANCE_ENTRY, "txn_lost", PROCESSOR)
    got = told(world, world.payout("po_1", "48.25", line, lost))
    assert (got.verdict, got.missing) == (Verdict.INCOMPLETE, (lost,))
    assert got.reasons == ("Its line txn_lost was not read.",)


def test_a_member_in_another_currency_never_counts_into_the_sum(world: Mirror) -> None:
    line, foreign = sale(world, "ch_1", "50.00", "1.75"), world.entry("txn_eur", None, "1.00 EUR", "0.00 EUR")
    got = told(world, world.payout("po_1", "48.25", line, foreign))
    assert (got.verdict, got.difference) == (Verdict.DOES_NOT_TIE, money("0.00"))
    assert got.reasons == ("Its line txn_eur is in EUR, and it is in USD.",)


def test_the_payouts_own_line_of_the_ledger_has_to_say_the_same_amount(world: Mirror) -> None:
    line = sale(world, "ch_1", "50.00", "1.75")
    own = world.entry("txn_po", ref(Kind.PAYOUT, "po_1", PROCESSOR), "-48.20", "0.00", PAYOUT)
    got = told(world, world.payout("po_1", "48.25", line, own=own))
    assert (got.verdict, got.reasons) == (Verdict.DOES_NOT_TIE, ("The ledger says 48.20 USD of it.",))


def test_what_an_unknown_line_brought_is_counted_in_suspense(world: Mirror) -> None:
    odd = world.entry("txn_odd", None, "1.00", "0.00", EntryNature.SUSPENSE, category="levitating")
    got = told(world, world.payout("po_1", "49.25", sale(world, "ch_1", "50.00", "1.75"), odd))
    assert got.verdict is Verdict.TIES
    assert [(part.nature, grouped(part.net)) for part in got.parts][-1] == (EntryNature.SUSPENSE, "1.00 USD")


def test_members_that_are_not_known_yet_are_waited_for(world: Mirror) -> None:
    got = told(world, world.payout("po_1", "48.25", composed=False, membership=Membership.NOT_YET))
    assert (got.verdict, got.lines) == (Verdict.NOT_YET, ())
    assert "the next sync asks again" in got.reasons[0]


@pytest.mark.parametrize(
    ("made", "words"), [(PayoutMade.MANUAL, "asked for by hand"), (PayoutMade.INSTANT, "an instant payout")]
)
def test_a_payout_by_hand_is_marked_with_the_reason_and_gets_a_proposal_at_most(
    world: Mirror, made: PayoutMade, words: str
) -> None:
    lines = [sale(world, "ch_1", "50.00", "1.75", day=1), sale(world, "ch_2", "30.00", "1.17", day=2)]
    sale(world, "ch_3", "10.00", "0.59", day=3)
    got = told(world, world.payout("po_1", "77.08", composed=False, made=made))
    assert (got.verdict, got.lines, got.missing) == (Verdict.NEVER, (), ())
    assert words in got.reasons[0]
    assert got.proposal is not None
    assert got.proposal.entries == tuple(lines)
    assert "a proposal, not what the processor says" in got.reasons[1]


def test_no_proposal_is_made_where_the_amount_fits_nowhere(world: Mirror) -> None:
    sale(world, "ch_1", "50.00", "1.75")
    got = told(world, world.payout("po_1", "40.00", composed=False, made=PayoutMade.MANUAL))
    assert got.proposal is not None
    assert not got.proposal.fits
    assert got.reasons[1] == "By the running balance its amount fits at no place in the 1 lines ready then."


def test_no_proposal_is_made_where_the_amount_fits_at_two_places(world: Mirror) -> None:
    sale(world, "ch_1", "50.00", "1.75", day=1)
    sale(world, "ch_2", "20.00", "1.00", day=2)
    world.entry("txn_re", None, "-19.00", "0.00", REFUND, created="2026-03-03T12:00:00Z")
    got = told(world, world.payout("po_1", "48.25", composed=False, made=PayoutMade.MANUAL))
    assert got.proposal is not None
    assert not got.proposal.fits
    assert "fits at 2 places" in got.reasons[1]


def test_what_was_not_ready_yet_is_in_no_payout_by_hand_unless_it_was_instant(world: Mirror) -> None:
    charge = world.charge("ch_1", "50.00", fee="1.75")
    late = world.entry(
        "txn_1", charge, "50.00", "1.75", created="2026-03-30T12:00:00Z", available="2026-04-02T00:00:00Z"
    )
    by_hand = world.payout("po_1", "48.25", composed=False, made=PayoutMade.MANUAL)
    assert not getattr(told(world, by_hand).proposal, "entries", None)
    at_once = world.payout("po_1", "48.25", composed=False, made=PayoutMade.INSTANT)
    assert getattr(told(world, at_once).proposal, "entries", None) == (late,)


def test_payouts_by_hand_follow_one_another_in_the_running_balance(world: Mirror) -> None:
    first, second = sale(world, "ch_1", "50.00", "1.75", day=1), sale(world, "ch_2", "30.00", "1.17", day=5)
    early = world.payout("po_1", "48.25", composed=False, made=PayoutMade.MANUAL, created="2026-03-02T09:00:00Z")
    later = world.payout("po_2", "28.83", composed=False, made=PayoutMade.MANUAL, created="2026-03-06T09:00:00Z")
    assert getattr(told(world, early).proposal, "entries", None) == (first,)
    assert getattr(told(world, later).proposal, "entries", None) == (second,)


def test_what_became_available_since_the_payout_before_is_told_even_where_nothing_fits(world: Mirror) -> None:
    sale(world, "ch_1", "50.00", "1.75", day=1)
    new = sale(world, "ch_2", "30.00", "1.17", day=3)
    world.payout("po_1", "20.00", composed=False, made=PayoutMade.MANUAL, created="2026-03-02T09:00:00Z")
    later = world.payout("po_2", "20.00", composed=False, made=PayoutMade.MANUAL, created="2026-03-04T09:00:00Z")
    proposal = told(world, later).proposal
    assert proposal is not None
    assert (proposal.fits, proposal.ready) == (False, (new,))


def test_after_one_that_could_not_be_told_no_later_one_is_guessed_at(world: Mirror) -> None:
    sale(world, "ch_1", "50.00", "1.75", day=1)
    world.payout("po_1", "40.00", composed=False, made=PayoutMade.MANUAL, created="2026-03-02T09:00:00Z")
    later = world.payout("po_2", "48.25", composed=False, made=PayoutMade.MANUAL, created="2026-03-06T09:00:00Z")
    got = told(world, later)
    assert not getattr(got.proposal, "entries", None)
    assert "because po_1 before it is not" in got.reasons[1]


def test_after_one_whose_members_are_still_awaited_none_by_hand_is_guessed_at(world: Mirror) -> None:
    sale(world, "ch_1", "50.00", "1.75", day=1)
    world.payout("po_1", "48.25", composed=False, membership=Membership.NOT_YET, created="2026-03-02T09:00:00Z")
    later = world.payout("po_2", "48.25", composed=False, made=PayoutMade.MANUAL, created="2026-03-03T09:00:00Z")
    assert not getattr(told(world, later).proposal, "entries", None)


def test_lines_of_an_automatic_payout_are_never_proposed_for_one_by_hand(world: Mirror) -> None:
    taken = sale(world, "ch_1", "50.00", "1.75", day=1)
    world.payout("po_1", "48.25", taken, created="2026-03-02T09:00:00Z")
    by_hand = world.payout("po_2", "48.25", composed=False, made=PayoutMade.MANUAL, created="2026-03-03T09:00:00Z")
    assert not getattr(told(world, by_hand).proposal, "entries", None)


def test_a_payout_by_hand_that_a_later_one_counts_in_took_no_lines_of_its_own(world: Mirror) -> None:
    line = sale(world, "ch_1", "50.00", "1.75", day=1)
    own = world.entry("txn_po", ref(Kind.PAYOUT, "po_1", PROCESSOR), "-20.00", "0.00", PAYOUT)
    by_hand = world.payout(
        "po_1", "20.00", composed=False, made=PayoutMade.MANUAL, created="2026-03-02T09:00:00Z", own=own
    )
    rest = world.payout("po_2", "28.25", line, own, created="2026-03-03T09:00:00Z")
    assert told(world, rest).verdict is Verdict.TIES
    assert told(world, by_hand).reasons[1] == (
        "It took an amount and no lines: payout po_2 counts it among its own lines."
    )


def test_an_instant_payout_took_its_own_charge_as_well(world: Mirror) -> None:
    line = sale(world, "ch_1", "50.00", "1.75")
    own = world.entry("txn_po", ref(Kind.PAYOUT, "po_1", PROCESSOR), "-47.75", "0.50", PAYOUT)
    got = told(world, world.payout("po_1", "47.75", composed=False, made=PayoutMade.INSTANT, own=own))
    assert getattr(got.proposal, "entries", None) == (line,)


def test_a_failed_payout_shows_the_line_it_went_out_by_and_the_one_it_came_back_by(world: Mirror) -> None:
    line = sale(world, "ch_1", "50.00", "1.75")
    about = ref(Kind.PAYOUT, "po_1", PROCESSOR)
    own = world.entry("txn_out", about, "-48.25", "0.00", PAYOUT)
    back = world.entry("txn_back", about, "48.25", "0.00", EntryNature.PAYOUT_BACK)
    failed = world.payout(
        "po_1", "48.25", line, state=PayoutState.FAILED, own=own, back=back, failure="The account is closed."
    )
    again = world.payout("po_2", "48.25", back, created="2026-04-05T09:00:00Z")
    got = told(world, failed)
    assert got.own is not None
    assert got.back is not None
    assert (got.own.net, got.back.net) == (money("-48.25"), money("48.25"))
    assert got.reasons == (
        "It failed (The account is closed): 48.25 USD came back by line txn_back, and went out again with payout po_2.",
    )
    assert (told(world, again).verdict, told(world, again).lines[0].chain.about) == (Verdict.TIES, failed)


def test_a_failed_payout_that_has_not_come_back_yet_says_so(world: Mirror) -> None:
    got = told(world, world.payout("po_1", "48.25", sale(world, "ch_1", "50.00", "1.75"), state=PayoutState.FAILED))
    assert got.reasons == ("It failed; the ledger's line by which the money comes back is not there yet.",)


def test_what_came_back_short_is_said(world: Mirror) -> None:
    about = ref(Kind.PAYOUT, "po_1", PROCESSOR)
    own = world.entry("txn_out", about, "-48.25", "0.00", PAYOUT)
    back = world.entry("txn_back", about, "48.00", "0.00", EntryNature.PAYOUT_BACK)
    line = sale(world, "ch_1", "50.00", "1.75")
    got = told(world, world.payout("po_1", "48.25", line, state=PayoutState.FAILED, own=own, back=back))
    assert got.reasons[-1] == "What went out and what came back differ by -0.25 USD."


def test_a_payout_that_undoes_another_is_explained_by_it(world: Mirror) -> None:
    first, second = ref(Kind.PAYOUT, "po_1", PROCESSOR), ref(Kind.PAYOUT, "po_2", PROCESSOR)
    world.payout("po_1", "48.25", sale(world, "ch_1", "50.00", "1.75"), reversed_by=second)
    world.payout("po_2", "-48.25", composed=False, made=PayoutMade.MANUAL, reverses=first)
    assert told(world, first).reasons == ("It was sent back by payout po_2.",)
    assert (told(world, second).verdict, told(world, second).reasons) == (
        Verdict.TIES,
        ("It is payout po_1 sent back, whole.",),
    )


def test_a_payout_that_undoes_only_part_of_another_does_not_tie(world: Mirror) -> None:
    first = world.payout("po_1", "48.25", sale(world, "ch_1", "50.00", "1.75"))
    part = world.payout("po_2", "-40.00", composed=False, made=PayoutMade.MANUAL, reverses=first)
    assert (told(world, part).verdict, told(world, part).difference) == (Verdict.DOES_NOT_TIE, money("8.25"))


def test_a_negative_payout_ties_by_the_same_sum(world: Mirror) -> None:
    charge = ref(Kind.PAYMENT, "ch_1", PROCESSOR)
    lost = world.entry("txn_dp", world.dispute("dp_1", charge, "50.00"), "-50.00", "15.00", DISPUTE)
    got = told(world, world.payout("po_1", "-65.00", lost))
    assert (got.verdict, grouped(got.parts[0].net)) == (Verdict.TIES, "-65.00 USD")


def test_a_second_currency_shows_what_the_payer_saw_the_rate_and_what_it_became(world: Mirror) -> None:
    charge = world.charge("ch_1", "100.00 EUR")
    line = world.entry("txn_1", charge, "108.35", "3.44", rate="1.0835")
    exchange = told(world, world.payout("po_1", "104.91", line)).lines[0].exchange
    assert exchange is not None
    assert (exchange.presented, exchange.rate, exchange.settled) == (money("100.00 EUR"), "1.0835", money("108.35"))
    assert exchange.difference == money("0.00")


def test_a_refund_at_another_rate_shows_the_exchange_difference(world: Mirror) -> None:
    charge = world.charge("ch_1", "100.00 EUR")
    came = world.entry("txn_1", charge, "108.35", "3.44", rate="1.0835")
    refund = world.refund("re_1", charge, "40.00 EUR")
    went = world.entry("txn_2", refund, "-44.00", "0.00", REFUND, rate="1.1")
    line = told(world, world.payout("po_1", "60.91", came, went)).lines[1]
    assert line.exchange is not None
    assert (line.exchange.presented, line.exchange.difference) == (money("-40.00 EUR"), money("-0.66"))


@pytest.mark.parametrize(
    ("paid", "became", "rate"),
    [
        ("1000 JPY", "6.67", "0.667"),
        ("1000 JPY", "6.67", "0.00667"),
        ("10.00 USD", "1500 JPY", "1.5"),
        ("10.00 USD", "1500 JPY", "150"),
    ],
)
def test_a_rate_is_understood_between_currencies_of_different_digits(
    world: Mirror, paid: str, became: str, rate: str
) -> None:
    settled = money(became)
    line = world.entry("txn_1", world.charge("ch_1", paid), became, f"0 {settled.currency}", rate=rate)
    exchange = told(world, world.payout("po_1", became, line)).lines[0].exchange
    assert exchange is not None
    assert exchange.difference == settled - settled


def test_a_rate_that_does_not_make_what_was_settled_shows_the_difference(world: Mirror) -> None:
    line = world.entry("txn_1", world.charge("ch_1", "100.00 EUR"), "108.00", "0.00", rate="1.0835")
    exchange = told(world, world.payout("po_1", "108.00", line)).lines[0].exchange
    assert exchange is not None
    assert exchange.difference == money("-0.35")


def daily(world: Mirror, *days: int) -> dict[int, Ref]:
    """One sale a day, available at noon, and the automatic payout of the next morning that holds it."""
    return {
        day: world.payout(
            f"po_{day:02}",
            "48.25",
            sale(world, f"ch_{day:02}", "50.00", "1.75", day=day),
            created=f"2026-03-{day + 1:02}T09:00:00Z",
        )
        for day in days
    }


def test_a_chain_of_payouts_without_a_gap_has_no_finding(world: Mirror) -> None:
    daily(world, 1, 2, 3, 4, 5)
    assert gaps(world.seen()) == ()


@pytest.mark.req("F20")
def test_a_missing_payout_is_found_by_the_very_next_one_with_the_lines_nobody_holds_and_a_way_to_repair_it(
    world: Mirror,
) -> None:
    daily(world, 1, 2, 4)
    lost = sale(world, "ch_03", "50.00", "1.75", day=3)
    found = gaps(world.seen())
    assert [(each.code, each.refs, each.amount) for each in found] == [
        (FindingCode.PAYOUT_GAP, (ref(Kind.PAYOUT, "po_04", PROCESSOR), lost), money("48.25"))
    ]
    assert "receivables sync stripe --again" in found[0].next_step


def test_a_payout_that_only_the_ledger_names_is_found_at_once(world: Mirror) -> None:
    daily(world, 1, 2)
    unread = ref(Kind.PAYOUT, "po_lost", PROCESSOR)
    line = world.entry("txn_po", unread, "-48.25", "0.00", PAYOUT)
    assert [(each.refs, each.amount) for each in gaps(world.seen())] == [((unread, line), money("48.25"))]


def test_a_line_that_waits_for_the_next_payout_is_no_gap(world: Mirror) -> None:
    daily(world, 1, 2, 3)
    sale(world, "ch_04", "50.00", "1.75", day=4)
    assert gaps(world.seen()) == ()


def test_while_it_is_open_what_an_earlier_payout_holds_no_gap_is_claimed(world: Mirror) -> None:
    daily(world, 1, 2, 4, 5)
    sale(world, "ch_03", "50.00", "1.75", day=3)
    world.payout("po_hand", "20.00", composed=False, made=PayoutMade.MANUAL, created="2026-03-04T09:00:00Z")
    assert gaps(world.seen()) == ()


def test_what_a_payout_by_hand_could_have_taken_is_no_gap(world: Mirror) -> None:
    daily(world, 1, 2, 4, 5)
    sale(world, "ch_03", "50.00", "1.75", day=3)
    world.payout("po_hand", "48.25", composed=False, made=PayoutMade.MANUAL, created="2026-03-04T09:00:00Z")
    assert gaps(world.seen()) == ()


def test_all_payouts_are_told_the_latest_first(world: Mirror) -> None:
    sooner = world.payout("po_1", "48.25", sale(world, "ch_1", "50.00", "1.75"), arrives="2026-03-05")
    later = world.payout("po_2", "28.83", sale(world, "ch_2", "30.00", "1.17"), arrives="2026-03-06")
    assert [each.payout for each in Statements(world.seen()).all()] == [later, sooner]


def test_a_payout_that_was_never_read_has_no_explanation(world: Mirror) -> None:
    assert explain(world.seen(), ref(Kind.PAYOUT, "po_nobody", PROCESSOR)) is None
