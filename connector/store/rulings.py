"""What people said about payments, a log that is only ever added to; and what every decision stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import zstandard
from sqlalchemy import bindparam, func, select

from connector.errors import Refused, StoreCorrupt
from connector.model.ruling import Forgotten, Ruling
from connector.model.source import CompanyId, Ref, ref_from_text
from connector.store import tables
from connector.store.journal import Desk, read_back, text_of
from connector.store.rows import Author

_RULING = tables.ruling.c
_EVIDENCE = tables.evidence.c
_FORGOTTEN = tables.forgotten.c
EVIDENCE_BYTES_MAX = 1 << 24

_LOG = select(_RULING.body).where(_RULING.company_id == bindparam("company")).order_by(_RULING.seq)
_ALL_FORGOTTEN = (
    select(_FORGOTTEN.body).where(_FORGOTTEN.company_id == bindparam("company")).order_by(_FORGOTTEN.fact_id)
)


class Rulings(Desk):
    """The log of decisions of people and rules, the signs that were forgotten, and the evidence of each payment."""

    def add_rulings(self, author: Author, rulings: Sequence[Ruling], *, after: int) -> tuple[Ruling, ...]:
        """Add to the log, in one transaction; each gets its number. `after` is the number of the last entry that was
        seen when this was decided: Refused when there is a later one, because somebody else has decided meanwhile.
        """
        with self._writing(author) as scribe:
            last = scribe.tx.execute(
                select(func.coalesce(func.max(_RULING.seq), 0)).where(_RULING.company_id == author.company)
            ).scalar_one()
            if last != after:
                raise Refused(
                    "Somebody else decided about a payment at the same moment; nothing was stored.",
                    next_step="Look again: receivables review",
                )
            numbered = tuple(replace(each, number=number) for number, each in enumerate(rulings, last + 1))
            scribe.keep(
                tables.ruling,
                [{"seq": each.number, "payment": str(each.payment), "body": text_of(each)} for each in numbered],
            )
            scribe.write("ruling", {"rulings": numbered})
        return numbered

    def rulings(self, company: CompanyId) -> tuple[Ruling, ...]:
        """The whole log, the first entry first."""
        with self._database.read() as tx:
            return tuple(read_back(body, Ruling) for body in tx.execute(_LOG, {"company": company}).scalars())

    def forget(self, author: Author, forgotten: Forgotten) -> None:
        """A sign of a payer says nothing any more."""
        with self._writing(author) as scribe:
            scribe.keep(tables.forgotten, [{"fact_id": forgotten.fact_id, "body": text_of(forgotten)}])
            scribe.write("forgotten", forgotten)

    def forgotten(self, company: CompanyId) -> tuple[Forgotten, ...]:
        """All of them, by id."""
        with self._database.read() as tx:
            found = tx.execute(_ALL_FORGOTTEN, {"company": company}).scalars()
            return tuple(read_back(body, Forgotten) for body in found)

    def save_evidence(self, author: Author, bodies: Mapping[Ref, bytes]) -> int:
        """Keep what each payment's last word stands on; returns how many were new or different, and writes no others.

        What is not named stays as it is: a payment that is posted keeps its evidence. What is replaced stays in the
        pack of its journal entry.
        """
        bodies_by_key = {str(ref): body for ref, body in bodies.items()}
        packed = {key: zstandard.ZstdCompressor().compress(body) for key, body in bodies_by_key.items()}
        wanted = select(_EVIDENCE.payment, _EVIDENCE.body).where(_EVIDENCE.company_id == author.company)
        with self._writing(author) as scribe:
            before = {row.payment: bytes(row.body) for row in scribe.tx.execute(wanted)}
            fresh = {key: body for key, body in sorted(packed.items()) if before.get(key) != body}
            if fresh:
                scribe.keep(tables.evidence, [{"payment": key, "body": body} for key, body in fresh.items()])
                pack = zstandard.ZstdCompressor().compress(b"\n".join(bodies_by_key[key] for key in fresh))
                scribe.write("evidence", {"payments": list(fresh)}, pack=pack)
        return len(fresh)

    def evidence_of_all(self, company: CompanyId) -> dict[Ref, bytes]:
        """What is kept of every payment."""
        wanted = select(_EVIDENCE.payment, _EVIDENCE.body).where(_EVIDENCE.company_id == company)
        with self._database.read() as tx:
            rows = tx.execute(wanted.order_by(_EVIDENCE.payment)).all()
        found = ((ref_from_text(row.payment), bytes(row.body)) for row in rows)
        return {ref: _unpacked(body) for ref, body in found if ref is not None}

    def evidence(self, company: CompanyId, payment: Ref) -> bytes | None:
        """What the last word about a payment stands on; None where nothing was ever said."""
        wanted = select(_EVIDENCE.body).where(_EVIDENCE.company_id == company, _EVIDENCE.payment == str(payment))
        with self._database.read() as tx:
            body = tx.execute(wanted).scalar_one_or_none()
        return None if body is None else _unpacked(bytes(body))


def _unpacked(body: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=EVIDENCE_BYTES_MAX)
    except zstandard.ZstdError:
        raise StoreCorrupt(
            "A stored evidence was altered and cannot be read.", next_step="Run verify; then restore a backup."
        ) from None
