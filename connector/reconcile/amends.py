"""What an entry of ours does to accounts as it stands, and what it would do as the other side says now.

None where no entry beside it could make the difference: money that waits for its deposit, or was changed into another
currency, an entry over several accounts, money that came back for good.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from connector.model.intent import PostExpense, PostJournal, PostPayment, PostTransfer
from connector.model.money_in import PaymentState, RefundState
from connector.model.party import AccountRole
from connector.model.settlement import EntryNature, PayoutState
from connector.model.source import Ref
from connector.money import Money
from connector.reconcile.conflict import Leg, Postings, Wrote, corrections
from connector.reconcile.fights import as_it_stands, disputes_of
from connector.reconcile.snapshot import Snapshot

_MONEY = frozenset({PaymentState.SUCCEEDED, PaymentState.PENDING, PaymentState.REFUNDED, PaymentState.DISPUTED})


class Amends:
    """One look at the whole mirror."""

    def __init__(self, seen: Snapshot) -> None:
        self._seen = seen
        self._disputes = disputes_of(seen)
        self._corrected: dict[Ref, list[Ref]] = defaultdict(list)
        for correction, entry in corrections(seen).items():
            self._corrected[entry].append(correction)

    def of(self, each: Wrote) -> Postings | None:
        """What the entry does now, and what it would do as the other side says; None where no entry of ours beside it
        could make the difference."""
        match each.intent:
            case PostPayment() as intent:
                found = self._of_payment(each.ref, intent)
            case PostExpense() | PostTransfer() as intent:
                found = self._of_move(each.ref, intent)
            case PostJournal() as intent:
                found = self._of_journal(each.ref, intent)
            case _:
                found = None
        if found is None or None in {account for account, _ in (*found.here, *found.there)}:
            return None
        return replace(found, since=self._since(each.ref)) if each.ref in self._corrected else found

    def _of_payment(self, ref: Ref, intent: PostPayment) -> Postings | None:
        """On the clearing account. Money that waits for its deposit has to be what the deposit says, or nothing is."""
        held, received = self._seen.payments[ref], self._seen.payments[intent.about]
        receivable = self._receivable(held.gross)
        state = as_it_stands(intent.about, received, self._disputes).state
        one = held.gross.currency == intent.total.currency == received.gross.currency
        waits = any(self._role(each) is not AccountRole.BANK for each in (intent.into, held.into))
        if held.into is None or receivable is None or state not in _MONEY or not one or waits or intent.exchange:
            return None
        here, gross = held.gross.minor, received.gross.minor
        return Postings(
            books=intent.books,
            on=held.received_on,
            scale=held.gross,
            here=_legs((held.into, None, here), (receivable, self._seen.survivor(held.customer), -here)),
            there=_legs((intent.into, None, gross), (receivable, self._seen.survivor(intent.customer), -gross)),
        )

    def _of_move(self, ref: Ref, intent: PostExpense | PostTransfer) -> Postings | None:
        held = self._seen.book_entries[ref]
        if isinstance(intent, PostTransfer):
            paid_to, payout = intent.paid_to, self._seen.payouts[intent.about]
            theirs = payout.amount if payout.state is not PayoutState.FAILED else intent.amount
        else:
            paid_to, theirs = intent.account, fee_of(self._seen, intent.about) or intent.amount
        if held.paid_from is None or held.paid_to is None or theirs.currency != held.amount.currency:
            return None
        here, there = held.amount.minor, abs(theirs.minor)
        return Postings(
            books=intent.books,
            on=held.on,
            scale=held.amount,
            here=_legs((held.paid_to, None, here), (held.paid_from, None, -here)),
            there=_legs((paid_to, None, there), (intent.paid_from, None, -there)),
        )

    def _of_journal(self, ref: Ref, intent: PostJournal) -> Postings | None:
        """A refund that failed comes back by a line of its own: what we wrote of it was right."""
        held, line = self._seen.book_entries[ref], self._seen.balance_entries[intent.about]
        code = held.amount.currency
        if intent.exchange is not None or any(part.amount.currency != code for part in intent.parts):
            return None
        refund = self._seen.refunds.get(line.about) if line.about is not None else None
        parts = {(part.account, part.customer): part.amount.minor for part in intent.parts}
        whole = len({abs(minor) for minor in parts.values()}) == 1
        if whole and refund is not None and refund.amount.currency == code and refund.state is not RefundState.FAILED:
            parts = {leg: refund.amount.minor if minor > 0 else -refund.amount.minor for leg, minor in parts.items()}
        legs = [(account, self._seen.survivor(who), minor) for (account, who), minor in parts.items()]
        return Postings(
            books=intent.books,
            on=held.on,
            scale=held.amount,
            here=self._stands(ref),
            there=_legs(*legs),
        )

    def _stands(self, ref: Ref) -> dict[Leg, int]:
        """A journal entry as it is: its receivable lines by whose they are."""
        held, found = self._seen.book_entries[ref], defaultdict[Leg, int](int)
        owed = [part for part in held.owed if part.customer is not None]
        for account, amount in held.moves:
            if self._role(account) is AccountRole.RECEIVABLE and owed:
                part = next((one for one in owed if one.amount == amount), owed[0])
                owed.remove(part)
                found[account, self._seen.survivor(part.customer)] += amount.minor
            else:
                found[account, None] += amount.minor
        return dict(found)

    def _since(self, ref: Ref) -> dict[Leg, int]:
        found: dict[Leg, int] = defaultdict(int)
        for correction in self._corrected[ref]:
            for leg, minor in self._stands(correction).items():
                found[leg] += minor
        return dict(found)

    def _receivable(self, amount: Money) -> Ref | None:
        seen = self._seen
        found = [
            ref
            for ref, account in seen.accounts.items()
            if seen.in_books(ref) and account.role is AccountRole.RECEIVABLE and account.active
            and account.currency == amount.currency
        ]  # fmt: skip
        return found[0] if len(found) == 1 else None

    def _role(self, ref: Ref | None) -> AccountRole | None:
        held = self._seen.accounts.get(ref) if ref is not None else None
        return held.role if held is not None else None


def fee_of(seen: Snapshot, about: Ref) -> Money | None:
    """What a payment, or a line of the ledger, cost as the other side says; None where it does not."""
    payment, line = seen.payments.get(about), seen.balance_entries.get(about)
    if payment is not None:
        return payment.fee
    if line is None:
        return None
    return line.fee if line.fee.minor > 0 or line.nature is not EntryNature.FEE else -line.gross


def _legs(*legs: tuple[Ref, Ref | None, int]) -> dict[Leg, int]:
    found: dict[Leg, int] = defaultdict(int)
    for account, customer, minor in legs:
        found[account, customer] += minor
    return dict(found)
