"""The line by which an invoice shows its payment link to its customer, and how such a line is known again.

Whoever has the address can open the link, so the address itself is in no plan, no stored write and no mirrored record:
there its secret is a hash, or the link's id stands in its place. It is put in at the moment of sending.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

ALPHABET, LENGTH = "a-z2-7", 52
"""What the secret part of an address is made of: 256 bits in base32."""

PAY = "/pay/"
"""What stands before it."""

_ADDRESS = re.compile(rf"{PAY}([{ALPHABET}]{{{LENGTH}}})(?![{ALPHABET}])")
_ADDRESS_IN_BYTES = re.compile(_ADDRESS.pattern.encode())
_SHOWN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSeen:
    """A line with an address in it, as it stands on an invoice: by the hash of the address's secret, and the digest of
    the whole line, by which one sees whether a person changed a word of it."""

    secret_hash: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLine:
    """A line that we write: `text` with the link's id and generation in place of the secret (`/pay/l-abc.0`), and how
    it is seen once it stands there."""

    text: str
    seen: LinkSeen


def hash_of(secret: str) -> str:
    """What is stored of a secret that is told once: of a link's address, of a browser's session."""
    return hashlib.sha256(secret.encode()).hexdigest()


def links_in(text: str | None) -> tuple[LinkSeen, ...]:
    """The lines of a text that hold the address of a payment link, in order."""
    if not text or PAY not in text:
        return ()
    return tuple(
        LinkSeen(secret_hash=hash_of(found[1]), line=hash_of(line.strip())[: 2 * _SHOWN])
        for line in text.split("\n")
        if (found := _ADDRESS.search(line)) is not None
    )


def veiled(document: bytes) -> bytes:
    """A document as it may be kept: without the secrets of the addresses in it, and different where those differ."""
    if PAY.encode() not in document:
        return document
    return _ADDRESS_IN_BYTES.sub(lambda found: f"{PAY}#{hash_of(found[1].decode())[:_SHOWN]}".encode(), document)
