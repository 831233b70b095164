"""What is read of a company: its books and its profile, single records, and how its connection stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from adapters.quickbooks import checks, course, keyset, translate, wire
from adapters.quickbooks.changes import Changes
from adapters.quickbooks.entities import ENTITIES, entity_of
from adapters.quickbooks.records import parted
from connector import canonical
from connector.dates import day_of, zone
from connector.errors import UnknownRecord
from connector.model.mirror import Mirrored
from connector.model.source import Kind, Ref
from connector.ports import Check, Page, SecretPair

PROFILE = "profile"
BOOKS = "books"


class Reading(Changes):
    """Readable, Lookable and Checkable."""

    def streams(self) -> tuple[str, ...]:
        return (PROFILE, BOOKS)

    def pull(self, stream: str, cursor: str | None) -> Page:
        """`books` is everything but the profile, under one cursor; the name of an entity walks that one alone."""
        if stream == PROFILE:
            return self._profile(cursor)
        if stream == BOOKS:
            return self._books(course.read(cursor))
        if stream not in ENTITIES:
            raise UnknownRecord(f"QuickBooks has no stream {stream[:40]!r}.")
        step = self._walk.step(ENTITIES[stream], keyset.read(cursor))
        records, findings = parted(self._records(step.rows, self._frame_for(step.rows)) if step.rows else ())
        return Page(
            records=records,
            findings=findings,
            cursor=keyset.write(step.after),
            more=step.more,
            about=stream,
            expected=step.expected,
        )

    def look(self, refs: Sequence[Ref]) -> Page:
        """Those records, a tombstone for what is gone, and the payments that an invoice among them names."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for ref in dict.fromkeys(refs):
            found = entity_of(ref)
            if found is None or ref.connection != self._connection:
                raise UnknownRecord(f"QuickBooks keeps no record under {ref}.")
            wanted[found[0].name].append(found[1])
        rows: list[wire.Received[wire.Entity]] = []
        gone: list[Mirrored] = []
        for name, ids in wanted.items():
            entity = ENTITIES[name]
            there = self._listed(entity, ids) if len(ids) > 1 else []
            held = {one.row.id for one in there}
            for vendor_id in ids:
                row = self._still(entity, vendor_id) if vendor_id not in held else None
                if row is not None:
                    there.append(row)
                elif vendor_id not in held:
                    gone.append(self._tombstone(entity, vendor_id))
            rows += there
        rows += self._listed(ENTITIES["payment"], _payments_of(rows))
        records, findings = parted(self._records(rows, self._frame_for(rows)) if rows else ())
        return Page(records=(*records, *gone), findings=findings, cursor="", more=False)

    def _profile(self, cursor: str | None) -> Page:
        """The company and its preferences; asked for once a day."""
        today = day_of(self._clock.now(), zone(self._surroundings.zone)).isoformat()
        if cursor is not None and _day_of_cursor(cursor) == today:
            return Page(records=(), cursor=cursor, more=False)
        company, preferences = self.company(), self.preferences()
        raw = b'{"CompanyInfo":' + company.raw + b',"Preferences":' + preferences.raw + b"}"
        record = Mirrored(
            ref=Ref(self._connection, Kind.PROFILE, self._settings.realm_id),
            version=f"{company.row.sync_token}.{preferences.row.sync_token}",
            raw=raw,
            record=translate.profile(company.row, preferences.row, live=self._settings.live),
        )
        self._home_currency = translate.home_currency(preferences.row)
        self._lately = (self._clock.now(), preferences.row)
        return Page(records=(record,), cursor=canonical.encode({"day": today}).decode(), more=False)

    def check(self) -> tuple[Check, ...]:
        return checks.run(self, self._settings, self._clock.now())

    def knock(self) -> None:
        """Whether Intuit knows the app at all."""
        self._grant.knock()

    def company(self) -> wire.Received[wire.CompanyInfo]:
        """The company's description."""
        return self._calls.one(wire.CompanyInfo, self._settings.realm_id)

    def receivables(self) -> Sequence[wire.Received[wire.Account]]:
        """Its accounts receivable."""
        return self._calls.rows(checks.RECEIVABLES, wire.Account)

    def payments(self) -> Sequence[wire.Received[wire.Payment]]:
        """One payment, if there is one."""
        return self._calls.rows(checks.A_PAYMENT, wire.Payment)

    def pair(self) -> SecretPair | None:
        """The grant in force."""
        return self._grant.pair()


def _payments_of(rows: Sequence[wire.Received[wire.Entity]]) -> list[str]:
    """The payments that invoices among the rows are linked to and that are not among them."""
    here = {one.row.id for one in rows if isinstance(one.row, wire.Payment)}
    links = {
        link.txn_id
        for one in rows
        if isinstance(one.row, wire.Invoice)
        for link in one.row.linked_txn
        if link.txn_type == "Payment"
    }
    return sorted(links - here)


def _day_of_cursor(cursor: str) -> str:
    try:
        return canonical.decode(cursor.encode(), dict[str, str]).get("day", "")
    except ValueError:
        return ""
