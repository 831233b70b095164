"""The ground the QuickBooks tests stand on: tokens in memory, typed rows, and one intent of each kind."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from adapters.quickbooks import translate, wire
from adapters.quickbooks.settings import Settings
from connector.dates import business_date
from connector.model.allocation import Allocation
from connector.model.intent import PostExpense, PostPayment, PostTransfer, PushNote, WriteKey
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.money import Currency, currency, from_text
from connector.ports import SecretPair
from tests.clocks import FakeClock

BOOKS = ConnectionId("quickbooks")
REALM = "9130001"
USD: Currency = currency("USD")
FRAME = translate.Frame(connection=BOOKS, home=USD)
KEY = WriteKey(op_id=OpId("ABCDEFGHIJKLMNOPQRST"))
CHARGE = Ref(ConnectionId("stripe"), Kind.PAYMENT, "ch_3PqLhT2eZvKYlo2C0jqrKzfE")
ORIGIN = "https://quickbooks.api.intuit.com"
COMPANY = f"{ORIGIN}/v3/company/{REALM}"
TOKENS = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"


def still_clock(at: str = "2026-04-01T12:00:00Z") -> FakeClock:
    """Noon on the first of April."""
    return FakeClock(at)


class MemoryTokens:
    """A token store in memory, shared by threads the way the vault is by processes."""

    def __init__(self, pair: SecretPair | None = None) -> None:
        self.pair = pair
        self.stored: list[str] = []
        self._lock = threading.Lock()

    def read(self) -> SecretPair | None:
        return self.pair

    def replace(self, pair: SecretPair) -> SecretPair:
        if self.pair is not None and self.pair.version != pair.version:
            return self.pair
        self.stored.append(pair.refresh)
        self.pair = replace(pair, version=pair.version + 1)
        return self.pair

    def locked(self, action: Callable[[], SecretPair]) -> SecretPair:
        with self._lock:
            return action()


def settings(**changed: str) -> Settings:
    values = {
        "client_id": "standin-client",
        "client_secret": "standin-secret",
        "realm_id": REALM,
        "refresh_token": f"refresh-{REALM}-1",
    }
    return Settings.parse(values | changed)


def good_pair(clock: FakeClock, *, access: str = "access-1", seconds: int = 3600) -> SecretPair:
    return SecretPair(
        access=access,
        refresh="refresh-1",
        access_expires_at=(clock.now() + timedelta(seconds=seconds)).isoformat(),
        refresh_expires_at=(clock.now() + timedelta(days=100)).isoformat(),
    )


def row(shape: type[wire.Row], **fields: object) -> wire.Row:
    """One typed row from its fields as Intuit writes them; amounts are given as text with their digits."""
    document = json.dumps({shape.__name__: {"Id": "1", "SyncToken": "0"} | fields})
    return wire.single(document.encode(), shape).row


def books(kind: Kind, vendor_id: str) -> Ref:
    return Ref(BOOKS, kind, vendor_id)


def payment_intent(
    total: str = "120.00", shares: tuple[tuple[str, str], ...] = (("130", "100.00"),), memo: str = "Stripe ch_3"
) -> PostPayment:
    return PostPayment(
        books=BOOKS,
        customer=books(Kind.CUSTOMER, "24"),
        on=business_date("2026-04-01"),
        total=from_text(total, USD),
        allocations=tuple(
            Allocation(payment=CHARGE, target=books(Kind.INVOICE, invoice), amount=from_text(amount, USD))
            for invoice, amount in shares
        ),
        into=books(Kind.ACCOUNT, "90"),
        about=CHARGE,
        memo=memo,
    )


def expense_intent(amount: str = "3.20") -> PostExpense:
    return PostExpense(
        books=BOOKS,
        paid_from=books(Kind.ACCOUNT, "90"),
        account=books(Kind.ACCOUNT, "91"),
        on=business_date("2026-04-01"),
        amount=from_text(amount, USD),
        about=CHARGE,
        memo="Stripe fee",
    )


def transfer_intent(amount: str = "116.80") -> PostTransfer:
    return PostTransfer(
        books=BOOKS,
        paid_from=books(Kind.ACCOUNT, "90"),
        paid_to=books(Kind.ACCOUNT, "35"),
        on=business_date("2026-04-05"),
        amount=from_text(amount, USD),
        about=Ref(ConnectionId("stripe"), Kind.PAYOUT, "po_1"),
        memo="Stripe payout",
    )


def note_intent(text: str = "2026-04-01 - Dana - call\nWill pay on Friday.", invoice: str = "130") -> PushNote:
    return PushNote(
        target=books(Kind.INVOICE, invoice),
        text=text,
        part=1,
        parts=1,
        reference="contact-1",
        written_at=still_clock().now(),
        count=1,
    )
