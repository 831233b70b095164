"""Several questions to Stripe under way at once, because one reader alone waits for the network most of the time.

Answers are taken in the order in which they come. Nothing is asked here that was not wanted, so what is fetched and
not yet taken is bounded by what was asked. With one question at a time there is no thread at all.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from adapters.stripe.calls import Query

T = TypeVar("T")
Tag = TypeVar("Tag")
Got = TypeVar("Got")

IDLE_SECONDS = 2.0
"""A thread that was not given anything for that long ends: whoever stops pulling leaves none behind."""


class Calls(Protocol):
    """What of an account's calls is used to read it (`adapters.stripe.calls`)."""

    def read(self, path: str, query: Query, parse: Callable[[bytes], T], /) -> T:
        """Ask, and ask again while that may help; parsing is part of the try."""

    def read_dated(self, path: str, query: Query, parse: Callable[[bytes], T], /) -> tuple[T, int]:
        """The same, and Stripe's time when it answered."""

    def beside(self) -> Calls:
        """The same calls for another thread."""


Ask = Callable[[Calls], Got]


class Lines:
    """The calls of one connection, and those beside them that other threads have used and given back."""

    def __init__(self, calls: Calls, in_flight: int) -> None:
        self.calls = calls
        self.in_flight = in_flight
        self._free: deque[Calls] = deque()

    def lend(self) -> Calls:
        """Calls that no other thread uses."""
        try:
            return self._free.popleft()
        except IndexError:
            return self.calls.beside()

    def give_back(self, calls: Calls) -> None:
        """They may be lent again."""
        self._free.append(calls)

    def each(self, asks: Iterable[Ask[Got]]) -> list[Got]:
        """All answers, in the order of the questions. Errors: that of the first question that failed."""
        wanted = list(asks)
        if self.in_flight == 1 or len(wanted) <= 1:
            return [ask(self.calls) for ask in wanted]
        ahead: Ahead[int, Got] = Ahead(self)
        for place, ask in enumerate(wanted):
            ahead.ask(place, ask)
        try:
            return [got for _, got in sorted((ahead.take() for _ in wanted), key=lambda answer: answer[0])]
        finally:
            ahead.close()


class Ahead(Generic[Tag, Got]):
    """Questions with one purpose. Used by one thread, which asks and takes."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._wanted: SimpleQueue[tuple[Tag, Ask[Got]] | None] = SimpleQueue()
        self._asked: deque[tuple[Tag, Ask[Got]]] = deque()
        self._here: SimpleQueue[tuple[Tag, Got | BaseException]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._closed = False
        self.under_way = 0
        """Questions that were asked and whose answers were not taken yet."""

    def ask(self, tag: Tag, question: Ask[Got]) -> None:
        """Put a question; its answer will come with its tag."""
        self.under_way += 1
        if self._lines.in_flight == 1:
            self._asked.append((tag, question))
            return
        with self._lock:
            self._wanted.put((tag, question))
            if self._threads >= min(self._lines.in_flight, self.under_way):
                return
            self._threads += 1
        # Daemons: whoever interrupts the program does not wait for answers that nobody wants any more.
        threading.Thread(target=self._run, name="stripe-ahead", daemon=True).start()

    def take(self) -> tuple[Tag, Got]:
        """The next answer. Errors: whatever asking for it raised."""
        if self._lines.in_flight == 1:
            tag, question = self._asked.popleft()
            self.under_way -= 1
            return tag, question(self._lines.calls)
        tag, got = self._here.get()
        self.under_way -= 1
        if isinstance(got, BaseException):
            raise got
        return tag, got

    def close(self) -> None:
        """Ask nothing more. What is under way is thrown away when it comes."""
        with self._lock:
            self._closed = True
            for _ in range(self._threads):
                self._wanted.put(None)

    def _run(self) -> None:
        calls: Calls | None = None
        while (wanted := self._next()) is not None:
            tag, question = wanted
            try:
                calls = calls or self._lines.lend()
                self._here.put((tag, question(calls)))
            except BaseException as fault:  # noqa: BLE001 - carried to whoever takes the answer
                self._here.put((tag, fault))
            del wanted, question  # or what they hold would be kept until the next one is wanted
        if calls is not None:
            self._lines.give_back(calls)

    def _next(self) -> tuple[Tag, Ask[Got]] | None:
        while not self._closed:
            try:
                return self._wanted.get(timeout=IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._wanted.empty():
                        self._threads -= 1
                        return None
        return None
