"""Reading a company that lives: all of it, while people work in it, and afterwards only what changed."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from adapters.quickbooks import course
from adapters.quickbooks.entities import ENTITIES
from adapters.quickbooks.standin.churn import Churn
from adapters.quickbooks.standin.office import Office
from connector.errors import UnknownRecord, Unreachable
from connector.model.invoice import Invoice, InvoiceState
from connector.model.mirror import Gone, GoneState
from connector.model.money_in import Payment
from connector.model.party import Customer
from connector.model.settlement import BookEntry, Deposit
from connector.model.source import ConnectionId, Kind, Ref
from connector.ports import Lookable
from connector.reconcile.snapshot import snapshot
from connector.reconcile.tieout import tie_out
from connector.testing.standin import Fault, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.contract.quickbooks_crowd import Reader, at_work, served_crowd
from tests.crowd import crowd
from tests.unit.quickbooks_ground import BOOKS

DAY_SECONDS = 86_400
CYCLE_SECONDS = 900

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  realm 9130001
account  Checking  bank USD
customer  Acme  email ap@acme.example
customer  Acme North  parent Acme
customer  Borealis  currency CAD
2026-03-01  invoice  INV-7  Acme  120.00 USD  due 2026-03-31
2026-03-02  invoice  INV-8  Acme North  80.00 USD  due 2026-04-01
2026-03-03  invoice  INV-9  Borealis  55.10 CAD
2026-03-05  credit  CM-1  Acme  20.00 USD  applied INV-7 20.00 USD
2026-03-30  payment  CHK-88  Acme  50.00 USD  by check  for INV-7 50.00 USD
2026-04-01  journal  JE-1  Acme  -5.00 USD  memo "goodwill"
2026-04-02  journal  JE-2  Acme North  7.50 USD
2026-04-02  receipt  SR-1  Acme  15.00 USD  into Checking
2026-04-03  refunded  RR-1  Acme  3.00 USD  from Checking
"""


class Firm:
    """A small company, its office and a reader of its books."""

    def __init__(self, server: Server, office: Office, clock: FakeClock) -> None:
        self.server, self.office, self.clock = server, office, clock
        self.reader = Reader(server, parse(WORLD)[0], clock)

    def cycle(self, seconds: float = CYCLE_SECONDS) -> list[str]:
        """What is called in the next cycle."""
        self.clock.pass_seconds(seconds)
        return self.reader.calls(self.reader.sync)

    def find(self, entity: str, called: str) -> str:
        return self.server.behind(lambda: self.office.find(entity, called))

    def state(self, kind: Kind, vendor_id: str) -> object:
        return self.reader.of(kind)[vendor_id].record


@pytest.fixture
def firm() -> Iterator[Firm]:
    with served_crowd(parse(WORLD)) as (server, office, clock):
        opened = Firm(server, office, clock)
        opened.reader.sync()
        yield opened


# ---- what moves, and how often


def test_a_balance_that_moves_and_moves_back_in_one_second_is_as_it_was(firm: Firm) -> None:
    """It moves no version, and says the same again as what was handed over before."""
    payer, paid = firm.find("Customer", "Acme"), ""

    def pay() -> None:
        nonlocal paid
        paid = firm.office.pay(payer, "1.00", {})

    def accounts(act: Callable[[], object]) -> set[Ref]:
        firm.server.behind(act)
        found = {one.ref for page in firm.reader.sync() for one in page.records}
        assert firm.reader.differences() == []
        return {ref for ref in found if ref.kind is Kind.ACCOUNT}

    accounts(lambda: firm.office.invoice(payer, "1.00"))
    moved = accounts(pay)
    assert moved != set()
    assert accounts(lambda: firm.office.delete("Payment", paid)) == moved


def test_a_balance_that_moves_twice_within_a_second_is_seen_both_times(firm: Firm) -> None:
    acme = firm.find("Customer", "Acme")
    for number in ("X-1", "X-2"):
        firm.server.behind(partial(firm.office.invoice, acme, "10.00", number))
        firm.reader.sync()
    firm.cycle()
    assert firm.reader.differences() == []


# ---- all of it, while people work


@pytest.mark.req("Q13")
def test_a_backfill_while_others_edit_make_void_and_delete_ends_with_the_same_books() -> None:
    with served_crowd(crowd(2_000), judged=False) as (server, office, clock):
        reader, churn = Reader(server, crowd(2_000)[0], clock, page_size_max="100"), Churn(office, seed=5)
        done: list[str] = []
        with at_work(lambda: done.append(server.behind(churn.one))):
            reader.sync(between=lambda: done.append(server.behind(churn.one)))
        reader.sync()
        kinds = Counter(" ".join(act.split()[:-1]) for act in done)
        assert min(kinds[act] for act in ("note", "invoice", "void invoice", "delete invoice", "pay")) >= 1
        assert reader.differences() == []
        assert reader.budget.metered == sum(path.startswith("/v3/") for _, path, _ in server.calls)


@pytest.mark.long
@pytest.mark.req("Q13")
def test_the_same_with_25000_invoices_in_pages_of_a_thousand() -> None:
    world = crowd(25_000)
    with served_crowd(world, judged=False) as (server, office, clock):
        reader, churn = Reader(server, world[0], clock), Churn(office, seed=7)
        done: list[str] = []
        began = time.monotonic()
        with at_work(lambda: done.append(server.behind(churn.one))):
            reader.sync()
        sys.stdout.write(f"{len(done)} edits in {time.monotonic() - began:.0f} s, {reader.budget.metered} calls\n")
        reader.sync()
        assert len(done) > 100
        assert reader.differences() == []


def test_a_quiet_backfill_asks_for_no_page_twice_and_finishes_with_the_numbers() -> None:
    with served_crowd(crowd(500), judged=False) as (server, _, clock):
        reader = Reader(server, crowd(500)[0], clock, page_size_max="50")
        pages = reader.sync()
        assert reader.differences() == []
        invoices = [page for page in pages if page.about == "invoice"]
        assert {page.expected for page in invoices} == {500}
        assert sum(len(page.records) for page in invoices) == 500
        assert len(invoices) == 11, "each page of 50 begins with the last row of the one before"
        assert not [page.about for page in pages if page.about.endswith("ids")], "the numbers agreed, so no sweep"


def test_a_reader_killed_after_any_page_goes_on_in_another_process_and_misses_nothing() -> None:
    with served_crowd(crowd(400), judged=False) as (server, office, clock):
        reader, churn = Reader(server, crowd(400)[0], clock, page_size_max="50"), Churn(office, seed=2)

        def killed() -> None:
            server.behind(churn.one)
            reader.reconnected()

        reader.sync(between=killed)
        reader.sync()
        assert reader.differences() == []


@pytest.mark.parametrize("in_flight", ["1", "10"])
def test_pages_fetched_ahead_change_nothing_but_the_time(in_flight: str) -> None:
    with served_crowd(crowd(300), judged=False) as (server, _, clock):
        reader = Reader(server, crowd(300)[0], clock, page_size_max="20", in_flight=in_flight)
        reader.sync()
        assert reader.differences() == []


def test_a_page_fetched_ahead_that_fails_ends_the_run_and_the_next_goes_on() -> None:
    with served_crowd(crowd(300), judged=False) as (server, _, clock):
        reader = Reader(server, crowd(300)[0], clock, page_size_max="20", retry_seconds="0")
        server.add_faults(Fault(method="GET", path="*/query", nth=18, kind="drop-before"))
        with pytest.raises(Unreachable):
            reader.sync()
        held = len(reader.records)
        assert held > 0
        reader.sync()
        assert reader.differences() == []


# ---- then only what changed


def test_a_cycle_with_nothing_new_is_one_call_and_looks_at_nothing_mirrored(firm: Firm) -> None:
    firm.reader.held.records.clear()  # a look would find everything missing
    for _ in range(3):
        assert firm.cycle() == ["cdc"]
    assert firm.reader.reconnected().pull("books", firm.reader.cursor).records == ()
    profile = firm.reader.books.pull("profile", None)
    assert firm.reader.calls(lambda: firm.reader.books.pull("profile", profile.cursor)) == []


def test_a_change_is_handed_over_once_although_the_next_questions_reach_back_to_it(firm: Firm) -> None:
    invoice = firm.find("Invoice", "INV-8")
    firm.server.behind(lambda: firm.office.edit("Invoice", invoice, PrivateNote="looked at"))
    pages = [firm.reader.sync() for _ in range(3)]
    handed = [[one.ref for page in run for one in page.records] for run in pages]
    assert Ref(BOOKS, Kind.INVOICE, invoice) in handed[0]
    assert handed[1:] == [[], []]
    firm.clock.pass_seconds(100)
    assert [page.records for page in firm.reader.sync()] == [()]


def test_the_profile_is_read_once_a_day(firm: Firm) -> None:
    books = firm.reader.books
    first = books.pull("profile", None)
    assert firm.reader.calls(lambda: books.pull("profile", first.cursor)) == []
    firm.clock.pass_seconds(DAY_SECONDS)
    assert len(books.pull("profile", first.cursor).records) == 1


@pytest.mark.req("Q14")
def test_an_answer_of_a_thousand_changes_is_never_taken_for_all_of_them() -> None:
    with served_crowd(crowd(1_300), judged=False) as (server, office, clock):
        reader = Reader(server, crowd(1_300)[0], clock)
        reader.sync()
        clock.pass_seconds(DAY_SECONDS)
        churn = Churn(office, seed=11)
        done = server.behind(lambda: churn.run(900))
        assert sum(act.startswith("delete") for act in done) > 10
        pages = reader.sync()
        assert [page.about for page in pages[:2]] == ["changes", "account"]
        assert [page.about for page in pages if page.about == "invoice ids"]
        assert reader.differences() == []


@pytest.mark.req("Q14")
@pytest.mark.parametrize("days", [30, 45, 400])
def test_an_outage_of_more_than_29_days_is_made_good_by_a_walk_and_by_looking_at_every_id(days: int) -> None:
    with served_crowd(crowd(300), judged=False) as (server, office, clock):
        reader = Reader(server, crowd(300)[0], clock)
        reader.sync()
        churn = Churn(office, seed=days)
        clock.pass_seconds(3600)
        done = server.behind(lambda: churn.run(150))
        assert sum(act.startswith("delete") for act in done) > 3
        clock.pass_seconds(days * DAY_SECONDS)
        calls = reader.calls(reader.sync)
        assert calls[0] == "query", "what is so long ago is not even asked for"
        assert reader.differences() == []


@pytest.mark.req("F42")
def test_a_deletion_that_nobody_told_is_found_by_the_next_regular_sweep(firm: Firm) -> None:
    credit = firm.find("CreditMemo", "CM-1")
    firm.server.behind(lambda: firm.office.delete("CreditMemo", credit))
    firm.server.behind(firm.office.company.gone.clear)
    firm.cycle()
    assert not isinstance(firm.state(Kind.CREDIT_NOTE, credit), Gone), "nobody can know"
    for _ in range(2):
        firm.cycle(course.SWEEP_DAYS / 2 * DAY_SECONDS + CYCLE_SECONDS)
    assert firm.state(Kind.CREDIT_NOTE, credit) == Gone(state=GoneState.DELETED)
    assert firm.reader.differences() == []


def test_reading_everything_again_finds_a_deletion_that_nobody_told(firm: Firm) -> None:
    entry = firm.find("JournalEntry", "JE-1")
    firm.server.behind(lambda: firm.office.delete("JournalEntry", entry))
    firm.server.behind(firm.office.company.gone.clear)
    firm.reader.cursor = None
    pages = firm.reader.sync()
    assert {page.about for page in pages if page.about.endswith("ids")} == {
        f"{name} ids" for name, entity in ENTITIES.items() if entity.kind is Kind.BOOK_ENTRY
    }
    assert firm.state(Kind.BOOK_ENTRY, f"JournalEntry:{entry}") == Gone(state=GoneState.DELETED)


# ---- what can become of a record


@pytest.mark.req("Q15")
def test_void_deleted_inactive_and_merged_are_told_apart(firm: Firm) -> None:
    act, office, acme = firm.server.behind, firm.office, firm.find("Customer", "Acme")
    voided, deleted = act(lambda: office.invoice(acme, "10.00")), firm.find("Payment", "CHK-88")
    inactive, merged = act(lambda: office.customer("Idle")), act(lambda: office.customer("Twin"))
    firm.cycle()
    act(lambda: office.void("Invoice", voided))
    act(lambda: office.delete("Payment", deleted))
    act(lambda: office.deactivate(inactive))
    act(lambda: office.merge(merged, acme, struck_out=True))
    calls = firm.cycle()
    assert calls[0] == "cdc"
    assert sorted(calls[1:]) == sorted([deleted, merged]), "each is confirmed by a read"
    invoice, customer = firm.state(Kind.INVOICE, voided), firm.state(Kind.CUSTOMER, inactive)
    assert isinstance(invoice, Invoice)
    assert invoice.state is InvoiceState.VOID
    assert isinstance(customer, Customer)
    assert not customer.active
    assert firm.state(Kind.PAYMENT, deleted) == Gone(state=GoneState.DELETED)
    assert firm.state(Kind.CUSTOMER, merged) == Gone(state=GoneState.MERGED)
    assert firm.reader.differences() == []


@pytest.mark.req("Q16")
def test_that_a_payment_was_banked_and_that_it_was_not_after_all_is_learnt_from_deposits(firm: Firm) -> None:
    payment = firm.find("Payment", "CHK-88")
    checking = firm.find("Account", "Checking")
    deposit = firm.server.behind(lambda: firm.office.bank([payment], into=checking))
    before = set(firm.reader.records)
    firm.cycle()
    [ref] = [ref for ref in set(firm.reader.records) - before if ref.kind is Kind.DEPOSIT]
    banked = firm.reader.records[ref].record
    assert isinstance(banked, Deposit)
    assert [line.payment for line in banked.lines] == [Ref(BOOKS, Kind.PAYMENT, payment)]
    linked = json.loads(firm.reader.of(Kind.PAYMENT)[payment].raw).get("LinkedTxn", [])
    assert linked == [], "the payment was not handed over again: its time has not moved"
    firm.server.behind(lambda: firm.office.delete("Deposit", deposit))
    firm.cycle()
    assert firm.state(Kind.DEPOSIT, deposit) == Gone(state=GoneState.DELETED)


def test_entries_by_hand_and_sales_paid_at_once_are_mirrored_and_the_receivables_tie(firm: Firm) -> None:
    entries = {name: one.record for name, one in firm.reader.of(Kind.BOOK_ENTRY).items()}
    by_hand = {name: one for name, one in entries.items() if isinstance(one, BookEntry) and one.owed}
    assert sorted(part.amount.minor for one in by_hand.values() for part in one.owed) == [-500, 750]
    assert {part.customer is not None for one in by_hand.values() for part in one.owed} == {True}
    [sale] = [one for name, one in entries.items() if name.startswith("SalesReceipt:")]
    assert isinstance(sale, BookEntry)
    assert (sale.amount.minor, sale.owed, sale.paid_to is not None) == (1500, (), True)
    live = [
        (one.ref, one.version, one.record) for one in firm.reader.records.values() if not isinstance(one.record, Gone)
    ]
    ties = tie_out(snapshot(live, books=BOOKS))
    assert ties.findings == ()
    assert {line.name: line.theirs.minor for line in ties.lines} == {
        "Accounts receivable USD": 5000 + 8000 - 500 + 750,
        "Accounts receivable CAD": 5510,
    }


# ---- clocks


@pytest.mark.req("Q18")
def test_a_run_through_the_hour_that_happens_twice_loses_nothing() -> None:
    with served_crowd(crowd(200), judged=False) as (server, office, clock):
        reader = Reader(server, crowd(200)[0], clock, page_size_max="50")
        stand_in: Any = server.stand_in
        until_change = 209 * DAY_SECONDS - 6 * 3600  # 1 November 2026, 06:00 UTC: 02 h before it ends in Los Angeles
        clock.pass_seconds(until_change)
        churn = Churn(office, seed=4)
        reader.sync(between=lambda: server.behind(churn.one))
        offsets = set()
        for _ in range(24):
            server.behind(lambda: churn.run(4))
            clock.pass_seconds(CYCLE_SECONDS)
            assert reader.sync()[0].about == "changes"
            newest = max(stand_in.company().records["Invoice"].values(), key=lambda one: one.updated)
            offsets.add(newest.updated.astimezone(stand_in.company().facts.zone).utcoffset())
        assert len(offsets) == 2, "the change of the clocks lies within the run"
        assert reader.differences() == []


# ---- single records


def test_a_look_at_an_invoice_brings_the_payments_it_names_and_at_what_is_gone_a_tombstone(firm: Firm) -> None:
    books, invoice, payment = firm.reader.books, firm.find("Invoice", "INV-7"), firm.find("Payment", "CHK-88")
    assert isinstance(books, Lookable)
    page = books.look([Ref(BOOKS, Kind.INVOICE, invoice)])
    assert page.records[0].ref.vendor_id == invoice
    payments = {one.ref.vendor_id: one.record for one in page.records[1:]}
    assert payment in payments
    assert all(isinstance(one, Payment) for one in payments.values())
    other = firm.find("Invoice", "INV-9")
    firm.server.behind(lambda: firm.office.delete("Invoice", other))
    entry = next(name for name in firm.reader.of(Kind.BOOK_ENTRY) if name.startswith("JournalEntry:"))
    looked = books.look(
        [Ref(BOOKS, Kind.INVOICE, other), Ref(BOOKS, Kind.INVOICE, invoice), Ref(BOOKS, Kind.BOOK_ENTRY, entry)]
    )
    found = {one.ref: one.record for one in looked.records}
    assert found[Ref(BOOKS, Kind.INVOICE, other)] == Gone(state=GoneState.DELETED)
    by_hand = found[Ref(BOOKS, Kind.BOOK_ENTRY, entry)]
    assert isinstance(by_hand, BookEntry)
    assert by_hand.owed


@pytest.mark.parametrize(
    "ref",
    [
        pytest.param(Ref(ConnectionId("stripe"), Kind.INVOICE, "1"), id="of another system"),
        pytest.param(Ref(BOOKS, Kind.PAYOUT, "1"), id="of a kind that QuickBooks has not"),
        pytest.param(Ref(BOOKS, Kind.BOOK_ENTRY, "1"), id="of no entity"),
    ],
)
def test_a_look_at_what_quickbooks_does_not_keep_is_refused(firm: Firm, ref: Ref) -> None:
    with pytest.raises(UnknownRecord):
        firm.reader.books.look([ref])
