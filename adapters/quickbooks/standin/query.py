"""Intuit's query language: SELECT *|Id|COUNT(*) FROM entity WHERE a AND b ORDERBY c STARTPOSITION n MAXRESULTS m.

A backslash inside quotes takes the next character as it is. There is no OR, no NOT and no join.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.ledger import ENTITIES

ROWS_DEFAULT = 100
ROWS_MAX = 1000

_UNKEPT = ("Bill", "BillPayment", "Employee", "Estimate", "Term", "Vendor")
SINGLE = ("CompanyInfo", "Preferences")
"""Entities of which a company has one."""

_KNOWN = {name.lower(): name for name in (*ENTITIES, *_UNKEPT, *SINGLE)}
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<sign><=|>=|=|<|>)|(?P<mark>[(),*])|(?P<word>[A-Za-z0-9_.:+-]+))", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`field` stands in the relation `sign` to one of `literals` (IN has several)."""

    field: str
    sign: str
    literals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query taken apart. `order` holds fields and whether each runs downwards; `bare`: only ids are wanted."""

    entity: str
    count: bool
    bare: bool = False
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    start: int = 1
    rows_max: int = ROWS_DEFAULT


def parse(text: str) -> Query:
    """The query of a text; fault 4000 where the text leaves the grammar, 4001 where it asks for the impossible."""
    return _Parser(_tokens(text)).query()


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position, stripped = 0, text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise faults.unparsable(f"Encountered an unexpected character at position {position + 1}.")
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = list(tokens)
        self._at = 0

    def query(self) -> Query:
        self._expect("select")
        bare = self._next_is("id")
        count = not bare and self._selected()
        self._expect("from")
        entity = _KNOWN.get(self._word("an entity").lower())
        if entity is None:
            raise faults.bad_query("the entity is not known")
        conditions = self._conditions() if self._next_is("where") else ()
        order = self._order() if self._ordered() else ()
        start, rows_max = self._window()
        if self._at < len(self._tokens):
            raise faults.unparsable(f"Encountered {self._tokens[self._at][1]!r}.")
        return Query(
            entity=entity,
            count=count,
            bare=bare,
            conditions=conditions,
            order=order,
            start=start,
            rows_max=rows_max,
        )

    def _selected(self) -> bool:
        if self._next_is("*"):
            return False
        if self._next_is("count"):
            for mark in "(*)":
                self._expect(mark)
            return True
        raise faults.unparsable("Only *, Id and COUNT(*) can be selected here.")

    def _conditions(self) -> tuple[Condition, ...]:
        found = [self._condition()]
        while self._next_is("and"):
            found.append(self._condition())
        return tuple(found)

    def _condition(self) -> Condition:
        field = self._word("a field")
        if self._next_is("in"):
            self._expect("(")
            literals = [self._literal()]
            while self._next_is(","):
                literals.append(self._literal())
            self._expect(")")
            return Condition(field=field, sign="in", literals=tuple(literals))
        if self._next_is("like"):
            return Condition(field=field, sign="like", literals=(self._literal(),))
        kind, sign = self._take("a comparison")
        if kind != "sign":
            raise faults.unparsable(f"Encountered {sign!r} where a comparison belongs.")
        return Condition(field=field, sign=sign, literals=(self._literal(),))

    def _literal(self) -> str:
        kind, token = self._take("a value")
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.DOTALL)
        if kind == "word":
            return token
        raise faults.unparsable(f"Encountered {token!r} where a value belongs.")

    def _ordered(self) -> bool:
        if self._next_is("orderby"):
            return True
        if self._next_is("order"):
            self._expect("by")
            return True
        return False

    def _order(self) -> tuple[tuple[str, bool], ...]:
        found = []
        while True:
            field = self._word("a field")
            down = self._next_is("desc")
            if not down:
                self._next_is("asc")
            found.append((field.lower(), down))
            if not self._next_is(","):
                return tuple(found)

    def _window(self) -> tuple[int, int]:
        window = {"startposition": 1, "maxresults": ROWS_DEFAULT}
        for _ in window:
            for name in window:
                if self._next_is(name):
                    window[name] = self._count()
        return window["startposition"], min(window["maxresults"], ROWS_MAX)

    def _count(self) -> int:
        number = self._word("a number")
        if not number.isdigit():
            raise faults.unparsable(f"Encountered {number!r} where a number belongs.")
        if int(number) < 1:
            raise faults.bad_query(f"value {number} is too small. Min allowed value is 1")
        return int(number)

    def _take(self, wanted: str) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise faults.unparsable(f"The query ends where {wanted} belongs.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _word(self, wanted: str) -> str:
        kind, token = self._take(wanted)
        if kind != "word":
            raise faults.unparsable(f"Encountered {token!r} where {wanted} belongs.")
        return token

    def _next_is(self, word: str) -> bool:
        if self._at < len(self._tokens):
            kind, token = self._tokens[self._at]
            if kind in ("word", "mark") and token.lower() == word:
                self._at += 1
                return True
        return False

    def _expect(self, word: str) -> None:
        if not self._next_is(word):
            raise faults.unparsable(f"{word.upper()} is missing.")
