"""What a plan does about a posted payment that was refunded, or whose dispute was won; and the purse all the while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from connector import canonical
from connector.dates import business_date, instant_from_iso
from connector.model.finding import FindingCode
from connector.model.firm import Beginning
from connector.model.money_in import DisputeState, PaymentState, RefundState
from connector.model.settlement import EntryNature
from connector.model.source import Kind
from connector.money import grouped
from connector.plan import Plan
from connector.reconcile.clearing import standings
from connector.reconcile.match import reconcile
from tests.builders import PROCESSOR, money, ref
from tests.unit.returned_ground import DEBIT, FIGHT, LINE, OWN_FEE, REFUND, ReturnedBooks, owing, rest


@pytest.fixture
def books() -> ReturnedBooks:
    return ReturnedBooks()


@pytest.mark.parametrize(("refunded", "amount"), [("120.00", "120.00"), ("20.00", "20.00")])
def test_a_refund_of_a_posted_payment_is_posted_out_of_the_clearing_account_and_the_customer_owes_it(
    books: ReturnedBooks, refunded: str, amount: str
) -> None:
    whole = refunded == "120.00"
    books.charge(PaymentState.REFUNDED if whole else PaymentState.SUCCEEDED, refunded=money(refunded))
    books.mirror.refund("re_1", DEBIT, refunded)
    line = books.mirror.entry("txn_re", REFUND, f"-{refunded}", "0.00", EntryNature.REFUND)
    made = books.plan()
    assert [each.subject for each in made.lines] == [f"journal:{line}"]
    assert made.lines[0].intent.on == business_date("2026-04-01")
    assert owing(made) == {"Acme": f"{amount} USD", "Stripe Clearing": f"-{amount} USD"}
    assert {each.account: grouped(each.amount) for each in made.effects()} == {
        "Accounts receivable: Acme": f"{amount} USD",
        "Stripe Clearing": f"-{amount} USD",
    }
    assert canonical.decode(canonical.encode(made), Plan) == made
    books.journal(line, f"-{amount}")
    after = books.plan()
    assert (after.lines, after.left_out) == ((), ())
    assert books.purse().rest == ()
    assert books.purse().booked == money("119.04") - money(amount)


def test_a_refund_that_failed_before_it_was_posted_is_never_posted_and_one_that_failed_after_is_taken_back(
    books: ReturnedBooks,
) -> None:
    books.mirror.refund("re_1", DEBIT, "20.00", RefundState.FAILED)
    went = books.mirror.entry("txn_re", REFUND, "-20.00", "0.00", EntryNature.REFUND)
    back = books.mirror.entry("txn_rf", REFUND, "20.00", "0.00", EntryNature.REFUND_BACK)
    assert books.plan().lines == ()
    assert books.purse().rest == ()
    books.journal(went, "-20.00")
    made = books.plan()
    assert [each.subject for each in made.lines] == [f"journal:{back}"]
    assert owing(made) == {"Acme": "-20.00 USD", "Stripe Clearing": "20.00 USD"}


def test_a_dispute_that_was_won_needs_nothing_but_its_fees(books: ReturnedBooks) -> None:
    books.charge(PaymentState.DISPUTED)
    books.mirror.dispute("dp_1", DEBIT, "120.00", DisputeState.WON)
    books.mirror.entry("txn_dp_1", FIGHT, "-120.00", "15.00", EntryNature.DISPUTE)
    won = books.mirror.entry("txn_won", FIGHT, "120.00", "-15.00", EntryNature.DISPUTE_BACK)
    made = books.plan()
    assert [line.subject for line in made.lines] == [f"expense:{LINE}", f"journal:{FIGHT}"]
    assert owing(made) == {"Stripe Clearing": "15.00 USD", "Stripe Fees": "-15.00 USD"}
    books.mirror.book_entry("e-2", "15.00", f"receivables op={'C' * 20} src={LINE}")
    books.journal(FIGHT, "15.00")
    assert books.plan().lines == ()
    assert (books.purse().rest, books.purse().booked) == ((), money("119.04"))
    assert won in books.mirror.records


def test_a_dispute_that_is_won_after_the_payment_was_taken_back_is_recorded_in_the_customers_favour(
    books: ReturnedBooks,
) -> None:
    books.returned()
    books.ours()
    books.mirror.book_entry("e-2", "4.00", f"receivables op={'C' * 20} src={LINE}")
    books.charge(PaymentState.DISPUTED)
    books.mirror.dispute("dp_1", DEBIT, "120.00", DisputeState.WON)
    books.mirror.entry("txn_won", FIGHT, "120.00", "0.00", EntryNature.DISPUTE_BACK, created="2026-06-02T14:00:00Z")
    made = books.plan()
    assert owing(made) == {"Acme": "-120.00 USD", "Stripe Clearing": "120.00 USD"}
    (told,) = made.left_out
    assert (told.code, told.amount) == (FindingCode.POSTING_UNDONE, money("120.00"))
    assert "was taken out of the books (payment p-1 in quickbooks), and is money again" in told.sentence
    assert reconcile(books.mirror.seen()).decisions == ()


def test_a_fee_that_somebody_deleted_is_told_although_the_payment_itself_was_taken_back_by_us(
    books: ReturnedBooks,
) -> None:
    books.returned(fee="0.00")
    books.ours()
    del books.mirror.records[ref(Kind.BOOK_ENTRY, "e-1")]
    books.mirror.written[OWN_FEE] = ref(Kind.BOOK_ENTRY, "e-1")
    books.mirror.in_flight.add(OWN_FEE)
    books.mirror.take(ref(Kind.BOOK_ENTRY, "e-1"))
    made = books.plan()
    assert made.lines == ()
    assert FindingCode.POSTING_UNDONE in [each.code for each in made.left_out]


def test_a_fee_from_before_the_start_is_in_the_opening_entry_and_not_planned(books: ReturnedBooks) -> None:
    books.returned()
    begins = Beginning(on=business_date("2026-06-01"), at=instant_from_iso("2026-06-01T04:00:00Z"))
    books.posting = replace(books.posting, begins=begins)
    assert f"expense:{LINE}" not in [line.subject for line in books.plan().lines]


def test_the_purse_is_explained_before_between_and_after(books: ReturnedBooks) -> None:
    steps = []
    steps.append((grouped(books.purse().booked), rest(books.purse())))
    books.returned()
    steps.append((grouped(books.purse().booked), rest(books.purse())))
    books.ours()
    steps.append((grouped(books.purse().booked), rest(books.purse())))
    books.mirror.book_entry("e-2", "4.00", f"receivables op={'C' * 20} src={LINE}")
    steps.append((grouped(books.purse().booked), rest(books.purse())))
    assert steps == [
        ("119.04 USD", {}),
        ("119.04 USD", {"dispute": "-120.00 USD", "fee": "-4.00 USD"}),
        ("-0.96 USD", {"fee": "-4.00 USD"}),
        ("-4.96 USD", {}),
    ]
    assert books.purse().explained == books.purse().ledger == money("-4.96")


def test_a_payment_that_was_taken_back_although_only_a_part_came_back_stays_named_in_the_purse(
    books: ReturnedBooks,
) -> None:
    books.returned("50.00", fee="0.00")
    books.void()
    assert rest(books.purse()) == {"payment": "120.00 USD", "dispute": "-50.00 USD"}
    assert books.purse().explained == books.purse().ledger


def test_a_payment_that_was_posted_before_a_start_was_chosen_is_even_beside_the_opening_entry(
    books: ReturnedBooks,
) -> None:
    books.mirror.entry("txn_0", None, "30.00", "0.00", EntryNature.TOPUP)
    about = ref(Kind.ACCOUNT, "usd", PROCESSOR)
    books.mirror.opening("d-0", "30.00", memo=f"receivables op={'D' * 20} src={about}")
    starts = {PROCESSOR: instant_from_iso("2026-04-01T04:00:00Z")}
    steps: tuple[Callable[[], None], ...] = (lambda: None, lambda: books.returned(fee="0.00"), books.ours)
    for step in steps:
        step()
        (purse,) = standings(books.mirror.seen(), starts=starts)
        assert (grouped(purse.opening), purse.explained) == ("30.00 USD", purse.ledger)
    assert purse.rest == ()
