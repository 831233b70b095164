"""Whether a connection to Stripe is well: what `doctor` and `connect` show, a line each, every fault a failed line.

Everything that the key must be allowed is tried, and nothing is changed by it (`permissions` says how).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from adapters.stripe.permissions import READS, SINGLE, WRITE_PROBES, WRITES, Permission
from adapters.stripe.refusal import MISSING, NO_KEY
from connector.errors import NotFound, ReceivablesError, Rejected, VendorError
from connector.ports import Check

T = TypeVar("T")


class Asked(Protocol):
    """What the checks ask of the connection. Errors: ReceivablesError."""

    def read(self, path: str, query: dict[str, str | int], parse: Callable[[bytes], T], /) -> T:
        """One read."""

    def probe(self, path: str) -> None:
        """One write to a record that cannot be there."""


def may_read(asked: Asked, *, live: bool) -> tuple[Check, ...]:
    """The key's mode, then every permission that reading needs."""
    mode = Check(name="mode", ok=True, sentence=f"The key is for {'live' if live else 'test'} data.")
    return (mode, *_lines(asked, READS))


def may_write(asked: Asked) -> tuple[Check, ...]:
    """Every permission that writing needs."""
    return _lines(asked, WRITES)


def _lines(asked: Asked, wanted: tuple[Permission, ...]) -> tuple[Check, ...]:
    """A line for each of them; the one line that says so where the key itself is not accepted."""
    lines: list[Check] = []
    for one in wanted:
        try:
            lines.append(_tried(asked, one))
        except VendorError as fault:
            if fault.code == NO_KEY:
                return (Check(name="key", ok=False, sentence=fault.sentence, next_step=fault.next_step),)
            lines.append(_failed(one, fault))
        except ReceivablesError as fault:
            lines.append(_failed(one, fault))
    return tuple(lines)


def _tried(asked: Asked, one: Permission) -> Check:
    if one.write:
        _may_write(asked, WRITE_PROBES[one.name])
    else:
        for path in one.calls:
            asked.read(path, {} if path in SINGLE else {"limit": 1}, bytes)
    return Check(name=one.name, ok=True, sentence=f"The key has {one.words}.")


def _may_write(asked: Asked, path: str) -> None:
    """Returns when the write would be allowed. That there is no such record is what is said to a key that may write."""
    try:
        asked.probe(path)
    except NotFound:
        return
    except Rejected as fault:
        if fault.code != MISSING:
            raise


def _failed(one: Permission, fault: ReceivablesError) -> Check:
    return Check(
        name=one.name,
        ok=False,
        sentence=f"{fault.sentence} It is needed {_purpose(one)}.",
        next_step=fault.next_step,
    )


def _purpose(one: Permission) -> str:
    return one.serves if one.serves.startswith("to ") else f"for {one.serves}"
