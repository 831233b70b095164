"""From Intuit's shapes to the nouns; the other way is `bodies`. Pure: no call, no clock, no log.

Amounts are those of the transaction, in its own currency; the home amounts that Intuit shows beside them stay in the
raw document. A value nobody has seen yet never becomes paid or settled: it is left out, and the document keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapters.quickbooks import wire
from adapters.quickbooks.fields import at_home, currency_of, day_of, instant_of, money_of, odd
from connector.dates import BusinessDate, Instant
from connector.model.allocation import Allocation
from connector.model.intent import DepositPart, JournalPart, WriteKey, Written
from connector.model.invoice import CreditNote, Invoice, InvoiceState, Issued
from connector.model.link_line import links_in
from connector.model.money_in import Payment, PaymentState, Refund, RefundState
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.settlement import BookEntry, Deposit, DepositLine, OwedPart
from connector.model.source import ConnectionId, Kind, Ref
from connector.model.stamp import read_stamps
from connector.money import Currency, Money, total

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
    code = currency_of(row, row.currency_ref, frame.home)
    return Account(
        name=row.name or row.id,
        role=role,
        currency=code,
        balance=money_of(row, row.current_balance, code) if row.current_balance is not None else None,
        active=row.active is not False,
    )


def customer(row: wire.Customer, frame: Frame) -> Customer:
    """A customer; a sub-customer has its parent."""
    return Customer(
        name=row.display_name or row.id,
        email=row.primary_email_addr.address if row.primary_email_addr else None,
        phone=row.primary_phone.free_form_number if row.primary_phone else None,
        parent=_ref(frame, Kind.CUSTOMER, row.parent_ref),
        currency=currency_of(row, row.currency_ref, frame.home),
        active=row.active is not False,
    )


def invoice(row: wire.Invoice, frame: Frame) -> Invoice:
    """An invoice. Whether it is overdue is nobody's field: that is for the date and the open balance to say."""
    code = currency_of(row, row.currency_ref, frame.home)
    total = money_of(row, row.total_amt, code)
    # Most invoices are open as a whole, and turning a number into money is a good part of reading one.
    left = total if row.balance == row.total_amt else money_of(row, row.balance, code)
    return Invoice(
        number=row.doc_number,
        customer=_ref(frame, Kind.CUSTOMER, row.customer_ref),
        issued_on=day_of(row, row.txn_date),
        due_on=day_of(row, row.due_date) if row.due_date else None,
        total=total,
        open=left,
        state=_state(row, total, left),
        issued=_issued(row),
        pay_url=row.invoice_link,
        links=links_in(row.customer_memo.value) if row.customer_memo is not None else (),
    )


def credit_note(row: wire.CreditMemo, frame: Frame) -> CreditNote:
    """A credit memo; `open` is what no invoice has used yet."""
    code = currency_of(row, row.currency_ref, frame.home)
    total = money_of(row, row.total_amt, code)
    left = money_of(row, row.remaining_credit if row.remaining_credit is not None else row.balance, code)
    return CreditNote(
        number=row.doc_number,
        customer=_ref(frame, Kind.CUSTOMER, row.customer_ref),
        issued_on=day_of(row, row.txn_date),
        total=total,
        open=left,
        state=_state(row, total, left),
    )


def payment(row: wire.Payment, frame: Frame) -> Payment:
    """A payment. One of nothing that links an invoice with a credit memo is a credit being applied, not cash."""
    code = currency_of(row, row.currency_ref, frame.home)
    gross = money_of(row, row.total_amt, code)
    voided = not gross and _says_voided(row)
    return Payment(
        customer=_ref(frame, Kind.CUSTOMER, row.customer_ref),
        received_on=day_of(row, row.txn_date),
        gross=gross,
        state=PaymentState.VOID if voided else PaymentState.SUCCEEDED,
        method=(row.payment_method_ref.name if row.payment_method_ref else None) or "other",
        created=instant_of(row, row.meta_data.create_time),
        unapplied=money_of(row, row.unapplied_amt, code) if row.unapplied_amt is not None else None,
        allocations=allocations(row, frame),
        into=_ref(frame, Kind.ACCOUNT, row.deposit_to_account_ref),
        changed_into=_changed_into(row, gross, frame),
        reference=row.payment_ref_num,
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
    )


def _changed_into(row: wire.Payment, gross: Money, frame: Frame) -> Money | None:
    """What a foreign payment became in an account that is kept in the company's own currency."""
    into = row.deposit_to_account_ref
    kept_at_home = into is not None and frame.accounts.get(into.value, frame.home) == frame.home
    return at_home(row, gross, frame.home) if kept_at_home and gross.currency != frame.home else None


def allocations(row: wire.Payment, frame: Frame) -> tuple[Allocation, ...]:
    """What each line of a payment settles. Both sides of a credit application are positive amounts."""
    code = currency_of(row, row.currency_ref, frame.home)
    return tuple(
        Allocation(
            payment=ref_of(row, frame.connection),
            target=_settled(line.linked_txn[0], frame),
            amount=money_of(row, line.amount, code),
        )
        for line in row.line
        if len(line.linked_txn) == 1 and line.linked_txn[0].txn_type in _TARGETS
    )


def refund(row: wire.RefundReceipt, frame: Frame) -> Refund:
    """Money given back. QuickBooks does not say of which payment."""
    amount = money_of(row, row.total_amt, currency_of(row, row.currency_ref, frame.home))
    voided = not amount and _says_voided(row)
    return Refund(
        payment=None,
        amount=amount,
        on=day_of(row, row.txn_date),
        state=RefundState.FAILED if voided else RefundState.DONE,
    )


def deposit(row: wire.Deposit, frame: Frame) -> Deposit:
    """A deposit; its lines add up to its total, cash kept back being a negative one."""
    code = currency_of(row, row.currency_ref, frame.home)
    lines = [
        DepositLine(amount=money_of(row, line.amount, code), payment=_banked(line, frame))
        for line in row.line
        if line.amount is not None
    ]
    owed = [
        OwedPart(customer=part.customer, amount=-part.amount)
        for part in deposit_parts(row, frame)
        if part.account.vendor_id in frame.receivable
    ]
    if row.cash_back is not None and row.cash_back.amount:
        lines.append(DepositLine(amount=-money_of(row, row.cash_back.amount, code)))
    return Deposit(
        into=_ref(frame, Kind.ACCOUNT, row.deposit_to_account_ref),
        on=day_of(row, row.txn_date),
        total=money_of(row, row.total_amt, code),
        lines=tuple(lines),
        stamps=read_stamps(row.private_note),
        owed=tuple(owed),
        memo=row.private_note,
    )


def deposit_parts(row: wire.Deposit, frame: Frame) -> tuple[DepositPart, ...]:
    """The lines of a deposit that bank no payment."""
    code = currency_of(row, row.currency_ref, frame.home)
    parts: list[DepositPart] = []
    for line in row.line:
        detail = line.deposit_line_detail
        account = _ref(frame, Kind.ACCOUNT, detail.account_ref) if detail is not None else None
        if detail is not None and account is not None and line.amount is not None and not line.linked_txn:
            who = _ref(frame, Kind.CUSTOMER, detail.entity)
            parts.append(DepositPart(account=account, amount=money_of(row, line.amount, code), memo="", customer=who))
    return tuple(parts)


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
        on=day_of(row, row.txn_date),
        amount=money_of(row, row.total_amt, currency_of(row, row.currency_ref, frame.home)),
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
    )


def transfer(row: wire.Transfer, frame: Frame) -> BookEntry:
    """Money moved. Where the transfer names no currency, it is that of the account it leaves."""
    leaves = row.from_account_ref
    code = currency_of(row, row.currency_ref, frame.accounts.get(leaves.value if leaves else "", frame.home))
    return BookEntry(
        paid_from=_ref(frame, Kind.ACCOUNT, leaves),
        paid_to=_ref(frame, Kind.ACCOUNT, row.to_account_ref),
        on=day_of(row, row.txn_date),
        amount=money_of(row, row.amount, code),
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
    )


def sales_receipt(row: wire.SalesReceipt, frame: Frame) -> BookEntry:
    """A sale paid at once: nobody owed it, so nothing can settle it."""
    return BookEntry(
        paid_from=None,
        paid_to=_ref(frame, Kind.ACCOUNT, row.deposit_to_account_ref),
        on=day_of(row, row.txn_date),
        amount=money_of(row, row.total_amt, currency_of(row, row.currency_ref, frame.home)),
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
    )


def journal_entry(row: wire.JournalEntry, frame: Frame) -> BookEntry:
    """An entry by hand: its amount is what it debits, and what it does to the receivable account is said per customer.

    It names no open balance: that is its amount, less what payments say they settle of it.
    """
    parts = journal_parts(row, frame)
    return BookEntry(
        paid_from=None,
        paid_to=None,
        on=day_of(row, row.txn_date),
        amount=_debited(row, parts, frame),
        memo=row.private_note,
        stamps=read_stamps(row.private_note),
        owed=tuple(
            OwedPart(customer=part.customer, amount=part.amount)
            for part in parts
            if part.account.vendor_id in frame.receivable
        ),
        moves=tuple((part.account, _in_account(row, part, frame)) for part in parts),
    )


def _in_account(row: wire.JournalEntry, part: JournalPart, frame: Frame) -> Money:
    """What a line moves in the currency of its account, which is the entry's or the company's own."""
    own = frame.accounts.get(part.account.vendor_id, frame.home)
    changed = at_home(row, part.amount, frame.home) if own == frame.home else None
    return changed if changed is not None else part.amount


def journal_parts(row: wire.JournalEntry, frame: Frame) -> tuple[JournalPart, ...]:
    """What each line of a journal entry debits (positive) or credits, and whom it is about where that is a customer."""
    code = currency_of(row, row.currency_ref, frame.home)
    parts: list[JournalPart] = []
    for line in row.line:
        detail = line.journal_entry_line_detail
        account = _ref(frame, Kind.ACCOUNT, detail.account_ref) if detail is not None else None
        if detail is None or account is None or line.amount is None:
            continue
        amount = money_of(row, line.amount, code)
        party = detail.entity if detail.entity is not None and detail.entity.type == "Customer" else None
        customer = _ref(frame, Kind.CUSTOMER, party.entity_ref) if party is not None else None
        debits = detail.posting_type == "Debit"
        parts.append(JournalPart(account=account, amount=amount if debits else -amount, customer=customer))
    return tuple(parts)


def _debited(row: wire.JournalEntry, parts: Iterable[JournalPart], frame: Frame) -> Money:
    code = currency_of(row, row.currency_ref, frame.home)
    return total((part.amount for part in parts if part.amount.minor > 0), code)


def home_currency(preferences: wire.Preferences) -> Currency:
    """The company's own currency; MalformedAnswer when its preferences do not say."""
    named = preferences.currency_prefs.home_currency
    if named is None:
        raise odd(preferences, "home currency")
    return currency_of(preferences, named, Currency(""))


def profile(company: wire.CompanyInfo, preferences: wire.Preferences, *, live: bool) -> Profile:
    """The company, with what its preferences mean for posting."""
    closed = preferences.accounting_info_prefs.book_close_date
    return Profile(
        name=company.company_name or company.id,
        home_currency=home_currency(preferences),
        country=company.country,
        closed_through=day_of(preferences, closed) if closed else None,
        multi_currency=preferences.currency_prefs.multi_currency_enabled is True,
        auto_applies_credit=preferences.sales_forms_prefs.auto_apply_credit is True,
        auto_applies_payments=preferences.sales_forms_prefs.auto_apply_payments is True,
        live=live,
    )


def dated(row: wire.Transaction) -> BusinessDate:
    """The day under which a transaction stands in the books."""
    return day_of(row, row.txn_date)


def last_updated(row: wire.Entity) -> Instant | None:
    """When the record last changed. An account that nobody has changed since it was made does not say."""
    return instant_of(row, row.meta_data.last_updated_time)


Posted = wire.Payment | wire.Purchase | wire.Transfer | wire.Deposit | wire.JournalEntry
"""What a posting becomes there."""

FELL_SHORT = "Settles less than planned: "
"""How the line in a payment's private note begins that says why it settles less than was decided."""


def written(row: Posted, frame: Frame) -> Written:
    """What the books hold of a posting; `allocated` is what a payment settles, `members` what a deposit banks."""
    settled: tuple[Allocation, ...] = ()
    members: tuple[tuple[Ref, Money], ...] = ()
    moves: tuple[JournalPart, ...] = ()
    exchanged: Money | None = None
    match row:
        case wire.Payment():
            settled, amount = allocations(row, frame), payment(row, frame).gross
            exchanged = at_home(row, amount, frame.home)
        case wire.JournalEntry():
            moves = journal_parts(row, frame)
            amount = _debited(row, moves, frame)
            exchanged = at_home(row, amount, frame.home)
        case wire.Purchase():
            amount = expense(row, frame).amount
        case wire.Transfer():
            amount = transfer(row, frame).amount
        case wire.Deposit():
            banked = deposit(row, frame)
            amount = banked.total
            members = tuple((line.payment, line.amount) for line in banked.lines if line.payment is not None)
            parts = deposit_parts(row, frame)
            moves = tuple(JournalPart(account=one.account, amount=one.amount, customer=one.customer) for one in parts)
    said = (line.strip() for line in (row.private_note or "").split("\n"))
    return Written(
        ref=ref_of(row, frame.connection),
        version=row.sync_token,
        amount=amount,
        allocated=settled,
        members=members,
        moves=moves,
        exchanged=exchanged,
        notice=next((line for line in said if line.startswith(FELL_SHORT)), ""),
    )


def written_links(row: wire.Invoice, target: Ref) -> Written:
    """An invoice as what it shows of payment links: the digests of the lines with an address in them."""
    memo = row.customer_memo.value if row.customer_memo is not None else None
    return Written(ref=target, version=row.sync_token, text=" ".join(each.line for each in links_in(memo)))


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
        at=instant_of(row, row.delivery_info.delivery_time) if row.delivery_info else None,
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
