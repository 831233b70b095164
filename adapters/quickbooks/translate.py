"""From Intuit's shapes to the nouns, and from intents to the bodies of requests. Pure: no call, no clock, no log.

Amounts are those of the transaction, in its own currency; the home amounts that Intuit shows beside them stay in the
raw document. A value nobody has seen yet never becomes paid or settled: it is left out, and the document keeps it.
Bodies name only what is meant to be written: never a balance, an online-payment switch, or ProcessPayment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import assert_never

from adapters.quickbooks import wire
from connector.dates import BusinessDate, Instant, business_date, instant_from_iso
from connector.errors import MalformedAnswer, Refused, UnknownCurrency, UserError
from connector.model.allocation import Allocation
from connector.model.intent import (
    ApplyCredit,
    PostDeposit,
    PostExpense,
    Posting,
    PostPayment,
    PostTransfer,
    PushNote,
    VoidPosting,
    WriteKey,
    Written,
)
from connector.model.invoice import CreditNote, Invoice, InvoiceState, Issued
from connector.model.money_in import Payment, PaymentState, Refund, RefundState
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.settlement import BookEntry, Deposit, DepositLine
from connector.model.source import ConnectionId, Kind, Ref
from connector.model.stamp import read_stamps, stamp_line
from connector.money import Currency, Money, MoneyError, currency, from_decimal, to_decimal, total, zero

VOIDED = "Voided"
"""QuickBooks puts this word before the private note of a voided transaction; with amounts of nothing it is the sign."""

_KINDS: dict[type[wire.Entity], Kind] = {
    wire.CompanyInfo: Kind.PROFILE,
    wire.Account: Kind.ACCOUNT,
    wire.Customer: Kind.CUSTOMER,
    wire.Invoice: Kind.INVOICE,
    wire.CreditMemo: Kind.CREDIT_NOTE,
    wire.Payment: Kind.PAYMENT,
    wire.RefundReceipt: Kind.REFUND,
    wire.Deposit: Kind.DEPOSIT,
    wire.Purchase: Kind.BOOK_ENTRY,
    wire.Transfer: Kind.BOOK_ENTRY,
}
_TARGETS = {"Invoice": Kind.INVOICE, "CreditMemo": Kind.CREDIT_NOTE}
"""What a payment's line may settle; other links (journal entries, expenses) stay in the raw document."""

_ROLES = {
    "Accounts Receivable": AccountRole.RECEIVABLE,
    "Bank": AccountRole.BANK,
    "Expense": AccountRole.EXPENSE,
    "Other Expense": AccountRole.EXPENSE,
}
_UNDEPOSITED = "UndepositedFunds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a record does not say about itself: whose it is, and what money is meant where it names no currency.

    `accounts` holds the currency of each account by its id; only companies with several currencies need it.
    """

    connection: ConnectionId
    home: Currency
    accounts: Mapping[str, Currency] = field(default_factory=dict)


def ref_of(row: wire.Entity, connection: ConnectionId) -> Ref:
    """The record's Ref. Ids are unique per entity only, and two entities share the kind of a book entry."""
    kind = _KINDS[type(row)]
    name = f"{type(row).__name__}:{row.id}" if kind is Kind.BOOK_ENTRY else row.id
    return Ref(connection, kind, name)


def account(row: wire.Account, frame: Frame) -> Account:
    """An account, its role taken from its type; undeposited funds are known by sub-type, never by name."""
    if row.account_sub_type == _UNDEPOSITED:
        role = AccountRole.UNDEPOSITED
    else:
        role = _ROLES.get(row.account_type or "", AccountRole.OTHER)
    code = _currency(row, row.currency_ref, frame.home)
    return Account(
        name=row.name or row.id,
        role=role,
        currency=code,
        balance=_money(row, row.current_balance, code) if row.current_balance is not None else None,
        active=row.active is not False,
    )


def customer(row: wire.Customer, frame: Frame) -> Customer:
    """A customer; a sub-customer has its parent."""
    return Customer(
        name=row.display_name or row.id,
        email=row.primary_email_addr.address if row.primary_email_addr else None,
        phone=row.primary_phone.free_form_number if row.primary_phone else None,
        parent=_ref(frame, Kind.CUSTOMER, row.parent_ref),
        currency=_currency(row, row.currency_ref, frame.home),
        active=row.active is not False,
    )


def invoice(row: wire.Invoice, frame: Frame) -> Invoice:
    """An invoice. Whether it is overdue is nobody's field: that is for the date and the open balance to say."""
    code = _currency(row, row.currency_ref, frame.home)
    total, left = _money(row, row.total_amt, code), _money(row, row.balance, code)
    return Invoice(
        number=row.doc_number,
        customer=_ref(frame, Kind.CUSTOMER, row.customer_ref),
        issued_on=_day(row, row.txn_date),
        due_on=_day(row, row.due_date) if row.due_date else None,
        total=total,
        open=left,
        state=_state(row, total, left),
        issued=_issued(row),
        pay_url=row.invoice_link,
    )


def credit_note(row: wire.CreditMemo, frame: Frame) -> CreditNote:
    """A credit memo; `open` is what no invoice has used yet."""
    code = _currency(row, row.currency_ref, frame.home)
    total = _money(row, row.total_amt, code)
    left = _money(row, row.remaining_credit if row.remaining_credit is not None else row.balance, code)
    return CreditNote(
        number=row.doc_number,
        customer=_ref(frame, Kind.CUSTOMER, row.customer_ref),
        issued_on=_day(row, row.txn_date),
        total=total,
        open=left,
        state=_state(row, total, left),
    )


def payment(row: wire.Payment, frame: Frame) -> Payment:
    """A payment. One of nothing that links an invoice with a credit memo is a credit being applied, not cash."""
    code = _currency(row, row.currency_ref, frame.home)
    gross = _money(row, row.total_amt, code)
    voided = not gross and _says_voided(row)
    return Payment(
        customer=_ref(frame, Kind.CUSTOMER, row.customer_ref),
        received_on=_day(row, row.txn_date),
        gross=gross,
        state=PaymentState.VOID if voided else PaymentState.SUCCEEDED,
        method=(row.payment_method_ref.name if row.payment_method_ref else None) or "other",
        created=_instant(row, row.meta_data.create_time),
        unapplied=_money(row, row.unapplied_amt, code) if row.unapplied_amt is not None else None,
        allocations=allocations(row, frame),
        into=_ref(frame, Kind.ACCOUNT, row.deposit_to_account_ref),
        reference=row.payment_ref_num,
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
    )


def allocations(row: wire.Payment, frame: Frame) -> tuple[Allocation, ...]:
    """What each line of a payment settles. Both sides of a credit application are positive amounts."""
    code = _currency(row, row.currency_ref, frame.home)
    return tuple(
        Allocation(
            payment=ref_of(row, frame.connection),
            target=Ref(frame.connection, _TARGETS[line.linked_txn[0].txn_type], line.linked_txn[0].txn_id),
            amount=_money(row, line.amount, code),
        )
        for line in row.line
        if len(line.linked_txn) == 1 and line.linked_txn[0].txn_type in _TARGETS
    )


def refund(row: wire.RefundReceipt, frame: Frame) -> Refund:
    """Money given back. QuickBooks does not say of which payment."""
    amount = _money(row, row.total_amt, _currency(row, row.currency_ref, frame.home))
    voided = not amount and _says_voided(row)
    return Refund(
        payment=None,
        amount=amount,
        on=_day(row, row.txn_date),
        state=RefundState.FAILED if voided else RefundState.DONE,
    )


def deposit(row: wire.Deposit, frame: Frame) -> Deposit:
    """A deposit; its lines add up to its total, cash kept back being a negative one."""
    code = _currency(row, row.currency_ref, frame.home)
    lines = [
        DepositLine(amount=_money(row, line.amount, code), payment=_banked(line, frame))
        for line in row.line
        if line.amount is not None
    ]
    if row.cash_back is not None and row.cash_back.amount:
        lines.append(DepositLine(amount=-_money(row, row.cash_back.amount, code)))
    return Deposit(
        into=_ref(frame, Kind.ACCOUNT, row.deposit_to_account_ref),
        on=_day(row, row.txn_date),
        total=_money(row, row.total_amt, code),
        lines=tuple(lines),
        stamps=read_stamps(row.private_note),
    )


def expense(row: wire.Purchase, frame: Frame) -> BookEntry:
    """Money spent; `paid_to` is the account of its lines when they all have the same one. A credit runs backwards."""
    accounts = {
        detail.account_ref.value if detail is not None and detail.account_ref is not None else None
        for detail in (line.account_based_expense_line_detail for line in row.line)
    }
    only = accounts.pop() if len(accounts) == 1 else None
    spent_from = _ref(frame, Kind.ACCOUNT, row.account_ref)
    spent_on = Ref(frame.connection, Kind.ACCOUNT, only) if only else None
    return BookEntry(
        paid_from=spent_on if row.credit else spent_from,
        paid_to=spent_from if row.credit else spent_on,
        on=_day(row, row.txn_date),
        amount=_money(row, row.total_amt, _currency(row, row.currency_ref, frame.home)),
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
    )


def transfer(row: wire.Transfer, frame: Frame) -> BookEntry:
    """Money moved. Where the transfer names no currency, it is that of the account it leaves."""
    leaves = row.from_account_ref
    code = _currency(row, row.currency_ref, frame.accounts.get(leaves.value if leaves else "", frame.home))
    return BookEntry(
        paid_from=_ref(frame, Kind.ACCOUNT, leaves),
        paid_to=_ref(frame, Kind.ACCOUNT, row.to_account_ref),
        on=_day(row, row.txn_date),
        amount=_money(row, row.amount, code),
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
    )


def home_currency(preferences: wire.Preferences) -> Currency:
    """The company's own currency; MalformedAnswer when its preferences do not say."""
    named = preferences.currency_prefs.home_currency
    if named is None:
        raise _odd(preferences, "home currency")
    return _currency(preferences, named, Currency(""))


def profile(company: wire.CompanyInfo, preferences: wire.Preferences, *, live: bool) -> Profile:
    """The company, with what its preferences mean for posting."""
    closed = preferences.accounting_info_prefs.book_close_date
    return Profile(
        name=company.company_name or company.id,
        home_currency=home_currency(preferences),
        country=company.country,
        closed_through=_day(preferences, closed) if closed else None,
        multi_currency=preferences.currency_prefs.multi_currency_enabled is True,
        auto_applies_credit=preferences.sales_forms_prefs.auto_apply_credit is True,
        live=live,
    )


def last_updated(row: wire.Entity) -> Instant | None:
    """When the record last changed. An account that nobody has changed since it was made does not say."""
    return _instant(row, row.meta_data.last_updated_time)


NOTE_CHARACTERS_MAX = 2000
NOTE_ROOM_FOR_STAMP = 100
_MEMO_CHARACTERS_MAX = 4000


def posting(intent: Posting, key: WriteKey) -> tuple[str, wire.Json]:
    """The entity that an intent becomes, and the body that creates it. Refused when it contradicts itself."""
    match intent:
        case PostPayment():
            return "Payment", _payment_body(intent, key)
        case PostExpense():
            return "Purchase", _purchase_body(intent, key)
        case PostTransfer():
            return "Transfer", _transfer_body(intent, key)
        case ApplyCredit() | PostDeposit() | VoidPosting():
            raise Refused("QuickBooks does not take such an entry from us yet.", next_step="Make it there by hand.")
    assert_never(intent)


def _payment_body(intent: PostPayment, key: WriteKey) -> wire.Json:
    _check_own(intent.books, intent.customer, intent.into, *(share.target for share in intent.allocations))
    applied = total((share.amount for share in intent.allocations), intent.total.currency)
    if applied > intent.total or any(share.amount.minor <= 0 for share in intent.allocations):
        raise _refused("The payment would settle more than it is, or an amount below zero")
    if any(share.target.kind is not Kind.INVOICE or share.adjustments for share in intent.allocations):
        raise _refused("The payment would settle something other than invoices, or without cash")
    return {
        "CustomerRef": {"value": intent.customer.vendor_id},
        "TotalAmt": _positive(intent.total),
        "TxnDate": intent.on.isoformat(),
        "CurrencyRef": {"value": intent.total.currency},
        "DepositToAccountRef": {"value": intent.into.vendor_id},
        "PaymentRefNum": key.op_id,
        "PrivateNote": _memo(intent.memo, key, intent.about),
        "Line": [
            {
                "Amount": to_decimal(share.amount),
                "LinkedTxn": [{"TxnId": share.target.vendor_id, "TxnType": "Invoice"}],
            }
            for share in intent.allocations
        ],
    }


def _purchase_body(intent: PostExpense, key: WriteKey) -> wire.Json:
    _check_own(intent.books, intent.paid_from, intent.account)
    return {
        "PaymentType": "Cash",
        "AccountRef": {"value": intent.paid_from.vendor_id},
        "TxnDate": intent.on.isoformat(),
        "CurrencyRef": {"value": intent.amount.currency},
        "DocNumber": key.op_id,
        "PrivateNote": _memo(intent.memo, key, intent.about),
        "Line": [
            {
                "Amount": _positive(intent.amount),
                "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": intent.account.vendor_id}},
            }
        ],
    }


def _transfer_body(intent: PostTransfer, key: WriteKey) -> wire.Json:
    _check_own(intent.books, intent.paid_from, intent.paid_to)
    return {
        "FromAccountRef": {"value": intent.paid_from.vendor_id},
        "ToAccountRef": {"value": intent.paid_to.vendor_id},
        "Amount": _positive(intent.amount),
        "TxnDate": intent.on.isoformat(),
        "CurrencyRef": {"value": intent.amount.currency},
        "PrivateNote": _memo(intent.memo, key, intent.about),
    }


def note(intent: PushNote, key: WriteKey) -> wire.Json:
    """The body of a note on an invoice: a record of its own, never sent to a customer; our stamp is its last line."""
    text = f"{intent.text}\n{stamp_line(key.op_id, intent.target)}"
    if len(text) > NOTE_CHARACTERS_MAX or intent.target.kind is not Kind.INVOICE:
        raise _refused("The note is too long for QuickBooks, or is not about an invoice")
    about: wire.Json = {"EntityRef": {"type": "Invoice", "value": intent.target.vendor_id}, "IncludeOnSend": False}
    return {"AttachableRef": [about], "Note": text}


def written(row: wire.Payment | wire.Purchase | wire.Transfer, frame: Frame) -> Written:
    """What the books hold of a posting; `allocated` are a payment's invoices."""
    match row:
        case wire.Payment():
            settled = tuple(share for share in allocations(row, frame) if share.target.kind is Kind.INVOICE)
            amount = payment(row, frame).gross
        case wire.Purchase():
            settled, amount = (), expense(row, frame).amount
        case wire.Transfer():
            settled, amount = (), transfer(row, frame).amount
    return Written(ref=ref_of(row, frame.connection), version=row.sync_token, amount=amount, allocated=settled)


def written_note(row: wire.Attachable, target: Ref) -> Written:
    """A note as it stands in the books, without the line that carries our stamp."""
    lines = (row.note or "").split("\n")
    text = "\n".join(lines[:-1] if read_stamps(lines[-1]) else lines)
    ref = Ref(target.connection, target.kind, f"Attachable:{row.id}")
    return Written(ref=ref, version=row.sync_token, text=text)


def carries(text: str | None, key: WriteKey) -> bool:
    """Whether a memo or note has this operation's stamp in it."""
    return any(stamp.op_id == key.op_id for stamp in read_stamps(text))


def quoted(text: str) -> str:
    """A text as a literal of Intuit's query language, so that nothing in it can leave the quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _check_own(books: ConnectionId, *refs: Ref) -> None:
    if any(ref.connection != books for ref in refs):
        raise _refused("The entry names a record of another system")


def _positive(money: Money) -> Decimal:
    if money.minor <= 0:
        raise _refused("An entry of nothing, or of less, is not posted")
    return to_decimal(money)


def _memo(memo: str, key: WriteKey, about: Ref) -> str:
    stamp = stamp_line(key.op_id, about)
    room = _MEMO_CHARACTERS_MAX - len(stamp) - 1
    return f"{memo[:room]}\n{stamp}"


def _refused(sentence: str) -> Refused:
    return Refused(f"{sentence}.", next_step="Nothing was sent; look at the plan again.")


def _state(row: wire.Transaction, total: Money, left: Money) -> InvoiceState:
    if not total and not left and _says_voided(row):
        return InvoiceState.VOID
    return InvoiceState.OPEN if left else InvoiceState.PAID


def _says_voided(row: wire.Transaction) -> bool:
    return (row.private_note or "").startswith(VOIDED)


def _issued(row: wire.Invoice) -> Issued:
    return Issued(
        to=(row.bill_email.address if row.bill_email else None) or None,
        at=_instant(row, row.delivery_info.delivery_time) if row.delivery_info else None,
        how="email" if row.email_status == "EmailSent" else None,
    )


def _banked(line: wire.Line, frame: Frame) -> Ref | None:
    for link in line.linked_txn:
        if link.txn_type == "Payment":
            return Ref(frame.connection, Kind.PAYMENT, link.txn_id)
    return None


def _ref(frame: Frame, kind: Kind, reference: wire.Reference | None) -> Ref | None:
    return Ref(frame.connection, kind, reference.value) if reference is not None else None


def _currency(row: wire.Entity, reference: wire.Reference | None, otherwise: Currency) -> Currency:
    if reference is None:
        return otherwise
    try:
        return currency(reference.value)
    except UnknownCurrency:
        raise UnknownCurrency(reference.value, of=_called(row)) from None


def _money(row: wire.Entity, amount: Decimal | None, code: Currency) -> Money:
    if amount is None:
        raise _odd(row, "amount")
    if not amount:
        return zero(code)
    try:
        return from_decimal(amount, code)
    except MoneyError:
        raise _odd(row, f"amount in {code}") from None


def _day(row: wire.Entity, text: str | None) -> BusinessDate:
    try:
        return business_date(text or "")
    except UserError:
        raise _odd(row, "date") from None


def _instant(row: wire.Entity, text: str | None) -> Instant | None:
    if not text:
        return None
    try:
        return instant_from_iso(text)
    except UserError:
        raise _odd(row, "time") from None


def _called(row: wire.Entity) -> str:
    return f"{type(row).__name__} {row.id}"


def _odd(row: wire.Entity, what: str) -> MalformedAnswer:
    return MalformedAnswer(
        f"QuickBooks sent {_called(row)} without a {what} that can be read.",
        next_step="Look at that record in QuickBooks; nothing of it was kept.",
        system=wire.SYSTEM,
    )
