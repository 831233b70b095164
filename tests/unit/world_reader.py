"""A second reader of worlds, for tests: plain integers and text, none of the connector's own reading or arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from connector.dates import BusinessDate
from connector.testing.demo_world import demo_world

TODAY = date(2026, 3, 31)
DAYS = [
    TODAY,
    date(2024, 2, 29),
    date(2024, 3, 1),
    date(2025, 1, 1),
    date(2025, 12, 31),
    date(2026, 1, 3),
    date(2026, 9, 13),
    date(2028, 2, 29),
]
FIRMS = ("Harbor Supply", "Maple & Pine Studio")
NUMBER = re.compile(r"\b(?:HS|MP)-\d{4}\b|\b(?:HARBOR|MAPLE)-\d{4}\b")
MONEY = re.compile(r"^(\d+)(?:\.(\d\d))? ([A-Z]{3})$")


@dataclass(frozen=True)
class Row:
    """One line: its date, its word, what stands in order, what is named, and the case above it."""

    on: date | None
    word: str
    plain: list[str]
    named: dict[str, str]
    case: str

    @property
    def id(self) -> str:
        return self.plain[0]

    @property
    def day(self) -> date:
        assert self.on is not None
        return self.on

    @property
    def names(self) -> list[str]:
        """Invoice numbers in its key or memo, or those that Stripe itself links it to."""
        linked = self.named.get("for", "") if self.id.startswith(("ch_", "py_")) else ""
        return NUMBER.findall(" ".join((self.named.get("key", ""), self.named.get("memo", ""), linked)))


def cents(text: str) -> tuple[int, str]:
    """`12.34 USD` as (1234, "USD"), `12 JPY` as (12, "JPY")."""
    found = MONEY.match(text)
    assert found, text
    whole, rest, code = found.groups()
    assert (rest is None) == (code == "JPY"), text
    return int(whole + (rest or "")), code


@dataclass
class Firm:
    """One company of the text."""

    rows: list[Row] = field(default_factory=list)

    def of(self, word: str) -> list[Row]:
        return [row for row in self.rows if row.word == word]

    def by_id(self, word: str) -> dict[str, Row]:
        rows = self.of(word)
        found = {row.id: row for row in rows}
        assert len(found) == len(rows), f"two {word}s share an id"
        return found

    def stripe(self) -> list[Row]:
        return [row for row in self.of("payment") if row.id.startswith(("ch_", "py_"))]

    def books(self) -> list[Row]:
        return [row for row in self.of("payment") if not row.id.startswith(("ch_", "py_", "pp_"))]

    def paypal(self) -> list[Row]:
        return [row for row in self.of("payment") if row.named.get("in") == "paypal"]

    def case(self, name: str, word: str) -> list[Row]:
        return [row for row in self.rows if row.case == name and row.word == word]

    def shares(self) -> list[tuple[Row, str, int, str]]:
        """(payment or credit, invoice, amount, currency) of all that the books have applied."""
        found = []
        for row in self.books() + self.of("credit"):
            for share in filter(None, (row.named.get("for") or row.named.get("applied") or "").split(", ")):
                number, _, amount = share.partition(" ")
                found.append((row, number, *cents(amount)))
        return found

    def open(self) -> dict[str, int]:
        """What is still owed on each invoice as its own system knows it."""
        left = {row.id: cents(row.plain[2])[0] for row in self.of("invoice")}
        for _, number, amount, _ in self.shares():
            left[number] -= amount
        return left


FIELDS = {
    "company": "home zone country realm stripe paypal",
    "customer": "email phone parent currency in",
    "invoice": "due sent in",
    "credit": "applied",
    "payment": "by memo key status fee for in",
    "refund": "of",
    "dispute": "of status reason fee",
    "payout": "of",
    "deposit": "of",
    "contact": "said role promised next",
}


def read(text: str) -> dict[str, Firm]:
    """The companies of a world by name."""
    firms: dict[str, Firm] = {}
    case = ""
    for line in text.splitlines():
        if line.startswith("#"):
            case = line.removeprefix("# case: ") if line.startswith("# case: ") else ""
            continue
        parts = re.split(r" {2,}", line)
        if parts == [""]:
            continue
        on = date.fromisoformat(parts.pop(0)) if parts[0][0].isdigit() else None
        word = parts.pop(0)
        known = FIELDS.get(word, "").split()
        named = {p.split(" ")[0]: p.split(" ", 1)[1].strip('"') for p in parts if p.split(" ")[0] in known}
        plain = [p for p in parts if p.split(" ")[0] not in known]
        if word == "company":
            firms[plain[0]] = Firm()
        list(firms.values())[-1].rows.append(Row(on, word, plain, named, case))
        case = ""
    return firms


def net(firm: Firm, member: str) -> tuple[int, str]:
    """What a payout's member moved in the Stripe balance."""
    row = {row.id: row for row in firm.rows if row.on}[member]
    amount, code = cents(row.plain[2] if row.word == "payment" else row.plain[1])
    fee = cents(row.named["fee"])[0] if "fee" in row.named else 0
    return (amount - fee if row.word == "payment" else -amount - fee), code


@lru_cache(maxsize=len(DAYS))
def told(today: date, seed: int = 7) -> dict[str, Firm]:
    return read(demo_world(BusinessDate(today), seed=seed))


def every_firm() -> list[tuple[date, Firm]]:
    return [(today, firm) for today in DAYS for firm in told(today).values()]
