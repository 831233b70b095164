"""A conflict as a value: three values of each field, what each choice would make of the entry, and what was chosen.

What a choice would make of an entry is told as postings, so that a plan can book the difference to what stands by an
entry of its own: an entry that a person touched is never changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from connector.dates import BusinessDate
from connector.model.allocation import Allocation
from connector.model.finding import Finding
from connector.model.intent import JournalPart, Posting
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import ConnectionId, Ref
from connector.money import Money
from connector.reconcile.booked import Written as Subject
from connector.reconcile.snapshot import Snapshot

CHOSEN = frozenset({RulingKind.KEEP_BOOKS, RulingKind.KEEP_PROCESSOR, RulingKind.KEEP_MINE})
Leg = tuple[Ref, Ref | None]
"""An account, and whose it is where it is the receivable one."""


class Wrote(NamedTuple):
    """A write of ours that was done: what it said, what it became, and what that settled when it was written."""

    intent: Posting
    ref: Ref
    allocated: tuple[Allocation, ...] = ()


class Values(NamedTuple):
    """One field in three values: what we wrote or last agreed on, what the books say now, what the other side says."""

    field: str
    agreed: str
    here: str
    there: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Postings:
    """What an entry does to accounts (positive raises, as a debit does): `here` as it stands, `there` as the other side
    would have it. `scale` is its own amount as it stands, `on` its day; `since` what corrections of ours did to it."""

    books: ConnectionId
    on: BusinessDate
    scale: Money
    here: Mapping[Leg, int]
    there: Mapping[Leg, int]
    since: Mapping[Leg, int] = field(default_factory=dict)

    def to_theirs(self) -> tuple[JournalPart, ...]:
        """What has to be booked beside the entry so that the books say what the other side does."""
        return self._parts(self.there)

    def to(self, amount: Money) -> tuple[JournalPart, ...]:
        """The same for an amount of a person's own, on the accounts where the entry stands."""
        sign = {leg: 1 if minor > 0 else -1 for leg, minor in self.here.items()}
        return self._parts({leg: sign[leg] * amount.minor for leg in self.here})

    @property
    def takes_any(self) -> bool:
        """Whether an amount of a person's own can be booked: the entry has two sides, and each takes all of it."""
        return {abs(minor) for minor in self.here.values()} == {self.scale.minor}

    def fits(self, amount: Money) -> bool:
        """Whether this one can: it is no debt, and in the currency of the entry."""
        return self.takes_any and amount.currency == self.scale.currency and amount.minor >= 0

    def _parts(self, wanted: Mapping[Leg, int]) -> tuple[JournalPart, ...]:
        off: dict[Leg, int] = defaultdict(int)
        for legs, sign in ((wanted, 1), (self.here, -1), (self.since, -1)):
            for leg, minor in legs.items():
                off[leg] += sign * minor
        code = self.scale.currency
        return tuple(
            JournalPart(account=account, amount=Money(minor, code), customer=customer)
            for (account, customer), minor in sorted(off.items(), key=lambda each: (-each[1], str(each[0])))
            if minor
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """`about` is the money outside, `entry` the record of the books. `finding` says it in words. `holds`: no plan
    touches it meanwhile, nor what is in `beside`; what was asked of a payer is no money yet, and holds nothing.
    `is_settled`: nobody has to choose, for the other hand's entry is as ours would be; plans leave it alone. `postings`
    are there where an entry of ours can carry out a choice, `by_hand` says what of the other side's word it cannot.
    `number`: what people call it, where that is not its id.
    """

    about: Ref
    entry: Ref
    values: tuple[Values, ...]
    finding: Finding
    holds: bool = True
    is_settled: bool = False
    beside: tuple[Ref | Subject, ...] = ()
    postings: Postings | None = None
    by_hand: str = ""
    number: str = ""

    @property
    def state(self) -> str:
        """Everything that was seen when somebody chose."""
        return f"{self.entry} " + "; ".join(" | ".join(each) for each in self.values)


def chosen(log: Iterable[Ruling], found: Conflict) -> Ruling | None:
    """What a person said about exactly this."""
    mine = f"{found.entry} "
    said = [e for e in log if e.kind in CHOSEN and e.payment == found.about and e.seen.startswith(mine)]
    return said[-1] if said and said[-1].seen == found.state else None


def parts_of(found: Conflict, word: Ruling) -> tuple[JournalPart, ...]:
    """What carries out a choice; nothing where no entry can, or nothing is to be done."""
    postings = found.postings
    if postings is None or word.kind is RulingKind.KEEP_BOOKS:
        return ()
    return postings.to_theirs() if word.kind is RulingKind.KEEP_PROCESSOR else postings.to(word.gross)


def choice_subject(word: Ruling) -> str:
    """What the entry stands for by which a choice is carried out: each choice has one at the most."""
    return f"choice-{word.number}:{word.payment}"


def corrections(seen: Snapshot) -> dict[Ref, Ref]:
    """The entries that stand in the books because somebody chose, and the entry of ours that each corrects."""
    if not any(subject.startswith("choice-") for subject in seen.written):
        return {}
    found: dict[Ref, Ref] = {}
    by_name = {str(ref): ref for ref in (*seen.payments, *seen.book_entries, *seen.deposits)}
    for word in seen.rulings:
        ref = seen.written.get(choice_subject(word)) if word.kind in CHOSEN else None
        entry = by_name.get(word.seen.partition(" ")[0])
        if ref is not None and entry is not None and ref in seen.book_entries:
            found[ref] = entry
    return found


def how_to_choose(about: Ref, *, mine: bool = False) -> str:
    """What a person may say to it."""
    name = about.vendor_id
    own = f" Or an amount of your own: receivables conflicts keep {name} mine AMOUNT" if mine else ""
    return (
        f"Leave the books as they are, for good: receivables conflicts keep {name} books. Let plans go on "
        f"from what {about.connection} says: receivables conflicts keep {name} processor.{own}"
    )
