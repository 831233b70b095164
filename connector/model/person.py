"""Who may use the console, as what in which company, and the long work that they have asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.dates import Instant
from connector.model.source import ActorId, CompanyId


class Role(StrEnum):
    """What somebody may do in one company; each may do all that stands before it.

    VIEW: look. PREPARE: read, decide, plan, log contacts, make links. APPROVE: agree to what another made, write it
    into the books, take it back. ADMIN: what goes on unattended, and who may do what.
    """

    VIEW = "view"
    PREPARE = "prepare"
    APPROVE = "approve"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        """Whether it covers the other one."""
        order = tuple(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in. `password_hash` is empty until the first password is chosen."""

    person_id: ActorId
    name: str
    password_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A person's role in one company."""

    company_id: CompanyId
    person_id: ActorId
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser in which somebody is signed in; or, `invited`, a link by which a password may be chosen once.

    Known by the hash of its secret alone. `form_key` is what its forms are signed with.
    """

    token_hash: str
    person_id: ActorId
    invited: bool
    form_key: str
    made_at: Instant
    seen_at: Instant


class ErrandKind(StrEnum):
    """What the console does in the background, because it takes longer than a page may."""

    READ = "read"
    PLAN = "plan"
    APPLY = "apply"
    UNDO = "undo"
    NOTES = "notes"
    BACKUP = "backup"
    PROVE = "prove"
    AUDIT = "audit"
    EXPORT = "export"
    SHADOW = "shadow"
    CLEAN_UP = "clean-up"


class ErrandState(StrEnum):
    """NEEDS_A_PERSON: it came to its end, and something of it waits for somebody."""

    WORKING = "working"
    DONE = "done"
    NEEDS_A_PERSON = "needs a person"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One piece of work under way, or done. `about` is the plan it is about, `leads_to` the one that came of it.

    `owner` is the process that does it: where that has died, nobody does it any more, whatever `state` says. `doing`
    and `done` are how far it is, `total` how far it has to go, None where nobody knows.
    """

    errand_id: str
    company_id: CompanyId
    kind: ErrandKind
    by: ActorId
    owner: str
    made_at: Instant
    about: str = ""
    state: ErrandState = ErrandState.WORKING
    doing: str = ""
    done: int = 0
    total: int | None = None
    said: tuple[str, ...] = ()
    next_step: str = ""
    leads_to: str = ""
    ended_at: Instant | None = None
