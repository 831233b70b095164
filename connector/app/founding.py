"""A new company: its name, its days, and who looks after it. What it keeps its books with is connected after that."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

from connector.app.house import House
from connector.dates import zone
from connector.errors import SettingsError, UserError
from connector.model.firm import Actor, Company
from connector.model.person import Person, Role, Seat
from connector.model.source import CompanyId
from connector.money import currency

NAME_MAX = 100
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_AREAS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


def zones() -> tuple[str, ...]:
    """The time zones that somebody may choose, by name."""
    return ("UTC", *sorted(each for each in available_timezones() if each.startswith(_AREAS)))


def may_found(house: House, person: Person) -> bool:
    """Whoever is admin of some company may; and anybody while there is none at all."""
    seats = house.store.seats(person=person.person_id)
    return any(each.role is Role.ADMIN for each in seats) or not house.store.companies()


def found_company(house: House, person: Person, wanted: str, name: str, where: str) -> Company:
    """The company, with that person as its admin. UserError, Refused: its short name is none, or is taken."""
    called = name.strip()[:NAME_MAX]
    short = wanted.strip() or _short(called)
    if not called or not called.isprintable():
        raise UserError("The company has no name yet.", next_step="Type the name by which you call it.")
    if not _ID.fullmatch(short):
        raise UserError(
            f"{short[:40]!r} is no short name for a company.",
            next_step="Use small letters, digits and hyphens, such as walkabout-tools.",
        )
    try:
        zone(where)
    except SettingsError as fault:
        raise UserError(fault.sentence, next_step="Choose one of the list, such as America/New_York.") from None
    company = Company(company_id=CompanyId(short), name=called, home_currency=currency("USD"), zone=where)
    house.store.add_company(company, Actor(company_id=company.company_id, actor_id=person.person_id, name=person.name))
    house.store.give_seat(
        Seat(company_id=company.company_id, person_id=person.person_id, role=Role.ADMIN), person.person_id
    )
    return company


def _short(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40]
