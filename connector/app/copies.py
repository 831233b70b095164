"""A copy of everything, made while work goes on and proved by opening it; and putting one back.

A copy is only called one after it was opened as a database of ours, its journals were checked from end to end, and each
was found to be the beginning of the journal it was copied from. The key to the secrets is not in it, and must not be.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.app.house import House
from connector.clock import Clock
from connector.config import Config
from connector.dates import Instant, instant_from_epoch
from connector.errors import Disagreement, Refused, StoreError, UserError
from connector.model.source import CompanyId
from connector.store import Store
from connector.store.owners import is_dead

UNPROVED = ".unproved"
ASIDE = ".replaced"
_PREFIX, _SUFFIX = "receivables-", ".db"
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A proved copy. `heads`: where each company's journal ends in it, NUMBER:HASH."""

    path: Path
    heads: Mapping[CompanyId, str]


def backup(house: House, target: Path) -> Copy:
    """Copy the database there, and prove the copy. Refused: there is a file already. Errors: StoreError, Disagreement;
    nothing of that name is left then."""
    if target.exists():
        raise Refused(f"There is a file {target} already.", next_step="Name another; a copy is never overwritten.")
    unproved = target.with_name(target.name + UNPROVED)
    try:
        house.store.copy_to(unproved)
        heads = _proved(unproved, house.clock)
        for company, head in heads.items():
            if house.store.verify(company, [_split(head)]):
                raise Disagreement(
                    f"The copy of {company} is not the beginning of what is here.", next_step="Run: receivables verify"
                )
        unproved.replace(target)
    finally:
        for each in unproved.parent.glob(unproved.name + "*"):
            each.unlink(missing_ok=True)
    return Copy(path=target, heads=heads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A copy that lies in the folder for them, as its file says."""

    path: Path
    made_at: Instant
    size_bytes: int


def back_up(house: House) -> Copy:
    """A copy in the folder for them, named after the moment. Refused: a folder that somebody chose is not there (its
    disk may not be). Errors: as `backup`'s."""
    folder = house.config.backup_folder
    if house.config.backups is not None and not folder.is_dir():
        raise Refused(
            f"The folder for backups, {folder}, is not there.",
            next_step="Plug in the disk it is on, or name another folder in RECEIVABLES_BACKUPS.",
        )
    try:
        folder.mkdir(mode=_PRIVATE, exist_ok=True)
    except OSError:
        raise StoreError(
            f"The folder for backups, {folder}, could not be made.", next_step="Look what is there of that name."
        ) from None
    return backup(house, folder / f"{_PREFIX}{house.clock.now():%Y%m%dT%H%M%SZ}{_SUFFIX}")


def kept(config: Config) -> tuple[Kept, ...]:
    """The copies in the folder for them, the latest first; none where the folder cannot be looked into."""
    try:
        found = [(path, path.stat()) for path in config.backup_folder.glob(f"{_PREFIX}*{_SUFFIX}")]
    except OSError:
        return ()
    rows = [
        Kept(path=path, made_at=instant_from_epoch(int(held.st_mtime)), size_bytes=held.st_size) for path, held in found
    ]
    return tuple(sorted(rows, key=lambda each: (each.made_at, each.path), reverse=True))


def _proved(path: Path, clock: Clock) -> dict[CompanyId, str]:
    """Open it as ours and check every journal; where each ends."""
    heads = {}
    with Store.open(path, clock, must_exist=True) as copy:
        for each in copy.companies():
            problems = copy.verify(each.company_id)
            if problems:
                raise Disagreement(f"The copy is not whole: {problems[0]}", next_step="Take another copy.")
            number, chain = copy.head(each.company_id)
            heads[each.company_id] = f"{number}:{chain}"
    return heads


def _split(head: str) -> tuple[int, str]:
    number, _, chain = head.partition(":")
    return int(number), chain


def _as_it_is(_copy: Path) -> None:
    """Nothing more is done with a copy before it takes its place."""


def restore(
    config: Config, clock: Clock, source: Path, ready: Callable[[Path], None] = _as_it_is
) -> tuple[Copy, Path | None]:
    """Put a proved copy in the place of the database; what was there is set aside, and never deleted.

    Refused while anybody works with it. What was written outside since the copy was made is found again by its mark
    before anything more is written. `ready` is given the copy once it is proved; where it raises, nothing was changed.
    """
    if "://" in config.database:
        raise UserError("Only a file can be put back by this.", next_step="Ask the server for its restore: pg_restore")
    if not source.is_file():
        raise UserError(f"There is no file {source}.", next_step="Name one that `receivables backup` made.")
    place = Path(config.database)
    unproved = place.with_name(place.name + UNPROVED)
    try:
        _fetched(source, unproved)
        heads = _proved(unproved, clock)
        ready(unproved)
        aside = _set_aside(place, clock)
        unproved.replace(place)
    finally:
        for each in unproved.parent.glob(unproved.name + "*"):
            each.unlink(missing_ok=True)
    return Copy(path=place, heads=heads), aside


def _fetched(source: Path, target: Path) -> None:
    """The file as it is, with what was committed and not yet carried over beside it. It is not opened: that could bring
    it to the schema of this release."""
    try:
        for suffix in ("", "-wal"):
            part = source.with_name(source.name + suffix)
            if part.exists():
                to = target.with_name(target.name + suffix)
                to.touch(mode=0o600)
                shutil.copyfile(part, to)
    except OSError:
        raise StoreError(
            f"The copy {source} could not be read.", next_step="Look whether it is yours, and there is room."
        ) from None


def _set_aside(place: Path, clock: Clock) -> Path | None:
    if not place.exists():
        return None
    with Store.open(place, clock, must_exist=True) as held:
        if any(not is_dead(owner) for owner in held.holders()):
            raise Refused("Somebody works with the database now.", next_step="Stop the daemon and every command first.")
    aside = place.with_name(f"{place.name}{ASIDE}-{clock.now():%Y%m%dT%H%M%S}")
    for suffix in ("", "-wal", "-shm"):
        part = place.with_name(place.name + suffix)
        if part.exists():
            part.replace(aside.with_name(aside.name + suffix))
    return aside
