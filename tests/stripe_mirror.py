"""A mirror of one Stripe account for tests: pages go in as the engine stores them, and it answers a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from adapters.stripe.client import Stripe, connect
from connector.clock import Clock
from connector.model.finding import Finding
from connector.model.mirror import UNFINISHED, Gone, Mirrored, Noun
from connector.model.settlement import HeldEntry
from connector.model.source import Kind, Ref
from connector.ports import Page
from tests.stripe_rig import surrounded
from tests.surroundings import OpenBudget


class Mirrors:
    """A Mirror with what was stored of a connection: each page together with the cursor after it."""

    def __init__(self) -> None:
        self.records: dict[Ref, Mirrored] = {}
        self.cursor: str | None = None
        self.findings: list[Finding] = []
        self.pages = 0

    def known(self, kind: Kind) -> Mapping[str, str]:
        return {ref.vendor_id: self.records[ref].version for ref in self.records if self._there(ref, kind)}

    def number(self, kind: Kind) -> int:
        return len(self.known(kind))

    def unfinished(self, kind: Kind) -> tuple[str, ...]:
        states = UNFINISHED.get(kind, frozenset())
        waiting = [vendor_id for vendor_id in self.known(kind) if self._state(kind, vendor_id) in states]
        return tuple(sorted(waiting))

    def kept_for(self, kind: Kind) -> tuple[str, ...]:
        sums: Counter[tuple[str, str]] = Counter()
        for line in self.nouns(kind).values():
            assert isinstance(line, HeldEntry)
            sums[line.customer.vendor_id, line.amount.currency] += line.amount.minor
        return tuple(sorted({customer for (customer, _), minor in sums.items() if minor}))

    def store(self, page: Page) -> None:
        """One page and its cursor."""
        self.records |= {record.ref: record for record in page.records}
        self.cursor = page.cursor
        self.findings += page.findings
        self.pages += 1

    def sync(self, adapter: Stripe, *, pages_max: int = 10_000) -> bool:
        """Read on from the cursor; False when it was stopped after so many pages."""
        for _ in range(pages_max):
            page = adapter.pull("books", self.cursor)
            self.store(page)
            if not page.more:
                return True
        return False

    def nouns(self, kind: Kind | None = None) -> dict[str, Noun]:
        """What is mirrored and not gone, by its vendor id, with the kind before it where all kinds are wanted."""
        return {
            ref.vendor_id if kind else f"{ref.kind}/{ref.vendor_id}": one.record
            for ref, one in self.records.items()
            if not isinstance(one.record, Gone) and (kind is None or ref.kind is kind)
        }

    def gone(self) -> set[str]:
        """The vendor ids of the tombstones."""
        return {ref.vendor_id for ref, one in self.records.items() if isinstance(one.record, Gone)}

    def _there(self, ref: Ref, kind: Kind) -> bool:
        return ref.kind is kind and not isinstance(self.records[ref].record, Gone)

    def _state(self, kind: Kind, vendor_id: str) -> object:
        (found,) = (one for ref, one in self.records.items() if ref.kind is kind and ref.vendor_id == vendor_id)
        return getattr(found.record, "state", None)


def reader(url: str, clock: Clock, mirror: Mirrors, **settings: str) -> Stripe:
    """The adapter as a new process would build it, over that mirror."""
    return connect(surrounded(url, clock, budget=OpenBudget(), mirror=mirror, **settings))


def asked(calls: list[tuple[str, str, int]]) -> Counter[str]:
    """How often each address was asked."""
    return Counter(path for _, path, _ in calls)
