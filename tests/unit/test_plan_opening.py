"""A start in the middle of a processor's life: one opening entry per currency, nothing from before it line by line."""

from __future__ import annotations

from itertools import count

import pytest

from connector.dates import business_date, instant_from_iso
from connector.model.finding import FindingCode
from connector.model.firm import Beginning, BookingPattern, Connection, PostingAccounts
from connector.model.intent import IntentKind, PostDeposit, PostExpense, Posting
from connector.model.party import AccountRole
from connector.model.settlement import EntryNature
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, OpId, PlanId, Ref, Tag
from connector.money import Currency, currency
from connector.plan import Frame, Plan, plan
from connector.plan.patterns import patterns_in_use
from connector.reconcile.booked import opened, opening_subject
from connector.reconcile.clearing import Standing, Unbooked, standings
from connector.reconcile.match import reconcile
from connector.reconcile.tieout import tie_out
from tests.builders import PROCESSOR, USD, Mirror, money, ref

START = instant_from_iso("2026-04-01T04:00:00Z")
"""Midnight of 1 April in New York."""
MARK = f"receivables op={'A' * 20} src="


class Books:
    """A firm that begins on 1 April with a charge from March and one from April, both in the first payout."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.mirror.profile()
        self.mirror.customer("Acme")
        self.clearing = self.mirror.account("Stripe Clearing", AccountRole.BANK, "0.00")
        self.bank = self.mirror.account("Checking", AccountRole.BANK)
        self.fees = self.mirror.account("Stripe Fees", AccountRole.EXPENSE)
        self.equity = self.mirror.account("Opening Balance Equity", AccountRole.OTHER)
        self.begins: Beginning | None = Beginning(on=business_date("2026-04-01"), at=START, opening=self.equity)
        self.pattern = BookingPattern.CLEARING
        self.accounts: dict[Currency, Ref] = {USD: self.clearing}
        self.early = self.paid("ch_1", "INV-1", "120.00", "3.78", "2026-04-01T03:59:59Z")
        self.late = self.paid("ch_2", "INV-2", "50.00", "1.75", "2026-04-01T04:00:00Z")
        own = self.mirror.entry(
            "txn_po",
            ref(Kind.PAYOUT, "po_1", PROCESSOR),
            "-164.47",
            "0.00",
            EntryNature.PAYOUT,
            created="2026-04-03T09:00:00Z",
        )
        self.payout = self.mirror.payout(
            "po_1", "164.47", self.early, self.late, own=own, created="2026-04-03T09:00:00Z", arrives="2026-04-04"
        )
        self.balance = self.mirror.account("Balance", AccountRole.PROCESSOR, "0.00", at=PROCESSOR)

    def paid(self, vendor_id: str, number: str, amount: str, fee: str, when: str) -> Ref:
        self.mirror.invoice(number, "Acme", amount)
        charge = self.mirror.charge(vendor_id, amount, fee=fee, on=when[:10], tags=(Tag("invoice_number", number),))
        return self.mirror.entry(f"txn_{vendor_id}", charge, amount, fee, created=when)

    def plan(self) -> Plan:
        seen = self.mirror.seen()
        numbers = count(1)
        posting = PostingAccounts(clearing=self.accounts, bank={USD: self.bank}, fees=self.fees, begins=self.begins)
        connection = Connection(
            company_id=CompanyId("harbor"),
            connection_id=PROCESSOR,
            system="stripe",
            account="acct_1",
            live=False,
            pattern=self.pattern,
            posting=posting,
        )
        frame = Frame(
            plan_id=PlanId("plan-1"),
            company_id=CompanyId("harbor"),
            made_at=instant_from_iso("2026-06-10T14:00:00Z"),
            made_by=ActorId("dana"),
            new_op_id=lambda: OpId(f"{next(numbers):A>20}"),
        )
        return plan(seen, reconcile(seen), [connection], frame, untied=tie_out(seen).findings)

    def carry_out(self, made: Plan) -> None:
        """The books hold every line of the plan, as the vendor would give it back."""
        for number, line in enumerate(made.lines):
            intent = line.intent
            memo = f"{MARK}{intent.about}"
            if line.payment is not None:
                (share,) = line.payment.allocations
                self.mirror.received(
                    f"p-{number}",
                    "Acme",
                    str(line.payment.total),
                    {share.target: str(share.amount)},
                    memo=memo,
                    into=line.payment.into,
                )
                self.mirror.invoice(f"INV-{intent.about.vendor_id[-1]}", "Acme", str(share.amount), still_open="0.00")
            elif line.deposit is not None:
                self.mirror.opening(f"d-{number}", str(line.deposit.total), memo=memo)
            elif line.expense is not None:
                self.mirror.book_entry(f"e-{number}", str(line.expense.amount), memo)
            elif line.transfer is not None:
                self.mirror.book_entry(f"t-{number}", str(line.transfer.amount), memo)
            self.mirror.in_flight.add(line.subject)

    def standing(self) -> Standing:
        (found,) = standings(self.mirror.seen(), {(PROCESSOR, USD): self.clearing}, {PROCESSOR: START})
        return found


@pytest.fixture
def books() -> Books:
    return Books()


def codes(made: Plan) -> list[FindingCode]:
    return [each.code for each in made.left_out]


def test_what_was_there_before_the_start_is_one_entry_dated_the_day_before(books: Books) -> None:
    made = books.plan()
    opening = made.lines[0].intent
    assert isinstance(opening, PostDeposit)
    assert (opening.into, opening.total, opening.on) == (books.clearing, money("116.22"), business_date("2026-03-31"))
    assert [(part.account, part.amount) for part in opening.parts] == [(books.equity, money("116.22"))]
    assert (opening.payments, opening.about) == ((), books.balance)
    assert made.lines[0].subject == "opening:stripe/USD"


def test_money_from_before_the_start_is_left_out_with_that_reason(books: Books) -> None:
    made = books.plan()
    assert [(line.kind, line.intent.about.vendor_id) for line in made.lines[1:]] == [
        (IntentKind.PAYMENT, "ch_2"),
        (IntentKind.EXPENSE, "ch_2"),
        (IntentKind.TRANSFER, "po_1"),
    ]
    (early,) = [each for each in made.left_out if each.code is FindingCode.BEFORE_START]
    assert (early.refs, early.amount) == ((ref(Kind.PAYMENT, "ch_1", PROCESSOR),), money("120.00"))


def test_a_second_before_the_start_day_of_the_company_is_before_it_and_its_first_second_is_not(books: Books) -> None:
    abouts = {line.intent.about.vendor_id for line in books.plan().lines}
    assert "ch_1" not in abouts
    assert "ch_2" in abouts


@pytest.mark.req("S17")
def test_a_payout_that_spans_the_start_leaves_the_clearing_account_where_the_processor_is(books: Books) -> None:
    before = books.standing()
    assert before.explained == before.ledger == money("0.00")
    assert [(rest.reason, rest.amount) for rest in before.rest] == [
        (Unbooked.BEFORE_START, money("116.22")),
        (Unbooked.PAYMENT, money("50.00")),
        (Unbooked.FEE, money("-1.75")),
        (Unbooked.PAYOUT, money("-164.47")),
    ]
    books.carry_out(books.plan())
    after = books.standing()
    assert (after.opening, after.booked, after.rest) == (money("116.22"), money("-116.22"), ())
    assert (after.ledger, after.said, after.held) == (money("0.00"), money("0.00"), money("0.00"))
    assert after.holds
    assert books.plan().lines == ()


def test_the_opening_entry_is_planned_once_however_often_a_plan_is_made(books: Books) -> None:
    subject = books.plan().lines[0].subject
    assert subject == opening_subject(PROCESSOR, USD)
    books.mirror.in_flight.add(subject)
    assert subject not in [line.subject for line in books.plan().lines]


def test_an_opening_entry_that_only_the_books_remember_is_not_planned_again(books: Books) -> None:
    books.mirror.opening("d-1", "116.22", memo=f"{MARK}{books.balance}")
    assert opened(books.mirror.seen()) == {(PROCESSOR, USD): money("116.22")}
    assert all(line.deposit is None for line in books.plan().lines)


def test_an_opening_entry_that_somebody_deleted_is_told_and_not_made_again(books: Books) -> None:
    subject, at = opening_subject(PROCESSOR, USD), ref(Kind.DEPOSIT, "d-1")
    books.mirror.in_flight.add(subject)
    books.mirror.written[subject] = at
    books.mirror.take(at)
    made = books.plan()
    assert FindingCode.POSTING_UNDONE in codes(made)
    assert all(line.deposit is None for line in made.lines)


def test_an_opening_entry_is_in_no_booking_pattern(books: Books) -> None:
    books.mirror.opening("d-1", "116.22", memo=f"{MARK}{books.balance}")
    assert patterns_in_use(books.mirror.seen(), [books.plan().lines[0].intent]).get(PROCESSOR, frozenset()) <= {
        BookingPattern.CLEARING
    }
    assert FindingCode.PATTERN_MIXED not in codes(books.plan())


def test_a_balance_below_zero_opens_with_an_expense_out_of_the_clearing_account(books: Books) -> None:
    books.mirror.entry("txn_dp", None, "-200.00", "15.00", EntryNature.DISPUTE, created="2026-03-30T12:00:00Z")
    books.mirror.account("Balance", AccountRole.PROCESSOR, "-215.00", at=PROCESSOR)
    opening = books.plan().lines[0].intent
    assert isinstance(opening, PostExpense)
    assert (opening.paid_from, opening.account, opening.amount) == (books.clearing, books.equity, money("98.78"))
    books.carry_out(books.plan())
    assert (books.standing().opening, books.standing().explained) == (money("-98.78"), money("-215.00"))


def test_what_was_booked_before_the_start_was_chosen_is_not_opened_with_a_second_time(books: Books) -> None:
    memo = f"{MARK}{ref(Kind.PAYMENT, 'ch_1', PROCESSOR)}"
    books.mirror.received("p-9", "Acme", "120.00", {ref(Kind.INVOICE, "i-INV-1"): "120.00"}, memo=memo)
    books.mirror.invoice("INV-1", "Acme", "120.00", still_open="0.00")
    opening = books.plan().lines[0].intent
    assert isinstance(opening, PostExpense)
    assert opening.amount == money("3.78")


def test_while_the_processors_balance_does_not_tie_no_opening_is_planned(books: Books) -> None:
    books.mirror.account("Balance", AccountRole.PROCESSOR, "5.00", at=PROCESSOR)
    made = books.plan()
    assert all(not line.subject.startswith("opening:") for line in made.lines)
    waits = [each.sentence for each in made.left_out if "opening entry of stripe waits" in each.sentence]
    assert len(waits) == 1


def test_without_an_account_to_open_against_the_entry_waits_for_one(books: Books) -> None:
    books.begins = Beginning(on=business_date("2026-04-01"), at=START)
    made = books.plan()
    (missing,) = [each for each in made.left_out if each.code is FindingCode.NO_ACCOUNT]
    assert "--opening" in missing.next_step
    assert all(not line.subject.startswith("opening:") for line in made.lines)


def test_every_currency_opens_by_itself(books: Books) -> None:
    eur = currency("EUR")
    books.accounts[eur] = books.mirror.account("Stripe EUR", AccountRole.BANK, code="EUR")
    books.mirror.entry("txn_eur", None, "80.00 EUR", "0.00 EUR", EntryNature.TOPUP, created="2026-03-01T00:00:00Z")
    books.mirror.account("Balance EUR", AccountRole.PROCESSOR, "80.00 EUR", at=PROCESSOR, code="EUR")
    opening = [line for line in books.plan().lines if line.subject.startswith("opening:")]
    assert [line.subject for line in opening] == ["opening:stripe/EUR", "opening:stripe/USD"]
    books_of = {line.intent.books for line in opening if isinstance(line.intent, Posting)}
    assert books_of == {ConnectionId("quickbooks")}
    assert [str(line.deposit.total) for line in opening if line.deposit] == ["80.00 EUR", "116.22 USD"]


def test_a_payout_that_left_before_the_start_is_in_the_opening_and_not_moved(books: Books) -> None:
    about = ref(Kind.PAYOUT, "po_0", PROCESSOR)
    own = books.mirror.entry("txn_po0", about, "-16.22", "0.00", EntryNature.PAYOUT, created="2026-03-31T09:00:00Z")
    old = books.mirror.entry("txn_old", None, "16.22", "0.00", EntryNature.TOPUP, created="2026-03-30T09:00:00Z")
    books.mirror.payout("po_0", "16.22", old, own=own, created="2026-03-31T09:00:00Z", arrives="2026-04-02")
    made = books.plan()
    assert [line.intent.about.vendor_id for line in made.lines if line.transfer] == ["po_1"]
    assert [str(line.deposit.total) for line in made.lines if line.deposit] == ["116.22 USD"]
    assert [each.refs for each in made.left_out if each.code is FindingCode.BEFORE_START] == [
        (ref(Kind.PAYMENT, "ch_1", PROCESSOR),),
        (about,),
    ]


def test_in_the_deposit_pattern_a_payout_that_spans_the_start_is_left_out_with_that_reason(books: Books) -> None:
    books.mirror.account("Payments to deposit", AccountRole.UNDEPOSITED)
    books.pattern = BookingPattern.DEPOSIT
    made = books.plan()
    assert [(line.kind, line.intent.about.vendor_id) for line in made.lines] == [(IntentKind.PAYMENT, "ch_2")]
    (left,) = [each for each in made.left_out if each.refs[:1] == (books.payout,)]
    assert "its payment ch_1 of 120.00 USD is from before the start" in left.sentence


def test_without_a_start_there_is_no_opening_entry_and_everything_is_planned(books: Books) -> None:
    books.begins = None
    made = books.plan()
    assert {line.intent.about.vendor_id for line in made.lines} == {"ch_1", "ch_2", "po_1"}
    assert FindingCode.BEFORE_START not in codes(made)


def test_findings_about_money_from_before_the_start_are_not_listed_one_by_one(books: Books) -> None:
    when = "2026-03-02T12:00:00Z"
    nameless = books.mirror.charge("ch_9", "10.00", fee="0.59", on="2026-03-02")
    books.mirror.entry("txn_9", nameless, "10.00", "0.59", created=when)
    books.mirror.account("Balance", AccountRole.PROCESSOR, "9.41", at=PROCESSOR)
    made = books.plan()
    assert FindingCode.NO_REFERENCE not in codes(made)
    (early,) = [each for each in made.left_out if each.code is FindingCode.BEFORE_START]
    assert (len(early.refs), early.amount) == (2, money("130.00"))
