"""Reading from the stand-in over HTTP: records, paging, tokens, checks; Intuit's schema looks on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.quickbooks.client import connect
from connector.dates import business_date
from connector.errors import (
    MalformedAnswer,
    NeedsReconnect,
    RateLimited,
    SettingsError,
    UnknownRecord,
    Unreachable,
    VendorError,
)
from connector.model.invoice import CreditNote, Invoice, InvoiceState
from connector.model.money_in import Payment
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.settlement import Deposit
from connector.model.source import Kind
from connector.money import currency, from_text
from connector.ports import Books, Checkable, NoteBoard, Readable
from tests.contract.quickbooks_room import (
    REALM,
    Room,
    everything,
    invoice_of,
    room_payment,
    served,
    stream_of,
    usd,
)
from tests.unit.quickbooks_ground import (
    KEY,
    USD,
)


@pytest.fixture
def room() -> Iterator[Room]:
    with served() as opened:
        yield opened


def test_the_connection_has_the_capabilities_of_books(room: Room) -> None:
    books = room.connect()
    for port in (Readable, Checkable, Books, NoteBoard):
        assert isinstance(books, port)


def test_every_stream_is_read_and_says_what_the_world_says(room: Room) -> None:
    records = everything(room.connect())
    refs = [record.ref for record in records]
    assert len(set(refs)) == len(refs)
    by_number = {one.record.number: one.record for one in records if isinstance(one.record, Invoice)}
    assert {number: (one.total, one.open, one.state) for number, one in by_number.items()} == {
        "INV-7": (usd("120"), usd("50"), InvoiceState.OPEN),
        "INV-8": (usd("80"), usd("80"), InvoiceState.OPEN),
        "INV-9": (from_text("55.10", currency("CAD")), from_text("55.10", currency("CAD")), InvoiceState.OPEN),
        "INV-V": (usd("0"), usd("0"), InvoiceState.VOID),
    }
    assert by_number["INV-7"].issued.to == "ap@acme.example"
    assert by_number["INV-7"].issued.how == "email"
    assert by_number["INV-7"].issued.at is not None
    customers = {one.record.name: one for one in records if isinstance(one.record, Customer)}
    north = customers["Acme North"].record
    assert isinstance(north, Customer)
    assert north.parent == customers["Acme"].ref
    accounts = {one.record.name: one.record.role for one in records if isinstance(one.record, Account)}
    assert accounts["Stripe Clearing"] is AccountRole.BANK
    assert accounts["Stripe Fees"] is AccountRole.EXPENSE
    assert AccountRole.UNDEPOSITED in accounts.values()
    [profile] = [one.record for one in records if isinstance(one.record, Profile)]
    assert (profile.name, profile.home_currency, profile.closed_through) == (
        "Harbor Supply",
        USD,
        business_date("2025-12-31"),
    )
    assert profile.multi_currency
    assert not profile.live


@pytest.mark.req("Q16", "Q17")
def test_credits_are_no_cash_and_only_the_deposit_says_what_was_banked(room: Room) -> None:
    records = everything(room.connect())
    payments = {one.ref: one.record for one in records if isinstance(one.record, Payment)}
    [cash] = [ref for ref, payment in payments.items() if payment.is_cash]
    [credit] = [payment for payment in payments.values() if not payment.is_cash]
    assert payments[cash].reference == "CHK-88"
    assert {share.target.kind for share in credit.allocations} == {Kind.INVOICE, Kind.CREDIT_NOTE}
    [deposit] = [one.record for one in records if isinstance(one.record, Deposit)]
    assert [line.payment for line in deposit.lines] == [cash]
    [memo] = [one.record for one in records if isinstance(one.record, CreditNote)]
    assert (memo.total, memo.open) == (usd("20"), usd("0"))


def test_each_record_carries_its_document_as_received(room: Room) -> None:
    for one in everything(room.connect()):
        document = json.loads(one.raw)
        assert document
        if one.ref.kind is not Kind.PROFILE:
            assert document["SyncToken"] == one.version


@pytest.mark.parametrize("page_size", ["2", "3", "1000"])
def test_every_page_size_reads_the_same_records(room: Room, page_size: str) -> None:
    whole = {one.ref: one.raw for one in everything(room.connect()) if one.ref.kind is not Kind.PROFILE}
    paged = {one.ref: one.raw for one in everything(room.connect(page_size_max=page_size))}
    assert whole.items() <= paged.items()


def test_a_second_sync_brings_only_what_changed(room: Room) -> None:
    books = room.connect()
    cursors = {stream: stream_of(books, stream)[1] for stream in books.streams()}
    assert [stream_of(books, stream, cursor)[0] for stream, cursor in cursors.items()] == [[]] * len(cursors)
    posted = books.post(room_payment(books), KEY)
    changed = [one.ref for stream, at in cursors.items() for one in stream_of(books, stream, at)[0]]
    assert [ref for ref in changed if ref.kind is Kind.PAYMENT] == [posted.ref]
    assert [ref for ref in changed if ref.kind is Kind.INVOICE] == [invoice_of(books, "INV-8").ref]
    assert [ref for ref in changed if ref.kind is Kind.DEPOSIT] == []


@pytest.mark.parametrize(
    ("kind", "argument"),
    [
        pytest.param("drop-before", "", id="the line is cut"),
        pytest.param("status-before", "503", id="out of order"),
        pytest.param("status-before", "429", id="throttled"),
        pytest.param("truncate", "", id="half a page"),
    ],
)
def test_a_read_that_fails_once_is_repeated_and_keeps_nothing_of_the_first(
    room: Room, kind: str, argument: str
) -> None:
    books = room.connect()
    room.fault("GET", "*/query", kind, argument)
    assert len(stream_of(books, "invoice")[0]) == 4
    assert sum(room.clock.slept) > 0


@pytest.mark.parametrize(
    ("kind", "argument", "expected"),
    [
        pytest.param("drop-before", "", Unreachable, id="the line is cut"),
        pytest.param("status-before", "503", Unreachable, id="out of order"),
        pytest.param("status-before", "429", RateLimited, id="throttled"),
        pytest.param("truncate", "", MalformedAnswer, id="half a page"),
    ],
)
def test_a_read_that_keeps_failing_ends_with_its_reason(
    room: Room, kind: str, argument: str, expected: type[VendorError]
) -> None:
    room.fault("GET", "*/query", kind, argument, nth=0)
    with pytest.raises(expected):
        room.connect().pull("invoice", None)


def test_several_connections_that_find_the_token_expired_renew_it_once(room: Room) -> None:
    connections = [room.connect() for _ in range(4)]
    for books in connections:
        books.pull("invoice", None)
    assert [path for _, path, _ in room.server.calls].count("/oauth2/v1/tokens/bearer") == 1
    room.clock.sleep(3600)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda books=books: found.append(len(books.pull("invoice", None).records)))
        for books in connections
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [4] * 4
    assert [path for _, path, _ in room.server.calls].count("/oauth2/v1/tokens/bearer") == 2
    assert room.tokens.stored == [f"refresh-{REALM}-2", f"refresh-{REALM}-3"]


def test_a_grant_taken_back_needs_a_person(room: Room) -> None:
    books = room.connect(refresh_token="refresh-9130001-99")
    with pytest.raises(NeedsReconnect):
        books.pull("invoice", None)


def test_a_grant_of_another_company_needs_a_person(room: Room) -> None:
    with pytest.raises(NeedsReconnect):
        room.connect(realm_id="1").pull("invoice", None)


def test_a_connection_that_is_well_passes_its_checks(room: Room) -> None:
    lines = {line.name: line for line in room.connect().check()}
    assert [name for name, line in lines.items() if not line.ok] == []
    assert "Harbor Supply" in lines["connection"].sentence
    assert "2025-12-31" in lines["closed books"].sentence
    assert "USD and others" in lines["currencies"].sentence
    assert "2026-07-16" in lines["grant"].sentence, "100 days and a day on"


@pytest.mark.req("Q9")
def test_a_grant_that_ends_within_thirty_days_fails_its_check_with_the_day(room: Room) -> None:
    books = room.connect()
    books.pull("profile", None)
    assert room.tokens.pair is not None
    soon = room.clock.now() + timedelta(days=29)
    room.tokens.pair = replace(room.tokens.pair, refresh_expires_at=soon.isoformat())
    [line] = [line for line in books.check() if line.name == "grant"]
    assert not line.ok
    assert soon.date().isoformat() in line.sentence
    assert line.next_step


def test_a_connection_that_is_not_well_says_so_and_raises_nothing(room: Room) -> None:
    room.fault("GET", "*", "status-before", "503", nth=0)
    lines = room.connect().check()
    own = [("app keys", True), ("way back", True)]
    assert [(line.name, line.ok) for line in lines] == [*own, ("connection", False), ("grant", True)]
    dead = room.connect(refresh_token="refresh-9130001-99")
    room.tokens.pair = None
    assert [(line.name, line.ok) for line in dead.check()] == [*own, ("connection", False), ("grant", False)]


def test_what_is_no_stream_and_what_are_no_settings_is_refused(room: Room) -> None:
    with pytest.raises(UnknownRecord):
        room.connect().pull("estimates", None)
    with pytest.raises(SettingsError):
        connect(room.surroundings({"realm_id": "1"}))
