"""A company's mirror as values, kept in memory from one look to the next: only what was stored since is read again.

It is a cache of what the store says, and nothing else. It is marked with the end of the journal up to which it was
read; where there is none, or the journal has another entry there, everything is read anew. So whoever is killed loses
nothing, and several processes may each have their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from connector.model.mirror import Gone, Noun
from connector.model.source import CompanyId, Kind, Ref
from connector.reconcile.snapshot import snapshot
from connector.store import Store, Stored

RECORDS_MAX = 200_000
"""So many records of all companies together are kept; those of whoever was looked at longest ago go first."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """What is there, by kind and Ref in order, as of an entry of the journal. Whoever gets it changes nothing in it:
    a kind of which nothing changed is the same object next time. `kept` is for whoever decides about it."""

    end: int
    chain: str
    records: Mapping[Kind, Mapping[Ref, Noun]]
    versions: Mapping[Ref, str]
    gone: Mapping[Ref, Gone]
    kept: list[object] = field(default_factory=list)


class Mirrors:
    """The mirrors of a house's companies."""

    def __init__(self, records_max: int = RECORDS_MAX) -> None:
        self._held: dict[CompanyId, Mirrored] = {}
        self._records_max = records_max
        self.read = 0
        """How many records were read from the store."""

    def now(self, store: Store, company: CompanyId) -> Mirrored:
        """What the store holds now."""
        end, chain = store.head(company)
        before = self._held.pop(company, None)
        if before is not None and not (before.end <= end and store.holds(company, before.end, before.chain)):
            before = None
        if before is None:
            found = self._whole(store, company, end, chain)
        elif (before.end, before.chain) == (end, chain):
            found = before
        else:
            found = self._grown(before, list(store.everything(company, since=before.end)), end, chain)
        self._held[company] = found
        self._forget(self._records_max)
        return found

    def rest(self) -> None:
        """Only whoever was looked at last is kept: whoever goes from company to company comes back to each after all
        the others, and each takes some kilobytes for a record."""
        self._forget(0)

    def _whole(self, store: Store, company: CompanyId, end: int, chain: str) -> Mirrored:
        rows = list(store.everything(company))
        self.read += len(rows)
        seen = snapshot(((row.ref, row.version, row.record) for row in rows), books=None)
        return Mirrored(end=end, chain=chain, records=seen.records, versions=seen.versions, gone=seen.gone)

    def _grown(self, before: Mirrored, rows: Sequence[Stored], end: int, chain: str) -> Mirrored:
        """The same with what was stored since. What is stored while it is read comes once more next time."""
        kinds: dict[Kind, dict[Ref, Noun]] = {}
        if not rows:
            return replace(before, end=end, chain=chain)
        gone, versions = dict(before.gone), dict(before.versions)
        for row in rows:
            self.read += 1
            kind = kinds.setdefault(row.ref.kind, dict(before.records.get(row.ref.kind, {})))
            if isinstance(row.record, Gone):
                kind.pop(row.ref, None)
                versions.pop(row.ref, None)
                gone[row.ref] = row.record
            else:
                gone.pop(row.ref, None)
                kind[row.ref] = row.record
                versions[row.ref] = row.version
        records = {**before.records, **{kind: _in_order(held) for kind, held in kinds.items()}}
        return Mirrored(
            end=end,
            chain=chain,
            records=dict(sorted(((kind, held) for kind, held in records.items() if held), key=_first)),
            versions=versions,
            gone=_in_order(gone) if gone != before.gone else before.gone,
            kept=before.kept,
        )

    def _forget(self, records_max: int) -> None:
        """Never what was just looked at."""
        # A copy, made in one step: other threads look at other companies meanwhile.
        held = list(self._held.items())
        count = sum(len(each.versions) for _, each in held)
        for company, each in held[:-1]:
            if count <= records_max:
                return
            self._held.pop(company, None)
            count -= len(each.versions)


def _in_order(held: Mapping[Ref, T]) -> dict[Ref, T]:
    return dict(sorted(held.items()))


def _first(pair: tuple[Kind, Mapping[Ref, Noun]]) -> Ref:
    return next(iter(pair[1]))
