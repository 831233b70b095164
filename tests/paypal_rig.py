"""What tests of the PayPal adapter stand on: a running double, judged by PayPal's own files, and an adapter over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests

from adapters.paypal.client import PayPal, connect
from adapters.paypal.settings import Settings
from adapters.paypal.standin import PayPalStandIn, build
from adapters.paypal.standin.books import Books
from adapters.paypal.standin.ordering import Ordering
from adapters.paypal.standin.people import People
from adapters.paypal.translate import Where
from connector.dates import after, business_date
from connector.model.finding import Finding
from connector.model.intent import CapturePage, GiveBack, OpenPayPage, WriteKey, Written
from connector.model.mirror import UNFINISHED, Gone, Mirrored, Noun
from connector.model.money_in import Payment
from connector.model.party import Account
from connector.model.settlement import BalanceEntry
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.money import Money, currency, from_text
from connector.ports import SecretPair, Surroundings
from connector.testing.standin import Answer, Call, Server, parse_faults
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.surroundings import OpenBudget, OpenTurns
from tests.vendor import paypal as judge
from tests.vendor.where import available

CONNECTION = ConnectionId("paypal")
DEBT = Ref(ConnectionId("quickbooks"), Kind.INVOICE, "130")
ACCOUNT = "HARBR2345678A"
WORLD = f"company  Harbor Supply  home USD  zone America/New_York  country US  paypal {ACCOUNT}\n"
NOON = "2026-06-01T12:00:00Z"
WHERE = Where(connection=CONNECTION, zone=ZoneInfo("America/New_York"), live=False)
RETURN = "https://pay.harbor.example/pay/secret/back"


class Purse:
    """A TokenStore in memory, shared by whoever is given it."""

    def __init__(self) -> None:
        self.pair: SecretPair | None = None
        self.stored = 0

    def read(self) -> SecretPair | None:
        return self.pair

    def replace(self, pair: SecretPair) -> SecretPair:
        self.pair = replace(pair, version=pair.version + 1)
        self.stored += 1
        return self.pair

    def locked(self, action: Callable[[], SecretPair]) -> SecretPair:
        return action()


class Kept:
    """A Mirror that keeps pages as the store does: the newest record of each ref."""

    def __init__(self) -> None:
        self.held: dict[Ref, Mirrored] = {}
        self.findings: list[Finding] = []

    def take(self, records: tuple[Mirrored, ...]) -> None:
        self.held.update({each.ref: each for each in records})

    def known(self, kind: Kind) -> Mapping[str, str]:
        return {
            ref.vendor_id: each.version
            for ref, each in self.held.items()
            if ref.kind is kind and not isinstance(each.record, Gone)
        }

    def number(self, kind: Kind) -> int:
        return len(self.known(kind))

    def unfinished(self, kind: Kind) -> tuple[str, ...]:
        states = UNFINISHED.get(kind, frozenset())
        return tuple(
            sorted(
                ref.vendor_id
                for ref, each in self.held.items()
                if ref.kind is kind and getattr(each.record, "state", None) in states
            )
        )

    def kept_for(self, kind: Kind) -> tuple[str, ...]:
        del kind
        return ()

    def of(self, kind: Kind) -> dict[str, Noun]:
        """The records of a kind that are there, by id."""
        return {
            ref.vendor_id: each.record
            for ref, each in sorted(self.held.items())
            if ref.kind is kind and not isinstance(each.record, Gone)
        }


def judged(call: Call, answer: Answer) -> list[str]:
    """Every answer, and every request that PayPal would not have called malformed, by PayPal's own files."""
    if not available("paypal") or not judge.is_described(call.path):
        return []
    wrong = judge.answer_errors(call.method, call.target, answer.status, answer.body)
    if answer.status != 400:
        wrong += judge.request_errors(call.method, call.target, dict(call.headers), call.body)
    return wrong


@dataclass
class Desk:
    """The double of one account, an adapter over it, and what was read so far."""

    server: Server
    stand_in: PayPalStandIn
    clock: FakeClock
    budget: OpenBudget = field(default_factory=OpenBudget)
    turns: OpenTurns = field(default_factory=OpenTurns)
    tokens: Purse = field(default_factory=Purse)
    mirror: Kept = field(default_factory=Kept)
    cursor: str | None = None
    read_from: str = "2026-04-01"

    @property
    def books(self) -> Books:
        return self.stand_in.books[ACCOUNT]

    @property
    def people(self) -> People:
        return self.stand_in.people[ACCOUNT]

    @property
    def ordering(self) -> Ordering:
        return self.stand_in.ordering(ACCOUNT)

    def settings(self, **more: str) -> Settings:
        world = parse(WORLD)[0]
        return Settings.parse({**self.stand_in.settings(world, self.server.url), **more})

    def adapter(self, **more: str) -> PayPal:
        """The adapter as the product would build it, with settings of its own; it reads two months back."""
        more.setdefault("read_from", self.read_from)
        return connect(
            Surroundings(
                connection=CONNECTION,
                settings=self.settings(**more),
                zone="America/New_York",
                clock=self.clock,
                tokens=self.tokens,
                budget=self.budget,
                turns=self.turns,
                mirror=self.mirror,
            )
        )

    def faults(self, text: str) -> None:
        self.server.add_faults(*parse_faults(text))

    def read(self, adapter: PayPal | None = None, *, pages_max: int = 10_000) -> list[Finding]:
        """One reading of `books` to its end, or so many pages of it; every page is kept with its cursor."""
        reader = adapter or self.adapter()
        found: list[Finding] = []
        for _ in range(pages_max):
            page = reader.pull("books", self.cursor)
            self.mirror.take(page.records)
            self.cursor = page.cursor
            found += page.findings
            if not page.more:
                break
        self.mirror.findings += found
        return found

    def opened(self, adapter: PayPal, op: str = "OPENOPENOPENOPENOPEN", **changes: Any) -> Written:
        """An order of ours."""
        return adapter.open_page(page_for(**changes), WriteKey(op_id=OpId(op)))

    def payer(self, written: Written, **form: str) -> requests.Response:
        """What a browser sends from the payer's page."""
        assert written.url is not None
        assert urlsplit(written.url).netloc == urlsplit(self.server.url).netloc
        return requests.post(written.url, data=form, allow_redirects=False, timeout=10)

    def approved(self, adapter: PayPal, funds: str = "balance", **changes: Any) -> CapturePage:
        """An order that the payer has approved, and what captures it."""
        written = self.opened(adapter, **changes)
        assert self.payer(written, do="approve", funds=funds).status_code == 302
        return capture_for(written.ref.vendor_id, **changes)

    def asked(self, method: str, path: str) -> int:
        """How many such calls came in."""
        return sum(1 for made, at, _ in self.server.calls if made == method and at == path)

    def pass_hours(self, hours: float) -> None:
        self.clock.pass_seconds(hours * 3600)


def entries(desk: Desk) -> list[BalanceEntry]:
    found = desk.mirror.of(Kind.BALANCE_ENTRY).values()
    return sorted((each for each in found if isinstance(each, BalanceEntry)), key=lambda each: each.created)


def payment(desk: Desk, vendor_id: str) -> Payment:
    found = desk.mirror.of(Kind.PAYMENT)[vendor_id]
    assert isinstance(found, Payment)
    return found


def ties(desk: Desk) -> bool:
    """Whether the lines come to what PayPal says it holds, in every currency."""
    sums: dict[str, int] = {}
    for entry in entries(desk):
        sums[entry.net.currency] = sums.get(entry.net.currency, 0) + entry.net.minor
    said = {
        str(each.currency): each.balance.minor
        for each in desk.mirror.of(Kind.ACCOUNT).values()
        if isinstance(each, Account) and each.balance is not None
    }
    return {code: minor for code, minor in sums.items() if minor} == {
        code: minor for code, minor in said.items() if minor
    }


def page_for(**changes: Any) -> OpenPayPage:
    """A pay page of 120.00 USD for invoice INV-7."""
    page = OpenPayPage(
        connection=CONNECTION,
        debt=DEBT,
        number="INV-7",
        amount=from_text("120.00", currency("USD")),
        methods=("paypal",),
        expires_at=after(FakeClock(NOON).now(), 3600),
        return_url=RETURN,
        attempt="a-abcdefghijklmnopqrst",
    )
    return replace(page, **changes)


def capture_for(page_id: str, **changes: Any) -> CapturePage:
    """What takes the money of such a page."""
    page = page_for(**changes)
    return CapturePage(
        connection=CONNECTION,
        debt=page.debt,
        number=page.number,
        amount=page.amount,
        attempt=page.attempt,
        page_id=page_id,
    )


def refund_of(payment: Ref, amount: str, given_before: str = "0.00") -> GiveBack:
    """What gives so much of a payment back, of which so much had gone back when it was planned."""
    return GiveBack(
        connection=payment.connection,
        about=payment,
        amount=usd(amount),
        given_before=usd(given_before),
        on=business_date("2026-03-12"),
        memo="refund",
    )


def key(text: str = "TAKETAKETAKETAKETAKE", repeat: int = 1) -> WriteKey:
    """The stored key of a write."""
    return WriteKey(op_id=OpId(text), repeat=repeat)


def usd(text: str) -> Money:
    return from_text(text, currency("USD"))


@contextmanager
def open_desk(world: str = WORLD, at: str = NOON, *, by_the_files: bool = True) -> Iterator[Desk]:
    """A running double; leaving it finds what PayPal's files have against any exchange.

    Not `by_the_files`: it is to say what they, two years old, do not know.
    """
    clock = FakeClock(at)
    stand_in = build(parse(world), clock=clock)
    with Server(stand_in, inspectors=(judged,) if by_the_files else ()) as server:
        desk = Desk(server=server, stand_in=stand_in, clock=clock)
        desk.settings()
        yield desk
        assert server.problems == [], server.problems
