"""Secrets at rest: every one sealed on its own, by a key that is not in the database.

A sealed secret is `v1.KEYID.BASE64`, the base64 of a nonce and AES-256-GCM of the value. The row's place (company,
connection, name) is authenticated with it, so that a row copied to another company or name does not open.

Which key is in force is a fact of the database: one row that belongs to no company holds a word sealed by that key.
Whoever writes a secret reads that row in the same transaction, so no process can go on writing under a key that has
been replaced; and opening the row at the start tells a wrong key from the right one. A database without that row has no
secrets yet, or is from before there were keys: its plain rows are sealed when it is opened. Later plain rows are none
of ours and are refused.
"""

from __future__ import annotations

import base64
import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, bindparam, literal, select, text, update

from connector.errors import SettingsError, StoreCorrupt
from connector.store import tables
from connector.store.database import Database, in_plain_words
from connector.store.keyring import Key, KeySource, none_in

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "v1"
_NONCE_BYTES = 12
_SHAPE = re.compile(rf"{_VERSION}\.([0-9a-f]{{12}})\.([A-Za-z0-9_-]+={{0,2}})")
_WORD = "receivables"
_UNTOLD, _TOLD = 1, 2
"""The version of the row in force: whether the owner of a new key has heard of it."""

_LOCK_NUMBER = 0x7265_6365_6B65

_SECRET = tables.secret.c


class KeyMissing(SettingsError):
    """The key that sealed the secrets is not here; another one may be."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret stands; it opens nowhere else."""

    company: str
    connection: str
    name: str

    def bound(self, key: Key) -> bytes:
        """What is authenticated with the secret."""
        parts = (_VERSION, key.key_id, self.company, self.connection, self.name)
        return b"\0".join(part.encode() for part in parts)


IN_FORCE = Place("", "", "key:in force")
"""The row that says which key is used. No company has an empty id, and no name a person can enter has a colon in it."""

AT_IN_FORCE = (
    _SECRET.company_id == IN_FORCE.company,
    _SECRET.connection_id == IN_FORCE.connection,
    _SECRET.name == IN_FORCE.name,
)
ELSEWHERE = _SECRET.company_id != IN_FORCE.company
_WHICH = select(_SECRET.value).where(*AT_IN_FORCE)
_RESEAL = (
    update(tables.secret)
    .where(
        _SECRET.company_id == bindparam("company"),
        _SECRET.connection_id == bindparam("connection"),
        _SECRET.name == bindparam("of_name"),
    )
    .values(value=bindparam("sealed"))
)


def _cipher(key: Key) -> AESGCM:
    # Imported here: a command that opens no secret does not wait for it.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key.secret)


def seal(key: Key, place: Place, value: str) -> str:
    """The value as it is stored at that place."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + _cipher(key).encrypt(nonce, value.encode(), place.bound(key))
    return f"{_VERSION}.{key.key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def sealed_by(key: Key) -> ColumnElement[bool]:
    """Whether a row is sealed with that key."""
    return _SECRET.value.startswith(f"{_VERSION}.{key.key_id}.", autoescape=True)


def key_id_of(stored: str) -> str | None:
    """Which key sealed it; None for what is not sealed."""
    shaped = _SHAPE.fullmatch(stored)
    return None if shaped is None else shaped[1]


def unseal(key: Key, place: Place, stored: str) -> str:
    """The value; StoreCorrupt when it was altered, or sealed for another place."""
    from cryptography.exceptions import InvalidTag

    shaped = _SHAPE.fullmatch(stored)
    sealed = base64.urlsafe_b64decode(shaped[2]) if shaped is not None and len(shaped[2]) % 4 == 0 else b""
    try:
        return _cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.bound(key)).decode()
    except (InvalidTag, ValueError):
        raise _altered(place) from None


def reseal(tx: Connection, rows: Sequence[tuple[Place, str]]) -> None:
    """Put what is sealed in the place of what is stored there; the versions stay."""
    if rows:
        tx.execute(
            _RESEAL,
            [
                {"company": place.company, "connection": place.connection, "of_name": place.name, "sealed": sealed}
                for place, sealed in rows
            ],
        )


class Vault:
    """The keys of one open store. `begun` is where a key was made of which its owner has not heard yet, if this process
    sealed something."""

    def __init__(self, source: KeySource | None) -> None:
        self.begun: str | None = None
        self._source = source
        self._keys: dict[str, Key] = {}

    @property
    def source(self) -> KeySource:
        """Where the keys are; SettingsError in a store that was opened without any."""
        if self._source is None:
            raise SettingsError("This database was opened without the key to its secrets.", next_step="Give the key.")
        return self._source

    def prepare(self, database: Database) -> None:
        """At the start: the right key is here, or SettingsError. Plain rows of an older database are sealed."""
        if self._source is None:
            return
        self._keys = {key.key_id: key for key in self._source.read()}
        with database.read() as tx:
            which = tx.execute(_WHICH).scalar_one_or_none()
            older = which is None and tx.execute(select(literal(1)).where(ELSEWHERE).limit(1)).first() is not None
        if which is not None:
            self._opened(which)
        elif older:
            with database.write() as tx:
                self._seal_plain_rows(tx, database)
            _wipe(database)

    def in_force(self, tx: Connection, database: Database, *, alone: bool = False) -> Key:
        """The key to write with in this transaction; the first one is made here. `alone`: nobody else writes until its
        end."""
        row = tx.execute(_WHICH.add_columns(_SECRET.version).with_for_update(read=not alone)).one_or_none()
        if row is None:
            return self._begin(tx, database)
        if row.version == _UNTOLD:
            self.begun = self.source.where
        return self._opened(row.value)

    def open(self, place: Place, stored: str) -> str:
        """What is sealed there."""
        key_id = key_id_of(stored)
        if key_id is None:
            raise _altered(place)
        return unseal(self.key(key_id), place, stored)

    def key(self, key_id: str) -> Key:
        """That key; another process may have made it a moment ago. SettingsError when it is not here."""
        if key_id not in self._keys:
            self.learn()
        if key_id not in self._keys:
            raise self._missing()
        return self._keys[key_id]

    def learn(self) -> tuple[Key, ...]:
        """Read the keys again. Those known before are kept in mind: a row read a moment ago may need them."""
        held = self.source.read()
        self._keys = {**self._keys, **{key.key_id: key for key in held}}
        return held

    def _opened(self, which: str) -> Key:
        key = self.key(key_id_of(which) or "")
        if unseal(key, IN_FORCE, which) != _WORD:
            raise _altered(IN_FORCE)
        return key

    def _begin(self, tx: Connection, database: Database) -> Key:
        held, told = self.learn(), _TOLD
        if not held:
            held, told = self.source.begin(), _UNTOLD
            self.begun = self.source.where
            self.learn()
        first = {"company_id": IN_FORCE.company, "connection_id": IN_FORCE.connection, "name": IN_FORCE.name}
        row = {**first, "value": seal(held[-1], IN_FORCE, _WORD), "version": told}
        tx.execute(database.insert(tables.secret).on_conflict_do_nothing(), row)
        return self._opened(tx.execute(_WHICH).scalar_one())

    def held(self) -> tuple[Key, ...]:
        """The keys where they are kept now, oldest first. SettingsError when they vanished meanwhile."""
        held = self.learn()
        if not held:
            raise none_in(self.source.where)
        return held

    def told(self, tx: Connection) -> None:
        """The owner has heard of the key."""
        tx.execute(update(tables.secret).where(*AT_IN_FORCE).values(version=_TOLD))
        self.begun = None

    def put_in_force(self, tx: Connection, key: Key) -> None:
        """From this transaction's end everybody writes with that key."""
        reseal(tx, [(IN_FORCE, seal(key, IN_FORCE, _WORD))])

    def _seal_plain_rows(self, tx: Connection, database: Database) -> None:
        if database.is_sqlite:
            tx.execute(text("PRAGMA secure_delete=ON"))
        else:
            tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
        if tx.execute(_WHICH).first() is not None:
            return
        rows = tx.execute(select(tables.secret).where(ELSEWHERE).with_for_update()).all()
        stored = [(Place(row.company_id, row.connection_id, row.name), row.value) for row in rows]
        for place, value in stored:
            if key_id_of(value) is not None:
                # Somebody took the row in force away: without the key that these were sealed by, nothing is made.
                self.open(place, value)
        key = self.in_force(tx, database)
        reseal(tx, [(place, seal(key, place, value)) for place, value in stored if key_id_of(value) is None])

    def _missing(self) -> KeyMissing:
        if not self._keys:
            return KeyMissing(
                f"The key to the secrets in the database is missing: there is no key in {self.source.where}.",
                next_step="Put it back from your copy. If it is lost for good: receivables keys lost",
            )
        return KeyMissing(
            f"The key in {self.source.where} is not the one that the secrets in the database were sealed with.",
            next_step="Put the right one back from your copy. If it is lost for good: receivables keys lost",
        )


def _wipe(database: Database) -> None:
    """What stood in plain text goes from the write-ahead log of a SQLite file too."""
    if database.path is not None:
        with in_plain_words():
            one = sqlite3.connect(database.path, timeout=database.lock_wait_seconds, isolation_level=None)
            try:
                one.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                one.close()


def _altered(place: Place) -> StoreCorrupt:
    what = f"The secret {place.name.strip(':')!r} of {place.connection!r}" if place != IN_FORCE else "The key's own row"
    return StoreCorrupt(
        f"{what} was altered in the database, or copied there from another place.",
        next_step="Restore the last backup, or connect that system again.",
    )
