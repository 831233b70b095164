"""What a plan does about a payment that we posted and that came back: taken back once, or left, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import cast

import pytest

from connector import canonical
from connector.dates import business_date, instant_from_iso
from connector.model.finding import Finding, FindingCode
from connector.model.firm import Beginning, BookingPattern, Connection, PostingAccounts
from connector.model.intent import IntentKind
from connector.model.money_in import Dispute, DisputeState, Payment, PaymentState, RefundState
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry, EntryNature
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref, Tag
from connector.model.stamp import read_stamps
from connector.money import grouped
from connector.plan import Frame, Plan, plan, subject_of
from connector.reconcile.clearing import Standing, standings
from connector.reconcile.match import reconcile
from connector.reconcile.tieout import tie_out
from tests.builders import PROCESSOR, USD, Mirror, money, ref

STAMP = f"receivables op={'A' * 20} src="
POSTED = ref(Kind.PAYMENT, "p-1")
DEBIT = ref(Kind.PAYMENT, "py_1", PROCESSOR)
INVOICE = ref(Kind.INVOICE, "i-INV-1")
REFUND = ref(Kind.REFUND, "re_1", PROCESSOR)
FIGHT = ref(Kind.DISPUTE, "dp_1", PROCESSOR)
LINE = ref(Kind.BALANCE_ENTRY, "txn_dp_1", PROCESSOR)
OWN_FEE = f"expense:{DEBIT}"


class Books:
    """A debit of 120.00 that was posted on 2026-03-29 with its fee; `returned` lets it come back on 2026-05-27."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.mirror.profile()
        self.mirror.customer("Acme")
        self.clearing = self.mirror.account("Stripe Clearing", AccountRole.BANK)
        self.posting = PostingAccounts(
            clearing={USD: self.clearing},
            bank={USD: self.mirror.account("Checking", AccountRole.BANK)},
            fees=self.mirror.account("Stripe Fees", AccountRole.EXPENSE),
        )
        self.receivable = self.mirror.account("Accounts Receivable", AccountRole.RECEIVABLE)
        self.pattern = BookingPattern.CLEARING
        self.mirror.invoice("INV-1", "Acme", "120.00", still_open="0.00")
        self.charge(PaymentState.SUCCEEDED)
        self.mirror.entry("txn_1", DEBIT, "120.00", "0.96")
        self.stand()
        self.mirror.book_entry("e-1", "0.96", f"receivables op={'B' * 20} src={DEBIT}")

    def charge(self, state: PaymentState, **more: object) -> None:
        self.mirror.charge("py_1", "120.00", fee="0.96", state=state, tags=(Tag("invoice_number", "INV-1"),))
        held = cast("Payment", self.mirror.records[DEBIT])
        self.mirror.put(DEBIT, replace(held, method="us_bank_account", **more))  # type: ignore[arg-type]

    def stand(self, vendor_id: str = "p-1", amount: str = "120.00") -> None:
        """The payment of the books that carries our stamp."""
        self.mirror.received(
            vendor_id, "Acme", amount, {INVOICE: amount}, memo=f"{STAMP}{DEBIT}", into=self.clearing, on="2026-03-29"
        )

    def returned(self, amount: str = "120.00", fee: str = "4.00", state: DisputeState = DisputeState.LOST) -> None:
        """It comes back as a dispute, as bank debits do."""
        self.charge(PaymentState.RETURNED if state is DisputeState.LOST else PaymentState.DISPUTED)
        self.mirror.dispute("dp_1", DEBIT, amount, state)
        held = cast("Dispute", self.mirror.records[FIGHT])
        on = business_date("2026-05-27")
        self.mirror.put(FIGHT, replace(held, on=on, said="insufficient funds (R01)"))
        self.mirror.entry("txn_dp_1", FIGHT, f"-{amount}", fee, EntryNature.DISPUTE, created="2026-05-27T14:00:00Z")

    def void(self) -> None:
        """The books after it was taken back."""
        self.mirror.received("p-1", "Acme", "0.00", memo=f"Voided {STAMP}{DEBIT}", state=PaymentState.VOID)
        self.mirror.invoice("INV-1", "Acme", "120.00")

    def ours(self) -> None:
        """We took it back, and remember it."""
        self.void()
        self.mirror.in_flight.add(subject_of(IntentKind.VOID, DEBIT))
        self.mirror.written[subject_of(IntentKind.VOID, DEBIT)] = POSTED

    def journal(self, about: Ref, amount: str) -> None:
        """The books hold our journal entry about that, which moves so much on the clearing account."""
        moved, memo = money(amount), f"receivables op={'E' * 20} src={about}"
        self.mirror.put(
            ref(Kind.BOOK_ENTRY, f"j-{about.vendor_id}"),
            BookEntry(
                paid_from=None,
                paid_to=None,
                on=business_date("2026-04-01"),
                amount=money(amount.removeprefix("-")),
                memo=memo,
                stamps=read_stamps(memo),
                moves=((self.clearing, moved), (self.receivable, -moved)),
            ),
        )

    def plan(self, *, closed_today: str | None = None) -> Plan:
        seen = self.mirror.seen()
        numbers = count(1)
        connection = Connection(
            company_id=CompanyId("harbor"),
            connection_id=PROCESSOR,
            system="stripe",
            account="acct_1",
            live=False,
            posting=self.posting,
            pattern=self.pattern,
        )
        frame = Frame(
            plan_id=PlanId("plan-1"),
            company_id=CompanyId("harbor"),
            made_at=instant_from_iso("2026-06-10T14:00:00Z"),
            made_by=ActorId("dana"),
            new_op_id=lambda: OpId(f"{next(numbers):A>20}"),
            instead_of_closed=business_date(closed_today) if closed_today is not None else None,
        )
        return plan(seen, reconcile(seen), [connection], frame, untied=tie_out(seen).findings)

    def purse(self) -> Standing:
        (found,) = standings(self.mirror.seen())
        return found


@pytest.fixture
def books() -> Books:
    return Books()


def kinds(made: Plan) -> list[str]:
    return [str(line.kind) for line in made.lines]


def left(made: Plan) -> Finding:
    """The one thing that is told of the return; nothing takes the payment back."""
    assert IntentKind.VOID not in [line.kind for line in made.lines]
    (found,) = [each for each in made.left_out if each.code is FindingCode.RETURNED]
    assert found.amount == money("120.00")
    assert "on 2026-05-27: insufficient funds (R01)" in found.sentence
    return found


def test_a_posted_payment_that_stands_needs_nothing(books: Books) -> None:
    made = books.plan()
    assert (made.lines, made.left_out) == ((), ())


def test_what_came_back_is_taken_out_of_the_books_and_its_fee_recorded_on_the_day_of_the_return(books: Books) -> None:
    books.returned()
    made = books.plan()
    assert kinds(made) == ["void", "expense"]
    void, cost = made.lines[0].void, made.lines[1].expense
    assert void is not None
    assert cost is not None
    assert (void.target, void.stamp, void.version, void.on) == (POSTED, "A" * 20, "0", business_date("2026-03-29"))
    assert [(share.target, share.amount) for share in void.reopens] == [(INVOICE, money("120.00"))]
    assert made.lines[0].subject == f"void:{DEBIT}"
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


def test_a_debit_that_failed_late_is_taken_back_and_its_line_is_told_from_its_own_fee(books: Books) -> None:
    books.charge(PaymentState.RETURNED, returned_on=business_date("2026-05-27"), failure="account closed (R02)")
    books.mirror.entry("txn_f", DEBIT, "-120.00", "2.50", EntryNature.RETURN, created="2026-05-27T14:00:00Z")
    made = books.plan()
    assert kinds(made) == ["void", "expense"]
    assert "return fee of 2.50 USD" in made.lines[1].sentence
    assert made.lines[1].intent.on == business_date("2026-05-27")
    books.mirror.entry("txn_f", DEBIT, "-120.00", "0.00", EntryNature.RETURN)
    assert kinds(books.plan()) == ["void"]


def test_a_card_dispute_takes_nothing_back_until_it_is_lost(books: Books) -> None:
    books.returned(state=DisputeState.OPEN)
    made = books.plan()
    assert [(line.subject, line.intent.on) for line in made.lines] == [(f"expense:{LINE}", business_date("2026-05-27"))]
    (told,) = made.left_out
    assert (told.code, told.amount) == (FindingCode.DISPUTED, money("120.00"))
    assert "Leave payment p-1 in quickbooks as it is" in told.next_step
    held = cast("Dispute", books.mirror.records[FIGHT])
    books.mirror.put(FIGHT, replace(held, state=DisputeState.LOST))
    assert kinds(books.plan()) == ["void", "expense"]


@pytest.mark.parametrize("remembered", [True, False])
def test_what_was_taken_back_is_not_taken_back_again_nor_posted_again_nor_told_as_somebodys_doing(
    books: Books,
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


def test_after_a_stop_between_the_two_only_the_fee_is_left_to_plan(books: Books) -> None:
    books.returned()
    books.void()
    assert [line.subject for line in books.plan().lines] == [f"expense:{LINE}"]
    books.mirror.in_flight.add(f"expense:{LINE}")
    assert books.plan().lines == ()


def test_the_payments_own_fee_is_recorded_even_where_the_payment_was_taken_back_first(books: Books) -> None:
    books.returned()
    books.ours()
    del books.mirror.records[ref(Kind.BOOK_ENTRY, "e-1")]
    assert [line.subject for line in books.plan().lines] == [OWN_FEE, f"expense:{LINE}"]


def test_while_the_taking_back_is_under_way_nothing_is_planned_or_told_of_it(books: Books) -> None:
    books.returned(fee="0.00")
    books.mirror.in_flight.add(subject_of(IntentKind.VOID, DEBIT))
    made = books.plan()
    assert (made.lines, made.left_out) == ((), ())


def left_out(made: Plan) -> Finding:
    assert made.lines == ()
    (found,) = made.left_out
    return found


def test_a_payment_that_stands_again_after_it_was_taken_back_is_told_and_left(books: Books) -> None:
    books.returned(fee="0.00")
    books.ours()
    books.stand("p-2")
    books.mirror.invoice("INV-1", "Acme", "120.00", still_open="0.00")
    assert "stands there again as payment p-2" in left_out(books.plan()).sentence


def test_what_came_back_before_it_was_posted_is_never_posted(books: Books) -> None:
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


def test_an_entry_that_somebody_changed_is_left_and_the_fee_is_recorded_all_the_same(books: Books) -> None:
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


def test_an_entry_with_another_amount_than_we_posted_is_left(books: Books) -> None:
    books.returned()
    books.mirror.invoice("INV-1", "Acme", "120.00", still_open="1.00")
    books.stand(amount="119.00")
    assert "Somebody changed payment p-1" in left(books.plan()).sentence


def test_an_entry_that_a_deposit_holds_is_left(books: Books) -> None:
    books.returned()
    books.mirror.deposit("d-1", ref(Kind.ACCOUNT, "Checking"), {POSTED: "120.00"})
    assert "Deposit d-1 holds payment p-1" in left(books.plan()).sentence


@pytest.mark.req("Q27")
def test_an_entry_in_a_closed_period_stays_and_the_customer_owes_again_by_an_entry_on_the_day_of_the_return(
    books: Books,
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


def owing(made: Plan) -> dict[str, str]:
    """What the one journal entry of a plan debits and credits, by customer or account."""
    (entry,) = [line.journal for line in made.lines if line.journal is not None]
    return {(part.customer or part.account).vendor_id: grouped(part.amount) for part in entry.parts}


def test_of_a_dispute_about_a_part_the_customer_owes_that_part_again(books: Books) -> None:
    books.returned("50.00")
    made = books.plan()
    assert kinds(made) == ["expense", "journal"]
    assert owing(made) == {"Acme": "50.00 USD", "Stripe Clearing": "-50.00 USD"}
    assert "Record the dispute of payment py_1 of 50.00 USD out of Stripe Clearing: Acme owes that much more." in (
        made.lines[1].sentence
    )


def test_a_payment_that_was_refunded_in_part_and_then_came_back_stays_and_the_customer_owes_both(books: Books) -> None:
    books.returned()
    books.charge(PaymentState.RETURNED, refunded=money("20.00"))
    books.mirror.refund("re_1", DEBIT, "20.00")
    books.mirror.entry("txn_re", REFUND, "-20.00", "0.00", EntryNature.REFUND)
    made = books.plan()
    entries = [line.journal for line in made.lines if line.journal is not None]
    assert IntentKind.VOID not in [line.kind for line in made.lines]
    assert sorted(grouped(entry.parts[1].amount) for entry in entries) == ["120.00 USD", "20.00 USD"]


def test_nothing_is_taken_back_before_the_processors_ledger_shows_it(books: Books) -> None:
    books.returned()
    del books.mirror.records[LINE]
    made = books.plan()
    assert made.lines == ()
    assert "ledger does not show it yet" in left(made).sentence


def test_two_entries_with_one_mark_are_a_persons_to_tell_apart(books: Books) -> None:
    books.returned()
    books.mirror.invoice("INV-1", "Acme", "240.00", still_open="0.00")
    books.stand("p-2")
    assert "2 payments of the books carry its mark (p-1, p-2)" in left(books.plan()).sentence


def test_an_entry_whose_invoice_does_not_tie_is_not_touched(books: Books) -> None:
    books.returned()
    books.mirror.invoice("INV-1", "Acme", "120.00", still_open="0.01")
    made = books.plan()
    assert IntentKind.VOID not in [line.kind for line in made.lines]
    assert FindingCode.DOES_NOT_TIE in [each.code for each in made.left_out]


def test_in_the_deposit_pattern_it_is_named_and_waits_for_the_deposit_of_its_payout(books: Books) -> None:
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


@pytest.mark.parametrize(("refunded", "amount"), [("120.00", "120.00"), ("20.00", "20.00")])
def test_a_refund_of_a_posted_payment_is_posted_out_of_the_clearing_account_and_the_customer_owes_it(
    books: Books, refunded: str, amount: str
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
    books: Books,
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


def test_a_dispute_that_was_won_needs_nothing_but_its_fees(books: Books) -> None:
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
    books: Books,
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


def test_a_fee_that_somebody_deleted_is_told_although_the_payment_itself_was_taken_back_by_us(books: Books) -> None:
    books.returned(fee="0.00")
    books.ours()
    del books.mirror.records[ref(Kind.BOOK_ENTRY, "e-1")]
    books.mirror.written[OWN_FEE] = ref(Kind.BOOK_ENTRY, "e-1")
    books.mirror.in_flight.add(OWN_FEE)
    books.mirror.take(ref(Kind.BOOK_ENTRY, "e-1"))
    made = books.plan()
    assert made.lines == ()
    assert FindingCode.POSTING_UNDONE in [each.code for each in made.left_out]


def test_a_fee_from_before_the_start_is_in_the_opening_entry_and_not_planned(books: Books) -> None:
    books.returned()
    begins = Beginning(on=business_date("2026-06-01"), at=instant_from_iso("2026-06-01T04:00:00Z"))
    books.posting = replace(books.posting, begins=begins)
    assert f"expense:{LINE}" not in [line.subject for line in books.plan().lines]


def rest(standing: Standing) -> dict[str, str]:
    return {str(each.reason): grouped(each.amount) for each in standing.rest}


def test_the_purse_is_explained_before_between_and_after(books: Books) -> None:
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


def test_a_payment_that_was_taken_back_although_only_a_part_came_back_stays_named_in_the_purse(books: Books) -> None:
    books.returned("50.00", fee="0.00")
    books.void()
    assert rest(books.purse()) == {"payment": "120.00 USD", "dispute": "-50.00 USD"}
    assert books.purse().explained == books.purse().ledger


def test_a_payment_that_was_posted_before_a_start_was_chosen_is_even_beside_the_opening_entry(books: Books) -> None:
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


def test_a_return_of_another_payment_takes_nothing_back(books: Books) -> None:
    other = books.mirror.charge("py_2", "120.00", state=PaymentState.RETURNED)
    line = books.mirror.entry("txn_f", other, "-120.00", "4.00", EntryNature.RETURN)
    made = books.plan()
    assert [each.subject for each in made.lines] == [f"expense:{line}"]
    assert [each.refs for each in made.left_out] == [(other,)]
