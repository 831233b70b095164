"""The way of a new company from nothing to books that are kept by themselves: which steps are done, and which is next.

Said from our own store alone, and from nothing that takes long: what a proof said last stands beside when that was.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.app.figures import PROOF, Proven, kept_as
from connector.app.freshness import Freshness
from connector.app.house import Desk
from connector.app.standing import accounts_of
from connector.app.ticking import UNATTENDED
from connector.model.firm import Connection


class StepKey(StrEnum):
    """What each step does."""

    BOOKS = "books"
    MONEY = "money"
    READ = "read"
    ACCOUNTS = "accounts"
    PLAN = "plan"
    WRITES = "writes"
    APPLY = "apply"
    PROVE = "prove"
    AUTOSYNC = "autosync"


class StepState(StrEnum):
    """NEXT: the first that is not done. LATER: it waits for that one."""

    DONE = "done"
    NEXT = "next"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `said` is how it stands, or what it is good for."""

    key: StepKey
    title: str
    state: StepState
    said: str
    leads_to: str = ""


def first_steps(desk: Desk, known: Freshness) -> tuple[Step, ...]:
    """All of them, in their order."""
    every = tuple(each.connection for each in known.readings if not each.parted)
    books = next((each for each in every if desk.spec(each).keeps_books), None)
    money = tuple(each for each in every if not desk.spec(each).keeps_books)
    applied = desk.store.was_applied(desk.id, but_by=UNATTENDED)
    found = [
        (StepKey.BOOKS, "Connect your books", books is not None, _named(desk, (books,)) or "Read-only at first.", ""),
        (StepKey.MONEY, "Connect where money comes in", bool(money), _named(desk, money) or _NO_MONEY, ""),
        _read(known),
        _accounts(money),
        _planned(desk),
        (StepKey.WRITES, "Allow writing into the books", books is not None and books.writes_allowed, _WRITES, ""),
        (StepKey.APPLY, "Write the first plan", applied, _APPLY, ""),
        _proved(desk, applied=applied),
        (StepKey.AUTOSYNC, "Switch on auto-sync", _is_on(desk), _AUTOSYNC, ""),
    ]
    begun = False
    steps = []
    for key, title, done, said, leads_to in found:
        state = StepState.DONE if done else StepState.LATER if begun else StepState.NEXT
        begun = begun or not done
        steps.append(Step(key=key, title=title, state=state, said=said, leads_to=leads_to))
    return tuple(steps)


_NO_MONEY = "A card processor, a wallet, or your bank's statements."
_WRITES = "Until then nothing can be written, only read and planned. It can be taken back at any time."
_APPLY = "Exactly what a plan says is written, each line once, and read back. A run can be taken back as a whole."
_AUTOSYNC = "Then what is proved and within your bounds is written by itself; what is not sure waits for you."
_Row = tuple[StepKey, str, bool, str, str]


def _named(desk: Desk, connections: tuple[Connection | None, ...]) -> str:
    names = [desk.spec(each).title for each in connections if each is not None]
    return f"{', '.join(names)}." if names else ""


def _read(known: Freshness) -> _Row:
    done = bool(known.readings) and all(each.data_as_of is not None for each in known.readings)
    said = "Everything was read to its end once." if done else "Customers, invoices, payments and payouts are read."
    return StepKey.READ, "Read everything", done, said, ""


def _accounts(money: tuple[Connection, ...]) -> _Row:
    lacking = [check.sentence for each in money if not (check := accounts_of(each)).ok]
    said = lacking[0] if lacking else "Which account of the books is used for what."
    return StepKey.ACCOUNTS, "Choose the accounts", bool(money) and not lacking, said, ""


def _planned(desk: Desk) -> _Row:
    made = desk.store.plan_names(desk.id, most=1)
    said = "It says line by line what would be written, before anything is."
    return StepKey.PLAN, "Make a first plan, and look at it", bool(made), said, made[0] if made else ""


def _proved(desk: Desk, *, applied: bool) -> _Row:
    held = kept_as(desk, PROOF, Proven)
    said = "Every entry of the books, the processors and the connector is held against what it stands for."
    if held is not None and not held[0].holds:
        said = "The last proof does not hold: something does not agree."
    elif held is not None and held[0].unknown:
        said = "The last proof does not know all: a system is disconnected."
    done = applied and held is not None and held[0].holds and not held[0].unknown
    return StepKey.PROVE, "Prove that all agree", done, said, ""


def _is_on(desk: Desk) -> bool:
    return desk.company.autosync.on and not desk.company.autosync.dry_run
