"""Who may sign in to the console, what they may do in which company, and where they are signed in.

A secret is stored as its hash alone. Roles stand in the journal of their company; passwords and sessions nowhere but in
their own row.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, delete, insert, select, update

from connector.dates import Instant
from connector.model.person import Person, Role, Seat, Session
from connector.model.source import ActorId, CompanyId
from connector.store import tables
from connector.store.budget import EVERYBODY
from connector.store.journal import Desk, from_micros, micros, read_back, text_of
from connector.store.rows import Author

SEATED = "seat"
"""The kind of the journal entry when somebody was given a role, or has none any more."""

_SESSION = tables.session.c
_SEAT = tables.seat.c


class People(Desk):
    """People of the console."""

    def people(self) -> tuple[Person, ...]:
        """Everybody who may sign in, by id."""
        with self._database.read() as tx:
            found = tx.execute(select(tables.person.c.body).order_by(tables.person.c.person_id)).scalars()
            return tuple(read_back(body, Person) for body in found)

    def save_person(self, person: Person) -> None:
        """A new one, or a new name or password."""
        row = {"company_id": EVERYBODY, "person_id": person.person_id, "body": text_of(person)}
        with self._database.write() as tx:
            tx.execute(self._database.upsert(tables.person), [row])

    def drop_person(self, person: ActorId) -> None:
        """They cannot sign in any more; what they did stays theirs."""
        with self._database.write() as tx:
            tx.execute(delete(tables.person).where(tables.person.c.person_id == person))
            tx.execute(delete(tables.session).where(_SESSION.person_id == person))

    def seats(self, *, company: CompanyId | None = None, person: ActorId | None = None) -> tuple[Seat, ...]:
        """Who has which role: in a company, of a person, or all."""
        wanted = select(tables.seat.c.body).order_by(_SEAT.company_id, _SEAT.person_id)
        if company is not None:
            wanted = wanted.where(_SEAT.company_id == company)
        if person is not None:
            wanted = wanted.where(_SEAT.person_id == person)
        with self._database.read() as tx:
            return tuple(read_back(body, Seat) for body in tx.execute(wanted).scalars())

    def give_seat(self, seat: Seat, by: ActorId) -> None:
        """Give a role, in place of the one before."""
        with self._writing(Author(seat.company_id, by)) as scribe:
            scribe.keep(tables.seat, [{"person_id": seat.person_id, "body": text_of(seat)}])
            scribe.write(SEATED, seat)

    def take_seat(self, company: CompanyId, person: ActorId, by: ActorId) -> None:
        """They have no role in the company any more."""
        with self._writing(Author(company, by)) as scribe:
            scribe.drop(tables.seat, [{"person_id": person}])
            scribe.write(SEATED, {"company_id": company, "person_id": person, "role": None})

    def begin_session(self, session: Session) -> None:
        """Somebody is signed in, or invited, from now on."""
        with self._database.write() as tx:
            tx.execute(insert(tables.session), [_row_of(session)])

    def session(self, token_hash: str) -> Session | None:
        """The one of that secret, None when there is none."""
        wanted = select(tables.session).where(_SESSION.company_id == EVERYBODY, _SESSION.token_hash == token_hash)
        with self._database.read() as tx:
            found = tx.execute(wanted).one_or_none()
        return None if found is None else _session(found)

    def touch_session(self, token_hash: str, at: Instant) -> None:
        """It was used then."""
        with self._database.write() as tx:
            mine = (_SESSION.company_id == EVERYBODY, _SESSION.token_hash == token_hash)
            tx.execute(update(tables.session).where(*mine).values(seen_at=micros(at)))

    def end_session(self, token_hash: str) -> bool:
        """It is over; whether there was one. Of two who end the same, one is told so."""
        mine = (_SESSION.company_id == EVERYBODY, _SESSION.token_hash == token_hash)
        with self._database.write() as tx:
            gone: Sequence[str] = (
                tx.execute(delete(tables.session).where(*mine).returning(_SESSION.token_hash)).scalars().all()
            )
        return bool(gone)

    def end_sessions(
        self, person: ActorId | None = None, *, invited: bool | None = None, made_before: Instant | None = None
    ) -> None:
        """End those of a person, those that are invitations (or are not), and those that were begun before then: what
        is all of that."""
        gone = delete(tables.session).where(_SESSION.company_id == EVERYBODY)
        if invited is not None:
            gone = gone.where(_SESSION.invited == int(invited))
        if person is not None:
            gone = gone.where(_SESSION.person_id == person)
        if made_before is not None:
            gone = gone.where(_SESSION.made_at < micros(made_before))
        with self._database.write() as tx:
            tx.execute(gone)

    def role_of(self, company: CompanyId, person: ActorId) -> Role | None:
        """What a person may do in a company; None: it is not there for them."""
        wanted = select(tables.seat.c.body).where(_SEAT.company_id == company, _SEAT.person_id == person)
        with self._database.read() as tx:
            body = tx.execute(wanted).scalar_one_or_none()
        return None if body is None else read_back(body, Seat).role


def _row_of(session: Session) -> dict[str, str | int]:
    return {
        "company_id": EVERYBODY,
        "token_hash": session.token_hash,
        "person_id": session.person_id,
        "invited": int(session.invited),
        "form_key": session.form_key,
        "made_at": micros(session.made_at),
        "seen_at": micros(session.seen_at),
    }


def _session(row: Row[tuple[object, ...]]) -> Session:
    return Session(
        token_hash=row.token_hash,
        person_id=ActorId(row.person_id),
        invited=bool(row.invited),
        form_key=row.form_key,
        made_at=from_micros(row.made_at),
        seen_at=from_micros(row.seen_at),
    )
