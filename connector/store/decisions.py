"""What was decided and what was planned. The tables hold what is true now; the journal holds how it came to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import zstandard
from sqlalchemy import select

from connector import canonical
from connector.errors import Refused, StoreCorrupt, UnknownRecord
from connector.model.finding import Decision, Finding
from connector.model.source import ActorId, CompanyId, PlanId, RunId
from connector.store import tables
from connector.store.journal import Desk, entry_of, read_back, text_of
from connector.store.rows import Author

RECONCILED = "reconciled"
"""The kind of the journal entry of a reconciliation that decided something new."""

PLAN_BYTES_MAX = 1 << 31


def plan_body(packed: bytes) -> bytes:
    """A plan's canonical JSON from its column; nothing where that was altered."""
    try:
        return zstandard.ZstdDecompressor().decompress(packed, max_output_size=PLAN_BYTES_MAX)
    except zstandard.ZstdError:
        return b""


class Decisions(Desk):
    """Decisions, findings and plans."""

    def save_reconciliation(
        self,
        company: CompanyId,
        run: RunId | None,
        decisions: Sequence[Decision],
        findings: Sequence[Finding],
        actor: ActorId,
    ) -> None:
        """Replace the current result. Nothing is written when it is the same; else the journal gets what changed.

        The entry's pack holds the decisions that are new or different, in full, as one canonical JSON list.
        """
        now = {str(one.payment): (one, text_of(one)) for one in decisions}
        seen = {canonical.digest(text.encode()): text for text in map(text_of, findings)}
        with self._writing(Author(company, actor, run)) as scribe:
            stands = select(tables.decision.c.payment, tables.decision.c.body).where(
                tables.decision.c.company_id == company
            )
            before = {row.payment: row.body for row in scribe.tx.execute(stands)}
            noticed = (
                scribe.tx.execute(
                    select(tables.finding.c.finding_hash)
                    .where(tables.finding.c.company_id == company)
                    .order_by(tables.finding.c.number)
                )
                .scalars()
                .all()
            )
            fresh = {key: text for key, (_, text) in now.items() if before.get(key) != text}
            withdrawn = sorted(before.keys() - now.keys())
            if not fresh and not withdrawn and noticed == list(seen):
                return
            scribe.keep(tables.decision, [{"payment": key, "body": text} for key, text in fresh.items()])
            scribe.drop(tables.decision, [{"payment": key} for key in withdrawn])
            scribe.drop(tables.finding, [{"finding_hash": key} for key in noticed if key not in seen])
            scribe.keep(
                tables.finding,
                [
                    {"finding_hash": key, "number": place, "body": text}
                    for place, (key, text) in enumerate(seen.items())
                ],
            )
            body = {"decided": len(fresh), "withdrawn": withdrawn, "standing": len(now), "findings": len(seen)}
            pack = zstandard.ZstdCompressor().compress(canonical.encode([now[key][0] for key in fresh]))
            scribe.write(RECONCILED, body, pack=pack)

    def decisions(self, company: CompanyId) -> tuple[Decision, ...]:
        """What stands now, by payment."""
        with self._database.read() as tx:
            found = tx.execute(
                select(tables.decision.c.body)
                .where(tables.decision.c.company_id == company)
                .order_by(tables.decision.c.payment)
            ).scalars()
            return tuple(read_back(body, Decision) for body in found)

    def findings(self, company: CompanyId) -> tuple[Finding, ...]:
        """What stands now, in the order in which it was found."""
        with self._database.read() as tx:
            found = tx.execute(
                select(tables.finding.c.body)
                .where(tables.finding.c.company_id == company)
                .order_by(tables.finding.c.number)
            ).scalars()
            return tuple(read_back(body, Finding) for body in found)

    def save_plan(self, company: CompanyId, plan_id: PlanId, body: bytes, actor: ActorId) -> None:
        """Keep a plan as it was shown, compressed. Saving the same again changes nothing; a different one is Refused.
        The journal's entry has the hash of the plan itself."""
        with self._writing(Author(company, actor)) as scribe:
            found = scribe.tx.execute(
                select(tables.plan.c.body).where(tables.plan.c.company_id == company, tables.plan.c.plan_id == plan_id)
            ).scalar_one_or_none()
            if found is None:
                packed = zstandard.ZstdCompressor().compress(body)
                scribe.keep(tables.plan, [{"plan_id": plan_id, "number": scribe.seq + 1, "body": packed}])
                scribe.write("plan", {"plan_id": plan_id, "hash": canonical.digest(body)})
            elif plan_body(bytes(found)) != body:
                raise Refused(f"There is another plan {plan_id} already.", next_step="Make a new plan.")

    def plan(self, company: CompanyId, plan_id: PlanId) -> bytes:
        """UnknownRecord when there is none of that id; StoreCorrupt when it is not the one that was saved, as the
        journal has its hash."""
        same = (tables.plan.c.company_id == company, tables.plan.c.plan_id == plan_id)
        told = select(tables.journal.c.entry).where(
            tables.journal.c.company_id == company, tables.journal.c.seq == tables.plan.c.number
        )
        with self._database.read() as tx:
            found = tx.execute(select(tables.plan.c.body, told.scalar_subquery().label("entry")).where(*same)).first()
        if found is None:
            raise UnknownRecord(
                f"There is no plan {plan_id}.",
                next_step="Leave its name out for the latest, or make one: receivables plan",
            )
        body = plan_body(bytes(found.body))
        saved = {"plan_id": plan_id, "hash": canonical.digest(body)}
        if found.entry is None or entry_of(found.entry).body != saved:
            raise StoreCorrupt(
                f"The stored plan {plan_id} was altered, and is not used.", next_step="Run verify; make a new plan."
            )
        return body

    def plans(self, company: CompanyId, *, most: int | None = None) -> Iterator[tuple[PlanId, bytes]]:
        """The plans there are, the last one saved first; no more than `most`. Each is read when it is asked for."""
        wanted = select(tables.plan.c.plan_id).where(tables.plan.c.company_id == company)
        with self._database.read() as tx:
            ids = tx.execute(wanted.order_by(tables.plan.c.number.desc()).limit(most)).scalars().all()
        return ((PlanId(each), self.plan(company, PlanId(each))) for each in ids)
