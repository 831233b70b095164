"""What a plan writes, what it leaves out, and that its sums are the decisions' sums."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from connector import canonical
from connector.dates import business_date, instant_from_iso
from connector.model.allocation import Allocation
from connector.model.finding import Decision, FindingCode, Ground
from connector.model.firm import Connection, PostingAccounts
from connector.model.intent import IntentKind
from connector.model.invoice import InvoiceState
from connector.model.money_in import PaymentState
from connector.model.party import AccountRole
from connector.model.settlement import EntryNature, PayoutState
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref, Tag
from connector.plan import Frame, Plan, plan, subject_of
from connector.reconcile.match import reconcile
from connector.reconcile.tieout import tie_out
from tests.builders import PROCESSOR, USD, Mirror, money, ref


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

    def plan(self, *decisions: Decision, instead_of_closed: str | None = None) -> Plan:
        """The plan of what is decided, or of these decisions."""
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
            instead_of_closed=business_date(instead_of_closed) if instead_of_closed is not None else None,
        )
        outcome = replace(reconcile(seen), decisions=decisions) if decisions else reconcile(seen)
        return plan(seen, outcome, [connection], frame, untied=tie_out(seen).findings)


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


@pytest.mark.req("Q27")
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


@pytest.mark.req("Q27")
def test_what_falls_into_a_closed_period_is_dated_today_only_by_choice_and_says_so(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    entry = next(at for at in books.mirror.records if at.vendor_id == "txn_ch_1")
    books.mirror.payout("po_1", "116.22", entry)
    books.mirror.profile(closed_through=business_date("2026-03-31"))
    left = books.plan().left_out
    assert {each.code for each in left} == {FindingCode.CLOSED_PERIOD}
    assert all("--closed today" in each.next_step for each in left)
    made = books.plan(instead_of_closed="2026-06-10")
    assert [(line.kind, str(line.intent.on)) for line in made.lines] == [
        (IntentKind.PAYMENT, "2026-06-10"),
        (IntentKind.EXPENSE, "2026-06-10"),
        (IntentKind.TRANSFER, "2026-04-02"),
    ]
    assert "Dated 2026-06-10, because the books are closed on 2026-03-29." in made.lines[0].sentence
    assert "Dated" not in made.lines[2].sentence
    assert books.plan(instead_of_closed="2026-03-31").lines[:1] == books.plan().lines[:1]


def charge_of(books: Books, vendor_id: str) -> Ref:
    return next(at for at in books.mirror.records if at.vendor_id == vendor_id)


@pytest.mark.parametrize("how", ["voided", "deleted"])
def test_a_posted_payment_that_a_person_took_back_is_told_and_never_planned_again(books: Books, how: str) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    charge, posted = charge_of(books, "ch_1"), ref(Kind.PAYMENT, "p-1")
    subject = subject_of(IntentKind.PAYMENT, charge)
    books.mirror.in_flight.add(subject)
    books.mirror.written[subject] = posted
    assert books.plan().left_out == (), "written and not yet seen in the mirror"
    if how == "voided":
        memo = f"receivables op={'A' * 20} src={charge}"
        books.mirror.received("p-1", "Acme", "0.00", memo=memo, state=PaymentState.VOID)
    else:
        books.mirror.take(posted)
    made = books.plan()
    assert made.lines == ()
    assert [(each.code, each.refs) for each in made.left_out] == [(FindingCode.POSTING_UNDONE, (charge, posted))]
    assert f"was {how} there" in made.left_out[0].sentence


def test_a_payment_that_stands_again_under_our_mark_is_posted_and_no_longer_told(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    charge = charge_of(books, "ch_1")
    memo = f"receivables op={'A' * 20} src={charge}"
    books.mirror.received("p-1", "Acme", "0.00", memo=memo, state=PaymentState.VOID)
    books.mirror.received("p-2", "Acme", "120.00", memo=memo, unapplied="120.00")
    assert FindingCode.POSTING_UNDONE not in [each.code for each in books.plan().left_out]


def test_what_we_took_back_ourselves_is_not_told_as_a_persons_doing(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    charge = charge_of(books, "ch_1")
    books.mirror.charge(
        "ch_1", "120.00", fee="3.78", tags=(Tag("invoice_number", "INV-1"),), state=PaymentState.RETURNED
    )
    memo = f"receivables op={'A' * 20} src={charge}"
    books.mirror.received("p-1", "Acme", "0.00", memo=memo, state=PaymentState.VOID)
    books.mirror.in_flight.add(subject_of(IntentKind.PAYMENT, charge))
    books.mirror.taken_back[subject_of(IntentKind.PAYMENT, charge)] = ""
    assert [each.code for each in books.plan().left_out] == [FindingCode.RETURNED]


@pytest.mark.parametrize("tag", ["invoice_number", "receivables_debt"])
def test_a_payment_of_a_voided_invoice_is_not_posted_and_says_so(books: Books, tag: str) -> None:
    invoice = books.mirror.invoice("INV-1", "Acme", "0.00", state=InvoiceState.VOID)
    books.mirror.charge("ch_1", "120.00", tags=(Tag(tag, "INV-1" if tag == "invoice_number" else str(invoice)),))
    made = books.plan()
    assert made.lines == ()
    assert [each.code for each in made.left_out] == [FindingCode.INVOICE_GONE]
    assert "names INV-1, which was voided in the books" in made.left_out[0].sentence


def test_a_payment_of_a_deleted_invoice_is_not_posted_and_says_so(books: Books) -> None:
    invoice = books.mirror.invoice("INV-1", "Acme", "120.00")
    books.mirror.take(invoice)
    books.mirror.charge("ch_1", "120.00", tags=(Tag("receivables_debt", str(invoice)),))
    made = books.plan()
    assert made.lines == ()
    assert [each.code for each in made.left_out] == [FindingCode.INVOICE_GONE]
    assert "was deleted in the books" in made.left_out[0].sentence


@pytest.mark.req("F12")
def test_a_merged_customer_is_followed_and_the_line_says_so(books: Books) -> None:
    books.mirror.customer("Old Acme")
    books.mirror.customer("Older Acme")
    books.mirror.invoice("INV-1", "Older Acme", "120.00")
    charge = books.mirror.charge("ch_1", "120.00", tags=(Tag("invoice_number", "INV-1"),))
    merged = {name: ref(Kind.CUSTOMER, name) for name in ("Acme", "Old Acme", "Older Acme")}
    books.mirror.take(merged["Older Acme"], merged_into=merged["Old Acme"])
    books.mirror.take(merged["Old Acme"], merged_into=merged["Acme"])
    (line,) = books.plan().lines
    assert line.payment is not None
    assert (line.payment.customer, line.payment.about) == (merged["Acme"], charge)
    assert "from Acme (customer Older Acme was merged into it)" in line.sentence
    assert (merged["Older Acme"], "merged into", str(merged["Acme"])) in [
        (each.ref, each.field, each.says) for each in line.evidence
    ]


def test_a_merge_makes_the_payer_no_stranger_to_the_invoice(books: Books) -> None:
    books.mirror.customer("Old Acme")
    books.mirror.customer("Acme", at=PROCESSOR)
    books.mirror.invoice("INV-1", "Old Acme", "120.00")
    books.mirror.charge("ch_1", "120.00", customer="Acme", memo="Invoice INV-1")
    assert [each.code for each in books.plan().left_out] == [FindingCode.WRONG_CUSTOMER]
    books.mirror.take(ref(Kind.CUSTOMER, "Old Acme"), merged_into=ref(Kind.CUSTOMER, "Acme"))
    assert [line.subject for line in books.plan().lines] == ["payment:stripe/payment/ch_1"]


@pytest.mark.parametrize("how", ["inactive", "gone"])
def test_a_customer_that_takes_no_entries_any_more_leaves_the_payment_out(books: Books, how: str) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    if how == "inactive":
        books.mirror.customer("Acme", active=False)
    else:
        books.mirror.take(ref(Kind.CUSTOMER, "Acme"))
    made = books.plan()
    assert made.lines == ()
    assert [(each.code, each.amount) for each in made.left_out] == [(FindingCode.CUSTOMER_GONE, money("120.00"))]


def test_a_customer_kept_in_another_currency_takes_no_such_payment(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    books.mirror.customer("Acme", code="EUR")
    made = books.plan()
    assert made.lines == ()
    assert [each.code for each in made.left_out] == [FindingCode.WRONG_CURRENCY]


def test_a_payment_that_is_off_pulls_the_invoices_down_that_it_settles(books: Books) -> None:
    books.paid("ch_1", "INV-1", "120.00", "3.78")
    invoice = books.mirror.invoice("INV-1", "Acme", "150.00", still_open="120.00")
    books.mirror.received("p-9", "Acme", "30.00", {invoice: "30.00"}, unapplied="0.01")
    made = books.plan()
    assert made.lines == ()
    assert FindingCode.DOES_NOT_TIE in [each.code for each in made.left_out]


def credit_decision(note: Ref, invoice: Ref, given: str, taken: str) -> Decision:
    """A decision that a later room may make: this credit note against that invoice."""
    return Decision(
        payment=note,
        gross=money("0.00"),
        ground=Ground.STORED_KEY,
        allocations=(
            Allocation(payment=note, target=invoice, amount=money(taken)),
            Allocation(payment=note, target=note, amount=money(given)),
        ),
        unapplied=money("0.00"),
        evidence=(),
        sentence="The credit note names it.",
    )


def test_a_credit_note_is_applied_only_where_a_decision_says_to_what(books: Books) -> None:
    invoice = books.mirror.invoice("INV-1", "Acme", "120.00")
    note = books.mirror.credit("CM-1", "Acme", "25.00")
    assert books.plan().lines == ()
    (line,) = books.plan(credit_decision(note, invoice, "25.00", "25.00")).lines
    assert line.credit is not None
    assert (line.kind, line.credit.customer, line.effects) == (IntentKind.CREDIT, ref(Kind.CUSTOMER, "Acme"), ())
    assert {(share.target, share.amount) for share in line.credit.allocations} == {
        (invoice, money("25.00")),
        (note, money("25.00")),
    }
    assert {at for at, _ in line.expects} == {invoice, note}
    assert line.sentence == "Apply 25.00 USD of credit note CM-1 of Acme to INV-1."


@pytest.mark.parametrize(("given", "taken"), [("25.00", "24.99"), ("25.01", "25.01"), ("0.00", "0.00")])
def test_a_credit_that_is_not_equal_on_both_sides_or_not_there_is_not_planned(
    books: Books, given: str, taken: str
) -> None:
    invoice = books.mirror.invoice("INV-1", "Acme", "120.00")
    note = books.mirror.credit("CM-1", "Acme", "25.00")
    made = books.plan(credit_decision(note, invoice, given, taken))
    assert made.lines == ()
    assert [each.code for each in made.left_out] == [FindingCode.DOES_NOT_TIE]


def test_a_credit_that_stands_in_the_books_with_our_mark_is_not_applied_again(books: Books) -> None:
    invoice = books.mirror.invoice("INV-1", "Acme", "120.00", still_open="100.00")
    note = books.mirror.credit("CM-1", "Acme", "25.00", still_open="5.00")
    memo = f"receivables op={'A' * 20} src={note}"
    books.mirror.received("p-1", "Acme", "0.00", {invoice: "20.00", note: "20.00"}, memo=memo)
    assert books.plan(credit_decision(note, invoice, "5.00", "5.00")).lines == ()


def test_a_payout_below_zero_moves_the_money_from_the_bank_into_the_clearing_account(books: Books) -> None:
    lost = books.mirror.entry("txn_dp", None, "-50.00", "15.00", EntryNature.DISPUTE)
    books.mirror.payout("po_1", "-65.00", lost)
    made = books.plan()
    assert [line.kind for line in made.lines] == [IntentKind.EXPENSE, IntentKind.TRANSFER]
    assert effects(made) == {"Checking": "-65.00 USD", "Stripe Clearing": "50.00 USD", "Stripe Fees": "15.00 USD"}
    transfer = made.lines[1].transfer
    assert transfer is not None
    assert (transfer.amount, transfer.paid_from.vendor_id) == (money("65.00"), "Checking")
    assert "took from Checking" in made.lines[1].sentence


def test_a_payout_below_zero_that_does_not_tie_moves_nothing(books: Books) -> None:
    lost = books.mirror.entry("txn_dp", None, "-50.00", "15.00", EntryNature.DISPUTE)
    books.mirror.payout("po_1", "-64.00", lost)
    assert [line.kind for line in books.plan().lines] == [IntentKind.EXPENSE]
