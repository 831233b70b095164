"""One time for many threads of several processes: it stands still while anybody works, and jumps when all wait.

So an hour passes as fast as the work of an hour can be done, a slow computer makes nobody late, and what is counted by
this time is what the waiting was to bring about. A thread counts as working from its first look at the clock until it
sleeps or ends. One that waits for another thread would hold everybody up: within `SandClock.absent` it does not count,
and when nobody at all has stirred for a while, time goes on whoever counts.
"""

from __future__ import annotations

import mmap
import selectors
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from connector.dates import Instant, instant_from_epoch, instant_from_iso

STIR_SECONDS = 5.0
"""Real seconds without any stirring, after which time goes on although somebody seems to work."""

_MICROS = 1_000_000
_SAID = struct.Struct("!cq")
_HERE, _SLEEPS = b"h", b"s"
_WAKE = b"w"


class _Face:
    """The time as every process sees it: microseconds in a file of eight bytes that all have mapped."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 8)
        self._cell = memoryview(self._map).cast("q")

    @property
    def micros(self) -> int:
        return self._cell[0]

    @micros.setter
    def micros(self, value: int) -> None:
        self._cell[0] = value


class Onlooker:
    """A Clock for whoever only looks, and is not waited for: the stand-in."""

    def __init__(self, path: Path) -> None:
        self._face = _Face(path)

    def now(self) -> Instant:
        micros = self._face.micros
        return Instant(instant_from_epoch(micros // _MICROS).replace(microsecond=micros % _MICROS))

    def monotonic(self) -> float:
        return self._face.micros / _MICROS

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError(f"an onlooker would have slept {seconds} seconds")


class SandClock(Onlooker):
    """A Clock of one process. `counted`: its threads are waited for while they work."""

    def __init__(self, path: Path, port: int, *, counted: bool = True) -> None:
        super().__init__(path)
        self._port = port
        self._counted = counted
        self._mine = threading.local()

    def now(self) -> Instant:
        if self._counts():
            self._line()
        return super().now()

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        line = self._line()
        line.say(_SLEEPS, round(seconds * _MICROS))
        line.wait()
        if not self._counts():
            del self._mine.line

    @contextmanager
    def absent(self) -> Iterator[None]:
        """This thread is not waited for: others work for it."""
        self._mine.absent = True
        self._mine.__dict__.pop("line", None)
        try:
            yield
        finally:
            self._mine.absent = False

    def _counts(self) -> bool:
        return self._counted and not getattr(self._mine, "absent", False)

    def _line(self) -> _Line:
        line: _Line | None = getattr(self._mine, "line", None)
        if line is None:
            line = self._mine.line = _Line(self._port)
        return line


class _Line:
    """One thread's line to the glass; its end tells that the thread is gone."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.say(_HERE, 0)

    def __del__(self) -> None:
        self._socket.close()

    def say(self, what: bytes, micros: int) -> None:
        self._socket.sendall(_SAID.pack(what, micros))

    def wait(self) -> None:
        if self._socket.recv(1) != _WAKE:
            raise ConnectionError("the sandglass is gone")


class Sandglass:
    """Whoever turns the time on. `path` and `port` are what a SandClock needs."""

    def __init__(self, path: Path, at: str) -> None:
        path.write_bytes(bytes(8))
        self.path = path
        self._face = _Face(path)
        self._face.micros = round(instant_from_iso(at).timestamp()) * _MICROS
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.forced = 0
        self._ears = selectors.DefaultSelector()
        self._heard: dict[socket.socket, bytes] = {}
        self._until: dict[socket.socket, int | None] = {}
        self._stirred = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._turn, name="sandglass", daemon=True)

    def __enter__(self) -> Self:
        self._ears.register(self._listener, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        for line in list(self._until):
            self._gone(line)
        self._ears.close()
        self._listener.close()

    def stir(self) -> None:
        """Somebody is at work for those who wait."""
        self._stirred = time.monotonic()

    def clock(self, *, counted: bool = True) -> SandClock:
        """A clock for this process."""
        return SandClock(self.path, self.port, counted=counted)

    def _turn(self) -> None:
        while not self._over.is_set():
            working = any(until is None for until in self._until.values())
            events = self._ears.select(0.01 if working or not self._until else 0)
            for key, _ in events:
                line = key.fileobj
                if line is self._listener:
                    self._came()
                elif isinstance(line, socket.socket):
                    self._hear(line)
            if events:
                self.stir()
            elif self._until and not working:
                self._advance()
            elif self._until and time.monotonic() - self._stirred > STIR_SECONDS:
                self.forced += 1
                self._advance()

    def _came(self) -> None:
        line, _ = self._listener.accept()
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ears.register(line, selectors.EVENT_READ)
        self._heard[line] = b""
        self._until[line] = None

    def _hear(self, line: socket.socket) -> None:
        try:
            came = line.recv(64)
        except ConnectionError:
            came = b""
        if not came:
            self._gone(line)
            return
        self._heard[line] += came
        while len(self._heard[line]) >= _SAID.size:
            what, micros = _SAID.unpack(self._heard[line][: _SAID.size])
            self._heard[line] = self._heard[line][_SAID.size :]
            self._until[line] = self._face.micros + micros if what == _SLEEPS else None

    def _gone(self, line: socket.socket) -> None:
        self._ears.unregister(line)
        del self._heard[line], self._until[line]
        line.close()

    def _advance(self) -> None:
        """To the next moment at which somebody wanted to be woken."""
        wishes = [until for until in self._until.values() if until is not None]
        if not wishes:
            return
        self._face.micros = now = max(self._face.micros, min(wishes))
        for line, until in self._until.items():
            if until is not None and until <= now:
                self._until[line] = None
                try:
                    line.sendall(_WAKE)
                except ConnectionError:
                    continue  # killed in its sleep; its end is heard next
        self._stirred = time.monotonic()
