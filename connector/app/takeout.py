"""Everything of a company as open files: tables that any spreadsheet opens, and lines of JSON with all there is.

Nothing is left out but secrets and what only this installation means (whose turn it is, leases, sign-ins). The files
are written into a new folder, whole or not at all, and list themselves with their sums, so that a copy can be checked.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import IO

from connector import canonical
from connector.app.house import Desk
from connector.errors import Refused, StoreError
from connector.model.mirror import Gone
from connector.model.source import Kind
from connector.money import Money, plain

CONTENTS = "contents.json"
UNFINISHED = ".unfinished"
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One file of the folder: its name in it, its lines (of a table, its rows), and its SHA-256."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeout:
    """A whole folder, and the head of the journal it shows."""

    path: Path
    head: str
    files: tuple[Written, ...]


def take_out(desk: Desk, folder: Path) -> Takeout:
    """Write everything of the company there. Refused: there is something of that name already. Errors: StoreError."""
    if folder.exists():
        raise Refused(f"There is a folder {folder} already.", next_step="Name one that is not there yet.")
    unfinished = folder.with_name(folder.name + UNFINISHED)
    try:
        unfinished.mkdir(mode=_PRIVATE)
        head = "{}:{}".format(*desk.store.head(desk.id))
        files = tuple(_written(unfinished, name, rows) for name, rows in _everything(desk))
        listed = {"company": desk.id, "head": head, "files": files}
        (unfinished / CONTENTS).write_text(canonical.pretty(listed), encoding="utf-8")
        unfinished.replace(folder)
    except OSError:
        raise StoreError(
            f"The folder {folder} could not be written.", next_step="Look whether its place is there and has room."
        ) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return Takeout(path=folder, head=head, files=files)


def _everything(desk: Desk) -> Iterator[tuple[str, Iterable[object] | _Raw]]:
    store, own = desk.store, desk.id
    for kind in Kind:
        yield f"{kind.value}.csv", _rows(desk, kind)
        yield f"{kind.value}.documents.jsonl", _documents(desk, kind)
    yield "company.jsonl", (desk.company,)
    yield "actors.jsonl", store.actors(own)
    yield "connections.jsonl", store.connections(own)
    yield "writes.jsonl", store.outbox(own)
    yield "plans.jsonl", _Raw(body for _, body in store.plans(own))
    yield "decisions.jsonl", store.decisions(own)
    yield "findings.jsonl", store.findings(own)
    yield "notices.jsonl", store.notices(own)
    yield "evidence.jsonl", _Raw(store.evidence_of_all(own).values())
    yield "rulings.jsonl", store.rulings(own)
    yield "forgotten.jsonl", store.forgotten(own)
    yield "contacts.jsonl", store.contacts(own)
    yield "notes.jsonl", store.notes(own)
    yield "links.jsonl", store.links(own)
    yield "attempts.jsonl", store.attempts(own)
    yield "receipts.jsonl", store.receipts(own)
    yield "journal.jsonl", store.journal(own)


class _Raw:
    """Lines that are canonical JSON already."""

    def __init__(self, bodies: Iterable[bytes]) -> None:
        self.bodies = bodies


def _rows(desk: Desk, kind: Kind) -> Iterator[dict[str, str]]:
    """The records of a kind as a table's rows. What is gone is no row; its document says so."""
    for stored in desk.store.records(desk.id, kind):
        if not isinstance(stored.record, Gone):
            yield {"ref": str(stored.ref), "version": stored.version, **_cells(stored.record)}


def _cells(record: object) -> dict[str, str]:
    """A column per field; an amount is two, and what holds more than one value is JSON."""
    found: dict[str, str] = {}
    for each in fields(record) if is_dataclass(record) else ():
        value = getattr(record, each.name)
        if isinstance(value, Money):
            found[each.name], found[f"{each.name} currency"] = plain(value), value.currency
        elif value is None or isinstance(value, str | int):
            found[each.name] = "" if value is None else str(value)
        else:
            found[each.name] = canonical.encode(value).decode().strip('"')
    return found


def _documents(desk: Desk, kind: Kind) -> Iterator[dict[str, str]]:
    """What the other side said of each record, to the letter."""
    for stored in desk.store.records(desk.id, kind):
        said = desk.store.raw(desk.id, stored.ref)
        if said is not None:
            yield {"ref": str(stored.ref), "document": said.decode(errors="replace")}


def _written(folder: Path, name: str, rows: object) -> Written:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        if isinstance(rows, _Raw):
            number = _lines(file, (body.decode() for body in rows.bodies))
        elif name.endswith(".csv"):
            number = _table(file, rows)
        else:
            number = _lines(file, (canonical.encode(each).decode() for each in _listed(rows)))
    return Written(name=name, rows=number, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def _lines(file: IO[str], lines: Iterable[str]) -> int:
    number = 0
    for line in lines:
        file.write(line + "\n")
        number += 1
    return number


def _table(file: IO[str], rows: object) -> int:
    kept: list[dict[str, str]] = [each for each in _listed(rows) if isinstance(each, dict)]
    columns = list(dict.fromkeys(name for row in kept for name in row))
    writer = csv.DictWriter(file, columns, restval="")
    writer.writeheader()
    # A spreadsheet would carry out a text that begins like a formula.
    writer.writerows({name: f"'{text}" if text[:1] in _FORMULA else text for name, text in row.items()} for row in kept)
    return len(kept)


def _listed(rows: object) -> Iterable[object]:
    return rows if isinstance(rows, Iterable) else ()


_FORMULA = ("=", "@", "\t", "\r")
