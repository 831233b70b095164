"""Is an entry of ours still what we wrote? What was asked, what was answered then, and what the books say now.

Versions do not tell it: our own deposit, or a person's harmless act beside it, may raise them. So what we wrote is
compared field by field, and a change of any of it is a person's, and stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connector.model.allocation import Allocation
from connector.model.intent import (
    ApplyCredit,
    Intent,
    PostDeposit,
    PostExpense,
    PostJournal,
    PostPayment,
    PostTransfer,
    Written,
)
from connector.model.money_in import Payment
from connector.model.party import AccountRole
from connector.model.settlement import BookEntry, Deposit
from connector.model.source import OpId, Ref
from connector.model.stamp import read_stamps
from connector.money import Money, grouped
from connector.reconcile.snapshot import Snapshot

Stands = Payment | Deposit | BookEntry
"""An entry of the books as it is mirrored."""


class Change(NamedTuple):
    """What of an entry is not as we wrote it, in words."""

    what: str
    asked: str
    then: str
    now: str


def changes(
    snapshot: Snapshot, op_id: OpId, intent: Intent, answer: Written | None, stands: Stands
) -> tuple[Change, ...]:
    """Everything that somebody changed of it; nothing where it is what we wrote. `answer`: what was read back then."""
    if answer is None:
        return ()
    found = list(_Compared(snapshot, answer).of(intent, stands))
    if not any(stamp.op_id == op_id for stamp in stands.stamps):
        found.append(Change("our mark", str(op_id), str(op_id), "none"))
    untouched = snapshot.versions.get(answer.ref) == answer.version
    if not untouched and isinstance(stands, Payment | BookEntry):
        found += _words(op_id, intent, answer, stands)
    return tuple(found)


class _Compared:
    def __init__(self, snapshot: Snapshot, answer: Written) -> None:
        self._snapshot, self._answer = snapshot, answer

    def of(self, intent: Intent, stands: Stands) -> Iterator[Change]:
        match intent, stands:
            case PostPayment(), Payment():
                yield from self._amount(intent.total, stands.gross)
                yield from _plain("day", intent.on, stands.received_on)
                yield from self._customer(intent.customer, stands.customer)
                yield from self._account("account", intent.into, stands.into)
                yield from self._shares("settles", intent.allocations, stands.allocations)
            case ApplyCredit(), Payment():
                yield from _plain("day", intent.on, stands.received_on)
                yield from self._customer(intent.customer, stands.customer)
                yield from self._shares("applies", intent.allocations, stands.allocations)
            case PostExpense() | PostTransfer(), BookEntry():
                paid_to = intent.account if isinstance(intent, PostExpense) else intent.paid_to
                yield from self._amount(intent.amount, stands.amount)
                yield from _plain("day", intent.on, stands.on)
                yield from self._account("paid from", intent.paid_from, stands.paid_from)
                yield from self._account("paid to", paid_to, stands.paid_to)
            case PostDeposit(), Deposit():
                yield from self._amount(intent.total, stands.total)
                yield from _plain("day", intent.on, stands.on)
                yield from self._account("account", intent.into, stands.into)
                yield from self._deposit(intent, stands)
            case PostJournal(), BookEntry():
                yield from _plain("day", intent.on, stands.on)
                yield from self._journal(intent, stands)
            case _:
                yield Change("kind", type(intent).__name__, type(intent).__name__, type(stands).__name__)

    def _amount(self, asked: Money, now: Money) -> Iterator[Change]:
        then = self._answer.amount or asked
        if now != then:
            yield Change("amount", grouped(asked), grouped(then), grouped(now))

    def _customer(self, asked: Ref, now: Ref | None) -> Iterator[Change]:
        """Merged customers are one."""
        if self._snapshot.survivor(asked) != self._snapshot.survivor(now):
            name = self._snapshot.name_of(asked)
            yield Change("customer", name, name, self._snapshot.name_of(now))

    def _account(self, what: str, asked: Ref, now: Ref | None) -> Iterator[Change]:
        """Nothing named means the books' own account for money on hand."""
        held = self._snapshot.accounts.get(asked)
        waits = held is not None and held.role is AccountRole.UNDEPOSITED
        if now != asked and not (waits and now is None):
            yield Change(what, self._name(asked), self._name(asked), self._name(now))

    def _name(self, account: Ref | None) -> str:
        held = self._snapshot.accounts.get(account) if account is not None else None
        return held.name if held is not None else "another account" if account is not None else "several, or none"

    def _shares(self, what: str, asked: Iterable[Allocation], now: Iterable[Allocation]) -> Iterator[Change]:
        then = self._answer.allocated
        if _sums(now) != _sums(then):
            yield Change(what, self._told(_sums(asked)), self._told(_sums(then)), self._told(_sums(now)))

    def _deposit(self, intent: PostDeposit, stands: Deposit) -> Iterator[Change]:
        banked = {line.payment: line.amount for line in stands.lines if line.payment is not None}
        if banked != dict(self._answer.members):
            asked, then = self._told(dict(intent.payments)), self._told(dict(self._answer.members))
            yield Change("banks", asked, then, self._told(banked))
        kept, now = (
            [part.amount for part in self._answer.moves],
            [x.amount for x in stands.lines if x.payment is None],
        )
        if Counter(kept) != Counter(now):
            yield Change("other lines", _listed(p.amount for p in intent.parts), _listed(kept), _listed(now))

    def _journal(self, intent: PostJournal, stands: BookEntry) -> Iterator[Change]:
        """An account in the company's own currency shows what a foreign amount became, which a rate decides."""
        foreign = any(amount.currency != part.amount.currency for part in intent.parts for _, amount in stands.moves)
        then = Counter((part.account, None if foreign else part.amount) for part in self._answer.moves)
        now = Counter((account, None if foreign else amount) for account, amount in stands.moves)
        if now != then or (not foreign and stands.amount != self._answer.amount):
            asked = _listed(part.amount for part in intent.parts)
            yield Change(
                "lines", asked, _listed(p.amount for p in self._answer.moves), _listed(a for _, a in stands.moves)
            )

    def _told(self, shares: dict[Ref, Money]) -> str:
        return (
            ", ".join(f"{self._number(ref)} {grouped(amount)}" for ref, amount in sorted(shares.items())) or "nothing"
        )

    def _number(self, ref: Ref) -> str:
        held = self._snapshot.invoices.get(ref) or self._snapshot.credit_notes.get(ref)
        return (held.number if held is not None else None) or ref.vendor_id


def _plain(what: str, asked: object, now: object) -> Iterator[Change]:
    if asked != now:
        yield Change(what, str(asked), str(asked), str(now))


def _words(op_id: OpId, intent: Intent, answer: Written, stands: Payment | BookEntry) -> Iterator[Change]:
    """What a person wrote into it: its reference, where that was ours, and the lines around our mark."""
    reference = stands.reference if isinstance(stands, Payment) else None
    if reference and reference != op_id:
        yield Change("reference", str(op_id), str(op_id), reference)
    asked = "" if not hasattr(intent, "memo") else str(intent.memo)
    now = "\n".join(line for line in (stands.memo or "").split("\n") if not read_stamps(line)).strip()
    if now != asked.strip() and not (answer.notice and now.endswith(asked.strip())):
        yield Change("note", repr(asked), repr(asked), repr(now))


def _sums(shares: Iterable[Allocation]) -> dict[Ref, Money]:
    found: dict[Ref, Money] = {}
    for share in shares:
        found[share.target] = found[share.target] + share.amount if share.target in found else share.amount
    return found


def _listed(amounts: Iterable[Money]) -> str:
    return ", ".join(grouped(amount) for amount in amounts) or "none"
