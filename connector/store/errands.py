"""Long work that somebody asked for at the console: stored before it begins, so that a page can tell of it whatever
becomes of the process. What it wrote outside stands in the outbox; a row here is no evidence of anything."""

from __future__ import annotations

from sqlalchemy import select

from connector.errors import UnknownRecord
from connector.model.person import Errand, ErrandState
from connector.model.source import CompanyId
from connector.store import tables
from connector.store.journal import Desk, micros, read_back, text_of

_ERRAND = tables.errand.c


class Errands(Desk):
    """What is under way, and what came of it."""

    def save_errand(self, errand: Errand) -> None:
        """A new one, or how far it is."""
        row = {
            "company_id": errand.company_id,
            "errand_id": errand.errand_id,
            "made_at": micros(errand.made_at),
            "state": str(errand.state),
            "body": text_of(errand),
        }
        with self._database.write() as tx:
            tx.execute(self._database.upsert(tables.errand), [row])

    def errand(self, company: CompanyId, errand_id: str) -> Errand:
        """UnknownRecord when the company has none of that id."""
        wanted = select(_ERRAND.body).where(_ERRAND.company_id == company, _ERRAND.errand_id == errand_id)
        with self._database.read() as tx:
            body = tx.execute(wanted).scalar_one_or_none()
        if body is None:
            raise UnknownRecord("There is no such piece of work.", next_step="See the company's first page.")
        return read_back(body, Errand)

    def errands(self, company: CompanyId, *, working: bool = False, most: int = 20) -> tuple[Errand, ...]:
        """The latest, the newest first; `working`: only those that have not come to an end."""
        wanted = select(_ERRAND.body).where(_ERRAND.company_id == company)
        if working:
            wanted = wanted.where(_ERRAND.state == str(ErrandState.WORKING))
        with self._database.read() as tx:
            found = tx.execute(wanted.order_by(_ERRAND.made_at.desc()).limit(most)).scalars()
            return tuple(read_back(body, Errand) for body in found)
