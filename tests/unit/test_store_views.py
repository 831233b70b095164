"""What the mirror adds up to, and that its columns follow from its records for every kind there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from connector.dates import BusinessDate, instant_from_iso
from connector.model.allocation import Allocation
from connector.model.invoice import CreditNote, InvoiceState
from connector.model.mirror import SHAPES, Gone, GoneState, Mirrored, Noun
from connector.model.money_in import (
    Attempt,
    AttemptState,
    Dispute,
    DisputeState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
)
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.settlement import (
    BalanceEntry,
    BookEntry,
    CashEntry,
    CreditEntry,
    Deposit,
    DepositLine,
    EntryNature,
    Payout,
    PayoutState,
)
from connector.model.source import Kind, Ref
from connector.money import Money, currency
from connector.store import Author, Balance, Store
from connector.store.columns import Columns, columns
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, ANN, BOOKS, OTHER, STRIPE, USD, found, invoice, page, ready, ref

EUR = currency("EUR")
DAY = BusinessDate(date(2026, 4, 1))
CLEARING = ref(1, Kind.ACCOUNT, BOOKS)
BANK = ref(2, Kind.ACCOUNT, BOOKS)
FEES = ref(3, Kind.ACCOUNT, BOOKS)
PAYER = ref(1, Kind.CUSTOMER, BOOKS)


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        yield made


def usd(minor: int) -> Money:
    return Money(minor, USD)


def put(store: Store, at: Ref, record: Noun | Gone) -> Ref:
    raw = f"{at} {record}".encode()
    store.save_pages(
        Author(ACME, ANN), at.connection, "all", [page(Mirrored(ref=at, version="1", raw=raw, record=record))]
    )
    return at


def payment(minor: int, unapplied: int | None, state: PaymentState = PaymentState.SUCCEEDED) -> Payment:
    return Payment(
        customer=PAYER,
        received_on=DAY,
        gross=usd(minor),
        state=state,
        method="check",
        unapplied=None if unapplied is None else usd(unapplied),
        into=CLEARING,
        reference="CHK-88",
    )


def test_open_balances_are_per_connection_customer_and_currency(store: Store) -> None:
    mine = {"customer": PAYER}
    put(store, ref(1, connection=BOOKS), invoice(1, 100, **mine))
    put(store, ref(2, connection=BOOKS), invoice(2, 30, **mine))
    put(store, ref(3, connection=BOOKS), invoice(3, 0, **mine))
    put(store, ref(4, connection=BOOKS), invoice(4, 0, customer=None, total=Money(9, EUR), open=Money(9, EUR)))
    put(store, ref(1), invoice(1, 50))
    assert store.open_balances(ACME) == (
        Balance(connection=BOOKS, customer=None, amount=Money(9, EUR)),
        Balance(connection=BOOKS, customer=PAYER, amount=usd(130)),
        Balance(connection=STRIPE, customer=ref(1, Kind.CUSTOMER), amount=usd(50)),
    )


@pytest.mark.parametrize("state", [InvoiceState.DRAFT, InvoiceState.VOID, InvoiceState.UNCOLLECTIBLE])
def test_what_is_not_owed_is_not_open(store: Store, state: InvoiceState) -> None:
    put(store, ref(1), invoice(1, 100, state=state))
    assert store.open_balances(ACME) == ()


def test_an_invoice_of_unknown_state_is_owed(store: Store) -> None:
    put(store, ref(1), invoice(1, 100, state=InvoiceState.UNKNOWN))
    assert [each.amount for each in store.open_balances(ACME)] == [usd(100)]


def test_an_invoice_that_is_gone_is_not_owed(store: Store) -> None:
    put(store, ref(1), invoice(1, 100))
    put(store, ref(1), Gone(state=GoneState.DELETED))
    assert store.open_balances(ACME) == ()


def test_balances_are_those_of_the_company_asked_for(store: Store) -> None:
    found(store, OTHER)
    put(store, ref(1), invoice(1, 100))
    assert store.open_balances(OTHER) == ()


def test_unapplied_is_money_and_credit_that_settle_nothing_yet(store: Store) -> None:
    put(store, ref(1, Kind.PAYMENT, BOOKS), payment(500, 200))
    put(store, ref(2, Kind.PAYMENT, BOOKS), payment(500, 0))
    put(store, ref(3, Kind.PAYMENT, BOOKS), payment(500, None))
    put(store, ref(4, Kind.PAYMENT, BOOKS), payment(500, 500, PaymentState.VOID))
    credit = CreditNote(
        number="CM-1", customer=PAYER, issued_on=DAY, total=usd(90), open=usd(40), state=InvoiceState.OPEN
    )
    put(store, ref(1, Kind.CREDIT_NOTE, BOOKS), credit)
    assert store.unapplied(ACME) == (Balance(connection=BOOKS, customer=PAYER, amount=usd(240)),)


def test_a_clearing_account_holds_what_came_in_less_what_went_on(store: Store) -> None:
    banked = put(store, ref(1, Kind.PAYMENT, BOOKS), payment(10_000, None))
    put(store, ref(2, Kind.PAYMENT, BOOKS), payment(5_000, None))
    put(store, ref(3, Kind.PAYMENT, BOOKS), payment(700, None, PaymentState.VOID))
    put(store, ref(4, Kind.PAYMENT, BOOKS), replace(payment(900, None), into=BANK))
    entry = BookEntry(paid_from=CLEARING, paid_to=FEES, on=DAY, amount=usd(320))
    put(store, ref(1, Kind.BOOK_ENTRY, BOOKS), entry)
    put(store, ref(2, Kind.BOOK_ENTRY, BOOKS), replace(entry, paid_from=BANK, paid_to=CLEARING, amount=usd(15)))
    lines = (DepositLine(amount=usd(10_000), payment=banked), DepositLine(amount=usd(1)))
    put(store, ref(1, Kind.DEPOSIT, BOOKS), Deposit(into=BANK, on=DAY, total=usd(10_001), lines=lines))
    put(store, ref(2, Kind.DEPOSIT, BOOKS), Deposit(into=CLEARING, on=DAY, total=Money(77, EUR)))
    assert store.clearing(ACME, CLEARING) == {EUR: Money(77, EUR), USD: usd(5_000 - 320 + 15)}
    assert store.clearing(ACME, ref(9, Kind.ACCOUNT, BOOKS)) == {}


MORNING = instant_from_iso("2026-04-01T00:00:00Z")
ONE_OF_EACH: dict[Kind, tuple[Noun, Columns]] = {
    Kind.PROFILE: (Profile(name="Acme", home_currency=USD), Columns(currency="USD")),
    Kind.ACCOUNT: (
        Account(name="Bank", role=AccountRole.BANK, currency=EUR, balance=Money(5, EUR)),
        Columns(currency="EUR", amount_minor=5, state="bank"),
    ),
    Kind.CUSTOMER: (Customer(name="Bob", parent=PAYER, currency=EUR), Columns(party=PAYER.vendor_id, currency="EUR")),
    Kind.INVOICE: (
        invoice(1, 70),
        Columns("INV-1", ref(1, Kind.CUSTOMER).vendor_id, "USD", 100, 70, 20260301, 20260331, "open"),
    ),
    Kind.CREDIT_NOTE: (
        CreditNote(number="C", customer=None, issued_on=DAY, total=usd(9), open=usd(4), state=InvoiceState.OPEN),
        Columns("C", None, "USD", 9, 4, 20260401, None, "open"),
    ),
    Kind.PAYMENT: (
        payment(9, 4),
        Columns("CHK-88", PAYER.vendor_id, "USD", 9, 4, 20260401, None, "succeeded"),
    ),
    Kind.ALLOCATION: (
        Allocation(payment=ref(1, Kind.PAYMENT), target=ref(1), amount=usd(3)),
        Columns(currency="USD", amount_minor=3),
    ),
    Kind.ATTEMPT: (
        Attempt(customer=PAYER, amount=usd(3), state=AttemptState.OFFERED),
        Columns(party=PAYER.vendor_id, currency="USD", amount_minor=3, state="offered"),
    ),
    Kind.REFUND: (
        Refund(payment=None, amount=usd(3), on=DAY, state=RefundState.DONE),
        Columns(currency="USD", amount_minor=3, on_date=20260401, state="done"),
    ),
    Kind.DISPUTE: (
        Dispute(payment=None, amount=usd(3), on=DAY, state=DisputeState.LOST, reason="fraudulent"),
        Columns(currency="USD", amount_minor=3, on_date=20260401, state="lost"),
    ),
    Kind.BALANCE_ENTRY: (
        BalanceEntry(
            category="charge", nature=EntryNature.PAYMENT, gross=usd(9), fee=usd(1), net=usd(8), created=MORNING
        ),
        Columns(currency="USD", amount_minor=8, state="charge"),
    ),
    Kind.PAYOUT: (
        Payout(amount=usd(-8), arrives_on=DAY, state=PayoutState.PAID, entries=(ref(1, Kind.BALANCE_ENTRY),)),
        Columns(currency="USD", amount_minor=-8, on_date=20260401, state="paid"),
    ),
    Kind.DEPOSIT: (
        Deposit(into=BANK, on=DAY, total=usd(8)),
        Columns(currency="USD", amount_minor=8, on_date=20260401),
    ),
    Kind.BOOK_ENTRY: (
        BookEntry(paid_from=CLEARING, paid_to=None, on=DAY, amount=usd(8)),
        Columns(currency="USD", amount_minor=8, on_date=20260401),
    ),
    Kind.CREDIT_ENTRY: (
        CreditEntry(customer=PAYER, amount=usd(-3), balance=usd(5), category="applied", created=MORNING),
        Columns(party=PAYER.vendor_id, currency="USD", amount_minor=-3, state="applied"),
    ),
    Kind.CASH_ENTRY: (
        CashEntry(customer=PAYER, amount=usd(3), balance=usd(3), category="funded", created=MORNING),
        Columns(party=PAYER.vendor_id, currency="USD", amount_minor=3, state="funded"),
    ),
}


def test_every_kind_has_its_row_here() -> None:
    assert set(ONE_OF_EACH) == set(Kind) == set(SHAPES)


@pytest.mark.parametrize("kind", Kind)
def test_the_columns_of_a_record_are(kind: Kind) -> None:
    record, expected = ONE_OF_EACH[kind]
    assert columns(record) == expected


def test_what_waits_for_something_to_happen_is_named_by_its_state(store: Store) -> None:
    put(store, ref(2), invoice(2, 100))
    put(store, ref(1), invoice(1, 100, state=InvoiceState.UNKNOWN))
    put(store, ref(3), invoice(3, 0, state=InvoiceState.PAID))
    put(store, ref(4, connection=BOOKS), invoice(4, 100))
    put(store, ref(5), invoice(5, 100))
    put(store, ref(5), Gone(state=GoneState.DELETED))
    mirror = store.mirrored(ACME, ref(1).connection)
    assert mirror.unfinished(Kind.INVOICE) == (ref(1).vendor_id, ref(2).vendor_id)
    assert mirror.unfinished(Kind.CUSTOMER) == ()


def credit(customer: int, minor: int, code: str = "USD") -> CreditEntry:
    amount = Money(minor, currency(code))
    return CreditEntry(
        customer=ref(customer, Kind.CUSTOMER), amount=amount, balance=amount, category="adjustment", created=MORNING
    )


def test_for_whom_anything_is_kept_is_said_by_the_lines_of_each_currency(store: Store) -> None:
    lines = [credit(2, 5), credit(2, -5), credit(1, 5), credit(1, -5, "EUR"), credit(3, 7)]
    for number, line in enumerate(lines):
        put(store, ref(number, Kind.CREDIT_ENTRY), line)
    put(store, ref(9, Kind.CREDIT_ENTRY, BOOKS), credit(4, 5))
    put(store, ref(4, Kind.CREDIT_ENTRY), Gone(state=GoneState.DELETED))
    mirror = store.mirrored(ACME, STRIPE)
    assert mirror.kept_for(Kind.CREDIT_ENTRY) == (ref(1, Kind.CUSTOMER).vendor_id,)
    assert mirror.kept_for(Kind.CASH_ENTRY) == ()


def test_every_kind_comes_back_as_it_was_and_verifies(store: Store) -> None:
    records = [
        Mirrored(ref=ref(1, kind, BOOKS), version="1", raw=kind.encode(), record=record)
        for kind, (record, _) in ONE_OF_EACH.items()
    ]
    store.save_pages(Author(ACME, ANN), BOOKS, "all", [page(*records)])
    for one in records:
        held = store.record(ACME, one.ref)
        assert held is not None
        assert held.record == one.record
    assert store.rebuild(ACME) == 0
    assert store.verify(ACME) == ()
