"""What evidence is made of: lines that a program can compute again and a person can read.

A company's lines begin with what it permits, then its customers and its items as they were before anything was decided,
then every decision in the order in which they were taken, then what was not decided. Amounts are minor units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from connector.reconcile.cash.case import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What heads a company's lines: what it permits, and how many lines of each kind follow."""

    company: str
    policy: Policy
    customers: int
    items: int
    decided: int
    undecided: int
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
class Line:
    """A decision, or that there is none: then `step` is -1 and `kind` the reason.

    `step` counts the company's decisions. `items` says of every item of the line what was open of it then.
    `considered` are the open items of the payer that were looked through beside the numbers, those nearest to the
    amount where they are many; `considered_all` says how many there were. `accidents_ppm`: how many answers there
    should be by accident, in millionths.
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
    next_step: str = ""
    sentence: str = ""
    what: str = "payment"


Record = Company | Customer | Debt | Line
