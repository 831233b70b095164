"""Between Intuit's shapes and the nouns, both ways."""

from __future__ import annotations

from typing import cast

import pytest

from adapters.quickbooks import bodies, translate, wire
from connector.dates import business_date, instant_from_iso
from connector.errors import MalformedAnswer, UnknownCurrency
from connector.model.allocation import Allocation
from connector.model.invoice import InvoiceState, Issued
from connector.model.money_in import PaymentState, RefundState
from connector.model.party import AccountRole
from connector.model.settlement import DepositLine
from connector.model.source import Kind
from connector.money import Money, currency, from_text, zero
from tests.unit.quickbooks_ground import (
    BOOKS,
    FRAME,
    KEY,
    USD,
    books,
    note_intent,
    row,
)


def usd(text: str) -> Money:
    return from_text(text, USD)


MONEY: dict[str, object] = {"TxnDate": "2026-04-08", "CurrencyRef": {"value": "USD"}}


def test_an_invoice_keeps_its_figures_dates_and_the_way_it_went_out() -> None:
    got = translate.invoice(
        row(
            wire.Invoice,
            **MONEY,
            DocNumber="1037",
            CustomerRef={"value": "24"},
            DueDate="2026-05-08",
            TotalAmt=362,
            Balance=300,
            EmailStatus="EmailSent",
            BillEmail={"Address": "ap@acme.example"},
            DeliveryInfo={"DeliveryType": "Email", "DeliveryTime": "2026-05-05T02:06:31-07:00"},
            InvoiceLink="https://connect.intuit.com/t/1",
        ),
        FRAME,
    )
    assert (got.number, got.customer) == ("1037", books(Kind.CUSTOMER, "24"))
    assert (got.issued_on, got.due_on) == (business_date("2026-04-08"), business_date("2026-05-08"))
    assert (got.total, got.open, got.state) == (usd("362"), usd("300"), InvoiceState.OPEN)
    sent_at = instant_from_iso("2026-05-05T09:06:31Z")
    assert got.issued == Issued(to="ap@acme.example", at=sent_at, how="email")
    assert got.pay_url == "https://connect.intuit.com/t/1"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        pytest.param({"TotalAmt": 10, "Balance": 0}, InvoiceState.PAID, id="nothing open"),
        pytest.param({"TotalAmt": 10, "Balance": 10}, InvoiceState.OPEN, id="all open"),
        pytest.param({"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided"}, InvoiceState.VOID, id="voided"),
        pytest.param(
            {"TotalAmt": 0, "Balance": 0, "PrivateNote": "Voided - was wrong"},
            InvoiceState.VOID,
            id="voided, with a note",
        ),
        pytest.param({"TotalAmt": 0, "Balance": 0, "PrivateNote": "free"}, InvoiceState.PAID, id="of nothing"),
        pytest.param({"TotalAmt": 5, "Balance": 5, "PrivateNote": "Voided check"}, InvoiceState.OPEN, id="a word only"),
    ],
)
def test_an_invoice_is_void_only_with_the_word_and_without_amounts(
    fields: dict[str, object], state: InvoiceState
) -> None:
    assert translate.invoice(row(wire.Invoice, **MONEY, **fields), FRAME).state is state


def test_an_invoice_that_never_went_out_was_issued_to_nobody_known() -> None:
    got = translate.invoice(row(wire.Invoice, **MONEY, TotalAmt=1, Balance=1, EmailStatus="NotSet"), FRAME)
    assert got.issued == Issued()


@pytest.mark.req("Q19")
def test_an_unknown_delivery_status_is_an_unknown_way() -> None:
    got = translate.invoice(row(wire.Invoice, **MONEY, TotalAmt=1, Balance=1, EmailStatus="Teleported"), FRAME)
    assert got.issued.how is None


def test_a_payment_settles_what_its_lines_link() -> None:
    stamp = "receivables op=ABCDEFGHIJKLMNOPQRST src=stripe/payment/ch_1"
    got = translate.payment(
        row(
            wire.Payment,
            **MONEY,
            Id="128",
            MetaData={"CreateTime": "2026-04-08T13:13:33-07:00", "LastUpdatedTime": "2026-04-08T13:13:33-07:00"},
            CustomerRef={"value": "8"},
            DepositToAccountRef={"value": "4"},
            PaymentMethodRef={"value": "2", "name": "Check"},
            PaymentRefNum="CHK-88",
            PrivateNote=f"thanks\n{stamp}",
            TotalAmt=100,
            UnappliedAmt=20,
            Line=[
                {"Amount": 50, "LinkedTxn": [{"TxnId": "96", "TxnType": "Invoice"}]},
                {"Amount": 30, "LinkedTxn": [{"TxnId": "97", "TxnType": "Invoice"}]},
                {"Amount": 9, "LinkedTxn": [{"TxnId": "98", "TxnType": "JournalEntry"}]},
                {"Amount": 9, "LinkedTxn": [{"TxnId": "99", "TxnType": "Hologram"}]},
            ],
        ),
        FRAME,
    )
    own = books(Kind.PAYMENT, "128")
    assert got.allocations == (
        Allocation(payment=own, target=books(Kind.INVOICE, "96"), amount=usd("50")),
        Allocation(payment=own, target=books(Kind.INVOICE, "97"), amount=usd("30")),
        Allocation(payment=own, target=books(Kind.BOOK_ENTRY, "JournalEntry:98"), amount=usd("9")),
    )
    assert (got.gross, got.unapplied, got.state) == (usd("100"), usd("20"), PaymentState.SUCCEEDED)
    assert (got.method, got.reference, got.into) == ("Check", "CHK-88", books(Kind.ACCOUNT, "4"))
    assert got.created == instant_from_iso("2026-04-08T20:13:33Z")
    assert [(one.op_id, str(one.about)) for one in got.stamps] == [("ABCDEFGHIJKLMNOPQRST", "stripe/payment/ch_1")]
    assert got.is_cash


@pytest.mark.req("Q17")
def test_a_credit_being_applied_is_no_cash_and_settles_both_sides() -> None:
    got = translate.payment(
        row(
            wire.Payment,
            **MONEY,
            PrivateNote="Created by QB Online to link credits to charges.",
            TotalAmt=0,
            UnappliedAmt=0,
            Line=[
                {"Amount": 20, "LinkedTxn": [{"TxnId": "7", "TxnType": "Invoice"}]},
                {"Amount": 20, "LinkedTxn": [{"TxnId": "8", "TxnType": "CreditMemo"}]},
            ],
        ),
        FRAME,
    )
    assert got.gross == zero(USD)
    assert not got.is_cash
    assert got.state is PaymentState.SUCCEEDED
    assert [(one.target.kind, one.amount) for one in got.allocations] == [
        (Kind.INVOICE, usd("20")),
        (Kind.CREDIT_NOTE, usd("20")),
    ]
    assert got.method == "other"


def test_a_voided_payment_is_void() -> None:
    voided = row(wire.Payment, **MONEY, TotalAmt=0, UnappliedAmt=0, PrivateNote="Voided")
    assert translate.payment(voided, FRAME).state is PaymentState.VOID


def test_a_credit_memo_is_open_as_far_as_it_is_unused() -> None:
    memo = row(wire.CreditMemo, **MONEY, DocNumber="CM-1", TotalAmt=100, RemainingCredit=40, Balance=40)
    got = translate.credit_note(memo, FRAME)
    assert (got.total, got.open, got.state) == (usd("100"), usd("40"), InvoiceState.OPEN)


def test_a_refund_receipt_returns_an_unnamed_payment() -> None:
    got = translate.refund(row(wire.RefundReceipt, **MONEY, TotalAmt=15), FRAME)
    assert (got.payment, got.amount, got.state) == (None, usd("15"), RefundState.DONE)


def test_the_lines_of_a_deposit_add_up_to_its_total_cash_back_included() -> None:
    got = translate.deposit(
        row(
            wire.Deposit,
            **MONEY,
            DepositToAccountRef={"value": "35"},
            TotalAmt=70,
            CashBack={"Amount": 20},
            Line=[
                {"Amount": 95, "LinkedTxn": [{"TxnId": "97", "TxnType": "Payment", "TxnLineId": "0"}]},
                {"Amount": -5, "DetailType": "DepositLineDetail"},
            ],
        ),
        FRAME,
    )
    assert got.lines == (
        DepositLine(amount=usd("95"), payment=books(Kind.PAYMENT, "97")),
        DepositLine(amount=usd("-5")),
        DepositLine(amount=usd("-20")),
    )
    assert (got.into, got.total) == (books(Kind.ACCOUNT, "35"), usd("70"))


def test_an_expense_and_a_transfer_are_book_entries_with_names_that_differ() -> None:
    line = {"Amount": 3, "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "91"}}}
    spent = row(wire.Purchase, **MONEY, Id="12", AccountRef={"value": "90"}, TotalAmt=3, Line=[line])
    moved = row(
        wire.Transfer,
        TxnDate="2026-04-08",
        Id="12",
        FromAccountRef={"value": "90"},
        ToAccountRef={"value": "35"},
        Amount=9,
    )
    assert translate.ref_of(spent, BOOKS) == books(Kind.BOOK_ENTRY, "Purchase:12")
    assert translate.ref_of(moved, BOOKS) == books(Kind.BOOK_ENTRY, "Transfer:12")
    expense, transfer = translate.expense(spent, FRAME), translate.transfer(moved, FRAME)
    assert (expense.paid_from, expense.paid_to) == (books(Kind.ACCOUNT, "90"), books(Kind.ACCOUNT, "91"))
    assert (transfer.paid_from, transfer.paid_to) == (books(Kind.ACCOUNT, "90"), books(Kind.ACCOUNT, "35"))
    assert (expense.amount, transfer.amount) == (usd("3"), usd("9"))


def test_a_credited_expense_runs_backwards() -> None:
    line = {"Amount": 3, "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "91"}}}
    entry = translate.expense(
        row(wire.Purchase, **MONEY, AccountRef={"value": "90"}, TotalAmt=3, Credit=True, Line=[line]), FRAME
    )
    assert (entry.paid_from, entry.paid_to) == (books(Kind.ACCOUNT, "91"), books(Kind.ACCOUNT, "90"))


def test_a_transfer_without_a_currency_has_that_of_the_account_it_leaves() -> None:
    euro = currency("EUR")
    frame = translate.Frame(connection=BOOKS, home=USD, accounts={"90": euro})
    moved = row(wire.Transfer, TxnDate="2026-04-08", FromAccountRef={"value": "90"}, Amount=9)
    assert translate.transfer(moved, frame).amount == from_text("9", euro)


@pytest.mark.parametrize(
    ("kind", "sub_kind", "role"),
    [
        ("Accounts Receivable", "AccountsReceivable", AccountRole.RECEIVABLE),
        ("Bank", "Checking", AccountRole.BANK),
        ("Other Current Asset", "UndepositedFunds", AccountRole.UNDEPOSITED),
        ("Expense", "BankCharges", AccountRole.EXPENSE),
        ("Other Expense", "OtherMiscellaneousExpense", AccountRole.EXPENSE),
        ("Accounts Payable", "AccountsPayable", AccountRole.OTHER),
        ("Hologram", None, AccountRole.OTHER),
    ],
)
def test_the_type_of_an_account_says_what_it_is_for(kind: str, sub_kind: str | None, role: AccountRole) -> None:
    account = row(wire.Account, Name="A", AccountType=kind, AccountSubType=sub_kind, CurrentBalance=5, Active=True)
    got = translate.account(account, FRAME)
    assert (got.role, got.balance, got.active) == (role, usd("5"), True)


def test_a_sub_customer_knows_its_parent_and_an_inactive_one_says_so() -> None:
    got = translate.customer(
        row(
            wire.Customer,
            DisplayName="Acme North",
            FullyQualifiedName="Acme:Acme North",
            ParentRef={"value": "3"},
            Active=False,
            CurrencyRef={"value": "CAD"},
            PrimaryEmailAddr={"Address": "ap@acme.example"},
            PrimaryPhone={"FreeFormNumber": "+1 555 0100"},
        ),
        FRAME,
    )
    assert (got.name, got.parent, got.active, got.currency) == ("Acme North", books(Kind.CUSTOMER, "3"), False, "CAD")
    assert (got.email, got.phone) == ("ap@acme.example", "+1 555 0100")


def test_the_profile_says_what_posting_must_know() -> None:
    company = row(wire.CompanyInfo, CompanyName="Harbor Supply", Country="US")
    preferences = row(
        wire.Preferences,
        AccountingInfoPrefs={"BookCloseDate": "2025-12-31"},
        CurrencyPrefs={"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}},
        SalesFormsPrefs={"AutoApplyCredit": True},
    )
    got = translate.profile(company, preferences, live=False)
    assert (got.name, got.home_currency, got.closed_through) == ("Harbor Supply", USD, business_date("2025-12-31"))
    assert (got.multi_currency, got.auto_applies_credit, got.live) == (True, True, False)


def test_books_without_a_home_currency_are_not_guessed() -> None:
    with pytest.raises(MalformedAnswer, match="home currency"):
        translate.home_currency(row(wire.Preferences))


def test_a_currency_nobody_knows_names_the_record() -> None:
    with pytest.raises(UnknownCurrency, match="'XQX' of Invoice 77 is not"):
        translate.invoice(row(wire.Invoice, Id="77", CurrencyRef={"value": "XQX"}, TotalAmt=1, Balance=1), FRAME)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        pytest.param({"TotalAmt": 1}, "amount", id="no balance"),
        pytest.param({"TotalAmt": "1.005", "Balance": 1}, "amount in USD", id="half a cent"),
        pytest.param({"TotalAmt": 1, "Balance": 1, "DueDate": "soon"}, "date", id="no date"),
    ],
)
def test_what_cannot_be_read_exactly_is_refused_and_names_the_record(fields: dict[str, object], what: str) -> None:
    with pytest.raises(MalformedAnswer, match=f"Invoice 1 without a {what}"):
        translate.invoice(row(wire.Invoice, **MONEY, **fields), FRAME)


@pytest.mark.req("Q11")
def test_the_transaction_amount_is_modelled_and_the_home_amount_stays_in_the_document() -> None:
    raw = (
        b'{"Id":"5","TxnDate":"2026-04-08","CurrencyRef":{"value":"EUR"},"ExchangeRate":1.1,'
        b'"TotalAmt":100,"HomeTotalAmt":110.00,"Balance":50,"HomeBalance":55.00}'
    )
    [received] = wire.rows(b'{"QueryResponse":{"Invoice":[' + raw + b"]}}", wire.Invoice)
    assert translate.invoice(received.row, FRAME).total == from_text("100", currency("EUR"))
    assert received.raw == raw


def test_a_note_read_back_has_its_own_words_only() -> None:
    body = cast("dict[str, str]", bodies.note(note_intent("Called.\n\nWill pay."), KEY))
    target = books(Kind.INVOICE, "130")
    got = translate.written_note(row(wire.Attachable, Id="9", SyncToken="2", Note=body["Note"]), target)
    assert (got.text, got.version, got.ref.vendor_id) == ("Called.\n\nWill pay.", "2", "Attachable:9")


def test_a_note_that_a_person_wrote_is_read_whole() -> None:
    got = translate.written_note(row(wire.Attachable, Note="By hand.\nTwice."), books(Kind.INVOICE, "130"))
    assert got.text == "By hand.\nTwice."


def test_what_was_written_is_read_as_the_books_say_it() -> None:
    answered = row(
        wire.Payment,
        **MONEY,
        Id="180",
        SyncToken="1",
        TotalAmt=120,
        UnappliedAmt=20,
        Line=[{"Amount": 100, "LinkedTxn": [{"TxnId": "130", "TxnType": "Invoice"}]}],
    )
    got = translate.written(answered, FRAME)
    own = books(Kind.PAYMENT, "180")
    assert (got.ref, got.version, got.amount) == (own, "1", usd("120"))
    assert got.allocated == (Allocation(payment=own, target=books(Kind.INVOICE, "130"), amount=usd("100")),)


def test_nothing_in_a_literal_can_leave_its_quotes() -> None:
    assert translate.quoted("O'Neil \\' OR 1") == "'O\\'Neil \\\\\\' OR 1'"


def test_a_stamp_is_known_by_its_operation() -> None:
    assert translate.carries("Paid.\nreceivables op=ABCDEFGHIJKLMNOPQRST", KEY)
    assert not translate.carries("receivables op=ZZZZZZZZZZZZZZZZZZZZ", KEY)
    assert not translate.carries(None, KEY)
