"""Who may use the console, and as what in which company. Nobody sets another's password: a link is given instead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.app.house import Desk, House
from connector.app.sessions import invite, person_named
from connector.errors import Refused, UnknownRecord, UserError
from connector.model.firm import Actor, Company
from connector.model.person import Person, Role, Seat
from connector.model.source import ActorId, CompanyId

NAME_MAX = 60
_ADD = "For example: receivables users add erin --role approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody with a role in a company. `pending`: no password was chosen yet."""

    person: Person
    role: Role
    pending: bool


def is_new(house: House) -> bool:
    """Whether nobody can sign in yet."""
    return not any(each.password_hash for each in house.store.people())


def first_link(house: House) -> str:
    """The secret of the link by which whoever installed this chooses a password, and is admin of every company."""
    person = person_named(house, house.actor) or Person(person_id=ActorId(_short(house.actor)), name=house.actor)
    look_after_all(house, person)
    return invite(house, person)


def look_after_all(house: House, person: Person) -> None:
    """They are admin of every company there is."""
    house.store.save_person(person)
    for company in house.store.companies():
        _seat(house, company, person, Role.ADMIN, by=person.person_id)


def adopt(house: House) -> tuple[Company, ...]:
    """Whoever starts the console is admin of companies that were connected since and that nobody looks after yet; those
    companies. None where they cannot sign in."""
    person = person_named(house, house.actor)
    if person is None:
        return ()
    seated = {each.company_id for each in house.store.seats()}
    fresh = tuple(each for each in house.store.companies() if each.company_id not in seated)
    for company in fresh:
        _seat(house, company, person, Role.ADMIN, by=person.person_id)
    return fresh


def add_colleague(desk: Desk, wanted: str, full: str | None, role: Role) -> tuple[Person, str]:
    """Somebody new in a company; who they are, and the secret of the link by which they choose a password ("" where
    they have one, because they use another company's console). Refused: they are here already."""
    person = person_named(desk.house, wanted)
    if person is None:
        person = Person(person_id=ActorId(_checked(wanted)), name=(full or "").strip()[:NAME_MAX] or wanted.strip())
        desk.house.store.save_person(person)
    elif desk.store.role_of(desk.id, person.person_id) is not None:
        raise Refused(f"{person.person_id} is here already.", next_step="Change the role instead.")
    _seat(desk.house, desk.company, person, role, by=desk.actor)
    return person, "" if person.password_hash else invite(desk.house, person)


def new_link(desk: Desk, wanted: str) -> str:
    """The secret of another link by which they choose a password: for whoever has forgotten theirs."""
    return invite(desk.house, colleague(desk, wanted).person)


def colleagues(desk: Desk) -> tuple[Colleague, ...]:
    """Who has a role in the company, by id."""
    people = {each.person_id: each for each in desk.store.people()}
    return tuple(
        Colleague(person=person, role=seat.role, pending=not person.password_hash)
        for seat in desk.store.seats(company=desk.id)
        if (person := people.get(seat.person_id)) is not None
    )


def colleague(desk: Desk, wanted: str) -> Colleague:
    """UnknownRecord when nobody of that name has a role in the company."""
    key = wanted.strip().casefold()
    found = next((each for each in colleagues(desk) if each.person.person_id.casefold() == key), None)
    if found is None:
        raise UnknownRecord(f"Nobody called {wanted[:40]!r} uses the console of {desk.company.name}.", next_step=_ADD)
    return found


def set_role(desk: Desk, wanted: str, role: Role) -> Colleague:
    """Another role. Refused for the last admin."""
    held = colleague(desk, wanted)
    if role is not Role.ADMIN:
        _leave_an_admin(desk, held)
    _seat(desk.house, desk.company, held.person, role, by=desk.actor)
    return colleague(desk, wanted)


def remove(desk: Desk, wanted: str) -> Person:
    """They have no role in the company any more, and cannot sign in where they have none elsewhere. Refused for the
    last admin."""
    held = colleague(desk, wanted)
    _leave_an_admin(desk, held)
    desk.store.take_seat(desk.id, held.person.person_id, desk.actor)
    if not desk.store.seats(person=held.person.person_id):
        desk.store.drop_person(held.person.person_id)
    return held.person


def companies_of(house: House, person: Person) -> tuple[tuple[Company, Role], ...]:
    """The companies in which somebody has a role, by id."""
    roles: dict[CompanyId, Role] = {each.company_id: each.role for each in house.store.seats(person=person.person_id)}
    return tuple((each, roles[each.company_id]) for each in house.store.companies() if each.company_id in roles)


def role_named(wanted: str) -> Role:
    """UserError when there is no such role."""
    try:
        return Role(wanted.strip().casefold())
    except ValueError:
        names = ", ".join(Role)
        raise UserError(f"There is no role {wanted[:20]!r}.", next_step=f"Those there are: {names}.") from None


def _leave_an_admin(desk: Desk, held: Colleague) -> None:
    others: Iterable[Colleague] = (each for each in colleagues(desk) if each.person != held.person)
    if held.role is Role.ADMIN and not any(each.role is Role.ADMIN for each in others):
        raise Refused(
            f"{held.person.person_id} is the only admin of {desk.company.name}.", next_step="Make another one first."
        )


def _seat(house: House, company: Company, person: Person, role: Role, *, by: ActorId) -> None:
    """Give the role; whoever acts is known as an actor of the company, so that they may approve."""
    known = {each.actor_id for each in house.store.actors(company.company_id)}
    if person.person_id not in known:
        added = Actor(company_id=company.company_id, actor_id=person.person_id, name=person.name)
        house.store.add_actor(added, by=by)
    house.store.give_seat(Seat(company_id=company.company_id, person_id=person.person_id, role=role), by)


def _checked(wanted: str) -> str:
    short = wanted.strip()
    if not short or len(short) > NAME_MAX or not short.isprintable() or any(letter.isspace() for letter in short):
        raise UserError("A person's short name is one word.", next_step=_ADD)
    return short


def _short(name: str) -> str:
    """A login name as one word."""
    return "-".join(name.split())[:NAME_MAX] or "admin"
