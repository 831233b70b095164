"""A new computer: a copy that was made on another becomes what this one works with, while nothing is here yet.

What the command `restore` does is done by it, and as strictly: the copy is proved first, and what it says of writing
holds as it did. Beside that the key to its secrets is brought, and tried before anything is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from connector.app.copies import Copy, restore
from connector.app.house import House
from connector.app.keys import key_source
from connector.app.staff import is_new, look_after_all
from connector.clock import Clock
from connector.config import Config
from connector.errors import Refused
from connector.model.person import Person
from connector.store import Store
from connector.store.keyring import KeyFile, KeySource, keys_in_text
from connector.store.vault import KeyMissing

_GIVEN = "what you gave"
_MOVING = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Luggage:
    """What somebody has from the other computer. `key` is the text of its key file, "" where it lies here already;
    `key_lost`: nobody has it any more, and what it sealed is thrown away."""

    copy: Path
    key: str = field(default="", repr=False)
    key_lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What came of it: the copy in its place, what was there before, and whether nobody could sign in in it, so that
    whoever brought it looks after it now."""

    copy: Copy
    aside: Path | None
    adopted: bool


def may_move_in(house: House) -> bool:
    """Whether this is a home without any company, whose database is a file."""
    return house.store.is_one_file and not house.store.companies()


def move_in(config: Config, clock: Clock, luggage: Luggage, person: Person) -> Moved:
    """Work with the copy from now on. Refused where there is a company already, and without the key. Errors: as
    `restore`'s; nothing was changed then."""
    with _MOVING:
        return _move_in(config, clock, luggage, person)


def _move_in(config: Config, clock: Clock, luggage: Luggage, person: Person) -> Moved:
    with Store.open(config.database, clock) as here:
        if here.companies():
            raise Refused(
                "There are companies on this computer already, and nothing is put in their place from here.",
                next_step="Whoever looks after this computer does that: receivables restore FILE",
            )
    own, given = key_source(config), keys_in_text(luggage.key, _GIVEN) if luggage.key.strip() else None

    def ready(copy: Path) -> None:
        if _opens(copy, clock, own):
            return
        if given is not None:
            if not _opens(copy, clock, given):
                raise Refused(
                    "The key that you gave is not the one that the secrets in this copy were sealed with.",
                    next_step="Give that of the computer on which the copy was made; nothing was changed.",
                )
            _bring(own, given)
        elif luggage.key_lost:
            with Store.open(copy, clock, must_exist=True) as held:
                held.give_up_secrets(person.person_id)
        else:
            raise Refused(
                "The key to the secrets in this copy is not on this computer.",
                next_step="Give the key file of the computer on which the copy was made: receivables.key, in a folder "
                "whose name ends in -key. If it is lost for good, say so.",
            )

    made, aside = restore(config, clock, luggage.copy, ready)
    with House(config, clock) as house:
        adopted = is_new(house)
        if adopted:
            look_after_all(house, person)
    return Moved(copy=made, aside=aside, adopted=adopted)


def _opens(copy: Path, clock: Clock, keys: KeySource) -> bool:
    """Whether these are the keys to its secrets, or it has none."""
    try:
        with Store.open(copy, clock, must_exist=True) as held:
            held.unlock(keys)
    except KeyMissing:
        return False
    return True


def _bring(own: KeySource, given: KeySource) -> None:
    if not isinstance(own, KeyFile):
        raise Refused(
            f"This computer takes its keys from {own.where}, which is not changed from here.",
            next_step="Add the copy's key there, behind the others, start the console again, and leave the key out.",
        )
    own.bring(given.read())
