"""Archives that somebody carries off by a browser: the audit pack of a run or month, and everything of a company.

They are made in the background into the home folder, where only its owner reads, and lie there for a day. What is older
goes with the next look at any of them. No secret is in them: neither kind ever holds one.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from connector.app.auditing import Audit, archive, audit
from connector.app.house import Desk
from connector.app.takeout import UNFINISHED, Takeout, take_out
from connector.dates import Instant, instant_from_epoch
from connector.errors import StoreError, UnknownRecord
from connector.model.link_line import hash_of
from connector.store.signing import Signature

KEPT = timedelta(days=1)
SUFFIX = ".zip"
_FOLDER = "archives"
_PRIVATE = 0o700


class ArchiveKind(StrEnum):
    """What is in it."""

    AUDIT = "audit"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One that may be carried off."""

    path: Path
    made_at: Instant
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """An audit pack: its file, what is in it, and who signed it, None where this installation has no key yet."""

    path: Path
    found: Audit
    signature: Signature | None


def pack_audit(desk: Desk, wanted: str, render: Callable[[Audit], str]) -> Packed:
    """The audit pack of a plan, a run or a month. `render` draws the page beside the rows. Errors: as `audit`'s."""
    found = audit(desk, wanted)
    body, signature = archive(desk, found, render(found))
    path = _place(desk, ArchiveKind.AUDIT, wanted)
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(body)
        unfinished.replace(path)
    except OSError:
        raise _no_room(path) from None
    return Packed(path=path, found=found, signature=signature)


def pack_everything(desk: Desk) -> tuple[Path, Takeout]:
    """Everything of the company as one file: the folder that `take_out` writes, packed."""
    path = _place(desk, ArchiveKind.EXPORT, "")
    unfinished = path.with_name(path.name + UNFINISHED)
    folder = path.with_suffix("")
    try:
        made = take_out(desk, folder)
        unfinished.touch(mode=0o600)
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as packed:
            for each in sorted(folder.iterdir()):
                packed.write(each, f"{folder.name}/{each.name}")
        unfinished.replace(path)
    except OSError:
        raise _no_room(path) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return path, made


def ready(desk: Desk, kind: ArchiveKind) -> tuple[Archive, ...]:
    """Those that lie there, the latest first."""
    _let_go(desk)
    found = [(path, path.stat()) for path in _folder(desk, kind).glob(f"*{SUFFIX}")]
    rows = [
        Archive(path=path, made_at=instant_from_epoch(int(held.st_mtime)), size_bytes=held.st_size)
        for path, held in found
    ]
    return tuple(sorted(rows, key=lambda each: (each.made_at, each.path), reverse=True))


def chosen(desk: Desk, kind: ArchiveKind, name: str) -> Archive:
    """One of those by the name of its file; UnknownRecord where it is none of them, whatever is named."""
    found = next((each for each in ready(desk, kind) if each.path.name == name), None)
    if found is None:
        raise UnknownRecord("That archive is not here any more.", next_step="Make it again: they are kept for a day.")
    return found


def _place(desk: Desk, kind: ArchiveKind, about: str) -> Path:
    """Where a new one is written: its name says of which company it is, what is in it, and when it was made."""
    _let_go(desk)
    folder = _folder(desk, kind)
    try:
        for each in (folder.parent.parent, folder.parent, folder):
            each.mkdir(mode=_PRIVATE, exist_ok=True)
    except OSError:
        raise _no_room(folder) from None
    parts = (desk.company.name, kind, about, f"{desk.clock.now():%Y%m%dT%H%M%SZ}")
    words = (re.sub(r"[^A-Za-z0-9]+", "-", part).strip("-").lower()[:60] for part in parts[:-1])
    return folder / ("-".join([*filter(None, words), parts[-1]]) + SUFFIX)


def _folder(desk: Desk, kind: ArchiveKind) -> Path:
    """By a hash: a company may be called what no folder can be."""
    return desk.house.config.home / _FOLDER / hash_of(desk.id)[:16] / kind


def _let_go(desk: Desk) -> None:
    """Delete what is older than a day, of every company, and what was never finished."""
    oldest = (desk.clock.now() - KEPT).timestamp()
    for path in (desk.house.config.home / _FOLDER).glob("*/*/*"):
        try:
            if path.stat().st_mtime >= oldest:
                continue
            path.unlink() if path.is_file() else shutil.rmtree(path)
        except OSError:
            continue  # another process was first, or it is held open


def _no_room(path: Path) -> StoreError:
    return StoreError(
        f"The archive {path} could not be written.", next_step="Look whether its place is there and has room."
    )
