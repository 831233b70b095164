"""Payment links and the pages opened for them. Of a link's secret only the hash is here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from connector.errors import Refused, UnknownRecord
from connector.model.paylink import LinkAttempt, LinkId, LinkState, PaymentLink
from connector.model.source import ActorId, CompanyId, Ref
from connector.store import tables
from connector.store.journal import Desk, Scribe, read_back, text_of
from connector.store.outbox import add_rows
from connector.store.rows import PROGRAM, Author, OutboxRow

_LINK = tables.link.c


class Links(Desk):
    """One stable link per debt."""

    def add_link(self, company: CompanyId, link: PaymentLink, token_hash: str, by: ActorId) -> None:
        """Refused when the debt has an active link already."""
        with self._writing(Author(company, by)) as scribe:
            if link.state is LinkState.ACTIVE:
                _refuse_second(scribe, link)
            self._keep(scribe, link, token_hash)
            scribe.write("link", link)

    def link(self, company: CompanyId, link_id: LinkId) -> PaymentLink:
        """UnknownRecord when there is none of that id."""
        with self._database.read() as tx:
            body = tx.execute(
                select(_LINK.body).where(_LINK.company_id == company, _LINK.link_id == link_id)
            ).scalar_one_or_none()
        if body is None:
            raise _unknown(link_id)
        return read_back(body, PaymentLink)

    def link_by_token(self, token_hash: str) -> tuple[CompanyId, PaymentLink] | None:
        """Whose link a payer holds; None when nobody's."""
        with self._database.read() as tx:
            found = tx.execute(select(_LINK.company_id, _LINK.body).where(_LINK.token_hash == token_hash)).one_or_none()
        if found is None:
            return None
        return CompanyId(found.company_id), read_back(found.body, PaymentLink)

    def links(self, company: CompanyId, debt: Ref | None = None) -> tuple[PaymentLink, ...]:
        """All, or those of one debt, by id."""
        wanted = select(_LINK.body).where(_LINK.company_id == company).order_by(_LINK.link_id)
        if debt is not None:
            wanted = wanted.where(_LINK.debt == str(debt))
        with self._database.read() as tx:
            return tuple(read_back(body, PaymentLink) for body in tx.execute(wanted).scalars())

    def set_link_state(
        self, company: CompanyId, link_id: LinkId, state: LinkState, by: ActorId = PROGRAM
    ) -> PaymentLink:
        """Which moves are allowed is decided in `connector.paylinks`; here only that one link of a debt is active."""
        with self._writing(Author(company, by)) as scribe:
            found = scribe.tx.execute(
                select(_LINK.body, _LINK.token_hash).where(_LINK.company_id == company, _LINK.link_id == link_id)
            ).one_or_none()
            if found is None:
                raise _unknown(link_id)
            moved = replace(read_back(found.body, PaymentLink), state=state)
            if state is LinkState.ACTIVE:
                _refuse_second(scribe, moved)
            self._keep(scribe, moved, found.token_hash)
            scribe.write("link", moved)
        return moved

    def save_attempt(
        self, company: CompanyId, attempt: LinkAttempt, by: ActorId = PROGRAM, *, rows: Sequence[OutboxRow] = ()
    ) -> None:
        """A new page, together with the write that opens it; or what became of one."""
        with self._writing(Author(company, by)) as scribe:
            row = {
                "attempt_id": attempt.attempt_id,
                "number": scribe.seq + 1,
                "link_id": attempt.link_id,
                "body": text_of(attempt),
            }
            scribe.keep(tables.attempt, [row], renumber=False)
            scribe.write("attempt", attempt)
            add_rows(scribe, rows)

    def attempts(self, company: CompanyId, link_id: LinkId | None = None) -> tuple[LinkAttempt, ...]:
        """All, or those of one link, oldest first."""
        wanted = (
            select(tables.attempt.c.body)
            .where(tables.attempt.c.company_id == company)
            .order_by(tables.attempt.c.number)
        )
        if link_id is not None:
            wanted = wanted.where(tables.attempt.c.link_id == link_id)
        with self._database.read() as tx:
            return tuple(read_back(body, LinkAttempt) for body in tx.execute(wanted).scalars())

    def _keep(self, scribe: Scribe, link: PaymentLink, token_hash: str) -> None:
        row = {
            "link_id": link.link_id,
            "debt": str(link.debt),
            "state": link.state.value,
            "token_hash": token_hash,
            "body": text_of(link),
        }
        scribe.keep(tables.link, [row])


def _refuse_second(scribe: Scribe, link: PaymentLink) -> None:
    other = scribe.tx.execute(
        select(_LINK.link_id).where(
            _LINK.company_id == scribe.company,
            _LINK.debt == str(link.debt),
            _LINK.state == LinkState.ACTIVE.value,
            _LINK.link_id != link.link_id,
        )
    ).first()
    if other is not None:
        raise Refused("This debt has an active payment link already.", next_step="Use that one, or revoke it first.")


def _unknown(link_id: LinkId) -> UnknownRecord:
    return UnknownRecord(f"There is no payment link {link_id}.")
