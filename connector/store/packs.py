"""Documents as received, packed page by page.

A pack is the zstd frame of documents one after another, each behind its length in four bytes (big-endian). A position
is the offset of such a length in the unpacked bytes. Pure but for the compressor.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

import zstandard

from connector.errors import StoreCorrupt

_LENGTH = Struct(">I")
_LEVEL = 3


class Packer:
    """Collects the documents of one page."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, document: bytes) -> int:
        """The position at which the document will be found."""
        position = self._size
        self._parts.append(_LENGTH.pack(len(document)))
        self._parts.append(document)
        self._size += _LENGTH.size + len(document)
        return position

    def packed(self) -> bytes | None:
        """The pack, None when nothing was added."""
        return zstandard.ZstdCompressor(level=_LEVEL).compress(b"".join(self._parts)) if self._parts else None


def document_at(pack: bytes, position: int) -> bytes:
    """One document of a pack; StoreCorrupt when there is none at that position."""
    plain = _unpacked(pack)
    start = position + _LENGTH.size
    if position < 0 or start > len(plain):
        raise _damaged()
    end = start + int(_LENGTH.unpack_from(plain, position)[0])
    if end > len(plain):
        raise _damaged()
    return plain[start:end]


def documents(pack: bytes) -> Iterator[tuple[int, bytes]]:
    """Every document of a pack with its position."""
    plain = _unpacked(pack)
    position = 0
    while position < len(plain):
        if position + _LENGTH.size > len(plain):
            raise _damaged()
        start = position + _LENGTH.size
        end = start + int(_LENGTH.unpack_from(plain, position)[0])
        if end > len(plain):
            raise _damaged()
        yield position, plain[start:end]
        position = end


def _unpacked(pack: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(pack)
    except zstandard.ZstdError:
        raise _damaged() from None


def _damaged() -> StoreCorrupt:
    return StoreCorrupt("A stored document cannot be read back.", next_step="Restore the database from a backup.")
