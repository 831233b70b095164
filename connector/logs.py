"""What may be said aloud: known secrets, and whatever looks like one, never leave in a log line or a traceback.

Whoever reads a secret (from the vault, from settings, from a person) calls `hide`; whatever is logged afterwards, by us
or by a library, says `***` in its place. There is one set per process, because there is one log per process. This room
must never keep a secret anywhere else, nor decide what is logged beyond the loggers listed here.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST = 6
"""A shorter value is not looked for: too much of what is no secret would vanish with it."""

REMEMBERED_MAX = 4096
"""So many values are known at a time; the oldest is forgotten first. Tokens that old have long ended."""

SHOWN = ("receivables", "connector", "urllib3")
"""The loggers that speak with RECEIVABLES_DEBUG. Others log bodies or parameters, and stay as quiet as they are."""

_FIELDS = ("system", "method", "path", "status", "trace", "key", "seconds")

_PATTERNS = (
    # what it looks like, and what is left of it
    (re.compile(r"\b(?:sk|rk)_(?:live|test)_\w+|\bwhsec_\w+"), HIDDEN),
    (re.compile(r"\b([Bb]earer\s+)[\w.~+/=-]{6,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\b([Bb]asic\s+)[A-Za-z0-9+/=]{12,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*){0,3}"), HIDDEN),
    (
        re.compile(
            r"\b((?:refresh|access|id)_token|client_secret|api_key|password)"
            r"(\\?[\"']?\s*[=:]\s*\\?[\"']?)[^\s\"'&,;}\\]+",
            re.IGNORECASE,
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"(://)[^/\s:@]*:[^/\s@]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"([?&][\w.%\[\]-]{1,80}=)[^&\s\"'#<>]+"), rf"\1{HIDDEN}"),
)


class _Known:
    """The secrets of this process, longest first, so that no part of one is left standing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, None] = {}
        self.forms: tuple[str, ...] = ()

    def add(self, values: tuple[str, ...]) -> None:
        with self._lock:
            fresh = [value for value in values if len(value) >= SHORTEST and value not in self._values]
            if not fresh:
                return
            self._values.update(dict.fromkeys(fresh))
            while len(self._values) > REMEMBERED_MAX:
                del self._values[next(iter(self._values))]
            forms = {form for value in self._values for form in _forms(value)}
            self.forms = tuple(sorted(forms, key=len, reverse=True))


def _forms(value: str) -> set[str]:
    """How a value may stand in a text: as it is, in an address, in quotes."""
    return {value, quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}


_known = _Known()


def hide(*values: str) -> None:
    """From now on none of these is said."""
    _known.add(values)


def safe(text: str) -> str:
    """The text without what must not be said."""
    for form in _known.forms:
        if form in text:
            text = text.replace(form, HIDDEN)
    for pattern, left in _PATTERNS:
        text = pattern.sub(left, text)
    return text


class SafeRecord(logging.LogRecord):
    """A log record that cannot be made to say a secret, by whatever handler and format it is written."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if self.exc_info and self.exc_info[0] is not None:
            # Formatters take this text as it is, and make none of their own.
            self.exc_text = safe("".join(traceback.format_exception(*self.exc_info)).rstrip("\n"))

    def getMessage(self) -> str:  # noqa: N802 - the library's name
        return safe(super().getMessage())


class _Line(logging.Formatter):
    """One line per record, with those fields of a call that may be logged."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        fields = " ".join(f"{name}={getattr(record, name)}" for name in _FIELDS if getattr(record, name, "") != "")
        return safe(f"{super().formatMessage(record)} {fields}".rstrip())


def install(*, debugging: bool) -> None:
    """Once, at the start of the process: nothing that is logged or that ends it can say a secret.

    `debugging`: the loggers in SHOWN also speak, on standard error.
    """
    logging.setLogRecordFactory(SafeRecord)
    sys.excepthook = _last_words
    threading.excepthook = _last_words_of_a_thread
    sys.unraisablehook = _last_words_of_a_finalizer
    if debugging:
        aloud = logging.StreamHandler(sys.stderr)
        aloud.setFormatter(_Line("%(asctime)s %(levelname)s %(name)s %(message)s"))
        for name in SHOWN:
            logger = logging.getLogger(name)
            logger.setLevel(logging.DEBUG)
            logger.addHandler(aloud)
            logger.propagate = False


def tell(fault: BaseException) -> None:
    """The whole traceback, on standard error, without what must not be said."""
    _last_words(type(fault), fault, fault.__traceback__)


def where(fault: BaseException) -> str:
    """What kind of fault it is, and where it happened. Never what it said: that may hold a code, an address, a name."""
    at = traceback.extract_tb(fault.__traceback__)[-1]
    return f"{type(fault).__name__} at {at.filename}:{at.lineno}"


def _last_words(kind: type[BaseException], fault: BaseException, at: TracebackType | None) -> None:
    sys.stderr.write(safe("".join(traceback.format_exception(kind, fault, at))))


def _last_words_of_a_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None:
        _last_words(told.exc_type, told.exc_value, told.exc_traceback)


def _last_words_of_a_finalizer(told: Any) -> None:
    if told.exc_value is not None:
        _last_words(told.exc_type, told.exc_value, told.exc_traceback)
