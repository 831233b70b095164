"""Where the keys to stored secrets come from: a file of the owner's own, a setting, or what a command prints.

Keys stand oldest first, one a line, each 32 random bytes in base64; a line that begins with # is a remark. A key is
told from others by an id made from it, so that a ring needs no names. This room must never show a key, nor put one into
an error, nor use a file that anybody else can read.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import secrets
import shlex
import stat
import subprocess
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from connector import logs
from connector.errors import SettingsError

KEY_BYTES = 32
COMMAND_SECONDS_MAX = 30
_OWNER_ONLY = 0o600
_FOLDER_OWNER_ONLY = 0o700
_BYTES_MAX = 64 * 1024
_REMARK = """\
# The keys to the secrets in the database of `receivables`, oldest first; the last one is used.
# Without this file they cannot be read. Keep a copy of it in a safe place, apart from copies of the database.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key. `key_id` tells it from others and says nothing about it."""

    key_id: str
    secret: bytes = field(repr=False)


class KeySource(Protocol):
    """Where keys are kept. `where` names it in a sentence: "the file /home/dana/receivables-key/receivables.key"."""

    @property
    def where(self) -> str:
        """In words."""

    def read(self) -> tuple[Key, ...]:
        """Oldest first; empty when there is no such place yet. SettingsError when what is there cannot be used."""

    def begin(self) -> tuple[Key, ...]:
        """Make the first key, unless another process has just made it. SettingsError when none can be made here."""

    def add(self, key: Key) -> None:
        """Hold this one too, as the newest, from now on. SettingsError when the keys are not ours to change."""

    def drop(self, key_ids: Collection[str]) -> None:
        """Hold these no more. SettingsError when the keys are not ours to change."""


def new_key() -> Key:
    """A key that nobody has ever had."""
    return key_of(secrets.token_bytes(KEY_BYTES))


def key_of(secret: bytes) -> Key:
    """A key with its id."""
    return Key(key_id=hmac.digest(secret, b"receivables key id", hashlib.sha256)[:6].hex(), secret=secret)


def _line(key: Key) -> str:
    return f"{base64.b64encode(key.secret).decode()}\n"


def none_in(where: str) -> SettingsError:
    """What a person is told when the place of the keys is empty."""
    return SettingsError(f"There is no key in {where}.", next_step="Put it back from your copy of it.")


def _parsed(text: str, where: str) -> tuple[Key, ...]:
    """The keys in a text. SettingsError when one is none, or when there are none."""
    told = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    keys: dict[str, Key] = {}
    for line in (part.strip() for each in told for part in each.split(",") if part.strip()):
        try:
            secret = base64.b64decode(line, altchars=b"-_" if set(line) & set("-_") else None, validate=True)
        except (binascii.Error, ValueError):
            secret = b""
        if len(secret) != KEY_BYTES:
            raise SettingsError(
                f"A key in {where} is not whole: it should be {KEY_BYTES} random bytes, written in base64.",
                next_step="Put it back from your copy of it.",
            )
        logs.hide(line)
        key = key_of(secret)
        keys[key.key_id] = key
    if not keys:
        raise none_in(where)
    return tuple(keys.values())


class KeyFile:
    """A file that only its owner can read. It is replaced whole, never written into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = f"the file {path}"

    def read(self) -> tuple[Key, ...]:
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return ()
        except OSError:
            raise SettingsError(
                f"The key file {self.path} cannot be read.", next_step="Check to whom it and its folder belong."
            ) from None
        try:
            self._refuse_unsafe(os.fstat(handle))
            text = os.read(handle, _BYTES_MAX)
        finally:
            os.close(handle)
        return _parsed(text.decode("ascii", "replace"), self.where)

    def _refuse_unsafe(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise SettingsError(f"{self.path} is no file.", next_step="Set RECEIVABLES_KEY_FILE to the key file.")
        if found.st_uid != os.geteuid():
            raise SettingsError(
                f"The key file {self.path} belongs to another user, who can read the keys to your books.",
                next_step=f"Run: chown {os.geteuid()} {self.path}",
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise SettingsError(
                f"Others can read the key file {self.path}, and with it the keys to your books.",
                next_step=f"Run: chmod 600 {self.path}",
            )

    def begin(self) -> tuple[Key, ...]:
        with self._alone():
            if not self.read():
                self._write((new_key(),))
            return self.read()

    def add(self, key: Key) -> None:
        with self._alone():
            held = self.read()
            if not held:
                raise none_in(self.where)
            self._write((*held, key))

    def bring(self, keys: Sequence[Key]) -> None:
        """Hold these too, which are from another computer, whether or not there are any here."""
        with self._alone():
            held = self.read()
            known = {each.key_id for each in held}
            self._write((*held, *(each for each in keys if each.key_id not in known)))

    def drop(self, key_ids: Collection[str]) -> None:
        with self._alone():
            self._write(tuple(key for key in self.read() if key.key_id not in key_ids))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process changes the file meanwhile, and its folder is there."""
        try:
            self.path.parent.mkdir(mode=_FOLDER_OWNER_ONLY, parents=True, exist_ok=True)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            raise self._not_writable() from None
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
            os.fsync(folder)  # the name, too, survives a loss of power
        finally:
            os.close(folder)

    def _write(self, keys: Sequence[Key]) -> None:
        """Whole or not at all."""
        beside = self.path.with_name(f".{self.path.name}.new")
        try:
            beside.unlink(missing_ok=True)  # left behind by a process that was killed here
            handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _OWNER_ONLY)
            with open(handle, "w", encoding="ascii") as opened:  # noqa: PTH123 - made for its owner alone
                opened.write(_REMARK + "".join(_line(key) for key in keys))
                opened.flush()
                os.fsync(handle)
            beside.replace(self.path)
        except OSError:
            raise self._not_writable() from None

    def _not_writable(self) -> SettingsError:
        return SettingsError(
            f"The key file {self.path} cannot be written.",
            next_step="Set RECEIVABLES_KEY_FILE to a file in a folder of your own.",
        )


class GivenKeys:
    """Keys that somebody else keeps and hands to us."""

    def __init__(self, text: Callable[[], str], where: str) -> None:
        self.where = where
        self._text = text

    def read(self) -> tuple[Key, ...]:
        return _parsed(self._text(), self.where)

    def begin(self) -> tuple[Key, ...]:
        return self.read()

    def add(self, key: Key) -> None:  # noqa: ARG002 - the port's shape
        raise SettingsError(
            f"A new key cannot be put into {self.where} from here.",
            next_step="Make one with `openssl rand -base64 32`, add it there behind the old one, and run this again.",
        )

    def drop(self, key_ids: Collection[str]) -> None:  # noqa: ARG002 - the same
        raise SettingsError(
            f"Old keys cannot be taken out of {self.where} from here.", next_step="Take out all but the last there."
        )


def keys_in_text(text: str, where: str = "the setting RECEIVABLES_KEY") -> KeySource:
    """Keys in the text of a setting."""
    return GivenKeys(lambda: text, where)


def keys_of_command(command: str) -> KeySource:
    """Keys that a program of the owner's prints: a vault's, systemd-creds, a cloud's. It is run without a shell."""
    return GivenKeys(lambda: _output(command), "the output of the command in RECEIVABLES_KEY_COMMAND")


def _output(command: str) -> str:
    try:
        told = subprocess.run(  # noqa: S603 - the owner's own command, by the owner's own setting
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS_MAX,
            check=True,
        )
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        raise SettingsError(
            "The command in RECEIVABLES_KEY_COMMAND gave no key.", next_step="Run that command by hand and see why."
        ) from None
    return told.stdout[:_BYTES_MAX].decode("ascii", "replace")
