"""The payment link on an invoice, in the message that its customer reads (CustomerMemo): put there and taken out again.

The invoice is not ours. It is read right before the write and written under the version that was read, with nothing
named but that message; every other word of it stays as it is, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from adapters.quickbooks import admission, memo, translate, wire
from adapters.quickbooks.admission import Ground
from adapters.quickbooks.calls import Room
from connector.errors import MalformedAnswer, NotFound, RateLimited, Refused, Unreachable
from connector.model.intent import ShowLink, WriteKey, Written
from connector.model.link_line import LinkLine
from connector.model.source import Kind, Ref

PLACE = "memo"

T = TypeVar("T")


class Memos(Room):
    """ShowsLinks."""

    def link_places(self) -> Mapping[str, str]:
        """CustomerMemo alone: no customer reads the private note, and how much a custom field holds nobody says."""
        return {PLACE: "the message to the customer on the invoice"}

    def _show(self, about: Ref, change: tuple[LinkLine | None, LinkLine | None], key: WriteKey, nth: int) -> Written:
        """Take one line out and put another in. Refused when the first was changed, or there is no room."""
        if about.kind is not Kind.INVOICE or about.connection != self._connection:
            raise Refused(f"{about} is no invoice of QuickBooks, and shows no payment link.")
        ground = unsent(lambda: Ground.of(self._how_kept(), self._known()))
        row = unsent(lambda: self._invoice(about))
        admission.is_open(translate.invoice(row, ground.frame).issued_on, ground)
        stands = (row.customer_memo.value if row.customer_memo is not None else None) or ""
        wanted = memo.changed(stands, *change)
        if wanted == stands:
            return translate.written_links(row, about)

        def read(answer: bytes) -> Written:
            return translate.written_links(wire.single(answer, wire.Invoice).row, about)

        return self._calls.update("Invoice", memo.body(row, wanted), key, read, nth=nth)

    def _shown(self, intent: ShowLink) -> tuple[Written, ...]:
        """The invoice, where it shows what it was to show, and nothing of what it was not to show any more."""
        held = self._lines_of(intent.about)
        if held is None:
            return ()
        stands = (held.text or "").split()
        puts = intent.puts is None or intent.puts.seen.line in stands
        out = intent.takes_out is None or intent.takes_out.seen.line not in stands
        return (held,) if puts and out else ()

    def _gone(self, about: Ref, line: LinkLine) -> Written | None:
        """The invoice, where that line does not stand on it any more."""
        held = self._lines_of(about)
        if held is None:
            return Written(ref=about, version="")
        return held if line.seen.line not in (held.text or "").split() else None

    def _lines_of(self, about: Ref) -> Written | None:
        try:
            return translate.written_links(self._calls.one(wire.Invoice, about.vendor_id).row, about)
        except NotFound:
            return None

    def _invoice(self, about: Ref) -> wire.Invoice:
        try:
            return self._calls.one(wire.Invoice, about.vendor_id).row
        except NotFound:
            raise Refused(f"Invoice {about.vendor_id} is not in QuickBooks any more.") from None


def unsent(read: Callable[[], T]) -> T:
    """What is read before a write. A throttle or half an answer then is no doubt about the write: none was sent."""
    try:
        return read()
    except (RateLimited, MalformedAnswer) as fault:
        raise Unreachable(
            f"{fault.sentence} The entry was not sent.",
            next_step="Run it again in a few minutes.",
            system=wire.SYSTEM,
            code=fault.code,
            trace=fault.trace,
        ) from None
