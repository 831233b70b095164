"""A new computer from a backup: the file sent or named, its key, and what came of it. Only while there is no company
here: later it would take the database away from under everybody."""

from __future__ import annotations

import shutil
from pathlib import Path

from fastapi.responses import Response

from connector.app.moving import Luggage, Moved, may_move_in, move_in
from connector.errors import ReceivablesError, UserError
from connector.web.console.door import Arrival, nothing_here
from connector.web.console.drawing import hall, outside
from connector.web.console.streamed import FIELD_BYTES_MAX, Streamed, too_large
from connector.web.console.ways import Guest

COPY_BYTES_MAX = 16_000_000_000
"""How much may be sent; what is more is named where it lies."""

PATH_MAX = 1_000
_TIMES_ON_DISK = 2
"""What is sent lies there twice, until it has taken its place."""


def ask(guest: Guest) -> Response:
    """What is needed."""
    return _ask(guest)


def _ask(guest: Guest, fault: ReceivablesError | None = None) -> Response:
    if not may_move_in(guest.house):
        return nothing_here(guest)
    return hall(
        guest,
        "restore.html",
        "I have a backup",
        wrong=fault,
        path=guest.given("path", PATH_MAX) if guest.form is not None else "",
        lost=guest.given("lost", 3) == "yes",
        most_gb=COPY_BYTES_MAX // 1_000_000_000,
    )


def may_send(guest: Guest, bytes_told: int) -> Response | None:
    """Before anything of a file is taken: the page that says no, None for yes."""
    if not may_move_in(guest.house):
        return nothing_here(guest)
    if bytes_told > COPY_BYTES_MAX + FIELD_BYTES_MAX:
        return _ask(guest, too_large(COPY_BYTES_MAX))
    if bytes_told * _TIMES_ON_DISK > shutil.disk_usage(guest.house.config.home).free:
        return _ask(
            guest,
            UserError(
                "There is no room for it on this computer's disk.",
                next_step="Make room for twice its size, or choose a home on another disk in RECEIVABLES_HOME.",
            ),
        )
    return None


def bring(guest: Guest, sent: Streamed) -> Response:
    """Prove it, and work with it from now on."""
    if not may_move_in(guest.house):
        return nothing_here(guest)
    house = guest.house
    try:
        moved = move_in(house.config, house.clock, _luggage(guest, sent), guest.person)
    except ReceivablesError as fault:
        return _ask(guest, fault)
    guest.tools.anew()
    return _moved(guest, moved)


def _luggage(guest: Guest, sent: Streamed) -> Luggage:
    if sent.fault is not None:
        raise sent.fault
    path, held = guest.given("path", PATH_MAX), sent.files.get("copy")
    if (held is None) is (not path):
        raise UserError(
            "Either a file is sent, or one on this computer is named.",
            next_step="Choose the backup in one of both ways.",
        )
    if held is None and not Path(path).expanduser().is_absolute():
        raise UserError(f"{path[:80]!r} is no whole path.", next_step="For example /media/disk/receivables-20260301.db")
    return Luggage(
        copy=held if held is not None else Path(path).expanduser(),
        key=_key(guest, sent),
        key_lost=guest.given("lost", 3) == "yes",
    )


def _key(guest: Guest, sent: Streamed) -> str:
    """The text of the key file, sent or pasted."""
    file = sent.files.get("key_file")
    if file is None:
        return guest.given("key", FIELD_BYTES_MAX)
    if file.stat().st_size > FIELD_BYTES_MAX:
        raise UserError("That is no key file: it is far too long.", next_step="Choose receivables.key.")
    return file.read_text(encoding="ascii", errors="replace")


def _moved(guest: Guest, moved: Moved) -> Response:
    """What came of it, told to somebody who has to sign in anew: sessions are of the database before."""
    return outside(
        "restored.html",
        "The backup is in its place",
        companies=len(moved.copy.heads),
        heads=moved.copy.heads,
        aside=moved.aside,
        adopted=moved.adopted,
        name=guest.person.person_id,
    )


UPLOAD = Arrival(may=may_send, answer=bring, folder=lambda house: house.config.home, bytes_max=COPY_BYTES_MAX)
