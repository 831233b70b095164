"""Companies, the people who act for them, and their connections to outside systems."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select

from connector.errors import Refused, UnknownRecord
from connector.model.firm import Actor, Company, Connection
from connector.model.source import ActorId, CompanyId, ConnectionId
from connector.store import tables
from connector.store.journal import FIRST_CHAIN, Desk, read_back, text_of, unknown_company
from connector.store.rows import Author

_COMPANY = select(tables.company.c.body).where(tables.company.c.company_id == bindparam("company"))
_COMPANIES = select(tables.company.c.body).order_by(tables.company.c.company_id)
_CONNECTIONS = (
    select(tables.connection.c.body)
    .where(tables.connection.c.company_id == bindparam("company"))
    .order_by(tables.connection.c.connection_id)
)
_CONNECTION = select(tables.connection.c.body).where(
    tables.connection.c.company_id == bindparam("company"),
    tables.connection.c.connection_id == bindparam("connection"),
)


class Firm(Desk):
    """Who uses this installation, and what it may reach."""

    def add_company(self, company: Company, actor: Actor) -> None:
        """A new set of books and its first actor. Refused when the name is taken."""
        if actor.company_id != company.company_id:
            raise Refused("The first actor of a company must be its own.")
        with self._database.write() as tx:
            if tx.execute(select(tables.head).where(tables.head.c.company_id == company.company_id)).first():
                raise Refused(f"There is already a company {company.company_id!r}.", next_step="Choose another id.")
            tx.execute(insert(tables.head), {"company_id": company.company_id, "seq": 0, "chain": FIRST_CHAIN})
            with self._joining(tx, Author(company.company_id, actor.actor_id)) as scribe:
                scribe.keep(tables.company, [{"body": text_of(company)}])
                scribe.keep(tables.actor, [{"actor_id": actor.actor_id, "body": text_of(actor)}])
                scribe.write("company", company)

    def companies(self) -> tuple[Company, ...]:
        """All of them, by id."""
        with self._database.read() as tx:
            found = tx.execute(_COMPANIES).scalars().all()
        return tuple(read_back(body, Company) for body in found)

    def company(self, company: CompanyId) -> Company:
        """UnknownRecord when there is none of that id."""
        with self._database.read() as tx:
            body = tx.execute(_COMPANY, {"company": company}).scalar_one_or_none()
        if body is None:
            raise unknown_company(company)
        return read_back(body, Company)

    def set_company(self, company: Company, by: ActorId) -> None:
        """Change a company's name, currency, zone or settings."""
        with self._writing(Author(company.company_id, by)) as scribe:
            scribe.keep(tables.company, [{"body": text_of(company)}])
            scribe.write("company", company)

    def add_actor(self, actor: Actor, by: ActorId | None = None) -> None:
        """A person who may act for a company, added by that one (None: by itself); a known id gets the new name."""
        with self._writing(Author(actor.company_id, by or actor.actor_id)) as scribe:
            scribe.keep(tables.actor, [{"actor_id": actor.actor_id, "body": text_of(actor)}])
            scribe.write("actor", actor)

    def actors(self, company: CompanyId) -> tuple[Actor, ...]:
        """All of one company, by id."""
        with self._database.read() as tx:
            found = tx.execute(
                select(tables.actor.c.body)
                .where(tables.actor.c.company_id == company)
                .order_by(tables.actor.c.actor_id)
            ).scalars()
            return tuple(read_back(body, Actor) for body in found)

    def save_connection(self, connection: Connection, by: ActorId) -> None:
        """A new connection, or a change of one."""
        with self._writing(Author(connection.company_id, by)) as scribe:
            scribe.keep(tables.connection, [{"connection_id": connection.connection_id, "body": text_of(connection)}])
            scribe.write("connection", connection)

    def connections(self, company: CompanyId) -> tuple[Connection, ...]:
        """All of one company, by id."""
        with self._database.read() as tx:
            found = tx.execute(_CONNECTIONS, {"company": company}).scalars()
            return tuple(read_back(body, Connection) for body in found)

    def connection(self, company: CompanyId, connection: ConnectionId) -> Connection:
        """UnknownRecord when the company has none of that id."""
        with self._database.read() as tx:
            asked = {"company": company, "connection": connection}
            body = tx.execute(_CONNECTION, asked).scalar_one_or_none()
        if body is None:
            raise UnknownRecord(
                f"The company {company!r} has no connection {connection!r}.", next_step="Connect it first."
            )
        return read_back(body, Connection)
