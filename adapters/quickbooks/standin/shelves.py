"""The records of an entity in the order of their last change, kept up change by change.

A query over a hundred thousand records must not sort them anew for every page.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adapters.quickbooks.standin.records import Record
from connector.dates import Instant

_FEW = 500
"""Above so many changes at once the order is made anew instead of mended."""


class Place(NamedTuple):
    """Where a record stands: when it last changed, and among equals by number."""

    at: Instant
    number: int
    id: str


def id_order(vendor_id: str) -> tuple[int, str]:
    """Ids as numbers where they are."""
    return (int(vendor_id), "") if vendor_id.isdigit() else (0, vendor_id)


class Shelf:
    """One entity's records, oldest change first."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._records = records
        self._places: list[Place] = []
        self._known: dict[str, Place] = {}
        self._moved: set[str] = set()

    def stir(self, vendor_id: str) -> None:
        """That record came, went or changed its time."""
        self._moved.add(vendor_id)

    def places(self) -> Sequence[Place]:
        """Every place in order. The list is the shelf's own: slice it, do not change it."""
        moved, self._moved = self._moved, set()
        if len(moved) > _FEW:
            self._known = {vendor_id: _place(record) for vendor_id, record in self._records.items()}
            self._places = sorted(self._known.values())
            return self._places
        for vendor_id in moved:
            before = self._known.pop(vendor_id, None)
            if before is not None:
                del self._places[bisect_left(self._places, before)]
            record = self._records.get(vendor_id)
            if record is not None:
                self._known[vendor_id] = place = _place(record)
                insort(self._places, place)
        return self._places


def _place(record: Record) -> Place:
    return Place(record.updated, id_order(record.id)[0], record.id)
