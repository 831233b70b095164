"""The one JSON codec: sorted keys, no spaces, exact numbers. What is hashed, stored and shown with `--json` is this.

Two values that are equal give the same bytes on every machine, so their hash can be compared. No type that passes
through here has a float field (a test looks).
"""

from __future__ import annotations

import hashlib
import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

DecodeError = msgspec.DecodeError
"""What `decode` raises: the bytes are no JSON, or do not fit the shape."""

_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="string")
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}
_MAKING = threading.Lock()


def encode(value: object) -> bytes:
    """Canonical bytes of a dataclass, dict, list, string, integer, date or enum."""
    return _ENCODER.encode(value)


def decode(body: bytes, shape: type[T]) -> T:
    """A value of that type from canonical bytes; DecodeError when they do not fit."""
    return decoder(shape).decode(body)


def decoder(shape: type[T]) -> msgspec.json.Decoder[T]:
    """The one decoder of a type, which is made when it is first asked for.

    Everybody who makes one while threads run makes it here, one after the other: msgspec keeps with each class what it
    finds out about it, and the process ends by a segmentation fault where a second thread uses that half made.
    """
    found = _DECODERS.get(shape)
    if found is None:
        with _MAKING:
            found = _DECODERS[shape] = _DECODERS.get(shape) or msgspec.json.Decoder(shape)
    return found


def pretty(value: object) -> str:
    """The same JSON indented, for `--json`."""
    return msgspec.json.format(encode(value), indent=2).decode()


def digest(body: bytes) -> str:
    """The first 16 bytes of SHA-256, in hex: enough to tell contents apart, short enough to store by the million."""
    return hashlib.sha256(body).hexdigest()[:32]


def chain(previous: str, body: bytes) -> str:
    """The full SHA-256 link of a hash chain."""
    return hashlib.sha256(previous.encode("ascii") + b"\n" + body).hexdigest()
