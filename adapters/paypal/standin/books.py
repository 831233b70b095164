"""One account of the double: its lines, its orders and what came of them, and what it holds at any moment.

Money is in PayPal's own smallest units here (a yen, a forint, a cent). Everything that happens is a line with the times
at which its status changed, so that the account can be seen as it was, and as its late reports show it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC

from adapters.paypal.amounts import WHOLE
from connector.clock import Clock
from connector.dates import Instant, after

DONE, WAITING, DENIED, REVERSED = "S", "P", "D", "V"
RESERVES = ("T15", "T21", "T1110", "T1111", "T1105")
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def code_of(text: str, length: int) -> str:
    """The same characters for the same text, as PayPal's ids are made of."""
    digest = hashlib.sha256(text.encode()).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest)[:length]


def written(moment: Instant) -> str:
    """A time as the reports write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def iso(moment: Instant) -> str:
    """A time as the other APIs write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def major(minor: int, currency: str) -> str:
    """An amount in major units."""
    if currency in WHOLE:
        return str(minor)
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def minor(value: str, currency: str) -> int:
    """The other way round; a value with too many decimals is refused by whoever asks."""
    whole, _, rest = value.partition(".")
    digits = 0 if currency in WHOLE else 2
    return int(whole + rest.ljust(digits, "0")) if len(rest) <= digits else -1


def money(amount: int, currency: str) -> dict[str, str]:
    """An amount with its currency."""
    return {"currency_code": currency, "value": major(amount, currency)}


@dataclass(slots=True)
class Row:
    """A line of the account."""

    id: str
    code: str
    at: Instant
    amount: int
    currency: str
    fee: int = 0
    of: str = ""
    of_type: str = ""
    invoice_id: str = ""
    custom: str = ""
    note: str = ""
    payer: str = ""
    changes: list[tuple[Instant, str]] = field(default_factory=list)

    def status(self, at: Instant) -> str:
        """The letter as it was then, "" before the line was there."""
        return next((letter for when, letter in reversed(self.changes) if when <= at), "")

    def updated(self, at: Instant) -> Instant:
        """When it changed last, as seen then."""
        return next((when for when, _ in reversed(self.changes) if when <= at), self.at)

    def net(self, at: Instant) -> int:
        """What it had done to the balance by then."""
        letter = self.status(at)
        moved = letter in (DONE, REVERSED) or (letter == WAITING and self.amount < 0)
        return self.amount - self.fee if moved else 0


@dataclass(slots=True)
class Capture:
    """Money taken by an order."""

    id: str
    order: str
    amount: int
    currency: str
    status: str
    at: Instant
    invoice_id: str
    custom: str
    reason: str = ""
    updated: Instant | None = None


@dataclass(slots=True)
class Order:
    """A wish to pay. `funding` is what the payer chose on PayPal's page."""

    id: str
    unit: dict[str, object]
    amount: int
    currency: str
    at: Instant
    return_url: str
    cancel_url: str
    preference: str
    with_source: bool
    status: str = "CREATED"
    funding: str = ""
    approved_at: Instant | None = None
    captures: list[Capture] = field(default_factory=list)

    @property
    def invoice_id(self) -> str:
        return str(self.unit.get("invoice_id", ""))

    @property
    def custom(self) -> str:
        return str(self.unit.get("custom_id", ""))


@dataclass(slots=True)
class Refund:
    """Money given back."""

    id: str
    capture: str
    amount: int
    currency: str
    at: Instant
    status: str = "COMPLETED"
    custom: str = ""


@dataclass(slots=True)
class Dispute:
    """A payer's complaint."""

    id: str
    payment: str
    amount: int
    currency: str
    at: Instant
    updated: Instant
    reason: str
    status: str = "WAITING_FOR_SELLER_RESPONSE"
    stage: str = "INQUIRY"
    outcome: str = ""


@dataclass(slots=True)
class Conduct:
    """How the account behaves: what its app may do, how late the reports are, how many lines they count at most, and
    what happens to the next captures and refunds."""

    late_seconds: int = 0
    lines_max: int = 10_000
    reports: bool = True
    disputes: bool = True
    unique_invoice_ids: bool = True
    refusals: list[str] = field(default_factory=list)
    refund_refusals: list[str] = field(default_factory=list)
    refunds_are: str = "COMPLETED"
    other_amount: int | None = None
    other_currency: str = ""
    other_payee: str = ""
    tokens_fetched: int = 0


@dataclass(slots=True)
class Books:
    """One account."""

    name: str
    account: str
    primary: str
    clock: Clock
    held: set[str]
    opened: Instant
    rows: list[Row] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    captures: dict[str, Capture] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    conduct: Conduct = field(default_factory=Conduct)
    webhooks: dict[str, dict[str, object]] = field(default_factory=dict)
    shifted: dict[str, int] = field(default_factory=dict)
    _made: int = 0

    def new_id(self, length: int = 17) -> str:
        """An id that no other object of any account has."""
        self._made += 1
        return code_of(f"{self.account}:{self._made}", length)

    def now(self) -> Instant:
        """This moment, in whole seconds."""
        return Instant(self.clock.now().replace(microsecond=0))

    def refreshed(self) -> Instant:
        """Up to when the reports are complete."""
        return after(self.now(), -self.conduct.late_seconds)

    def add(self, row: Row, letter: str = DONE) -> Row:
        """Enter a line with its first status."""
        row.changes.append((row.at, letter))
        self.rows.append(row)
        return row

    def row(self, vendor_id: str) -> Row:
        """The line of a payment or withdrawal itself."""
        return next(row for row in self.rows if row.id == vendor_id)

    def change(self, vendor_id: str, letter: str, at: Instant | None = None) -> None:
        """Give the line another status."""
        self.row(vendor_id).changes.append((at or self.now(), letter))

    def balances(self, at: Instant) -> dict[str, tuple[int, int]]:
        """Per currency what there was in all, and what of it could be used."""
        found: dict[str, tuple[int, int]] = {self.primary: (0, 0)}
        for row in self.rows:
            net = row.net(at)
            if net:
                total, free = found.get(row.currency, (0, 0))
                is_reserve = row.code.startswith(RESERVES)
                found[row.currency] = (total + (0 if is_reserve else net), free + net)
        # Before its first line an account holds nothing, whatever is shifted: else it would only have begun with more.
        begun = any(row.at <= at for row in self.rows)
        for currency, off in self.shifted.items() if begun else ():
            total, free = found.get(currency, (0, 0))
            found[currency] = (total + off, free + off)
        return found
