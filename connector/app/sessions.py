"""Signing in to the console: passwords, the links by which one is chosen, and the browsers in which somebody is.

A secret is told once and stored as its hash. Whoever signs in gets a new secret, whatever the browser had before. A
session ends when nobody used it for a while, when it is old, when its person has another password, and by hand.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from connector import logs
from connector.app.house import House
from connector.dates import after
from connector.errors import Refused, UserError
from connector.model.link_line import hash_of
from connector.model.person import Person, Session
from connector.model.source import ActorId

IDLE_SECONDS = 60 * 60
"""So long may nobody use a session; then it is over."""

LIFE_SECONDS = 12 * 3600
"""So long a session lasts at most, however much it is used: a working day."""

INVITED_SECONDS = 24 * 3600
"""So long a link by which a password is chosen can be used, once."""

TOUCHED_SECONDS = 60
"""That a session was used is written down no more often than that."""

PASSWORD_MIN = 12
PASSWORD_MAX = 200
_TOKEN_BYTES = 32
_NO_ENTRY = "That name and password do not belong together."


@cache
def _hasher() -> PasswordHasher:
    """Argon2id, as RFC 9106 recommends where memory is short (64 MiB): the library's own choice."""
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """What a password is compared with where there is nobody of that name, so that both take the same time."""
    return _hasher().hash(secrets.token_urlsafe(_TOKEN_BYTES))


def person_named(house: House, wanted: str) -> Person | None:
    """Whoever has that name, however it is written."""
    key = wanted.strip().casefold()
    return next((each for each in house.store.people() if each.person_id.casefold() == key), None)


def invite(house: House, person: Person) -> str:
    """The secret of a link by which they choose a password, once; links they had before lead nowhere now."""
    house.store.end_sessions(person.person_id, invited=True)
    return _begin(house, person.person_id, invited=True)


def invited(house: House, token: str) -> Person | None:
    """Whom a link invites; None when it was used, is too old, or never was."""
    held = house.store.session(hash_of(token))
    if held is None or not held.invited or house.clock.now() >= after(held.made_at, INVITED_SECONDS):
        return None
    return person_named(house, held.person_id)


def choose_password(house: House, token: str, password: str, *, again: str) -> Person:
    """Use up a link. All sessions of the person end, and all its other links. UserError: a password that will not do,
    or that was typed in two ways; the link can be used again then. Refused: the link leads nowhere."""
    person = invited(house, token)
    if person is None:
        raise Refused("This link was used already, or is too old.", next_step="Ask for a new one: receivables users")
    if password != again:
        raise UserError("The two are not the same.", next_step="Type it twice.")
    _check_password(person, password)
    chosen = replace(person, password_hash=_hasher().hash(password))
    if not house.store.end_session(hash_of(token)):  # somebody else was a moment faster
        raise Refused("This link was used already.", next_step="Sign in, or ask for a new one.")
    house.store.end_sessions(person.person_id)
    house.store.save_person(chosen)
    return chosen


def _check_password(person: Person, password: str) -> None:
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise UserError(
            f"A password has {PASSWORD_MIN} to {PASSWORD_MAX} characters.",
            next_step="Four or five words are easy to remember and hard to guess.",
        )
    plain = password.casefold()
    if person.person_id.casefold() in plain or person.name.casefold() in plain or len(set(plain)) < PASSWORD_MIN // 2:
        raise UserError("That password would be guessed.", next_step="Leave out your name, and do not repeat letters.")


def sign_in(house: House, name: str, password: str) -> tuple[Person, str]:
    """Whoever it is, and the secret of a new session. Refused in the same words whatever does not fit."""
    person = person_named(house, name)
    held = person.password_hash if person is not None and person.password_hash else _nobodys_hash()
    try:
        _hasher().verify(held, password[:PASSWORD_MAX])
    except (VerificationError, InvalidHashError):
        raise Refused(_NO_ENTRY, next_step="Try again, or ask an admin for a new link.") from None
    if person is None or not person.password_hash:
        raise Refused(_NO_ENTRY, next_step="Try again, or ask an admin for a new link.")
    if _hasher().check_needs_rehash(held):
        person = replace(person, password_hash=_hasher().hash(password))
        house.store.save_person(person)
    return person, begin(house, person)


def begin(house: House, person: Person) -> str:
    """A new session; its secret. What is too old everywhere is forgotten on the way."""
    oldest = max(LIFE_SECONDS, INVITED_SECONDS)
    house.store.end_sessions(made_before=after(house.clock.now(), -oldest))
    return _begin(house, person.person_id, invited=False)


def _begin(house: House, person: ActorId, *, invited: bool) -> str:
    token, now = secrets.token_urlsafe(_TOKEN_BYTES), house.clock.now()
    logs.hide(token)
    house.store.begin_session(
        Session(
            token_hash=hash_of(token),
            person_id=person,
            invited=invited,
            form_key=secrets.token_urlsafe(_TOKEN_BYTES),
            made_at=now,
            seen_at=now,
        )
    )
    return token


def signed_in(house: House, token: str | None) -> tuple[Person, Session] | None:
    """Who uses that browser; None: nobody, or not any more."""
    held = house.store.session(hash_of(token)) if token else None
    if held is None or held.invited:
        return None
    now = house.clock.now()
    if now >= after(held.made_at, LIFE_SECONDS) or now >= after(held.seen_at, IDLE_SECONDS):
        house.store.end_session(held.token_hash)
        return None
    person = person_named(house, held.person_id)
    if person is None:
        return None
    if now >= after(held.seen_at, TOUCHED_SECONDS):
        house.store.touch_session(held.token_hash, now)
    return person, held


def sign_out(house: House, session: Session) -> None:
    """It is over."""
    house.store.end_session(session.token_hash)
