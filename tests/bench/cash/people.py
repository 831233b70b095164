"""The customers of a firm: as the ledger knows them, as they pay, and who can be taken for whom."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Levenshtein

from tests.bench.cash import names, remittance
from tests.bench.cash.names import Spelling
from tests.bench.cash.records import Customer
from tests.bench.cash.remittance import Style
from tests.bench.cash.settings import Profile

BANK_WIDTHS = (22, 27, 35, 70)
HOME = "USD"
FOREIGN = ("EUR", "GBP", "CAD", "JPY")
RHYTHMS_DAYS = (7, 15, 30, 30)
QUARTER_DAYS = 90
SHORT_NAME = 6
"""A name of which a bank leaves fewer letters tells nobody."""
NEAR, MARGIN = 3, 2
"""A misspelt name is at most so many letters off, and the next one so many more."""


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
    short: str = ""
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
        self._full = self._index(names.letters)
        self._bare = self._index(names.bare)
        self._slipped: dict[str, set[str]] = {}

    def _index(self, read: Callable[[str], str]) -> list[tuple[str, str]]:
        """Every name as it is read, with the head of its group."""
        return sorted((read(one.customer.name), self.root(one)) for one in self.payers.values())

    def root(self, payer: Payer) -> str:
        """The head of its group."""
        return payer.customer.parent or payer.id

    def group(self, payer: Payer) -> Sequence[str]:
        """Everybody whose invoices this payer may pay, by id."""
        return self._members[self.root(payer)]

    def is_named(self, payer: Payer, spelling: Spelling) -> bool:
        """Whether this spelling can mean nobody else's group."""
        printed = names.letters(spelling.text)
        mine = {self.root(payer)}
        if len(printed) < (SHORT_NAME if not spelling.short else names.SHORTEST + 1):
            return False
        if spelling.short:
            return _beginning_with(self._full, names.letters(spelling.short)) == mine
        if not spelling.faithful:
            same_word = names.letters(payer.customer.name).startswith(names.letters(spelling.text.split()[0]))
            return (not payer.mistakable and same_word) or self._nearly(printed) == mine
        if _beginning_with(self._full, printed, exactly=True) == mine:
            return True
        if _beginning_with(self._bare, names.bare(spelling.text), exactly=True) == mine:
            return len(spelling.text) not in BANK_WIDTHS or _beginning_with(self._full, printed) == mine
        return _beginning_with(self._full, printed) == mine

    def fits(self, payer: Payer, spelling: Spelling) -> bool:
        """Whether it is the payer's own name or the beginning of it, whoever else's it may be too."""
        printed = names.letters(spelling.text)
        known = printed if not spelling.short else names.letters(spelling.short)
        return len(printed) >= SHORT_NAME and names.letters(payer.customer.name).startswith(known)

    def _nearly(self, printed: str) -> set[str]:
        """The groups that have the name that was misspelt there, or one that is hardly farther from it."""
        if printed not in self._slipped:
            near = [
                (Levenshtein.distance(printed, name[: len(printed) + 1], score_cutoff=NEAR + MARGIN), root)
                for name, root in self._full
            ]
            best = min(near)[0]
            self._slipped[printed] = {root for off, root in near if off < best + MARGIN} if best <= NEAR else set()
        return self._slipped[printed]


def _beginning_with(index: Sequence[tuple[str, str]], printed: str, *, exactly: bool = False) -> set[str]:
    """The groups that have a name which begins so, or is so."""
    at = bisect_left(index, (printed, ""))
    found = set()
    while at < len(index) and index[at][0].startswith(printed):
        if not exactly or index[at][0] == printed:
            found.add(index[at][1])
        at += 1
    return found


def people(rng: random.Random, profile: Profile, tenant: str, count: int) -> Crowd:
    """So many customers."""
    taken: set[str] = set()
    made: dict[str, Payer] = {}
    for index in range(count):
        model = rng.choice(list(made.values())) if made and rng.random() < 0.4 else None
        parent, alike, short = "", "", ""
        name = names.firm(rng, taken)
        if rng.random() < profile.endings:
            same = [one.short for one in made.values() if one.short] if rng.random() < profile.same_words else []
            short = rng.choice(same) if same else names.short(rng, taken)
            name = names.ended(rng, short)
        if model is not None and not short:
            drawn = rng.random() * 0.4
            if drawn < profile.children and not model.customer.parent:
                parent = model.id
                region = rng.choice(("North", "South", "East", "West"))
                name = f"{model.customer.name.rsplit(' ', 1)[0]} {region} {index}"
            elif drawn < profile.children + profile.look_alikes:
                name, alike = names.alike(rng, model.customer.name, taken), model.id
            elif drawn < profile.children + profile.look_alikes + profile.same_names:
                name, alike = model.customer.name, model.id
        customer = _customer(rng, profile, (tenant, index), name, made.get(parent))
        payer = _payer(rng, profile, customer, taken, (short, bool(alike)))
        made[payer.id] = payer
        if alike:
            made[alike] = replace(made[alike], mistakable=True)
    if profile.largest:
        first = next(iter(made))
        made[first] = replace(made[first], batches=True, rhythm_days=RHYTHMS_DAYS[0])
    return Crowd(made.values())


def _customer(
    rng: random.Random, profile: Profile, place: tuple[str, int], name: str, parent: Payer | None
) -> Customer:
    """As the ledger knows it: some of what it might is missing there."""
    tenant, index = place
    by_key = rng.random() < profile.by_key
    return Customer(
        id=f"{tenant}-c{index}",
        name=name,
        parent=parent.id if parent else "",
        currency=parent.customer.currency
        if parent
        else rng.choice(FOREIGN)
        if rng.random() < profile.foreign
        else HOME,
        terms_days=rng.choice((0, 14, 30, 30, 30, 45, 60)),
        discount_bp=rng.choice((100, 200, 300)) if rng.random() < profile.discount * 3 else 0,
        discount_days=10,
        wht_bp=rng.choice((500, 1_000)) if rng.random() < profile.withholding * 2 else 0,
        email=f"ap{index}@{tenant}.example" if rng.random() < profile.email_known else "",
        processor=f"cus_{tenant}_{index}" if by_key else "",
        account=f"DE{rng.randrange(10**17, 10**18)}" if rng.random() < profile.account_known else "",
    )


def _payer(
    rng: random.Random, profile: Profile, customer: Customer, taken: set[str], called: tuple[str, bool]
) -> Payer:
    """`called`: its short name, "" where it has none, and whether it can be taken for another."""
    spoken = names.trade(rng, taken) if rng.random() < profile.trade_name else customer.name
    short, mistakable = called
    batches = rng.random() < profile.batch
    return Payer(
        customer=customer,
        account=customer.account or f"FR{rng.randrange(10**17, 10**18)}",
        email=customer.email or f"{rng.randrange(10**6)}@mail.example",
        spellings=tuple(
            names.with_endings(rng, short, rng.choice(BANK_WIDTHS))
            if short and spoken == customer.name
            else names.as_banked(rng, spoken, rng.choice(BANK_WIDTHS))
            for _ in range(profile.spellings)
        ),
        processor=customer.processor,
        habit=remittance.pick(rng, remittance.HABITS),
        lag_days=int(rng.gauss(3, 6)),
        batches=batches,
        rhythm_days=QUARTER_DAYS if rng.random() < profile.runs else rng.choice(RHYTHMS_DAYS),
        writes=rng.random() >= profile.no_text,
        converts=customer.currency != HOME and rng.random() < profile.converts,
        median_minor=max(1_000, int(profile.median_minor * rng.lognormvariate(0, profile.payer_spread))),
        prices=_prices(rng, profile),
        short=short,
        mistakable=mistakable,
    )


def _prices(rng: random.Random, profile: Profile) -> tuple[int, ...]:
    """What it is charged every month, where it has a plan."""
    if profile.price_list:
        return (rng.choice(profile.price_list),)
    step = profile.price_step
    return tuple(int(rng.lognormvariate(9.8, 0.9)) // step * step + 500 for _ in range(profile.own_prices))
