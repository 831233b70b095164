"""What a plan writes, what it leaves out, and that its sums are the decisions' sums."""

from __future__ import annotations

from itertools import count

import pytest

from connector import canonical
from connector.dates import business_date, instant_from_iso
from connector.model.finding import FindingCode
from connector.model.firm import Connection, PostingAccounts
from connector.model.intent import IntentKind
from connector.model.party import AccountRole
from connector.model.settlement import PayoutState
from connector.model.source import ActorId, CompanyId, OpId, PlanId, Tag
from connector.plan import Frame, Plan, plan
from connector.reconcile.match import reconcile
from connector.reconcile.tieout import tie_out
from tests.builders import PROCESSOR, USD, Mirror, money


class Books:
    """A mirror with its accounts chosen, and the plan of it."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.mirror.profile()
        self.mirror.customer("Acme")
        clearing = self.mirror.account("Stripe Clearing", AccountRole.BANK)
        bank = self.mirror.account("Checking", AccountRole.BANK)
        fees = self.mirror.account("Stripe Fees", AccountRole.EXPENSE)
        self.posting = PostingAccounts(clearing={USD: clearing}, bank={USD: bank}, fees=fees)

    def paid(self, vendor_id: str, number: str, amount: str, fee: str) -> None:
        self.mirror.invoice(number, "Acme", amount)
        charge = self.mirror.charge(vendor_id, amount, fee=fee, tags=(Tag("invoice_number", number),))
        self.mirror.entry(f"txn_{vendor_id}", charge, amount, fee)

    def plan(self) -> Plan:
        seen = self.mirror.seen()
        numbers = count(1)
        connection = Connection(
            company_id=CompanyId("harbor"),
            connection_id=PROCESSOR,
            system="stripe",
            account="acct_1",
            live=False,
            posting=self.posting,
        )
        frame = Frame(
            plan_id=PlanId("plan-1"),
            company_id=CompanyId("harbor"),
            made_at=instant_from_iso("2026-06-10T14:00:00Z"),
            made_by=ActorId("dana"),
            new_op_id=lambda: OpId(f"{next(numbers):A>20}"),
        )
        return plan(seen, reconcile(seen), [connection], frame, untied=tie_out(seen).findings)


@pytest.fixture
def books() -> Books:
    return Books()


def effects(made: Plan) -> dict[str, str]:
    return {effect.account: str(effect.amount) for effect in made.effects()}


def test_gross_to_clearing_fee_out_of_it_payout_to_the_bank(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    entry = next(at for at in books.mirror.records if at.vendor_id == "txn_ch_1")
    books.mirror.payout("po_1", "116.22", entry)
    made = books.plan()
    assert [line.kind for line in made.lines] == [IntentKind.PAYMENT, IntentKind.EXPENSE, IntentKind.TRANSFER]
    assert effects(made) == {
        "Accounts receivable: Acme": "-120.00 USD",
        "Checking": "116.22 USD",
        "Stripe Clearing": "0.00 USD",
        "Stripe Fees": "3.78 USD",
    }


def test_every_line_balances_between_the_accounts_it_moves(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    for line in books.plan().lines:
        assets = sum(e.amount.minor for e in line.effects if not e.account.startswith("Stripe Fees"))
        costs = sum(e.amount.minor for e in line.effects if e.account.startswith("Stripe Fees"))
        assert assets + costs == 0


def test_a_plan_read_back_is_the_plan(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    made = books.plan()
    assert canonical.decode(canonical.encode(made), Plan) == made


def test_what_an_outbox_row_already_stands_for_is_not_planned_again(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    subjects = [line.subject for line in books.plan().lines]
    books.mirror.in_flight.update(subjects)
    assert books.plan().lines == ()


def test_what_the_books_hold_with_our_mark_is_not_planned_again(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    charge = next(at for at in books.mirror.records if at.vendor_id == "ch_1")
    books.mirror.received("p-1", "Acme", "120.00", memo=f"receivables op={'A' * 20} src={charge}")
    assert [line.kind for line in books.plan().lines] == [IntentKind.EXPENSE]
    books.mirror.book_entry("e-1", "3.78", f"receivables op={'B' * 20} src={charge}")
    assert books.plan().lines == ()


def test_nothing_is_posted_into_a_closed_period_and_no_date_is_moved(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    books.mirror.profile(closed_through=business_date("2026-03-29"))
    made = books.plan()
    assert made.lines == ()
    assert [finding.code for finding in made.left_out] == [FindingCode.CLOSED_PERIOD]
    books.mirror.profile(closed_through=business_date("2026-03-28"))
    assert {line.intent.on for line in books.plan().lines} == {business_date("2026-03-29")}


def test_without_a_chosen_account_the_line_is_left_out_with_its_reason(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    books.posting = PostingAccounts()
    made = books.plan()
    assert made.lines == ()
    assert FindingCode.NO_ACCOUNT in [finding.code for finding in made.left_out]


def test_an_account_in_another_currency_is_not_used(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    euro = books.mirror.account("Euro Clearing", AccountRole.BANK, code="EUR")
    books.posting = PostingAccounts(clearing={USD: euro}, bank=books.posting.bank, fees=books.posting.fees)
    assert books.plan().lines == ()


def test_a_row_whose_sums_do_not_hold_is_not_touched(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    books.paid("ch_2", "INV-2", "50.00", "1.75")
    entry = next(at for at in books.mirror.records if at.vendor_id == "txn_ch_1")
    books.mirror.entry("txn_ch_1", next(at for at in books.mirror.records if at.vendor_id == "ch_1"), "120.01", "3.78")
    assert entry in books.mirror.records
    made = books.plan()
    assert {line.subject for line in made.lines} == {"payment:stripe/payment/ch_2", "expense:stripe/payment/ch_2"}
    assert FindingCode.DOES_NOT_TIE in [finding.code for finding in made.left_out]


def test_an_over_payment_is_posted_whole_with_the_rest_as_credit(books: Books) -> None:
    books.mirror.invoice("INV-1", "Acme", "100.00")
    books.mirror.charge("ch_1", "120.00", tags=(Tag("invoice_number", "INV-1"),))
    line = books.plan().lines[0]
    assert line.payment is not None
    assert (line.payment.total, [a.amount for a in line.payment.allocations]) == (money("120.00"), [money("100.00")])
    assert "unapplied credit" in line.sentence


@pytest.mark.parametrize("state", [PayoutState.PENDING, PayoutState.FAILED])
def test_a_payout_that_has_not_arrived_is_not_moved(books: Books, state: PayoutState) -> None:
    books.mirror.payout("po_1", "10.00", state=state)
    assert books.plan().lines == ()


def test_a_payout_that_cannot_say_what_is_in_it_is_left_to_a_person(books: Books) -> None:
    books.mirror.payout("po_1", "10.00", composed=False)
    made = books.plan()
    assert made.lines == ()
    assert [finding.code for finding in made.left_out] == [FindingCode.PAYOUT_INCOMPLETE]
