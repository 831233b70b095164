"""The customers of a firm: as the ledger knows them, as they pay, and who can be taken for whom."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.cash import names, remittance
from tests.bench.cash.names import Spelling
from tests.bench.cash.records import Customer
from tests.bench.cash.remittance import Style
from tests.bench.cash.settings import Profile

BANK_WIDTHS = (22, 27, 35, 70)
CURRENCIES = ("EUR", "GBP", "CAD", "JPY")
RHYTHMS_DAYS = (7, 15, 30, 30)
QUARTER_DAYS = 90
SHORT_NAME = 6
"""A name of which a bank leaves fewer letters tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """A customer as it pays. `spellings` are those its banks print; `mistakable`: another firm has nearly its name."""

    customer: Customer
    account: str
    email: str
    spellings: tuple[Spelling, ...]
    processor: str
    habit: Style
    lag_days: int
    batches: bool
    rhythm_days: int
    writes: bool
    converts: bool
    median_minor: int
    prices: tuple[int, ...]
    mistakable: bool = False

    @property
    def id(self) -> str:
        return self.customer.id


class Crowd:
    """All payers of a firm, and what a name or an account tells about them."""

    def __init__(self, payers: Iterable[Payer]) -> None:
        self.payers = {payer.id: payer for payer in payers}
        self._members: dict[str, list[str]] = defaultdict(list)
        for payer in self.payers.values():
            self._members[self.root(payer)].append(payer.id)
        self._names = sorted((names.bare(one.customer.name), self.root(one)) for one in self.payers.values())

    def root(self, payer: Payer) -> str:
        """The head of its group."""
        return payer.customer.parent or payer.id

    def group(self, payer: Payer) -> Sequence[str]:
        """Everybody whose invoices this payer may pay, by id."""
        return self._members[self.root(payer)]

    def is_named(self, payer: Payer, spelling: Spelling) -> bool:
        """Whether this spelling can mean nobody else's group."""
        printed = names.bare(spelling.text)
        if len(printed) < SHORT_NAME:
            return False
        if not spelling.faithful:
            return not payer.mistakable and names.bare(payer.customer.name).split()[0] == printed.split()[0]
        at = bisect_left(self._names, (printed, ""))
        meant: set[str] = set()
        exact: set[str] = set()
        while at < len(self._names) and self._names[at][0].startswith(printed):
            meant.add(self._names[at][1])
            if self._names[at][0] == printed:
                exact.add(self._names[at][1])
            at += 1
        if exact and len(spelling.text) not in BANK_WIDTHS:
            return exact == {self.root(payer)}
        return meant == {self.root(payer)}


def people(rng: random.Random, profile: Profile, tenant: str, count: int) -> Crowd:
    """So many customers."""
    taken: set[str] = set()
    made: dict[str, Payer] = {}
    for index in range(count):
        model = rng.choice(list(made.values())) if made and rng.random() < 0.4 else None
        parent, alike = "", ""
        name = names.firm(rng, taken)
        if model is not None:
            drawn = rng.random() * 0.4
            if drawn < profile.children and not model.customer.parent:
                parent = model.id
                region = rng.choice(("North", "South", "East", "West"))
                name = f"{model.customer.name.rsplit(' ', 1)[0]} {region} {index}"
            elif drawn < profile.children + profile.look_alikes:
                name, alike = names.alike(rng, model.customer.name, taken), model.id
            elif drawn < profile.children + profile.look_alikes + profile.same_names:
                name, alike = model.customer.name, model.id
        payer = _payer(rng, profile, tenant, index, (name, parent), taken, made, mistakable=bool(alike))
        made[payer.id] = payer
        if alike:
            made[alike] = _mistakable(made[alike])
    return Crowd(made.values())


def _mistakable(payer: Payer) -> Payer:
    return Payer(**{**{name: getattr(payer, name) for name in Payer.__slots__}, "mistakable": True})


def _payer(
    rng: random.Random, profile: Profile, tenant: str, index: int, named: tuple[str, str], taken: set[str],
    made: Mapping[str, Payer], *, mistakable: bool,
) -> Payer:  # fmt: skip
    name, parent = named
    processor = f"cus_{tenant}_{index}" if rng.random() < profile.by_key else ""
    account = f"DE{rng.randrange(10**17, 10**18)}"
    email = f"ap{index}@{tenant}.example"
    currency = rng.choice(CURRENCIES) if rng.random() < profile.foreign else "USD"
    if parent:
        currency = made[parent].customer.currency
    customer = Customer(
        id=f"{tenant}-c{index}", name=name, parent=parent, currency=currency,
        terms_days=rng.choice((0, 14, 30, 30, 30, 45, 60)),
        discount_bp=rng.choice((100, 200, 300)) if rng.random() < profile.discount * 3 else 0, discount_days=10,
        wht_bp=rng.choice((500, 1_000)) if rng.random() < profile.withholding * 2 else 0,
        email=email if rng.random() < profile.email_known else "",
        processor=processor if rng.random() < 0.95 else "",
        account=account if rng.random() < profile.account_known else "",
    )  # fmt: skip
    spoken = names.trade(rng, taken) if rng.random() < profile.trade_name else name
    spellings = tuple(names.as_banked(rng, spoken, rng.choice(BANK_WIDTHS)) for _ in range(profile.spellings))
    batches = rng.random() < profile.batch
    return Payer(
        customer=customer, account=account, email=email, spellings=spellings, processor=processor,
        habit=remittance.pick(rng, remittance.HABITS), lag_days=int(rng.gauss(3, 6)), batches=batches,
        rhythm_days=QUARTER_DAYS if rng.random() < profile.runs else rng.choice(RHYTHMS_DAYS), writes=rng.random() >= profile.no_text,
        converts=currency != "USD" and rng.random() < profile.converts,
        median_minor=max(1_000, int(profile.median_minor * rng.lognormvariate(0, 0.6))),
        prices=_prices(rng, profile), mistakable=mistakable,
    )  # fmt: skip


def _prices(rng: random.Random, profile: Profile) -> tuple[int, ...]:
    """What it is charged every month, where it has a plan."""
    if profile.price_list:
        return (rng.choice(profile.price_list),)
    return tuple(int(rng.lognormvariate(9.8, 0.9)) // 5 * 5 + 500 for _ in range(profile.own_prices))
