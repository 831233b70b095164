"""What is read of a company: its records, stream by stream, and how its connection stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.quickbooks import checks, keyset, translate, wire
from adapters.quickbooks.calls import Room
from connector import canonical
from connector.errors import UnknownRecord
from connector.model.mirror import Mirrored, Noun
from connector.model.source import Kind, Ref
from connector.ports import Check, Page, SecretPair


@dataclass(frozen=True, slots=True)
class _Stream:
    """One entity that is walked, and what its rows become."""

    shape: type[wire.Entity]
    translate: Callable[[Any, translate.Frame], Noun]
    name_list: bool = False


PROFILE = "profile"
STREAMS = {
    "account": _Stream(wire.Account, translate.account, name_list=True),
    "customer": _Stream(wire.Customer, translate.customer, name_list=True),
    "invoice": _Stream(wire.Invoice, translate.invoice),
    "credit_note": _Stream(wire.CreditMemo, translate.credit_note),
    "payment": _Stream(wire.Payment, translate.payment),
    "refund": _Stream(wire.RefundReceipt, translate.refund),
    "deposit": _Stream(wire.Deposit, translate.deposit),
    "expense": _Stream(wire.Purchase, translate.expense),
    "transfer": _Stream(wire.Transfer, translate.transfer),
}
"""Accounts and customers first, then what names them."""


class Reading(Room):
    """Readable and Checkable."""

    def streams(self) -> tuple[str, ...]:
        return (PROFILE, *STREAMS)

    def pull(self, stream: str, cursor: str | None) -> Page:
        if stream == PROFILE:
            return self._profile()
        if stream not in STREAMS:
            raise UnknownRecord(f"QuickBooks has no stream {stream[:40]!r}.")
        return self._walk(STREAMS[stream], cursor)

    def _profile(self) -> Page:
        company, preferences = self.company(), self.preferences()
        raw = b'{"CompanyInfo":' + company.raw + b',"Preferences":' + preferences.raw + b"}"
        version = f"{company.row.sync_token}.{preferences.row.sync_token}"
        record = Mirrored(
            ref=Ref(self._connection, Kind.PROFILE, self._settings.realm_id),
            version=version,
            raw=raw,
            record=translate.profile(company.row, preferences.row, live=self._settings.live),
        )
        return Page(records=(record,), cursor=canonical.encode({"version": version}).decode(), more=False)

    def _walk(self, stream: _Stream, cursor: str | None) -> Page:
        bookmark = keyset.read(cursor)
        size = self._settings.page_size_max
        question = keyset.query(stream.shape.__name__, bookmark, page_size=size, name_list=stream.name_list)
        page = self._calls.rows(question, stream.shape)
        rows = ((translate.last_updated(one.row), one.row.id, one.row.sync_token) for one in page)
        seen = keyset.seen(bookmark, rows)
        fresh, after, more = keyset.turn(bookmark, seen, size)
        frame = self._known() if fresh else None
        records = tuple(self._mirrored(page[position], stream, frame) for position in fresh if frame is not None)
        return Page(records=records, cursor=keyset.write(after), more=more)

    def _mirrored(self, one: wire.Received[wire.Entity], stream: _Stream, frame: translate.Frame) -> Mirrored:
        return Mirrored(
            ref=translate.ref_of(one.row, self._connection),
            version=one.row.sync_token,
            raw=one.raw,
            record=stream.translate(one.row, frame),
        )

    def check(self) -> tuple[Check, ...]:
        return checks.run(self, self._clock.now())

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
