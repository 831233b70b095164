"""What evidence is made of: lines that a program can compute again and a person can read.

A company's lines begin with what it permits, then its customers and its items as they were before anything was decided,
then every decision in the order in which they were taken, then what was not decided. Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256

from connector.reconcile.cash.case import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What heads a company's lines: what it permits, how many lines of each kind follow, and the digest of what came
    (`receipts`)."""

    company: str
    policy: Policy
    customers: int
    items: int
    decided: int
    undecided: int
    rates: int = 0
    receipts: str = ""
    what: str = "company"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer, and the group it belongs to: the customer at the top of it."""

    company: str
    id: str
    name: str
    group: str
    email: str
    processor: str
    account: str
    discount_bp: int
    discount_days: int
    withholding_bp: int
    what: str = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """An item as it was before anything was decided."""

    company: str
    id: str
    number: str
    customer: str
    group: str
    currency: str
    amount: int
    issued: date
    due: date
    what: str = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """The money, with everything that came with it."""

    id: str
    kind: str
    on: date
    currency: str
    amount: int
    payer_name: str
    account: str
    processor: str
    email: str
    text: str
    key: str
    related: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Whose money it is: the group, what says so, and in which words; `among`: the groups of which it may be one."""

    group: str
    basis: str
    says: str
    among: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A number in the text, and the items that have it."""

    start: int
    end: int
    text: str
    how: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An item that came into question, what was open of it then, and what was agreed with its customer: hundredths of a
    percent off within so many days, and withheld."""

    id: str
    number: str
    customer: str
    group: str
    currency: str
    open: int
    issued: date
    due: date
    discount_bp: int
    discount_days: int
    withholding_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What an item gets: `pay` of the money, `applied` to the item. `why`: key, named or amount."""

    item: str
    pay: int
    applied: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """The difference between what an item gets and what is paid of it, and the rule that permits it."""

    item: str
    type: str
    amount: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Items that could have been meant, and why they are not; or, where nothing was decided, why they may be."""

    items: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another receipt without which the decision would not stand."""

    id: str
    on: date
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one currency was worth in another on a day: so many minor units of `home` (numerator) for so many of it."""

    currency: str
    home: str
    day: date
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A rate that a decision of the company stands on, as its table has it."""

    company: str
    rate: Rate
    what: str = "rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a person may confirm where nothing was decided. `kind`: what it stands on; `confidence_ppm`: how many of a
    million such proposals were right where the truth is known; `of`: the receipt that is taken back."""

    kind: str
    settled: tuple[Settled, ...]
    unapplied: int
    adjustment: str
    confidence_ppm: int
    sentence: str
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A decision, or that there is none: then `step` is -1 and `kind` the reason.

    `step` counts the company's decisions. `items` says of every item of the line what was open of it then.
    `considered` are the open items of the payer that were looked through beside the numbers, those nearest to the
    amount where they are many; `considered_all` says how many there were, and `rest` the amounts of those that are not
    listed, each with how often it was there. `accidents_ppm`: how many answers there should be by accident, in
    millionths. `confidence_ppm`: how many of a million decisions like it were right where the truth is known.
    `proposals` stand where nothing was decided.
    """

    company: str
    payment: Paid
    kind: str
    step: int
    payer: Payer
    spans: tuple[Span, ...]
    items: tuple[Known, ...]
    settled: tuple[Settled, ...]
    unapplied: int
    adjustments: tuple[Adjustment, ...]
    accidents_ppm: int
    considered: tuple[str, ...]
    considered_all: int
    rivals: tuple[Rival, ...]
    together: tuple[Other, ...]
    rest: tuple[tuple[int, int], ...] = ()
    rate: Rate | None = None
    confidence_ppm: int = 0
    proposals: tuple[Offer, ...] = ()
    next_step: str = ""
    sentence: str = ""
    what: str = "payment"


def digest(receipts: Iterable[Paid]) -> str:
    """What came, as one number, in whatever order it is told."""
    lines = sorted("\x1f".join(str(getattr(paid, field.name)) for field in fields(Paid)) for paid in receipts)
    return sha256("\x1e".join(lines).encode()).hexdigest()


Record = Company | Customer | Debt | Quoted | Line
