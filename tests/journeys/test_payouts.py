"""Payouts from the processor to the last cent: told line by line, begun in the middle, booked once whatever happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest

from adapters.stripe.standin.payouts import fail
from connector.app import setup
from connector.app.books import apply_plan, make_plan, sync_all
from connector.app.payouts import Payouts
from connector.app.payouts import payouts as explained
from connector.dates import business_date
from connector.errors import Refused, UserError
from connector.model.finding import FindingCode
from connector.model.firm import BookingPattern
from connector.money import grouped
from connector.reconcile.clearing import Standing
from connector.reconcile.payouts import Explanation, Verdict
from tests.accounts import ACCOUNTS
from tests.journeys.firm import KILLED, Firm, nothing, open_firm

GOLDEN = f"""
company  Golden Tools  home USD  zone America/New_York  country US  realm 9140009  stripe acct_golden
{ACCOUNTS}
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_acme
2026-03-01  invoice  G-1  Acme  120.00 USD  due 2026-03-31
2026-03-02  payment  ch_whole  Acme  120.00 USD  fee 3.78 USD  key G-1
2026-03-02  payment  ch_back  Acme  80.00 USD  fee 2.62 USD
2026-03-03  refund  re_whole  80.00 USD  of ch_back
2026-03-03  refund  re_part  20.00 USD  of ch_whole
2026-03-05  payout  po_refunds  USD  of ch_whole, ch_back, re_whole, re_part
2026-03-06  payment  ch_won  Acme  40.00 USD  fee 1.46 USD
2026-03-06  payment  ch_lost  Acme  60.00 USD  fee 2.04 USD
2026-03-06  payment  ch_calm  Acme  100.00 USD  fee 3.20 USD
2026-03-07  dispute  dp_won  40.00 USD  of ch_won  reason fraudulent  fee 15.00 USD  status won
2026-03-07  dispute  dp_lost  60.00 USD  of ch_lost  reason fraudulent  fee 15.00 USD  status lost
2026-03-09  payout  po_disputes  USD  of ch_won, ch_lost, ch_calm, dp_won, dp_lost
2026-03-10  payment  ch_gone  Acme  50.00 USD  fee 1.75 USD
2026-03-12  payout  po_before  USD  of ch_gone
2026-03-13  dispute  dp_gone  50.00 USD  of ch_gone  reason fraudulent  fee 15.00 USD  status lost
2026-03-14  payout  po_negative  USD  of dp_gone
2026-03-15  payment  ch_hand  Acme  30.00 USD  fee 1.17 USD
2026-03-18  payout  po_manual  USD  of ch_hand  status manual
2026-03-19  payment  ch_euro  Acme  100.00 EUR  settled 108.35 USD  fee 3.44 USD
2026-03-20  refund  re_euro  40.00 EUR  of ch_euro
2026-03-22  payout  po_euro  USD  of ch_euro, re_euro
2026-03-23  payment  ch_fail  Acme  70.00 USD  fee 2.33 USD
2026-03-23  payment  py_back  Acme  90.00 USD  by us_bank_account  fee 0.72 USD  status returned
2026-03-25  payout  po_failed  USD  of ch_fail  status failed
2026-03-28  payment  ch_rest  Acme  10.00 USD  fee 0.59 USD
2026-03-28  refund  re_failed  10.00 USD  of ch_rest  status failed
"""


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """A firm with every awkward payout there is; its tests only look."""
    with open_firm(tmp_path_factory.mktemp("golden"), GOLDEN) as opened:
        opened.connect_quickly()
        yield opened


@pytest.fixture(scope="module")
def told(golden: Firm) -> Payouts:
    with golden.desk() as desk:
        return explained(desk)[0]


def payout(told: Payouts, vendor_id: str) -> Explanation:
    return next(each for each in told.explanations if each.payout.vendor_id == vendor_id)


def purse(told: Payouts) -> Standing:
    return next(each for each in told.standings if each.currency == "USD")


GOLDEN_PARTS = {
    "po_refunds": (
        "93.60 USD",
        [("payment", "200.00 USD", "6.40 USD", "193.60 USD"), ("refund", "-100.00 USD", "0.00 USD", "-100.00 USD")],
    ),
    "po_disputes": (
        "103.30 USD",
        [
            ("payment", "200.00 USD", "6.70 USD", "193.30 USD"),
            ("dispute", "-100.00 USD", "30.00 USD", "-130.00 USD"),
            ("dispute_back", "40.00 USD", "0.00 USD", "40.00 USD"),
        ],
    ),
    "po_before": ("48.25 USD", [("payment", "50.00 USD", "1.75 USD", "48.25 USD")]),
    "po_negative": ("-65.00 USD", [("dispute", "-50.00 USD", "15.00 USD", "-65.00 USD")]),
    "po_euro": (
        "61.57 USD",
        [("payment", "108.35 USD", "3.44 USD", "104.91 USD"), ("refund", "-43.34 USD", "0.00 USD", "-43.34 USD")],
    ),
    "po_failed": ("67.67 USD", [("payment", "70.00 USD", "2.33 USD", "67.67 USD")]),
}
"""Reckoned by hand from the world above."""


@pytest.mark.req("F19")
def test_refunds_disputes_won_and_lost_negative_failed_and_manual_payouts_all_tie_to_the_cent(told: Payouts) -> None:
    for vendor_id, (amount, parts) in GOLDEN_PARTS.items():
        got = payout(told, vendor_id)
        shown = [(str(p.nature), grouped(p.gross), grouped(p.fee), grouped(p.net)) for p in got.parts]
        assert (grouped(got.amount), shown) == (amount, parts)
        assert (got.verdict, got.difference.minor, got.missing) == (Verdict.TIES, 0, ())
    by_hand = payout(told, "po_manual")
    assert (by_hand.verdict, by_hand.lines) == (Verdict.NEVER, ())
    assert "asked for by hand" in by_hand.reasons[0]
    assert by_hand.proposal is not None
    assert [each.vendor_id for each in by_hand.proposal.entries] == ["txn_hand"]
    # 67.67 came back, 90.00 of a debit was returned for 0.72 and 15.00, 9.41 are left of what was to be refunded.
    assert (grouped(purse(told).ledger), purse(told).said) == ("61.36 USD", purse(told).ledger)
    assert purse(told).holds


def test_every_line_of_a_payout_names_its_payment_and_a_booked_one_its_invoice(told: Payouts) -> None:
    lines = {line.entry.vendor_id: line for line in payout(told, "po_refunds").lines}
    assert all(line.chain.lost is None and line.chain.payment is not None for line in lines.values())
    (refund,) = [line for line in lines.values() if line.chain.about and line.chain.about.vendor_id == "re_part"]
    assert refund.chain.payment is not None
    assert refund.chain.payment.vendor_id == "ch_whole"


def test_money_that_was_changed_shows_both_amounts_and_the_rate(told: Payouts) -> None:
    came, went = payout(told, "po_euro").lines
    assert came.exchange is not None
    assert went.exchange is not None
    assert (grouped(came.exchange.presented), came.exchange.rate) == ("100.00 EUR", "1.0835")
    assert (grouped(went.exchange.presented), grouped(went.exchange.settled)) == ("-40.00 EUR", "-43.34 USD")
    assert [each.exchange.difference.minor for each in (came, went) if each.exchange and each.exchange.difference] == []


def test_a_failed_payout_shows_both_its_lines(told: Payouts) -> None:
    got = payout(told, "po_failed")
    assert got.own is not None
    assert got.back is not None
    assert [grouped(line.net) for line in (got.own, got.back)] == ["-67.67 USD", "67.67 USD"]
    assert "The bank account has been closed" in got.reasons[0]


def test_the_clearing_account_and_what_is_not_in_it_are_the_processors_balance(told: Payouts) -> None:
    got = purse(told)
    assert got.said == got.ledger == got.explained
    assert got.booked.minor == 0
    by_reason = {str(rest.reason): grouped(rest.amount) for rest in got.rest}
    assert by_reason["refund"] == "-63.34 USD", "the payment that was given back whole is none, and so is its refund"
    # What was fought over and lost, or came back, was never posted: it and its payment are nothing together.
    assert "dispute" not in by_reason
    # 120.00 + 40.00 + 100.00 + 30.00 + 108.35 + 70.00 + 10.00 were neither given back whole nor lost.
    assert by_reason["payment"] == "478.35 USD"
    # 93.60 + 103.30 + 48.25 - 65.00 + 28.83 + 61.57; the one that failed before it was booked is nothing either.
    assert by_reason["payout"] == "-270.55 USD"
    assert "payout_back" not in by_reason


def test_the_command_shows_every_payout_one_payout_and_those_without_an_explanation(golden: Firm) -> None:
    every = golden.run("payouts")
    assert all(name in every.out for name in (*GOLDEN_PARTS, "po_manual"))
    one = golden.do("payouts", "po_refunds")
    assert "refund (2)" in one.out
    assert "Lines together 93.60 USD, payout 93.60 USD." in one.out
    left = golden.run("payouts", "--unexplained", "--json").json
    assert [each["payout"][2] for each in left["payouts"]] == ["po_manual"]
    assert all(each["holds"] for each in left["standings"])
    assert golden.run("payouts", "po_nobody").code == 2


def booked(firm: Firm) -> Counter[tuple[str, str]]:
    """How often each record of the processor stands in the books, per kind of entry."""
    found: Counter[tuple[str, str]] = Counter()
    for entity in ("Payment", "Purchase", "Transfer", "Deposit"):
        for each in firm.marked(entity, "PrivateNote"):
            found[entity, str(each["PrivateNote"]).rpartition("src=")[2].split()[0]] += 1
    return found


def until_quiet(firm: Firm) -> None:
    for _ in range(4):
        if firm.run("apply", "--yes").code == 0:
            return
    raise AssertionError("apply is not quiet after four runs")


CLEARING_ONCE = {
    ("Payment", "stripe/payment/ch_walk_1"): 1,
    ("Payment", "stripe/payment/py_walk_2"): 1,
    ("Purchase", "stripe/payment/ch_walk_1"): 1,
    ("Purchase", "stripe/payment/py_walk_2"): 1,
    ("Transfer", "stripe/payout/po_walk_1"): 1,
}
DEPOSIT_ONCE = {
    ("Payment", "stripe/payment/ch_walk_1"): 1,
    ("Payment", "stripe/payment/py_walk_2"): 1,
    ("Deposit", "stripe/payout/po_walk_1"): 1,
}


@pytest.mark.req("S16")
@pytest.mark.parametrize("point", ["post.done:4", "post.sent:5"])
def test_a_kill_between_a_payment_and_its_fee_or_payout_books_every_record_once(firm: Firm, point: str) -> None:
    firm.do("plan")
    assert firm.run("apply", "--yes", crash_at=point).code == KILLED
    until_quiet(firm)
    assert booked(firm) == CLEARING_ONCE
    firm.do("plan")
    until_quiet(firm)
    assert booked(firm) == CLEARING_ONCE


@pytest.mark.req("S16")
@pytest.mark.parametrize(("point", "second"), [("post.done:2", "post.sent"), ("post.sent:2", "post.sending")])
def test_kills_between_the_payments_and_their_deposit_book_every_record_once(
    firm: Firm, point: str, second: str
) -> None:
    with firm.desk() as desk:
        setup.choose_accounts(desk, "stripe", {}, BookingPattern.DEPOSIT)
    firm.do("plan")
    assert firm.run("apply", "--yes", crash_at=point).code == KILLED
    until_quiet(firm)
    firm.do("plan")
    assert firm.run("apply", "--yes", crash_at=second).code == KILLED
    until_quiet(firm)
    assert booked(firm) == DEPOSIT_ONCE


def start(firm: Firm, day: str) -> None:
    firm.in_books("Account", {"Name": "Opening Balance Equity", "AccountType": "Equity"})
    firm.do("sync")
    firm.do("accounts", "stripe", "--start", day, "--opening", "Opening Balance Equity")


def clearing_balance(firm: Firm) -> Decimal:
    (found,) = [each for each in firm.books("Account") if each["Name"] == "Stripe Clearing"]
    return Decimal(str(found["CurrentBalance"]))


@pytest.mark.req("S17")
def test_a_start_inside_a_payouts_span_is_opened_once_and_the_clearing_account_ends_where_the_processor_is(
    firm: Firm,
) -> None:
    start(firm, "2026-03-17")
    shown = firm.do("plan")
    assert "Open Stripe Clearing with 116.22 USD" in shown.out
    until_quiet(firm)
    assert booked(firm) == {
        ("Deposit", "stripe/account/usd"): 1,
        ("Payment", "stripe/payment/py_walk_2"): 1,
        ("Purchase", "stripe/payment/py_walk_2"): 1,
        ("Transfer", "stripe/payout/po_walk_1"): 1,
    }
    (opening,) = firm.marked("Deposit", "PrivateNote")
    assert (opening["TxnDate"], Decimal(str(opening["TotalAmt"]))) == ("2026-03-16", Decimal("116.22"))
    # 116.22 before the start, 250.50 less 2.00 after it, 364.72 to the bank.
    assert clearing_balance(firm) == 0
    firm.do("plan")
    until_quiet(firm)
    assert len(firm.marked("Deposit", "PrivateNote")) == 1
    standing = firm.run("payouts", "--json").json["standings"][0]
    assert standing["holds"]
    assert standing["standing"]["opening"]["minor"] == 11622


def test_a_kill_after_the_opening_entry_was_sent_makes_it_once(firm: Firm) -> None:
    start(firm, "2026-03-17")
    firm.do("plan")
    assert firm.run("apply", "--yes", crash_at="post.sent").code == KILLED
    until_quiet(firm)
    assert booked(firm)["Deposit", "stripe/account/usd"] == 1
    assert clearing_balance(firm) == 0


def test_the_start_is_chosen_once_and_never_lies_in_the_future(firm: Firm) -> None:
    with firm.desk() as desk:
        with pytest.raises(UserError, match="in the future"):
            setup.choose_accounts(desk, "stripe", {}, start=business_date("2099-01-01"))
        with pytest.raises(UserError, match="no start yet"):
            setup.choose_accounts(desk, "stripe", {"opening": "Checking"})
        with pytest.raises(UserError, match="keeps the books"):
            setup.choose_accounts(desk, "quickbooks", {}, start=business_date("2026-03-17"))
        setup.choose_accounts(desk, "stripe", {"opening": "Checking"}, start=business_date("2026-03-16"))
        setup.choose_accounts(desk, "stripe", {}, start=business_date("2026-03-17"))
        apply_plan(desk, make_plan(desk), nothing, nothing)
        setup.choose_accounts(desk, "stripe", {}, start=business_date("2026-03-17"))
        with pytest.raises(Refused, match="written for 2026-03-17"):
            setup.choose_accounts(desk, "stripe", {}, start=business_date("2026-03-18"))


def test_the_balance_is_explained_at_every_step_of_booking(firm: Firm) -> None:
    with firm.desk() as desk:
        before = purse(explained(desk)[0])
        assert (grouped(before.booked), grouped(before.unbooked)) == ("0.00 USD", "77.38 USD")
        apply_plan(desk, make_plan(desk), nothing, nothing)
        sync_all(desk, nothing)
        after, _ = explained(desk)
    got = purse(after)
    assert (grouped(got.booked), grouped(got.unbooked), got.said) == ("0.00 USD", "77.38 USD", got.ledger)
    assert {str(rest.reason): grouped(rest.amount) for rest in got.rest} == {
        "payment": "80.00 USD",
        "fee": "-2.62 USD",
    }
    assert got.held == got.booked
    assert got.holds


def test_a_payout_that_fails_after_it_was_booked_is_told_and_stays_in_the_sum(firm: Firm) -> None:
    double = firm.doubles["stripe"]
    account = double.stand_in.ledger("acct_walk")  # type: ignore[attr-defined]
    with firm.desk() as desk:
        apply_plan(desk, make_plan(desk), nothing, nothing)
        assert explained(desk)[0].findings == ()
        double.behind(lambda: fail(account, account.get("payout", "po_walk_1")))
        sync_all(desk, nothing)
        after, _ = explained(desk)
        planned = make_plan(desk)
    assert [(each.code, grouped(each.amount)) for each in after.findings if each.amount] == [
        (FindingCode.PAYOUT_FAILED, "364.72 USD")
    ]
    assert "364.72 USD came back by line txn_po_walk_1_failed" in payout(after, "po_walk_1").reasons[0]
    assert {str(rest.reason): grouped(rest.amount) for rest in purse(after).rest}["payout_back"] == "364.72 USD"
    assert purse(after).holds
    (line,) = planned.lines
    assert line.subject == "journal:stripe/balance_entry/txn_po_walk_1_failed"
    assert {each.account: grouped(each.amount) for each in line.effects} == {
        "Stripe Clearing": "364.72 USD",
        "Checking": "-364.72 USD",
    }
    with firm.desk() as desk:
        assert len(apply_plan(desk, planned, nothing, nothing).posted.done) == 1
        sync_all(desk, nothing)
        done, _ = explained(desk)
        assert "payout_back" not in {str(rest.reason) for rest in purse(done).rest}
        assert purse(done).holds
        assert make_plan(desk).lines == ()
