"""How documents, records and entries are made small. Pure but for the compressor.

A **pack** is the zstd frame of the documents of one page, one after another, each behind its length in four bytes
(big-endian). A position is the offset of such a length in the unpacked bytes.

A **pattern** is the first record of each kind that changed in a page, as it is. It is kept in the page's journal entry,
and every record of the page is compressed against it: records of one page differ in little but their values.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

import zstandard

from connector.errors import StoreCorrupt

_LENGTH = Struct(">I")
_LEVEL = 1
_PATTERN_BYTES_MAX = 4096


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
        return shrunk(b"".join(self._parts)) if self._parts else None


def document_at(pack: bytes, position: int) -> bytes:
    """One document of a pack; StoreCorrupt when there is none at that position."""
    plain = restored(pack)
    start = position + _LENGTH.size
    if position < 0 or start > len(plain):
        raise _damaged()
    end = start + int(_LENGTH.unpack_from(plain, position)[0])
    if end > len(plain):
        raise _damaged()
    return plain[start:end]


def documents(pack: bytes) -> Iterator[tuple[int, bytes]]:
    """Every document of a pack with its position."""
    plain = restored(pack)
    position = 0
    while position < len(plain):
        start = position + _LENGTH.size
        if start > len(plain):
            raise _damaged()
        end = start + int(_LENGTH.unpack_from(plain, position)[0])
        if end > len(plain):
            raise _damaged()
        yield position, plain[start:end]
        position = end


class Pattern:
    """Records of one page, compressed against what the first of each kind looked like."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._known = zstandard.ZstdCompressionDict(body, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        self._decompressor: zstandard.ZstdDecompressor | None = None

    @classmethod
    def of(cls, records: dict[str, bytes]) -> Pattern:
        """From the first record of each kind."""
        body = b""
        for record in records.values():
            if len(body) + len(record) <= _PATTERN_BYTES_MAX or not body:
                body += record
        return cls(body)

    def compressor(self) -> zstandard.ZstdCompressor:
        """One for all records of the page: setting it up costs more than a record."""
        shape = zstandard.ZstdCompressionParameters.from_level(
            _LEVEL, dict_size=len(self.body), format=zstandard.FORMAT_ZSTD1_MAGICLESS, write_dict_id=False
        )
        self._known.precompute_compress(compression_params=shape)
        return zstandard.ZstdCompressor(dict_data=self._known, compression_params=shape)

    def restored(self, record: bytes) -> bytes:
        """A record as it was; StoreCorrupt when it cannot be."""
        if self._decompressor is None:
            self._decompressor = zstandard.ZstdDecompressor(
                dict_data=self._known, format=zstandard.FORMAT_ZSTD1_MAGICLESS
            )
        try:
            return self._decompressor.decompress(record)
        except zstandard.ZstdError:
            raise _damaged() from None


def shrunk(plain: bytes) -> bytes:
    """A zstd frame."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False).compress(plain)


def restored(frame: bytes) -> bytes:
    """What is in a zstd frame; StoreCorrupt when it cannot be read."""
    try:
        return zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError:
        raise _damaged() from None


def _damaged() -> StoreCorrupt:
    return StoreCorrupt("A stored document cannot be read back.", next_step="Run verify; then restore a backup.")
