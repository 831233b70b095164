"""A form with files too large for memory: each file goes to the disk as it comes.

Nothing of a file is written before the form's own signature was looked at, and no more than is allowed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from anyio import to_thread
from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from connector.errors import UserError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FORM_WITH_FILES = "multipart/form-data"
FIELD_BYTES_MAX = 64 * 1024
PARTS_MAX = 20
IDLE_SECONDS_MAX = 60
"""How much one field may hold, how many parts a form may have, and how long nothing may come."""


@dataclass(slots=True, kw_only=True)
class Streamed:
    """What came: the fields, and the files by the name of their field. `fault`: it broke off there."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    fault: UserError | None = None

    @property
    def form(self) -> Mapping[str, tuple[str, ...]]:
        """The fields as other forms have them."""
        return {name: (value,) for name, value in self.fields.items()}


async def streamed(
    request: Request, folder: Path, bytes_max: int, signed: Callable[[Mapping[str, str]], bool]
) -> Streamed:
    """Read the form; its files are in the folder then. `signed` is asked of the fields before the first file, so they
    must stand before it. What is not signed, or too much, ends it there."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    parts = _Parts(folder, bytes_max, signed)
    if kind.decode("latin-1").lower() != FORM_WITH_FILES or not boundary:
        return parts.came
    try:
        parser = MultipartParser(boundary, parts.callbacks())
        coming = request.stream().__aiter__()
        while True:
            async with asyncio.timeout(IDLE_SECONDS_MAX):
                chunk = await anext(coming, None)
            if chunk is None:
                break
            await to_thread.run_sync(parser.write, chunk)
        parser.finalize()
        if not parts.ended:
            parts.came.fault = broken_off()
    except UserError as fault:
        parts.came.fault = fault
    except (FormParserError, ClientDisconnect, TimeoutError):
        parts.came.fault = broken_off()
    except OSError:
        parts.came.fault = UserError(
            "The upload could not be kept: the disk is full, or cannot be written.",
            next_step="Make room, or name the file where it lies on this computer.",
        )
    finally:
        parts.close()
    return parts.came


class _Parts:
    """The parts of one form as they come."""

    def __init__(self, folder: Path, bytes_max: int, signed: Callable[[Mapping[str, str]], bool]) -> None:
        self.came = Streamed()
        self.ended = False
        self._folder = folder
        self._bytes_left = bytes_max
        self._bytes_max = bytes_max
        self._signed = signed
        self._parts = 0
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._name = ""
        self._text = bytearray()
        self._file: IO[bytes] | None = None

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda held, start, end: self._header.extend(held[start:end]),
            "on_header_value": lambda held, start, end: self._value.extend(held[start:end]),
            "on_header_end": self._header_ended,
            "on_headers_finished": self._headers_ended,
            "on_part_data": self._take,
            "on_part_end": self._part_ended,
            "on_end": self._ended,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise UserError("The form has too many parts.", next_step="Send it from the console's own page.")
        self._disposition, self._name = b"", ""
        self._text.clear()

    def _header_ended(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_ended(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        if not self._signed(self.came.fields):
            raise UserError("This form cannot be used any more.", next_step="Open the page again.")
        if options[b"filename"]:
            place = self._folder / f"file-{self._parts}"
            place.touch(mode=0o600)
            self.came.files[self._name] = place
            self._file = place.open("wb")

    def _take(self, held: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._text += held[start:end]
            if len(self._text) > FIELD_BYTES_MAX:
                raise UserError("A field of the form is too long.", next_step="Send less.")
            return
        self._bytes_left -= end - start
        if self._bytes_left < 0:
            raise too_large(self._bytes_max)
        self._file.write(held[start:end])

    def _ended(self) -> None:
        self.ended = True

    def _part_ended(self) -> None:
        if self._file is None:
            self.came.fields.setdefault(self._name, self._text.decode("utf-8", "replace"))
        self.close()

    def close(self) -> None:
        """The file that is being written, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None


def broken_off() -> UserError:
    """Not all came."""
    return UserError("The upload broke off.", next_step="Send it again; nothing was changed.")


def too_large(bytes_max: int) -> UserError:
    """More than may be sent."""
    return UserError(
        f"That is more than {bytes_max // 1_000_000_000} GB, and more than can be sent to this page.",
        next_step="Put the file on this computer, and name it here by its whole path.",
    )
