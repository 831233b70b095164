"""In which pattern a processor's money has been booked so far, told by the entries themselves.

Mixed patterns are how books end with a payout twice. So the pattern is read off what stands there, and the choice of a
person is held against it: a memory that was lost, or a setting changed by mistake, cannot mix them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from connector.model.firm import BookingPattern
from connector.model.intent import Intent, IntentKind, PostDeposit, PostExpense, PostPayment, PostTransfer
from connector.model.party import Account, AccountRole
from connector.model.source import ConnectionId, Kind, Ref
from connector.reconcile.booked import posted_payments, standing
from connector.reconcile.snapshot import Snapshot

IN_WORDS: dict[BookingPattern, str] = {
    BookingPattern.CLEARING: "gross to a clearing account, the fee out of it as an expense, the payout as a transfer",
    BookingPattern.DEPOSIT: "gross to the account for money on hand, the payout as one deposit less the fees",
    BookingPattern.BANK: "gross straight to the bank account, where it has arrived",
}

_KINDS: dict[IntentKind, BookingPattern] = {
    IntentKind.EXPENSE: BookingPattern.CLEARING,
    IntentKind.TRANSFER: BookingPattern.CLEARING,
    IntentKind.DEPOSIT: BookingPattern.DEPOSIT,
}


def pattern_of(intent: Intent, accounts: Mapping[Ref, Account]) -> BookingPattern | None:
    """The pattern a write belongs to; None where it belongs to none, or to both."""
    match intent:
        case PostExpense() | PostDeposit() if intent.about.kind is Kind.ACCOUNT:
            return None  # an opening entry, which stands before every pattern
        case PostExpense() | PostTransfer():
            return BookingPattern.CLEARING
        case PostDeposit():
            return BookingPattern.DEPOSIT
        case PostPayment():
            return _by_account(intent.into, accounts)
        case _:
            return None


def patterns_in_use(
    snapshot: Snapshot, intents: Iterable[Intent] = ()
) -> dict[ConnectionId, frozenset[BookingPattern]]:
    """Per processor, the patterns of what the books hold with our stamp and of these writes of ours.

    Fees and payouts tell it surely. Only where there are none does the account tell it that a payment rests in: that
    is what a person may change.
    """
    sure: dict[ConnectionId, set[BookingPattern]] = defaultdict(set)
    likely: dict[ConnectionId, set[BookingPattern]] = defaultdict(set)
    for kind, about in standing(snapshot):
        if kind in _KINDS:
            sure[about.connection].add(_KINDS[kind])
    for about, ref in posted_payments(snapshot).items():
        pattern = _by_account(snapshot.payments[ref].into, snapshot.accounts)
        if about.kind is Kind.PAYMENT and pattern is not None:
            likely[about.connection].add(pattern)
    for intent in intents:
        pattern = pattern_of(intent, snapshot.accounts)
        if pattern is not None and isinstance(intent, PostPayment):
            likely[intent.about.connection].add(pattern)
        elif pattern is not None and isinstance(intent, PostExpense | PostTransfer | PostDeposit):
            sure[intent.about.connection].add(pattern)
    return {each: frozenset(sure.get(each) or likely[each]) for each in sure.keys() | likely.keys()}


def _by_account(into: Ref | None, accounts: Mapping[Ref, Account]) -> BookingPattern | None:
    account = accounts.get(into) if into is not None else None
    if account is None:
        return None
    return BookingPattern.DEPOSIT if account.role is AccountRole.UNDEPOSITED else BookingPattern.CLEARING
