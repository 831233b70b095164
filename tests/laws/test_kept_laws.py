"""What is kept from one look at the mirror to the next changes nothing: after any history of changes, by whatever
process, what was grown little by little is what is read and decided from nothing."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.app.folder import read_cases
from connector.app.house import House
from connector.app.mirrored import Mirrors
from connector.clock import SystemClock
from connector.config import Config
from connector.dates import business_date
from connector.model.allocation import Allocation
from connector.model.firm import Actor, Company, Connection, MatchingRules
from connector.model.invoice import CreditNote, Invoice, InvoiceState
from connector.model.mirror import Gone, GoneState, Mirrored, Noun
from connector.model.money_in import Payment, PaymentState
from connector.model.party import Customer
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, Ref, Tag
from connector.money import Money, currency
from connector.ports import Page
from connector.reconcile.cash.case import Case, Policy
from connector.reconcile.cash.ground import Ground
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.verdict import Class
from connector.reconcile.ledger import kept_in
from connector.reconcile.match import decide, reconcile
from connector.reconcile.options import Review
from connector.reconcile.snapshot import Snapshot, snapshot
from connector.store import Author
from tests.bench.cash import files
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

BOOKS, PROCESSOR = ConnectionId("quickbooks"), ConnectionId("stripe")
ANN, USD = ActorId("ann"), currency("USD")
NAMES = ("Acme Ltd", "Birch Works", "Cedar Supply Co", "Dover Lines")
STEPS = 7
MONEY = Payment(
    customer=None,
    received_on=business_date("2026-04-03"),
    gross=Money(77, USD),
    state=PaymentState.SUCCEEDED,
    method="card",
)


class Firm:
    """One company of a store, whose outside systems change as luck has it; two processes look at it."""

    def __init__(self, folder: Path, company: CompanyId, luck: random.Random) -> None:
        self.folder, self.company, self.luck = folder, company, luck
        self.held: dict[Ref, Noun] = {}
        self.versions = 0
        self.houses = [self._open(), self._open()]
        store = self.houses[0].store
        store.add_company(
            Company(company_id=company, name="Harbor", home_currency=USD, zone="UTC"),
            Actor(company_id=company, actor_id=ANN, name="Ann"),
        )
        for name, system in ((BOOKS, "quickbooks"), (PROCESSOR, "stripe")):
            store.save_connection(
                Connection(company_id=company, connection_id=name, system=system, account="1", live=False), ANN
            )

    def _open(self) -> House:
        home = self.folder / "home"
        home.mkdir(mode=0o700, exist_ok=True)
        return House(Config(home=home, database=str(self.folder / "store.db"), actor="ann"), SystemClock())

    def close(self) -> None:
        for house in self.houses:
            house.store.close()

    def is_killed(self, one: int) -> None:
        """A process ends, and another one begins in its place."""
        self.houses[one].store.close()
        self.houses[one] = self._open()

    def seen(self, one: int) -> Snapshot:
        return self.houses[one].company(self.company).snapshot()

    def anew(self, as_seen: Snapshot) -> Snapshot:
        """The same read from nothing."""
        rows = self.houses[0].store.everything(self.company)
        fresh = snapshot(((row.ref, row.version, row.record) for row in rows), books=BOOKS)
        return replace(as_seen, records=fresh.records, versions=fresh.versions, gone=fresh.gone, kept=[])

    def goes_on(self) -> None:
        """Some records change, come or go; now and then a person says something."""
        changes: dict[Ref, Noun | Gone] = {}
        for _ in range(self.luck.randint(1, 4)):
            ref, record = self.luck.choice((self._customer, self._invoice, self._credit, self._charge, self._some))()
            changes[ref] = record
        for ref, record in changes.items():
            if isinstance(record, Gone):
                self.held.pop(ref, None)
            else:
                self.held[ref] = record
        self.gets(changes)
        if self.luck.random() < 0.3:
            self._says()
        if self.luck.random() < 0.2:
            self._chooses()

    def gets(self, changes: dict[Ref, Noun | Gone]) -> None:
        for connection in (BOOKS, PROCESSOR):
            records = []
            for ref, record in changes.items():
                if ref.connection == connection:
                    self.versions += 1
                    raw = b"" if isinstance(record, Gone) else f"{self.versions}".encode()
                    records.append(Mirrored(ref=ref, version=str(self.versions), raw=raw, record=record))
            page = Page(records=tuple(records), cursor=str(self.versions), more=False)
            self.houses[0].store.save_pages(Author(company=self.company), connection, "all", [page])

    def _some(self) -> tuple[Ref, Noun | Gone]:
        """One of those that are here, as it was, with another balance, or no more."""
        if not self.held:
            return self._customer()
        ref = self.luck.choice(sorted(self.held))
        record, chance = self.held[ref], self.luck.random()
        if chance < 0.25:
            return ref, Gone(state=GoneState.DELETED)
        if isinstance(record, Invoice):
            left = self.luck.choice((0, record.total.minor, record.total.minor // 2))
            state = InvoiceState.OPEN if left else self.luck.choice((InvoiceState.PAID, InvoiceState.VOID))
            return ref, replace(record, open=Money(left, record.total.currency), state=state)
        if isinstance(record, Payment):
            return ref, replace(record, memo=self.luck.choice(("INV-1", "INV-2", "thanks")))
        return ref, record

    def _customer(self) -> tuple[Ref, Noun]:
        name = self.luck.choice(NAMES)
        at = self.luck.choice((BOOKS, PROCESSOR))
        parent = Ref(BOOKS, Kind.CUSTOMER, NAMES[0]) if self.luck.random() < 0.2 and name != NAMES[0] else None
        email = f"{name[:5]}@x.example" if self.luck.random() < 0.7 else None
        record = Customer(name=name, email=email, parent=parent if at == BOOKS else None, active=True)
        return Ref(at, Kind.CUSTOMER, name if at == BOOKS else f"cus_{name}"), record

    def _invoice(self) -> tuple[Ref, Noun]:
        number, total = self.luck.randint(1, 30), self.luck.choice((100, 250, 999, 4_000))
        at = BOOKS if self.luck.random() < 0.8 else PROCESSOR
        owner = self.luck.choice(NAMES)
        return Ref(at, Kind.INVOICE, f"i-{number}"), Invoice(
            number=f"INV-{number}",
            customer=Ref(at, Kind.CUSTOMER, owner if at == BOOKS else f"cus_{owner}"),
            issued_on=business_date(f"2026-03-{self.luck.randint(1, 28):02}"),
            due_on=business_date("2026-03-31") if self.luck.random() < 0.7 else None,
            total=Money(total, USD),
            open=Money(total, USD),
            state=InvoiceState.OPEN,
            tags=(Tag("invoice_number", f"INV-{number}"),) if self.luck.random() < 0.3 else (),
        )

    def _credit(self) -> tuple[Ref, Noun]:
        number, amount = self.luck.randint(1, 5), Money(self.luck.choice((50, 100)), USD)
        return Ref(BOOKS, Kind.CREDIT_NOTE, f"c-{number}"), CreditNote(
            number=f"CM-{number}", customer=Ref(BOOKS, Kind.CUSTOMER, self.luck.choice(NAMES)),
            issued_on=business_date("2026-03-05"), total=amount, open=amount, state=InvoiceState.OPEN,
        )  # fmt: skip

    def _charge(self) -> tuple[Ref, Noun]:
        number = self.luck.randint(1, 20)
        text = self.luck.choice(("", "thanks", f"INV-{number}", "INV-1 and INV-2", "invoice 3"))
        return Ref(PROCESSOR, Kind.PAYMENT, f"ch_{number}"), Payment(
            customer=Ref(PROCESSOR, Kind.CUSTOMER, f"cus_{self.luck.choice(NAMES)}")
            if self.luck.random() < 0.6
            else None,
            received_on=business_date(f"2026-04-{self.luck.randint(1, 28):02}"),
            gross=Money(self.luck.choice((100, 200, 250, 349, 999, 4_000)), USD),
            state=self.luck.choice((PaymentState.SUCCEEDED, PaymentState.SUCCEEDED, PaymentState.PENDING)),
            method="card",
            memo=text,
            payer=self.luck.choice(NAMES) if self.luck.random() < 0.4 else None,
            tags=(Tag("invoice_number", f"INV-{number}"),) if self.luck.random() < 0.2 else (),
        )

    def _says(self) -> None:
        seen = self.seen(0)
        if not seen.payments or not seen.invoices:
            return
        ref, target = self.luck.choice(sorted(seen.payments)), self.luck.choice(sorted(seen.invoices))
        gross = seen.payments[ref].gross
        kind = self.luck.choice((RulingKind.HUMAN, RulingKind.REJECTED))
        given = Allocation(payment=ref, target=target, amount=gross)
        ruling = Ruling(
            payment=ref, kind=kind, by=ANN, at=self.houses[0].clock.now(), gross=gross,
            unapplied=Money(0, USD), allocations=(given,),
        )  # fmt: skip
        last = max((one.number for one in seen.rulings), default=0)
        self.houses[0].store.add_rulings(Author(company=self.company, actor=ANN), [ruling], after=last)

    def _chooses(self) -> None:
        store = self.houses[0].store
        every = tuple(one.value for one in Class)
        chosen = MatchingRules(
            automatic=self.luck.choice((MatchingRules().automatic, (), every)), oldest_first=self.luck.random() < 0.5
        )
        store.set_company(replace(store.company(self.company), matching=chosen), ANN)


def says_the_same(firm: Firm, one: int) -> int:
    """What one process sees, decides and says of it, beside what follows from nothing. How much was decided."""
    seen = firm.seen(one)
    fresh = firm.anew(seen)
    assert seen == fresh
    assert [(kind, list(held)) for kind, held in seen.records.items()] == [
        (kind, list(held)) for kind, held in fresh.records.items()
    ]
    assert list(seen.gone) == list(fresh.gone)
    mine, theirs = reconcile(seen), reconcile(fresh)
    assert mine == theirs
    assert Review(seen, mine).examined() == Review(fresh, theirs).examined()
    assert decide(seen) == decide(fresh)
    return len(mine.decisions)


def lives(folder: Path, seed: int) -> int:
    luck = random.Random(seed)  # noqa: S311 - chances of a test
    firm = Firm(folder, CompanyId("acme"), luck)
    decided = 0
    try:
        for _ in range(12):
            firm.goes_on()
        for _ in range(STEPS):
            for _ in range(luck.randint(0, 2)):
                firm.goes_on()
            if luck.random() < 0.15:
                firm.is_killed(luck.randint(0, 1))
            decided += says_the_same(firm, 0 if luck.random() < 0.7 else 1)
    finally:
        firm.close()
    return decided


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be: nobody asks what a disk does here."""
    memory = Path("/dev/shm")  # noqa: S108 - a place for tests only
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


@pytest.mark.parametrize("seed", range(3))
def test_after_any_history_what_is_kept_reads_and_decides_as_one_who_knows_nothing(folder: Path, seed: int) -> None:
    assert lives(folder, seed) > 0


@pytest.mark.gate
def test_forty_histories_end_as_they_are_read_from_nothing(folder: Path) -> None:
    decided = 0
    for seed in range(100, 140):
        (folder / str(seed)).mkdir()
        decided += lives(folder / str(seed), seed)
    assert decided > 100


def test_only_what_was_stored_since_is_read_and_an_unchanged_company_costs_nothing(folder: Path) -> None:
    firm = Firm(folder, CompanyId("acme"), random.Random(4))  # noqa: S311 - chances of a test
    try:
        for _ in range(20):
            firm.goes_on()
        firm.is_killed(0)
        firm.seen(0)
        house = firm.houses[0]
        whole = house.mirrors.read
        assert whole == len(list(house.store.everything(firm.company)))
        again = firm.seen(0)
        reconcile(again)
        made, answer = kept_in(again).ground.made, kept_in(again).answer
        assert house.mirrors.read == whole
        ref = Ref(PROCESSOR, Kind.PAYMENT, "ch_new")
        firm.gets({ref: MONEY})
        grown = firm.seen(0)
        assert house.mirrors.read == whole + 1
        assert ref in grown.payments
        assert grown.invoices is again.invoices, "a kind of which nothing changed is the same object"
        reconcile(grown)
        assert kept_in(grown).ground.made == made, "a new payment makes nothing anew of customers and items"
        assert kept_in(grown).answer is not answer
        held = kept_in(grown).answer
        reconcile(firm.seen(0))
        assert kept_in(grown).answer is held, "asked the very same, it says what it said"
    finally:
        firm.close()


def test_of_many_companies_those_looked_at_longest_ago_are_read_anew(folder: Path) -> None:
    firms = [Firm(folder, CompanyId(name), random.Random(name)) for name in ("acme", "birch")]  # noqa: S311 - as above
    store, mirrors = firms[0].houses[0].store, Mirrors(records_max=1)
    try:
        for firm in firms:
            firm.gets({Ref(PROCESSOR, Kind.PAYMENT, f"ch_{number}"): MONEY for number in range(3)})
        for company, read in (("acme", 3), ("acme", 3), ("birch", 6), ("birch", 6), ("acme", 9)):
            held = mirrors.now(store, CompanyId(company))
            assert len(held.records[Kind.PAYMENT]) == 3
            assert mirrors.read == read
    finally:
        for firm in firms:
            firm.close()


def test_between_turns_only_the_company_that_had_the_last_one_is_kept(folder: Path) -> None:
    firms = [Firm(folder, CompanyId(name), random.Random(name)) for name in ("acme", "birch")]  # noqa: S311 - as above
    store, mirrors = firms[0].houses[0].store, Mirrors()
    try:
        for firm in firms:
            firm.gets({Ref(PROCESSOR, Kind.PAYMENT, f"ch_{number}"): MONEY for number in range(3)})
        for company, read in (("acme", 3), ("acme", 3), ("birch", 6), ("birch", 6), ("acme", 9)):
            assert len(mirrors.now(store, CompanyId(company)).records[Kind.PAYMENT]) == 3
            assert mirrors.read == read
            mirrors.rest()
    finally:
        for firm in firms:
            firm.close()


def test_a_store_with_another_history_is_read_from_its_beginning(folder: Path) -> None:
    """As after a backup was put back beside a process that goes on."""
    for name in ("one", "other"):
        (folder / name).mkdir()
    luck = random.Random(1)  # noqa: S311 - as above
    firms = [Firm(folder / name, CompanyId("acme"), luck) for name in ("one", "other")]
    mirrors = Mirrors()
    try:
        for number, firm in enumerate(firms):
            firm.gets({Ref(PROCESSOR, Kind.PAYMENT, f"ch_{number}"): MONEY})
            held = mirrors.now(firm.houses[0].store, CompanyId("acme"))
            assert [ref.vendor_id for ref in held.records[Kind.PAYMENT]] == [f"ch_{number}"]
    finally:
        for firm in firms:
            firm.close()


def shown(rounds: Rounds) -> list[tuple[object, ...]]:
    """Every verdict with all it stands on, in the order of deciding; and who paid what is undecided."""
    at = rounds.at
    return [*at.verdicts.values(), *((place, at.payer[place], at.reading[place]) for place in at.waiting)]


@pytest.mark.parametrize("name", ["smb", "b2b", "subs", "small", "long", "equal"])
def test_on_a_ground_that_was_used_before_a_case_is_decided_as_on_none(name: str) -> None:
    luck = random.Random(name)  # noqa: S311 - chances of a test
    with tempfile.TemporaryDirectory() as made:
        files.write(Path(made), world(PROFILES[name], 200, 11))
        policy = Policy(bank_fee=2_500, terms=True, fx_margin_bp=150, partial=True)
        cases = [case for _, case in read_cases(Path(made), policy)]
    for case in cases:
        ground = Ground()
        for portion in (portions(case, luck), portions(case, luck), case):
            on_ground, alone = ground.rounds(portion), Rounds(portion)
            on_ground.run()
            alone.run()
            assert shown(on_ground) == shown(alone)
        assert ground.made < 3, "it was used more than once"


def portions(case: Case, luck: random.Random) -> Case:
    """Some of its receipts, and of a few items less or more, or due on another day."""
    items = [
        one._replace(amount=luck.choice((0, one.amount // 2, one.amount)), due=one.due + luck.choice((0, 0, 7)))
        if luck.random() < 0.1
        else one
        for one in case.items
    ]
    return replace(case, items=items, receipts=[one for one in case.receipts if luck.random() < 0.6])
