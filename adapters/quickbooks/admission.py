"""Whether an entry may be written as the books stand: pure judgements over rows that were read a moment ago.

Refused is our own no (a closed period, a currency that does not fit); Conflict says that the books changed since the
entry was decided on. Nothing here redates, converts or picks another invoice: that is for a person and a new plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.quickbooks import bodies, translate, wire
from adapters.quickbooks.translate import Frame
from connector.dates import BusinessDate
from connector.errors import Conflict, Refused
from connector.model.allocation import Allocation
from connector.model.intent import (
    ApplyCredit,
    PostDeposit,
    PostExpense,
    PostJournal,
    PostPayment,
    PostTransfer,
    VoidPosting,
)
from connector.model.money_in import PaymentState
from connector.model.source import Kind, Ref
from connector.model.stamp import read_stamps
from connector.money import Currency, Money, total, zero

UNTOUCHED = "0"
"""The SyncToken of an entry that nobody has changed since it was made."""

CHANGED = "changed"
"""The code of our own Conflict: another look would say the same."""

Debt = wire.Invoice | wire.CreditMemo


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is known of the company, and how its records are read."""

    frame: Frame
    several: bool
    closed_through: BusinessDate | None

    @classmethod
    def of(cls, preferences: wire.Preferences, frame: Frame) -> Ground:
        """The ground that a company's preferences lay."""
        profile = translate.profile(wire.CompanyInfo(id=""), preferences, live=False)
        return cls(frame=frame, several=profile.multi_currency, closed_through=profile.closed_through)


def is_open(on: BusinessDate, ground: Ground) -> None:
    """Refused when the books are closed on that day. What to do then is a person's choice."""
    if ground.closed_through is not None and on <= ground.closed_through:
        raise Refused(
            f"The entry is dated {on} and QuickBooks is closed through {ground.closed_through}; nothing was sent.",
            next_step="Decide: book it by hand under today's date, or skip it, or open the period in QuickBooks and "
            "plan again. No date is moved by itself.",
        )


New = PostPayment | PostExpense | PostTransfer | ApplyCredit | PostDeposit | PostJournal
"""What makes an entry; VoidPosting takes one back."""


def money_of(intent: New) -> Currency:
    """The currency an entry is in."""
    match intent:
        case PostPayment() | PostDeposit():
            return intent.total.currency
        case PostExpense() | PostTransfer():
            return intent.amount.currency
        case ApplyCredit():
            return bodies.credit_currency(intent)
        case PostJournal():
            return intent.parts[0].amount.currency


def accounts_of(intent: New) -> tuple[Ref, ...]:
    """The accounts an entry names."""
    match intent:
        case PostPayment():
            return (intent.into,)
        case PostExpense():
            return (intent.paid_from, intent.account)
        case PostTransfer():
            return (intent.paid_from, intent.paid_to)
        case PostDeposit():
            return (intent.into, *dict.fromkeys(part.account for part in intent.parts))
        case PostJournal():
            return tuple(dict.fromkeys(part.account for part in intent.parts))
        case ApplyCredit():
            return ()


def is_kept(code: Currency, ground: Ground) -> None:
    """Refused when the books do not keep that currency."""
    if not ground.several and code != ground.frame.home:
        raise _unfit(f"The entry is in {code}, and the books are kept in {ground.frame.home} only")


def accounts_fit(code: Currency, rows: Iterable[wire.Account], ground: Ground) -> None:
    """Refused when an account is neither in the entry's currency nor in the company's own."""
    for row in rows:
        account = translate.account(row, ground.frame)
        if account.currency not in (code, ground.frame.home):
            raise _unfit(f"The entry is in {code}, and the account {account.name} is kept in {account.currency}")
        if not account.active:
            raise _unfit(f"The account {account.name} is inactive")


def customer_fits(code: Currency, row: wire.Customer, ground: Ground) -> None:
    """Refused when the customer is kept in another currency, which never changes."""
    customer = translate.customer(row, ground.frame)
    if customer.currency != code:
        raise _unfit(f"The entry is in {code}, and its customer is kept in {customer.currency}")


def _unfit(sentence: str) -> Refused:
    return Refused(f"{sentence}.", next_step="Nothing was sent; choose accounts that fit, or post it by hand.")


def customers_of(intent: New) -> tuple[Ref, ...]:
    """The customers an entry names, each once."""
    match intent:
        case PostPayment() | ApplyCredit():
            return (intent.customer,)
        case PostDeposit() | PostJournal():
            return tuple(dict.fromkeys(part.customer for part in intent.parts if part.customer is not None))
        case PostExpense() | PostTransfer():
            return ()


def fitted(intent: PostPayment, invoices: Mapping[str, wire.Invoice], ground: Ground) -> PostPayment:
    """The payment as it can be booked now: at the same gross, settling no more of an invoice than is still open.

    What no longer fits stays unapplied, and the private note says so. Conflict when an invoice is gone.
    """
    shares: list[Allocation] = []
    said: list[str] = []
    for share in intent.allocations:
        row = _there(share.target, invoices)
        taken = total((each.amount for each in shares if each.target == share.target), share.amount.currency)
        left = _open(row, share.amount.currency, ground) - taken
        if share.amount <= left:
            shares.append(share)
            continue
        said.append(f"{share.amount} was planned for {_called(row)} and {left} was open")
        if left.minor > 0:
            shares.append(replace(share, amount=left))
    if not said:
        return intent
    notice = f"{translate.FELL_SHORT}{'; '.join(said)}. The rest is unapplied."
    return replace(intent, allocations=tuple(shares), memo=f"{notice}\n{intent.memo}")


def credit_fits(intent: ApplyCredit, rows: Mapping[Ref, Debt], ground: Ground) -> None:
    """Conflict when an invoice or credit note has less open than would be applied: who decided has to decide again."""
    wanted: dict[Ref, Money] = {}
    for share in intent.allocations:
        if share.target.kind is Kind.BOOK_ENTRY:
            continue
        wanted[share.target] = share.amount + wanted.get(share.target, zero(share.amount.currency))
    for target, amount in wanted.items():
        row = rows.get(target)
        if row is None:
            raise _changed(f"{target} does not exist any more")
        left = _open(row, amount.currency, ground)
        if amount > left:
            raise _changed(f"{_called(row)} has {left} open now, and {amount} of it was to be applied")


def entry_fits(intent: ApplyCredit, share: Allocation, row: translate.Posted | None, ground: Ground) -> None:
    """Conflict when a journal entry is gone, or does not credit this customer with exactly what is used of it. What is
    still to be used of it QuickBooks alone knows, and refuses what is not there (620)."""
    parts = translate.journal_parts(row, ground.frame) if isinstance(row, wire.JournalEntry) else ()
    given = [-part.amount for part in parts if part.customer == intent.customer and part.amount.minor < 0]
    if given != [share.amount]:
        raise _changed(f"{share.target} does not credit {share.amount} to {intent.customer} any more")


def deposit_fits(
    intent: PostDeposit, payments: Mapping[str, wire.Payment], undeposited: frozenset[str], ground: Ground
) -> None:
    """Refused when a payment is missing, of another amount, voided, in a deposit already or waiting elsewhere."""
    for ref, amount in intent.payments:
        row = payments.get(ref.vendor_id)
        if row is None:
            raise _no_deposit(f"The payment {ref} is not in the books")
        held = translate.payment(row, ground.frame)
        if held.gross.currency != amount.currency or held.gross != amount:
            raise _no_deposit(f"The payment {ref} is of {held.gross}, and {amount} of it was paid out")
        if held.state is not PaymentState.SUCCEEDED:
            raise _no_deposit(f"The payment {ref} is void")
        banked = deposit_of(row)
        if banked is not None:
            raise _no_deposit(f"The payment {ref} is in deposit {banked} already")
        if held.into is not None and held.into.vendor_id not in undeposited:
            raise _no_deposit(f"The payment {ref} does not wait among the undeposited funds")


def _no_deposit(sentence: str) -> Refused:
    return Refused(f"{sentence}; no deposit was made.", next_step="Sync, and look at the payout and its payments.")


def deposit_of(row: wire.Payment) -> str | None:
    """The id of the deposit that has banked a payment."""
    return next((link.txn_id for link in row.linked_txn if link.txn_type == "Deposit"), None)


def may_take_back(intent: VoidPosting, row: translate.Posted, ground: Ground) -> None:
    """Refused unless the entry is ours, outside every deposit and closed period, and untouched since it was written:
    where a run is undone, whoever decided has compared it with what we wrote. Conflict when it is not the version that
    was decided on."""
    if not any(stamp.op_id == intent.stamp for stamp in read_stamps(row.private_note)):
        raise _left(f"{intent.target} does not carry our stamp: it may not be ours")
    if row.sync_token != intent.version and not _still_says(intent, row, ground):
        raise _changed(f"{intent.target} was changed in QuickBooks since it was decided to take it back")
    if row.sync_token != UNTOUCHED and intent.undoes is None:
        raise _left(f"{intent.target} was changed in QuickBooks after we wrote it")
    if isinstance(row, wire.Payment) and deposit_of(row) is not None:
        raise _left(f"{intent.target} is part of deposit {deposit_of(row)}")
    is_open(translate.dated(row), ground)


def _still_says(intent: VoidPosting, row: translate.Posted, ground: Ground) -> bool:
    """Whether a journal entry is what it was, though what settled it, and was taken back, moved its version."""
    if not intent.says or not isinstance(row, wire.JournalEntry):
        return False
    return Counter(translate.journal_parts(row, ground.frame)) == Counter(intent.says)


def _left(sentence: str) -> Refused:
    return Refused(
        f"{sentence}. It was left as it is.", next_step="Look at it in QuickBooks, and correct it there by hand."
    )


def is_taken_back(row: translate.Posted, ground: Ground) -> bool:
    """Whether an entry is void already, whoever voided it."""
    return isinstance(row, wire.Payment) and translate.payment(row, ground.frame).state is PaymentState.VOID


def unmarked(intent: PostPayment, rows: Sequence[wire.Payment], ground: Ground, days: int) -> tuple[str, ...]:
    """Ids of payments of the same customer and amount, so many days off at most, that carry nobody's stamp.

    They may be this very payment with its marks taken off, or one that a person entered for the same money. They are
    never adopted, only shown.
    """
    found = []
    for row in rows:
        held = translate.payment(row, ground.frame)
        same = (held.customer, held.gross) == (intent.customer, intent.total)
        near = abs((held.received_on - intent.on).days) <= days
        if same and near and held.state is PaymentState.SUCCEEDED and not held.stamps:
            found.append(row.id)
    return tuple(found)


def _there(target: Ref, invoices: Mapping[str, wire.Invoice]) -> wire.Invoice:
    row = invoices.get(target.vendor_id)
    if row is None:
        raise _changed(f"The invoice {target} does not exist any more")
    return row


def _open(row: Debt, code: Currency, ground: Ground) -> Money:
    """What is open on a debt; Refused when it is in another currency than what would settle it."""
    if isinstance(row, wire.Invoice):
        held = translate.invoice(row, ground.frame).open
    else:
        held = translate.credit_note(row, ground.frame).open
    if held.currency != code:
        raise _unfit(f"The entry is in {code}, and {_called(row)} is in {held.currency}")
    return held


def _called(row: Debt) -> str:
    what = "invoice" if isinstance(row, wire.Invoice) else "credit note"
    return f"{what} {row.doc_number or row.id}"


def _changed(sentence: str) -> Conflict:
    return Conflict(
        f"{sentence}; nothing was sent.", next_step="Sync, and look at a new plan.", system=wire.SYSTEM, code=CHANGED
    )
