"""The folder of an account's statements: what lies in it, read whole, and how a file comes into it.

A file that cannot be read is told and left out; the others are read. What is taken in is checked first, and stands in
the folder whole or not at all, under a name made of its days and its content: the same file twice is one file.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.bankfile import camt, ofx, table
from adapters.bankfile.settings import Settings, same_account, shown
from adapters.bankfile.statement import Statement
from adapters.bankfile.sums import refuse_what_does_not_add_up
from connector import canonical
from connector.errors import ReceivablesError, SettingsError, Unreachable, UserError
from connector.exports.grid import contents
from connector.exports.workbook import is_workbook
from connector.money import Currency
from connector.ports import TakenFile

FILES_MAX = 5_000
_HEAD = 4_096
_NAME_LENGTH = 12
_MT940 = re.compile(rb"^:60[FM]:", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """All that lies there: the statements, and the files that could not be read, each with what to do. `digest` is the
    same as long as nothing there has changed."""

    digest: str
    statements: tuple[Statement, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


class Folder:
    """Where the statements of one account lie."""

    def __init__(self, settings: Settings, *, may_be_empty: Callable[[], bool]) -> None:
        """`may_be_empty`: nothing was read from it yet, so that it need not be there."""
        self._settings = settings
        self._path = Path(settings.folder)
        self._may_be_empty = may_be_empty
        self._known: dict[tuple[str, str], list[Statement]] = {}
        """What was read already, by the name and the content of its file."""

    def digest(self) -> str:
        """What lies there, and how it is read, in a few letters. Errors: Unreachable."""
        return self._digest(self._files())

    def read(self) -> Read:
        """Every statement there. Errors: Unreachable where the folder cannot be opened."""
        files = self._files()
        statements: list[Statement] = []
        refused: list[tuple[str, str]] = []
        for held in files:
            try:
                statements += self._statements(held[1], held[2])
            except ReceivablesError as fault:
                refused.append((fault.sentence, fault.next_step))
        return Read(digest=self._digest(files), statements=tuple(statements), refused=tuple(refused))

    def take(self, path: Path, *, keep: bool) -> TakenFile:
        """Check a file whole, and put it there where that is wanted. UserError where it cannot be read, does not add
        up or is of another account; nothing is kept of it then."""
        held = contents(path)
        found = self._statements(path, held)
        first, last = min(each.first for each in found), max(each.last for each in found)
        digest = canonical.digest(held)
        lines = sum(len(each.lines) for each in found)
        came = sum(line.amount > 0 for each in found for line in each.lines)
        is_new = all(canonical.digest(other) != digest for _, _, other in self._files(make=True))
        if is_new and keep:
            self._put(held, f"{first}_{last}_{digest[:_NAME_LENGTH]}{path.suffix.lower()}")
        return TakenFile(file=path.name, first=str(first), last=str(last), lines=lines, came=came, is_new=is_new)

    def _put(self, held: bytes, name: str) -> None:
        try:
            with tempfile.NamedTemporaryFile(dir=self._path, prefix=".", suffix=".part", delete=False) as unfinished:
                unfinished.write(held)
                unfinished.flush()
                os.fsync(unfinished.fileno())
            Path(unfinished.name).replace(self._path / name)
        except OSError:
            raise SettingsError(
                f"Nothing can be written into {self._path}.", next_step="Check its permissions, and import it again."
            ) from None

    def _files(self, *, make: bool = False) -> list[tuple[str, Path, bytes]]:
        """Each file there once, whatever it is called; by name."""
        try:
            if make:
                self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            elif self._may_be_empty() and not self._path.exists() and self._path.parent.is_dir():
                return []
            paths = sorted(each for each in self._path.iterdir() if each.is_file() and not each.name.startswith("."))
        except OSError:
            raise Unreachable(
                f"The folder {self._path} cannot be opened.",
                next_step="Make it, or name another: receivables connect bankfile --set folder=PATH",
            ) from None
        if len(paths) > FILES_MAX:
            raise Unreachable(
                f"{self._path} holds more than {FILES_MAX:,} files.", next_step="Put older statements elsewhere."
            )
        mapping = Path(self._settings.mapping) if self._settings.mapping else None
        found: dict[str, tuple[str, Path, bytes]] = {}
        for path in paths:
            if path != mapping:
                held = contents(path)
                found.setdefault(canonical.digest(held), (path.name, path, held))
        return sorted(found.values(), key=lambda each: each[0])

    def _digest(self, files: list[tuple[str, Path, bytes]]) -> str:
        said = [self._how(), self._settings.read_from, *sorted(canonical.digest(held) for _, _, held in files)]
        return canonical.digest(" ".join(said).encode())

    def _how(self) -> str:
        """By which mapping tables are read."""
        mapping = Path(self._settings.mapping) if self._settings.mapping else None
        return canonical.digest(contents(mapping)) if mapping is not None and mapping.is_file() else ""

    def _statements(self, path: Path, held: bytes) -> list[Statement]:
        key = path.name, canonical.digest(held) + self._how()
        if key not in self._known:
            self._known[key] = self._read(path, held)
        return self._known[key]

    def _read(self, path: Path, held: bytes) -> list[Statement]:
        settings, head = self._settings, held[:_HEAD]
        _refuse_archive(path, held)
        if camt.is_camt(head):
            found = camt.statements(path.name, held)
        elif ofx.is_ofx(head):
            found = ofx.statements(path.name, held)
        elif head.lstrip().startswith(b"<"):
            raise UserError(
                f"{path.name} is neither CAMT.053 nor OFX.", next_step="Ask the bank for one of these, or for CSV."
            )
        else:
            found = [table.statement(path, settings.mapping, Currency(settings.currency))]
        for each in found:
            self._refuse_other_account(each)
            refuse_what_does_not_add_up(each)
        return found

    def _refuse_other_account(self, each: Statement) -> None:
        """A statement of another account is no statement of this one."""
        if each.account and not same_account(self._settings.account, each.account):
            raise UserError(
                f"{each.file} is of the account {shown(each.account)}, and this connection of the one "
                f"{self._settings.shown}.",
                next_step="Import it for the company whose account it is; nothing was taken in.",
            )
        if each.currency != self._settings.currency:
            raise UserError(
                f"{each.file} is in {each.currency}, and the account in {self._settings.currency}.",
                next_step="Import it for the connection of that account; nothing was taken in.",
            )


def _refuse_archive(path: Path, held: bytes) -> None:
    """What banks hand out and a mapping cannot read: an archive of several files, and the older MT940."""
    if _MT940.search(held[:_HEAD]):
        raise UserError(
            f"{path.name} is MT940, which is not read here.", next_step="Ask the bank for CAMT.053, OFX or CSV instead."
        )
    if is_workbook(held):
        with suppress(zipfile.BadZipFile, OSError, ValueError), zipfile.ZipFile(io.BytesIO(held)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise UserError(
                    f"{path.name} is an archive of {len(archive.namelist())} files.",
                    next_step="Unpack it, and import the files that are in it.",
                )
