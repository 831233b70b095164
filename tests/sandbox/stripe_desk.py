"""A Stripe account that may be written to, the stand-in's or a real test account, and what a test does with either.

Whatever a test makes carries the desk's mark in its name or metadata, and is taken away at the end where Stripe takes
things away: customers are deleted, drafts deleted, invoices voided, pages closed. Test payments cannot be taken away;
they stay, with the mark.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from adapters.stripe import standin
from adapters.stripe.client import Stripe, connect
from adapters.stripe.settings import API, Settings
from adapters.stripe.wire import VERSION
from connector.clock import Clock, SystemClock
from connector.dates import after, epoch_seconds, instant_from_epoch
from connector.model.intent import OpenPayPage, PushNote
from connector.model.mirror import Mirrored
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import currency, from_text
from connector.ports import Page, Surroundings
from connector.testing.standin import Server
from connector.testing.worlds import parse
from connector.transport import TokenBucket, VendorSession
from tests.clocks import FakeClock
from tests.sandbox.desk import Telling, Vendor, new_key
from tests.sandbox.stripe_keys import account_settings, missing
from tests.stripe_desk import judged
from tests.stripe_rig import CONNECTION, NoTokens
from tests.surroundings import Held, OpenBudget, OpenTurns

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  stripe acct_harbor
customer  Acme  email ap@acme.example  in stripe as cus_acme
customer  Bolt  email pay@bolt.example  in stripe as cus_bolt
2026-03-01  invoice  S-1  Acme  80.00 USD  due 2026-04-01  in stripe as in_1
2026-03-02  invoice  S-2  Acme  10.00 USD  status void  in stripe as in_2
2026-03-02  invoice  S-3  Bolt  40.00 USD  in stripe as in_3
2026-03-10  payment  ch_1  Acme  30.00 USD  fee 1.17 USD  for S-1 30.00 USD
2026-03-11  payment  py_2  Bolt  40.00 USD  by us_bank_account  status returned  for S-3 40.00 USD
2026-03-15  refund  re_1  5.00 USD  of ch_1
2026-03-25  payout  po_1  USD  of ch_1, re_1
"""
MARK_KEY = "receivables_test"
PAGES_MAX = 400

Json = dict[str, Any]


class Paced(OpenBudget):
    """Counts like an open budget, and keeps to the share that a test key has."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        super().__init__()
        self._bucket = TokenBucket(settings.calls_per_minute, clock, burst=settings.calls_burst)

    def take(self, tokens: int = 1, *, metered: bool = False) -> None:
        super().take(tokens, metered=metered)
        self._bucket.take(tokens)

    def pause(self, seconds: float) -> None:
        super().pause(seconds)
        self._bucket.pause(seconds)


@dataclass(frozen=True)
class Reply:
    """One answer beside the adapter; refusals come as they are."""

    status: int
    json: Json
    headers: dict[str, str]
    raw: bytes

    @property
    def code(self) -> str:
        error = self.json.get("error", {})
        return str(error.get("code") or error.get("type") or "")

    @property
    def outcome(self) -> str:
        """What became of a call."""
        return "taken" if self.status == 200 else f"refused ({self.status} {self.code})"


@dataclass(kw_only=True)
class Desk(Telling):
    """One account and a connection to it. `clock` stands still at the stand-in's."""

    stand_in: bool
    settings: Settings
    clock: Clock
    budget: OpenBudget
    record: Callable[[str, object], None]
    mirror: Held = field(default_factory=Held)
    _made: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mark = f"Receivables test {secrets.token_hex(4)}"
        self.adapter = self.connect()
        self._session = VendorSession("Stripe", self.budget, read_seconds=self.settings.read_seconds)

    def connect(self) -> Stripe:
        """A connection that remembers nothing, as another process has."""
        return connect(
            Surroundings(
                connection=CONNECTION,
                settings=self.settings,
                zone="America/New_York",
                clock=self.clock,
                tokens=NoTokens(),
                budget=self.budget,
                turns=OpenTurns(),
                mirror=self.mirror,
            )
        )

    # Beside the adapter

    def send(self, method: str, path: str, form: Json | None = None, *, key: str = "") -> Reply:
        """One call below /v1 with flat bracketed names. Every write has a key."""
        headers = {
            "Authorization": f"Bearer {self.settings.api_key.get_secret_value()}",
            "Stripe-Version": VERSION,
        }
        if method == "POST":
            headers["Idempotency-Key"] = key or new_key().text
        query, body = (form, None) if method == "GET" else (None, form)
        url = f"{self.settings.base_url}/v1/{path}"
        answer = self._session.request(method, url, params=query, data=body, headers=headers)
        document = json.loads(answer.content, parse_float=Decimal) if answer.content[:1] == b"{" else {}
        return Reply(answer.status_code, document, dict(answer.headers), answer.content)

    def made(self, path: str, form: Json) -> Json:
        """What a write must have made; the test ends where it may not or cannot be made."""
        answer = self.send("POST", path, form)
        if answer.status == 403:
            pytest.skip(f"The key may not write to {path}; give it the right to, or use a secret test key.")
        if answer.status != 200:
            pytest.fail(f"Stripe would not make {path}: {answer.outcome}.")
        return answer.json

    # What a test works with

    def customer(self, **more: str) -> str:
        """A customer's id: one of the world's, or one that is made and deleted at the end."""
        if self.stand_in:
            return "cus_acme"
        form = {"name": self.mark, f"metadata[{MARK_KEY}]": self.mark, **more}
        found = str(self.made("customers", form)["id"])
        self._made.append(("DELETE", f"customers/{found}", "customer"))
        return found

    def invoice(self, *, void: bool = False) -> str:
        """An invoice's id: one of the world's, or one that is made, finalised (never sent) and voided at the end."""
        if self.stand_in:
            return "in_2" if void else "in_1"
        made = self._invoice(self.customer())
        if void:
            self.made(f"invoices/{made}/void", {})
        else:
            self._made.append(("POST", f"invoices/{made}/void", "invoice"))
        return made

    def _invoice(self, customer: str, **more: str) -> str:
        mark = {f"metadata[{MARK_KEY}]": self.mark}
        kind = {"collection_method": "send_invoice", "days_until_due": "30", "auto_advance": "false"}
        draft = str(self.made("invoices", {"customer": customer, **kind, **mark, **more})["id"])
        self.made("invoiceitems", {"customer": customer, "invoice": draft, "amount": "8000", "currency": "usd"})
        self.made(f"invoices/{draft}/finalize", {"auto_advance": "false"})
        return draft

    def debited(self, bank: str) -> tuple[str, str]:
        """An invoice and what became of paying it by a debit from one of Stripe's test banks. The stand-in has one
        whose debit was returned. It stays: a paid invoice cannot be voided."""
        if self.stand_in:
            return "in_3", "taken"
        customer = self.customer()
        method = self.made(f"payment_methods/pm_usBankAccount_{bank}/attach", {"customer": customer})["id"]
        invoice = self._invoice(customer, **{"payment_settings[payment_method_types][0]": "us_bank_account"})
        return invoice, self.send("POST", f"invoices/{invoice}/pay", {"payment_method": method}).outcome

    def payment(self) -> str:
        """A card payment's charge: one of the world's, or one that is made with Stripe's test card and stays."""
        if self.stand_in:
            return "ch_1"
        form = {
            "amount": "3000",
            "currency": "usd",
            "confirm": "true",
            "payment_method": "pm_card_visa",
            "automatic_payment_methods[enabled]": "true",
            "automatic_payment_methods[allow_redirects]": "never",
            "description": self.mark,
            f"metadata[{MARK_KEY}]": self.mark,
        }
        return str(self.made("payment_intents", form)["latest_charge"])

    def note(self, kind: Kind, vendor_id: str, text: str, count: int = 1) -> PushNote:
        return PushNote(
            target=Ref(CONNECTION, kind, vendor_id),
            text=text,
            part=1,
            parts=1,
            reference=f"contact-{count}",
            written_at=instant_from_epoch(epoch_seconds(self.clock.now())),
            count=count,
        )

    def page(self, amount: str = "120.00", code: str = "USD", methods: tuple[str, ...] = ("card",)) -> OpenPayPage:
        return OpenPayPage(
            connection=CONNECTION,
            debt=Ref(ConnectionId("quickbooks"), Kind.INVOICE, "130"),
            number="INV-7",
            amount=from_text(amount, currency(code)),
            methods=methods,
            expires_at=instant_from_epoch(epoch_seconds(after(self.clock.now(), 3600))),
            return_url="https://pay.example/r/1",
            attempt=self.mark.replace(" ", "-"),
            email="ap@acme.example",
        )

    def to_close(self, page_id: str) -> None:
        """Close that page at the end, if it is still open."""
        self._made.append(("POST", f"checkout/sessions/{page_id}/expire", "page"))

    def read(self, stream: str, cursor: str | None = None) -> tuple[dict[Ref, Mirrored], str, list[Page]]:
        """A stream from that cursor to its end, what was read kept as mirrored."""
        records: dict[Ref, Mirrored] = {}
        pages: list[Page] = []
        for _ in range(PAGES_MAX):
            page = self.adapter.pull(stream, cursor)
            pages.append(page)
            for one in page.records:
                records[one.ref] = one
                self.mirror.records.setdefault(one.ref.kind, {})[one.ref.vendor_id] = one.version
            cursor = page.cursor
            if not page.more:
                return records, cursor, pages
        pytest.skip(f"The account holds more than {PAGES_MAX} pages; take a smaller one.")

    vendor = Vendor(system="stripe", owner="Stripe", account="Stripe's test mode")

    @property
    def real(self) -> bool:
        return self.settings.base_url == API

    # The end

    def clear_up(self) -> list[str]:
        """Take away what was made, the latest first; what could not be."""
        left = []
        for method, path, what in reversed(self._made):
            answer = self.send(method, path)
            closed = what == "page" and answer.status == 400  # paid or closed already
            if answer.status != 200 and not closed:
                left.append(f"the {what} {path.split('/')[-1 if method == 'DELETE' else -2]} ({answer.outcome})")
        return left


@contextmanager
def at_stand_in(record: Callable[[str, object], None]) -> Iterator[Desk]:
    """The stand-in's account. Nothing may be left behind, and nothing over the wire may offend Stripe's schema."""
    clock = FakeClock("2026-04-06T12:00:00Z")
    [world] = worlds = parse(WORLD)
    stand_in = standin.build(worlds, clock=clock)
    with Server(stand_in, inspectors=(judged,)) as server:
        settings = Settings.parse(stand_in.settings(world, server.url))
        desk = Desk(stand_in=True, settings=settings, clock=clock, budget=OpenBudget(), record=record)
        yield desk
        problems = [*desk.clear_up(), *server.problems]
    if problems:
        raise AssertionError("\n".join(problems))


@contextmanager
def at_account(record: Callable[[str, object], None]) -> Iterator[Desk]:
    """A real test account; skips without a key. What cannot be taken away is reported."""
    absent = missing(os.environ)
    if absent:
        pytest.skip(absent)
    settings = account_settings(os.environ)
    clock = SystemClock()
    real = settings.base_url == API
    desk = Desk(
        stand_in=not real,
        settings=settings,
        clock=clock,
        budget=Paced(clock, settings) if real else OpenBudget(),
        record=record,
    )
    try:
        yield desk
    finally:
        for left in desk.clear_up():
            desk.report(f"{desk.mark}:", f"{left} is left behind.")


def may_write(desk: Desk) -> None:
    """Skips where the key may only read."""
    lacking = [line.name for line in desk.adapter.may_write() if not line.ok]
    if lacking:
        pytest.skip(f"The key lacks {', '.join(lacking)}.")


__all__ = ["MARK_KEY", "Desk", "Reply", "at_account", "at_stand_in", "may_write"]
