"""From Intuit's shapes to the nouns; the other way is `bodies`. Pure: no call, no clock, no log.

Amounts are those of the transaction, in its own currency; the home amounts that Intuit shows beside them stay in the
raw document. A value nobody has seen yet never becomes paid or settled: it is left out, and the document keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from adapters.quickbooks import wire
from connector.dates import BusinessDate, Instant, business_date, instant_from_iso
from connector.errors import MalformedAnswer, UnknownCurrency, UserError
from connector.model.allocation import Allocation
from connector.model.intent import WriteKey, Written
from connector.model.invoice import CreditNote, Invoice, InvoiceState, Issued
from connector.model.money_in import Payment, PaymentState, Refund, RefundState
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.settlement import BookEntry, Deposit, DepositLine, OwedPart
from connector.model.source import ConnectionId, Kind, Ref
from connector.model.stamp import read_stamps
from connector.money import Currency, Money, MoneyError, currency, from_decimal, zero

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
    wire.SalesReceipt: Kind.BOOK_ENTRY,
    wire.JournalEntry: Kind.BOOK_ENTRY,
}
_TARGETS = {"Invoice": Kind.INVOICE, "CreditMemo": Kind.CREDIT_NOTE, "JournalEntry": Kind.BOOK_ENTRY}
"""What a payment's line may settle; other links (expenses) stay in the raw document."""

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

    `accounts` holds the currency of each account by its id, where that is not the home currency; `receivable` are the
    ids of the receivable accounts, which only an entry by hand names.
    """

    connection: ConnectionId
    home: Currency
    accounts: Mapping[str, Currency] = field(default_factory=dict)
    receivable: frozenset[str] = frozenset()


def ref_of(row: wire.Entity, connection: ConnectionId) -> Ref:
    """The record's Ref. Ids are unique per entity only, and several entities share the kind of a book entry."""
    return named(type(row), row.id, connection)


def named(shape: type[wire.Entity], vendor_id: str, connection: ConnectionId) -> Ref:
    """The Ref of the record of that entity and id."""
    kind = _KINDS[shape]
    return Ref(connection, kind, f"{shape.__name__}:{vendor_id}" if kind is Kind.BOOK_ENTRY else vendor_id)


def kind_of(shape: type[wire.Entity]) -> Kind:
    """The kind of record that an entity becomes."""
    return _KINDS[shape]


def is_receivable(row: wire.Account) -> bool:
    """Whether what customers owe is kept in that account."""
    return _ROLES.get(row.account_type or "") is AccountRole.RECEIVABLE


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
            target=_settled(line.linked_txn[0], frame),
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


def sales_receipt(row: wire.SalesReceipt, frame: Frame) -> BookEntry:
    """A sale paid at once: nobody owed it, so nothing can settle it."""
    return BookEntry(
        paid_from=None,
        paid_to=_ref(frame, Kind.ACCOUNT, row.deposit_to_account_ref),
        on=_day(row, row.txn_date),
        amount=_money(row, row.total_amt, _currency(row, row.currency_ref, frame.home)),
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
    )


def journal_entry(row: wire.JournalEntry, frame: Frame) -> BookEntry:
    """An entry by hand: its amount is what it debits, and what it does to the receivable account is said per customer.

    It names no open balance: that is its amount, less what payments say they settle of it.
    """
    code = _currency(row, row.currency_ref, frame.home)
    debited = zero(code)
    owed: list[OwedPart] = []
    for line in row.line:
        detail = line.journal_entry_line_detail
        if detail is None or line.amount is None:
            continue
        amount = _money(row, line.amount, code)
        debits = detail.posting_type == "Debit"
        debited = debited + amount if debits else debited
        if detail.account_ref is not None and detail.account_ref.value in frame.receivable:
            party = detail.entity if detail.entity is not None and detail.entity.type == "Customer" else None
            customer = _ref(frame, Kind.CUSTOMER, party.entity_ref) if party is not None else None
            owed.append(OwedPart(customer=customer, amount=amount if debits else -amount))
    return BookEntry(
        paid_from=None,
        paid_to=None,
        on=_day(row, row.txn_date),
        amount=debited,
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
        owed=tuple(owed),
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


def dated(row: wire.Transaction) -> BusinessDate:
    """The day under which a transaction stands in the books."""
    return _day(row, row.txn_date)


def last_updated(row: wire.Entity) -> Instant | None:
    """When the record last changed. An account that nobody has changed since it was made does not say."""
    return _instant(row, row.meta_data.last_updated_time)


Posted = wire.Payment | wire.Purchase | wire.Transfer | wire.Deposit
"""What a posting becomes there."""

FELL_SHORT = "Settles less than planned: "
"""How the line in a payment's private note begins that says why it settles less than was decided."""


def written(row: Posted, frame: Frame) -> Written:
    """What the books hold of a posting; `allocated` is what a payment settles, `members` what a deposit banks."""
    settled: tuple[Allocation, ...] = ()
    members: tuple[tuple[Ref, Money], ...] = ()
    match row:
        case wire.Payment():
            settled, amount = allocations(row, frame), payment(row, frame).gross
        case wire.Purchase():
            amount = expense(row, frame).amount
        case wire.Transfer():
            amount = transfer(row, frame).amount
        case wire.Deposit():
            banked = deposit(row, frame)
            amount = banked.total
            members = tuple((line.payment, line.amount) for line in banked.lines if line.payment is not None)
    said = (line.strip() for line in (row.private_note or "").split("\n"))
    return Written(
        ref=ref_of(row, frame.connection),
        version=row.sync_token,
        amount=amount,
        allocated=settled,
        members=members,
        notice=next((line for line in said if line.startswith(FELL_SHORT)), ""),
    )


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


def _settled(link: wire.Link, frame: Frame) -> Ref:
    kind = _TARGETS[link.txn_type]
    return Ref(frame.connection, kind, f"{link.txn_type}:{link.txn_id}" if kind is Kind.BOOK_ENTRY else link.txn_id)


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
