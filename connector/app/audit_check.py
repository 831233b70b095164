"""An audit pack, checked by itself: no database, no network, nothing of ours but the arithmetic.

What it shows: nothing in it was changed since it was packed; every row is what the journal vouched for last, as far as
its entries are in the pack; every entry has the chain hash it says. Not that no entry is missing: for that, its head is
looked up in the journal (`verify --head`).
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard

from connector import canonical
from connector.app.auditing import (
    JOURNAL,
    MANIFEST,
    PAGE,
    READABLE,
    ROWS,
    SIGNATURE,
    VERSION,
    WHAT,
    Manifest,
    body_of,
)
from connector.errors import UserError
from connector.store.signing import Signature

FILES_MAX = 200_000
BYTES_MAX = 1 << 31
_NO_PACK = "Name a file that `receivables audit-pack` wrote."


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What stands in a pack and what is wrong with it. `signed_by` is the public key whose signature is right."""

    manifest: Manifest | None
    rows: int
    entries: int
    signed_by: str | None
    faults: tuple[str, ...]


def check(path: Path) -> Checked:
    """Compute everything again. UserError where the file is no archive."""
    files, faults = _files(path)
    manifest = _manifest(files, faults)
    if manifest is None:
        return Checked(manifest=None, rows=0, entries=0, signed_by=None, faults=tuple(faults))
    faults += _hashes(files, manifest)
    signed_by = _signed_by(files, manifest, faults)
    sealed: dict[tuple[str, str], str | None] = {}
    entries = _journal(files.get(JOURNAL, b""), manifest, sealed, faults)
    rows = _rows(files, sealed, faults)
    return Checked(manifest=manifest, rows=rows, entries=entries, signed_by=signed_by, faults=tuple(faults))


def _files(path: Path) -> tuple[dict[str, bytes], list[str]]:
    try:
        with zipfile.ZipFile(path) as opened:
            listed = opened.infolist()
            too_large = len(listed) > FILES_MAX or sum(each.file_size for each in listed) > BYTES_MAX
            files = {} if too_large else {each.filename: opened.read(each) for each in listed}
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise UserError(f"{path} is no archive that can be read, or it is damaged.", next_step=_NO_PACK) from None
    if too_large:
        raise UserError(f"{path.name} is larger than any audit pack.", next_step=_NO_PACK)
    return files, [] if len(files) == len(listed) else ["Two files have one name."]


def _manifest(files: dict[str, bytes], faults: list[str]) -> Manifest | None:
    try:
        manifest = canonical.decode(files.get(MANIFEST, b""), Manifest)
    except canonical.DecodeError:
        faults.append("It has no manifest that can be read.")
        return None
    if canonical.encode(manifest) != files[MANIFEST]:
        faults.append("The manifest is written otherwise than this program writes it.")
    if (manifest.what, manifest.version) != (WHAT, VERSION):
        faults.append(f"It is {manifest.what[:40]!r} of version {manifest.version}, which nobody here knows.")
        return None
    faults += [f"When it was packed, the journal was not whole: {each}" for each in manifest.problems]
    return manifest


def _hashes(files: dict[str, bytes], manifest: Manifest) -> Iterator[str]:
    named = {MANIFEST, SIGNATURE} | manifest.files.keys()
    for name, wanted in manifest.files.items():
        if name not in files:
            yield f"{name} is missing."
        elif hashlib.sha256(files[name]).hexdigest() != wanted:
            yield f"{name} was altered."
    yield from (f"{name} was put in: the manifest knows nothing of it." for name in sorted(files.keys() - named))
    needed = {PAGE, ROWS, JOURNAL}
    yield from (f"The manifest names no {name}." for name in sorted(needed - manifest.files.keys()))


def _signed_by(files: dict[str, bytes], manifest: Manifest, faults: list[str]) -> str | None:
    """The key whose signature is right; a pack whose manifest names a key and that is not signed by it is no good."""
    if manifest.signing_key is None and SIGNATURE not in files:
        return None
    try:
        said = canonical.decode(files.get(SIGNATURE, b""), Signature)
        right = said.public_key == manifest.signing_key and said.is_of(files[MANIFEST])
    except canonical.DecodeError:
        right = False
    if not right:
        faults.append("The signature is not that of the key in the manifest under this manifest.")
    return manifest.signing_key if right else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    seq: int
    previous: str
    chain: str
    entry: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    seq: int
    sealed: tuple[tuple[str, str, str | None], ...]


def _journal(body: bytes, manifest: Manifest, sealed: dict[tuple[str, str], str | None], faults: list[str]) -> int:
    """How many entries there are; `sealed` gets what they say last of each row."""
    last: _Link | None = None
    count = 0
    for number, raw in enumerate(body.splitlines(), start=1):
        try:
            link = canonical.decode(raw, _Link)
            entry = canonical.decode(link.entry.encode(), _Entry)
        except canonical.DecodeError:
            faults.append(f"{JOURNAL}, line {number}: it is no journal entry.")
            continue
        count += 1
        if canonical.chain(link.previous, link.entry.encode()) != link.chain or entry.seq != link.seq:
            faults.append(f"Journal entry {link.seq} was altered: it has not the chain hash it says.")
        if last is not None and (link.seq <= last.seq or (link.seq == last.seq + 1 and link.previous != last.chain)):
            faults.append(f"Journal entry {link.seq} does not follow entry {last.seq}.")
        for table, key, hashed in entry.sealed:
            sealed[table, key] = hashed
        last = link
    if last is None or f"{last.seq}:{last.chain}" != manifest.head:
        faults.append("The journal does not end at the head that the manifest names.")
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    table: str
    key: str
    row: dict[str, object]


def _rows(files: dict[str, bytes], sealed: dict[tuple[str, str], str | None], faults: list[str]) -> int:
    count = 0
    readable = {name for name in files if name.startswith(("plans/", "evidence/"))}
    for number, raw in enumerate(files.get(ROWS, b"").splitlines(), start=1):
        try:
            row = canonical.decode(raw, _Row)
        except canonical.DecodeError:
            faults.append(f"{ROWS}, line {number}: it is no row.")
            continue
        count += 1
        if canonical.digest(canonical.encode(row.row)) != sealed.get((row.table, row.key)):
            faults.append(f"The {row.table} {row.key} is not what the journal vouches for.")
        if row.table in READABLE:
            name = READABLE[row.table](row.key)
            if _same(files.get(name, b""), row):
                readable.discard(name)
            else:
                faults.append(f"{name} does not say what its row says.")
    faults += [f"{name} has no row that the journal vouches for." for name in sorted(readable)]
    return count


def _same(shown: bytes, row: _Row) -> bool:
    """Whether the copy that people read is the row's own body."""
    try:
        return canonical.decode(shown, dict) == body_of(row.row)
    except (ValueError, zstandard.ZstdError, canonical.DecodeError):
        return False
