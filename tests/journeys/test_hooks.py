"""Webhooks speed things up and nothing depends on them: however they come, the mirror ends as the books stand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from adapters.quickbooks import standin
from adapters.quickbooks.standin.churn import Churn
from adapters.quickbooks.standin.conduct import Conduct
from adapters.quickbooks.standin.hooks import CLASSIC, CLOUDEVENTS, Delivering, HookSender
from adapters.quickbooks.standin.intuit import Intuit
from adapters.quickbooks.standin.office import Office
from connector.app import setup
from connector.app.books import sync_all
from connector.app.hints import LOOKED_AT_MAX
from connector.app.house import Desk, House
from connector.model.invoice import Invoice
from connector.model.mirror import Gone, GoneState, Noun
from connector.model.source import ConnectionId, Kind, Ref
from connector.ports import Hint
from connector.store.inbox import Addressed
from connector.testing.standin import Server, parse_faults
from connector.testing.worlds import parse
from connector.web.pay import pay_app
from tests.clocks import FakeClock
from tests.contract.quickbooks_room import REALM, WORLD, inspect
from tests.unit.hooks_ground import VERIFIER, config_of

BOOKS = ConnectionId("quickbooks")
ROUNDS = 5
EDITS = 8
PAUSE_SECONDS = 900
"""Between two readings: the interval of polling."""

MirrorOf = dict[Ref, tuple[str, Noun | Gone]]


@dataclass
class Firm:
    """A company whose books are connected, its double, and the door its webhooks come to."""

    server: Server
    intuit: Intuit
    house: House
    client: TestClient
    clock: FakeClock

    @property
    def desk(self) -> Desk:
        return self.house.company(None)

    @property
    def office(self) -> Office:
        return self.intuit.office(REALM)

    def deliver(self, sender: HookSender) -> list[int]:
        """Let the vendor send what it has to tell; the statuses it gets."""
        sent = self.server.behind(sender.deliveries)
        return [
            self.client.post("/hooks/quickbooks", content=each.body, headers=dict(each.headers)).status_code
            for each in sent
        ]

    def sync(self) -> None:
        sync_all(self.desk, lambda *_: None)

    def hints(self) -> tuple[Hint, ...]:
        return self.house.store.open_hints(self.desk.id, BOOKS)

    def mirror(self) -> MirrorOf:
        """Everything that is mirrored, tombstones too; into what a record was merged only a webhook tells."""
        held = (
            one
            for kind in Kind
            if kind is not Kind.PROFILE
            for one in self.house.store.records(self.desk.id, kind, include_gone=True)
        )
        return {
            one.ref: (
                one.version,
                replace(one.record, merged_into=None) if isinstance(one.record, Gone) else one.record,
            )
            for one in held
        }

    def looks(self) -> list[str]:
        """The single records that were asked for."""
        return [path for method, path, _ in self.server.calls if method == "GET" and path.rpartition("/")[2].isdigit()]

    def open_of(self, invoice: str) -> str:
        held = self.house.store.record(self.desk.id, Ref(BOOKS, Kind.INVOICE, invoice))
        assert held is not None
        assert isinstance(held.record, Invoice)
        return str(held.record.open)


@contextmanager
def connected(folder: Path) -> Iterator[Firm]:
    """Connected and read once; nothing that went over the wire offends Intuit's schema."""
    folder.mkdir(mode=0o700)
    clock = FakeClock("2026-04-06T12:00:00Z")
    intuit = standin.build(parse(WORLD), clock=clock)
    (world,) = parse(WORLD)
    with Server(intuit, inspectors=(inspect,)) as server, House(config_of(folder), clock) as house:
        values = intuit.settings(world, server.url) | {"webhook_verifier": VERIFIER}
        wish = setup.Wish(system="quickbooks", company=None, zone=world.zone, values=values, allow_writes=True)
        setup.connect(house, wish)
        app = pay_app(lambda: house, hooks=lambda: House(house.config, clock))
        with TestClient(app) as client:
            firm = Firm(server, intuit, house, client, clock)
            firm.sync()
            clock.pass_seconds(PAUSE_SECONDS)
            yield firm
    assert server.problems == []


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with connected(tmp_path / "home") as made:
        yield made


WAYS: dict[str, Delivering] = {
    "in time": Delivering(),
    "in the old form": Delivering(form=CLASSIC),
    "doubled": Delivering(form=CLOUDEVENTS, doubled=True),
    "out of order": Delivering(shuffle_seed=11),
    "late, doubled, out of order, beside a stranger's": Delivering(
        keep_back=5, doubled=True, shuffle_seed=5, stranger="777", together=True, events_max=3
    ),
}


def lived(folder: Path, how: Delivering | None) -> list[MirrorOf]:
    """The mirror after each of some rounds of work in the books, read once in an interval, and at the end; None drops
    every delivery, and then everything is read from its beginning: it must be no news."""
    with connected(folder) as firm:
        sender = HookSender(firm.intuit, VERIFIER, how)
        people = Churn(firm.office, seed=38)
        seen = []
        for _ in range(ROUNDS):
            firm.server.behind(lambda: people.run(EDITS))
            if how is not None:
                assert set(firm.deliver(sender)) == {200}
                assert firm.hints()
            firm.clock.pass_seconds(PAUSE_SECONDS)
            firm.sync()
            seen.append(firm.mirror())
        if how is not None:
            sender.delivering = replace(how, keep_back=0)
            firm.deliver(sender)
            firm.sync()
            assert firm.hints() == ()
        seen.append(firm.mirror())
        if how is None:
            sync_all(firm.desk, lambda *_: None, again=True)
            assert firm.mirror() == seen[-1]
        return seen


@pytest.mark.gate
@pytest.mark.req("Q37")
def test_every_reading_brings_all_there_is_with_every_delivery_dropped_doubled_late_or_out_of_order(
    tmp_path: Path,
) -> None:
    dropped = lived(tmp_path / "dropped", None)
    assert len(dropped) > ROUNDS
    assert any(isinstance(record, Gone) for _, record in dropped[-1].values())
    assert all(before != after for before, after in pairwise(dropped[:-1])), "each round changes something"
    for number, (name, how) in enumerate(WAYS.items()):
        assert lived(tmp_path / str(number), how) == dropped, name


def test_with_webhooks_off_the_next_reading_brings_everything(firm: Firm) -> None:
    made = firm.server.behind(lambda: firm.office.invoice(firm.office.find("Customer", "Acme"), "31.00", "INV-31"))
    firm.sync()
    assert firm.open_of(made) == "31.00 USD"
    assert firm.hints() == ()


def test_a_hint_makes_us_look_at_what_a_search_does_not_show_yet(firm: Firm) -> None:
    firm.intuit.conduct = Conduct(search_lag_seconds=600)
    sender = HookSender(firm.intuit, VERIFIER)
    made = firm.server.behind(lambda: firm.office.invoice(firm.office.find("Customer", "Acme"), "31.00", "INV-31"))
    firm.sync()
    assert firm.house.store.record(firm.desk.id, Ref(BOOKS, Kind.INVOICE, made)) is None
    assert firm.deliver(sender) == [200]
    assert made in {hint.vendor_id for hint in firm.hints()}
    firm.sync()
    assert firm.open_of(made) == "31.00 USD"
    assert firm.hints() == ()


def test_what_the_reading_itself_brought_is_not_asked_for_again(firm: Firm) -> None:
    sender = HookSender(firm.intuit, VERIFIER)
    firm.server.behind(lambda: firm.office.edit("Invoice", firm.office.find("Invoice", "INV-7"), PrivateNote="x"))
    firm.deliver(sender)
    before = len(firm.looks())
    firm.clock.pass_seconds(60)
    firm.sync()
    assert (firm.hints(), firm.looks()[before:]) == ((), [])


def test_what_we_saw_after_it_happened_is_not_asked_for_when_the_vendor_tells_us_of_it_later(firm: Firm) -> None:
    sender = HookSender(firm.intuit, VERIFIER)
    firm.server.behind(lambda: firm.office.edit("Invoice", firm.office.find("Invoice", "INV-7"), PrivateNote="ours"))
    firm.clock.pass_seconds(1)
    firm.sync()
    firm.deliver(sender)
    assert firm.hints()
    before = len(firm.looks())
    firm.clock.pass_seconds(PAUSE_SECONDS)
    firm.sync()
    assert (firm.hints(), firm.looks()[before:]) == ((), [])


def hinted(firm: Firm, *vendor_ids: str, kind: Kind = Kind.INVOICE, merged_into: str | None = None) -> None:
    """Hints about records of which nothing has happened."""
    firm.house.store.add_hints(
        Addressed(
            firm.desk.id,
            BOOKS,
            Hint(account=REALM, key=f"{kind}-{each}", kind=kind, vendor_id=each, at="", merged_into=merged_into),
        )
        for each in vendor_ids
    )


def test_many_hints_are_covered_by_the_regular_reading_and_are_not_looked_at_one_by_one(firm: Firm) -> None:
    before = len(firm.server.calls)
    firm.sync()
    alone = len(firm.server.calls) - before
    hinted(firm, *(str(number) for number in range(900, 901 + LOOKED_AT_MAX)))
    firm.clock.pass_seconds(60)
    firm.sync()
    assert len(firm.server.calls) - before - alone <= alone
    assert firm.hints() == ()


def test_a_hint_about_what_is_not_there_leaves_no_trace_of_a_record_that_never_was(firm: Firm) -> None:
    hinted(firm, "999")
    firm.clock.pass_seconds(60)
    firm.sync()
    assert firm.hints() == ()
    assert firm.house.store.record(firm.desk.id, Ref(BOOKS, Kind.INVOICE, "999")) is None


def test_a_look_that_fails_fails_no_reading_and_its_hint_stays(firm: Firm) -> None:
    invoice = firm.office.find("Invoice", "INV-7")
    hinted(firm, invoice)
    firm.clock.pass_seconds(60)
    firm.server.add_faults(*parse_faults(f"GET */invoice/{invoice} 0 status-before 503"))
    firm.sync()
    assert [hint.vendor_id for hint in firm.hints()] == [invoice]


def test_a_merge_is_remembered_with_the_record_it_went_into(firm: Firm) -> None:
    sender = HookSender(firm.intuit, VERIFIER)
    firm.server.behind(lambda: firm.office.customer("Acme Twin"))
    firm.sync()
    gone, kept = (firm.office.find("Customer", name) for name in ("Acme Twin", "Acme"))
    firm.server.behind(lambda: firm.office.merge(gone, kept, struck_out=True))
    firm.deliver(sender)
    firm.clock.pass_seconds(60)
    firm.sync()
    held = firm.house.store.record(firm.desk.id, Ref(BOOKS, Kind.CUSTOMER, gone))
    assert held is not None
    assert held.record == Gone(state=GoneState.MERGED, merged_into=Ref(BOOKS, Kind.CUSTOMER, kept))
    firm.clock.pass_seconds(PAUSE_SECONDS)
    firm.sync()
    assert firm.house.store.record(firm.desk.id, held.ref) == held


def test_a_merge_that_only_a_hint_tells_of_is_not_believed(firm: Firm) -> None:
    acme, twin = firm.office.find("Customer", "Acme"), firm.office.find("Customer", "Acme North")
    hinted(firm, twin, kind=Kind.CUSTOMER, merged_into=acme)
    firm.clock.pass_seconds(60)
    firm.sync()
    held = firm.house.store.record(firm.desk.id, Ref(BOOKS, Kind.CUSTOMER, twin))
    assert held is not None
    assert held.gone is None
