"""What a plan does about a payment that we posted and that came back: taken back once, or left, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from connector import canonical
from connector.dates import business_date
from connector.model.finding import FindingCode
from connector.model.firm import BookingPattern
from connector.model.intent import IntentKind
from connector.model.mirror import Gone, GoneState
from connector.model.money_in import Dispute, DisputeState, Payment, PaymentState
from connector.model.party import AccountRole
from connector.model.settlement import EntryNature
from connector.model.source import Kind, OpId
from connector.money import grouped
from connector.plan import Plan
from connector.reconcile.booked import taking_back
from tests.builders import money, ref
from tests.unit.returned_ground import (
    DEBIT,
    FIGHT,
    INVOICE,
    LINE,
    OWN,
    OWN_FEE,
    POSTED,
    REFUND,
    ReturnedBooks,
    kinds,
    left,
    left_out,
    owing,
    rest,
)

ENTRY = ref(Kind.BOOK_ENTRY, f"j-{LINE.vendor_id}")


@pytest.fixture
def books() -> ReturnedBooks:
    return ReturnedBooks()


def test_a_posted_payment_that_stands_needs_nothing(books: ReturnedBooks) -> None:
    made = books.plan()
    assert (made.lines, made.left_out) == ((), ())


def test_what_came_back_is_taken_out_of_the_books_and_its_fee_recorded_on_the_day_of_the_return(
    books: ReturnedBooks,
) -> None:
    books.returned()
    made = books.plan()
    assert kinds(made) == ["void", "expense"]
    void, cost = made.lines[0].void, made.lines[1].expense
    assert void is not None
    assert cost is not None
    assert (void.target, void.stamp, void.version, void.on) == (POSTED, "A" * 20, "0", business_date("2026-03-29"))
    assert [(share.target, share.amount) for share in void.reopens] == [(INVOICE, money("120.00"))]
    assert made.lines[0].subject == f"void:{OWN}"
    assert "so that INV-1 is open again: py_1 was returned by the payer's bank on 2026-05-27: insufficient" in (
        made.lines[0].sentence
    )
    assert (cost.amount, cost.on, cost.paid_from) == (money("4.00"), business_date("2026-05-27"), books.clearing)
    assert made.lines[1].subject == f"expense:{LINE}" != OWN_FEE
    assert {each.account: grouped(each.amount) for each in made.effects()} == {
        "Accounts receivable: Acme": "120.00 USD",
        "Stripe Clearing": "-124.00 USD",
        "Stripe Fees": "4.00 USD",
    }
    assert made.left_out == ()
    assert canonical.decode(canonical.encode(made), Plan) == made


def test_a_debit_that_failed_late_is_taken_back_and_its_line_is_told_from_its_own_fee(books: ReturnedBooks) -> None:
    books.charge(PaymentState.RETURNED, returned_on=business_date("2026-05-27"), failure="account closed (R02)")
    books.mirror.entry("txn_f", DEBIT, "-120.00", "2.50", EntryNature.RETURN, created="2026-05-27T14:00:00Z")
    made = books.plan()
    assert kinds(made) == ["void", "expense"]
    assert "return fee of 2.50 USD" in made.lines[1].sentence
    assert made.lines[1].intent.on == business_date("2026-05-27")
    books.mirror.entry("txn_f", DEBIT, "-120.00", "0.00", EntryNature.RETURN)
    assert kinds(books.plan()) == ["void"]


def test_a_card_dispute_makes_the_customer_owe_it_and_takes_no_payment_back_until_it_is_lost(
    books: ReturnedBooks,
) -> None:
    books.returned(state=DisputeState.OPEN)
    made = books.plan()
    day = business_date("2026-05-27")
    assert [(line.subject, line.intent.on) for line in made.lines] == [
        (f"expense:{LINE}", day),
        (f"journal:{LINE}", day),
    ]
    assert {each.account: grouped(each.amount) for each in made.effects()} == {
        "Accounts receivable: Acme": "120.00 USD",
        "Stripe Clearing": "-124.00 USD",
        "Stripe Fees": "4.00 USD",
    }
    (told,) = made.left_out
    assert (told.code, told.amount) == (FindingCode.DISPUTED, money("120.00"))
    assert "Leave payment p-1 in quickbooks as it is" in told.next_step
    held = cast("Dispute", books.mirror.records[FIGHT])
    books.mirror.put(FIGHT, replace(held, state=DisputeState.LOST))
    assert kinds(books.plan()) == ["void", "expense"]


@pytest.mark.parametrize("remembered", [True, False])
def test_what_was_taken_back_is_not_taken_back_again_nor_posted_again_nor_told_as_somebodys_doing(
    books: ReturnedBooks,
    remembered: bool,  # noqa: FBT001  a row of the table
) -> None:
    books.returned()
    if remembered:
        books.ours()
    else:
        books.void()
    books.mirror.book_entry("e-2", "4.00", f"receivables op={'C' * 20} src={LINE}")
    made = books.plan()
    assert made.lines == ()
    assert [each.code for each in made.left_out] == [FindingCode.RETURNED]
    assert "The invoice is open again" in made.left_out[0].next_step


def test_after_a_stop_between_the_two_only_the_fee_is_left_to_plan(books: ReturnedBooks) -> None:
    books.returned()
    books.void()
    assert [line.subject for line in books.plan().lines] == [f"expense:{LINE}"]
    books.mirror.in_flight.add(f"expense:{LINE}")
    assert books.plan().lines == ()


def test_the_payments_own_fee_is_recorded_even_where_the_payment_was_taken_back_first(books: ReturnedBooks) -> None:
    books.returned()
    books.ours()
    del books.mirror.records[ref(Kind.BOOK_ENTRY, "e-1")]
    assert [line.subject for line in books.plan().lines] == [OWN_FEE, f"expense:{LINE}"]


def test_while_the_taking_back_is_under_way_nothing_is_planned_or_told_of_it(books: ReturnedBooks) -> None:
    books.returned(fee="0.00")
    books.mirror.in_flight.add(taking_back(OWN))
    made = books.plan()
    assert (made.lines, made.left_out) == ((), ())


def test_a_payment_that_stands_again_after_it_was_taken_back_is_told_and_left(books: ReturnedBooks) -> None:
    books.returned(fee="0.00")
    books.ours()
    books.stand("p-2")
    books.mirror.invoice("INV-1", "Acme", "120.00", still_open="0.00")
    assert "stands there again as payment p-2" in left_out(books.plan()).sentence


def test_what_came_back_before_it_was_posted_is_never_posted(books: ReturnedBooks) -> None:
    del books.mirror.records[POSTED]
    del books.mirror.records[ref(Kind.BOOK_ENTRY, "e-1")]
    books.mirror.invoice("INV-1", "Acme", "120.00")
    books.returned()
    made = books.plan()
    assert [line.subject for line in made.lines] == [OWN_FEE, f"expense:{LINE}"], "what it cost is lost all the same"
    (told,) = made.left_out
    assert (told.code, told.amount) == (FindingCode.RETURNED, money("120.00"))
    assert books.purse().booked == money("0.00")
    assert rest(books.purse()) == {"fee": "-4.96 USD"}


def test_an_entry_that_somebody_changed_is_left_and_the_fee_is_recorded_all_the_same(books: ReturnedBooks) -> None:
    books.returned()
    books.mirror.answered[POSTED] = "7"
    made = books.plan()
    assert kinds(made) == ["expense"]
    assert "Somebody changed payment p-1 in quickbooks" in left(made).sentence
    assert "dated 2026-05-27: what Acme owes goes up by 120.00 USD, Stripe Clearing goes down by it" in (
        left(made).next_step
    )
    books.mirror.answered[POSTED] = "0"
    assert kinds(books.plan()) == ["void", "expense"]


def test_an_entry_with_another_amount_than_we_posted_is_left(books: ReturnedBooks) -> None:
    books.returned()
    books.mirror.invoice("INV-1", "Acme", "120.00", still_open="1.00")
    books.stand(amount="119.00")
    assert "Somebody changed payment p-1" in left(books.plan()).sentence


def test_an_entry_that_a_deposit_holds_is_left(books: ReturnedBooks) -> None:
    books.returned()
    books.mirror.deposit("d-1", ref(Kind.ACCOUNT, "Checking"), {POSTED: "120.00"})
    assert "Deposit d-1 holds payment p-1" in left(books.plan()).sentence


@pytest.mark.req("Q27")
def test_an_entry_in_a_closed_period_stays_and_the_customer_owes_again_by_an_entry_on_the_day_of_the_return(
    books: ReturnedBooks,
) -> None:
    books.returned()
    books.mirror.profile(closed_through=business_date("2026-03-31"))
    for made in (books.plan(), books.plan(closed_today="2026-06-10")):
        assert kinds(made) == ["expense", "journal"]
        assert owing(made) == {"Acme": "120.00 USD", "Stripe Clearing": "-120.00 USD"}
        assert {line.intent.on for line in made.lines} == {business_date("2026-05-27")}
        assert made.left_out == ()
    books.mirror.profile(closed_through=business_date("2026-03-28"))
    assert kinds(books.plan()) == ["void", "expense"]


def test_of_a_dispute_about_a_part_the_customer_owes_that_part_again(books: ReturnedBooks) -> None:
    books.returned("50.00")
    made = books.plan()
    assert kinds(made) == ["expense", "journal"]
    assert owing(made) == {"Acme": "50.00 USD", "Stripe Clearing": "-50.00 USD"}
    assert "Record the dispute of payment py_1 of 50.00 USD out of Stripe Clearing: Acme owes that much more." in (
        made.lines[1].sentence
    )


def test_a_payment_that_was_refunded_in_part_and_then_came_back_stays_and_the_customer_owes_both(
    books: ReturnedBooks,
) -> None:
    books.returned()
    books.charge(PaymentState.RETURNED, refunded=money("20.00"))
    books.mirror.refund("re_1", DEBIT, "20.00")
    books.mirror.entry("txn_re", REFUND, "-20.00", "0.00", EntryNature.REFUND)
    made = books.plan()
    entries = [line.journal for line in made.lines if line.journal is not None]
    assert IntentKind.VOID not in [line.kind for line in made.lines]
    assert sorted(grouped(entry.parts[1].amount) for entry in entries) == ["120.00 USD", "20.00 USD"]


def test_nothing_is_taken_back_before_the_processors_ledger_shows_it(books: ReturnedBooks) -> None:
    books.returned()
    del books.mirror.records[LINE]
    made = books.plan()
    assert made.lines == ()
    assert "ledger does not show it yet" in left(made).sentence


def test_two_entries_with_one_mark_are_a_persons_to_tell_apart(books: ReturnedBooks) -> None:
    books.returned()
    books.mirror.invoice("INV-1", "Acme", "240.00", still_open="0.00")
    books.stand("p-2")
    assert "2 payments of the books carry its mark (p-1, p-2)" in left(books.plan()).sentence


def test_an_entry_whose_invoice_does_not_tie_is_not_touched(books: ReturnedBooks) -> None:
    books.returned()
    books.mirror.invoice("INV-1", "Acme", "120.00", still_open="0.01")
    made = books.plan()
    assert IntentKind.VOID not in [line.kind for line in made.lines]
    assert FindingCode.DOES_NOT_TIE in [each.code for each in made.left_out]


def test_in_the_deposit_pattern_it_is_named_and_waits_for_the_deposit_of_its_payout(books: ReturnedBooks) -> None:
    books.pattern = BookingPattern.DEPOSIT
    del books.mirror.records[ref(Kind.BOOK_ENTRY, "e-1")]
    hand = books.mirror.account("Undeposited Funds", AccountRole.UNDEPOSITED)
    held = cast("Payment", books.mirror.records[POSTED])
    books.mirror.put(POSTED, replace(held, into=hand))
    books.returned()
    made = books.plan()
    assert made.lines == ()
    assert "In the deposit pattern it is posted with its payout" in left(made).sentence
    assert "makes Acme owe it again" in left(made).next_step


def test_a_return_of_another_payment_takes_nothing_back(books: ReturnedBooks) -> None:
    other = books.mirror.charge("py_2", "120.00", state=PaymentState.RETURNED)
    line = books.mirror.entry("txn_f", other, "-120.00", "4.00", EntryNature.RETURN)
    made = books.plan()
    assert [each.subject for each in made.lines] == [f"expense:{line}"]
    assert [each.refs for each in made.left_out] == [(other,)]


def fought_over(books: ReturnedBooks) -> None:
    """The dispute was open long enough for its entry to be written; now it is lost."""
    books.returned()
    books.journal(LINE, "-120.00")
    books.mirror.book_entry("e-2", "4.00", f"receivables op={'F' * 20} src={LINE}")


def test_when_an_open_dispute_is_lost_its_entry_goes_with_the_payment_so_that_the_invoice_is_open_again(
    books: ReturnedBooks,
) -> None:
    fought_over(books)
    made = books.plan()
    assert kinds(made) == ["void", "void"]
    assert [line.void.target for line in made.lines if line.void is not None] == [POSTED, ENTRY]
    assert "so that INV-1 is open again" in made.lines[0].sentence
    assert "which stood for the open dispute of payment py_1" in made.lines[1].sentence
    assert {each.account: each.amount.minor for each in made.effects()} == {
        "Accounts receivable: Acme": 0,
        "Stripe Clearing": 0,
    }
    assert made.left_out == ()


@pytest.mark.parametrize("how", ["edited", "closed", "settled", "copied"])
def test_an_entry_of_a_lost_dispute_that_may_not_be_taken_back_stays_for_it(books: ReturnedBooks, how: str) -> None:
    fought_over(books)
    match how:
        case "edited":
            books.mirror.answered[ENTRY] = "an earlier version"
        case "closed":
            books.mirror.profile(closed_through=business_date("2026-04-01"))
        case "settled":
            books.mirror.received("p-9", "Acme", "120.00", {ENTRY: "120.00"})
        case _:
            books.stand("p-2")
            books.mirror.invoice("INV-1", "Acme", "240.00", still_open="0.00")
    made = books.plan()
    assert made.lines == ()
    assert rest(books.purse()) == {}


def test_an_entry_of_a_lost_dispute_is_taken_back_also_where_only_the_payment_was(books: ReturnedBooks) -> None:
    fought_over(books)
    books.ours()
    made = books.plan()
    assert [line.void.target for line in made.lines if line.void is not None] == [ENTRY]
    books.mirror.in_flight.add(taking_back(OpId("E" * 20)))
    assert books.plan().lines == ()


def test_an_entry_that_went_with_its_payment_is_told_as_nobodys_doing_and_is_not_written_again(
    books: ReturnedBooks,
) -> None:
    fought_over(books)
    books.ours()
    del books.mirror.records[ENTRY]
    books.mirror.gone[ENTRY] = Gone(state=GoneState.DELETED)
    books.mirror.written[f"journal:{LINE}"] = ENTRY
    books.mirror.in_flight.add(f"journal:{LINE}")
    books.mirror.taken_back[f"journal:{LINE}"] = ""
    made = books.plan()
    assert made.lines == ()
    assert FindingCode.POSTING_UNDONE not in [each.code for each in made.left_out]
    assert rest(books.purse()) == {}


def test_a_dispute_that_is_won_after_its_entry_was_written_is_reversed_exactly(books: ReturnedBooks) -> None:
    books.returned(state=DisputeState.OPEN)
    books.journal(LINE, "-120.00")
    books.mirror.book_entry("e-2", "4.00", f"receivables op={'F' * 20} src={LINE}")
    assert books.plan().lines == ()
    books.mirror.dispute("dp_1", DEBIT, "120.00", DisputeState.WON)
    books.mirror.entry("txn_back", FIGHT, "120.00", "0.00", EntryNature.DISPUTE_BACK, created="2026-06-02T14:00:00Z")
    made = books.plan()
    assert kinds(made) == ["journal"]
    assert {each.account: grouped(each.amount) for each in made.effects()} == {
        "Accounts receivable: Acme": "-120.00 USD",
        "Stripe Clearing": "120.00 USD",
    }
