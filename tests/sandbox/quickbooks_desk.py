"""A company that may be written to, the stand-in's or Intuit's own sandbox, and what a test does with either.

Whatever a test makes carries the desk's mark in its name, number or note, and is taken away again at the end: deleted,
or made inactive where Intuit deletes nothing.
"""

# ruff: noqa: S608 - queries in Intuit's language, made of the tests' own words

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.quickbooks import bodies, standin
from adapters.quickbooks.auth import Grant
from adapters.quickbooks.calls import MINOR_VERSION
from adapters.quickbooks.client import QuickBooksOnline, connect
from adapters.quickbooks.settings import Settings
from connector.clock import Clock, SystemClock
from connector.dates import BusinessDate, business_date, day_of, later, zone
from connector.model.allocation import Allocation
from connector.model.intent import DepositPart, PostDeposit, Posting, PostPayment, WriteKey, Written
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import Currency, Money, currency, from_text
from connector.ports import Surroundings, TokenStore
from connector.testing.standin import Server
from connector.testing.worlds import parse
from connector.transport import TokenBucket, VendorSession
from tests.clocks import FakeClock
from tests.intuit_rig import Books, Json, Reply, inspector, read, written
from tests.sandbox.desk import Telling, Vendor, new_key
from tests.sandbox.quickbooks_keys import SANDBOX, TOKENS_FILE, FileTokens, alone, missing, sandbox_settings
from tests.surroundings import Held, OpenBudget, OpenTurns
from tests.unit.quickbooks_ground import BOOKS, MemoryTokens, books

WORLD = """
company  Harbor Supply  home USD  zone America/New_York  country US  realm 9130001  closed 2025-12-31
account  Checking  bank USD
account  Undeposited Funds  undeposited USD
account  Bank Charges  expense USD
customer  Acme
customer  Acme North  parent Acme
2025-12-10  invoice  OLD-1  Acme  40.00 USD  due 2026-01-10
2026-03-01  invoice  INV-1  Acme  120.00 USD  due 2026-03-31
2026-03-02  invoice  INV-2  Acme North  80.00 USD
2026-03-03  invoice  INV-V  Acme  10.00 USD  status void
2026-03-05  credit  CM-1  Acme  30.00 USD  applied INV-1 20.00 USD
2026-03-30  payment  CHK-88  Acme  60.00 USD  by check  for INV-1 50.00 USD
2026-04-05  deposit  Checking  of CHK-88
"""
CALLS_PER_MINUTE, CALLS_BURST = 450, 2
"""Below Intuit's 500 in a minute and 10 in a second; one test at a time is in the company."""
PAUSE_SECONDS = 60
GONE = "610"
CHARGE = Ref(ConnectionId("stripe"), Kind.PAYMENT, "ch_sandbox")


class Paced(OpenBudget):
    """Counts like an open budget, and keeps below Intuit's limits."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._bucket = TokenBucket(CALLS_PER_MINUTE, clock, burst=CALLS_BURST)

    def take(self, tokens: int = 1, *, metered: bool = False) -> None:
        super().take(tokens, metered=metered)
        self._bucket.take(tokens)

    def pause(self, seconds: float) -> None:
        super().pause(seconds)
        self._bucket.pause(seconds)


class Plain(Books):
    """Calls of one company beside the adapter: faults come back as they are. Every write has a request id."""

    def __init__(self, settings: Settings, grant: Grant, budget: OpenBudget, clock: Clock) -> None:
        self._company = f"{settings.base_url}/v3/company/{settings.realm_id}"
        self._grant = grant
        self._budget = budget
        self._clock = clock
        self._session = VendorSession("QuickBooks", budget, read_seconds=settings.read_seconds)

    def send(self, method: str, path: str, body: object = None, **parameters: str) -> Reply:
        """One call; repeated only when QuickBooks has none of it: a dead token, or too many calls."""
        asked = {"minorversion": str(MINOR_VERSION), **parameters}
        if method == "POST" and "requestid" not in asked:
            asked["requestid"] = new_key().text
        for _ in range(3):
            token = self._grant.access()
            answer = self._session.request(
                method,
                f"{self._company}/{path}",
                params=asked,
                data=written(body) if body is not None else None,
                headers={
                    "Authorization": f"Bearer {token}",
                    "Accept": "application/json",
                    "Content-Type": "application/json",
                },
            )
            if answer.status_code == 401:
                self._grant.replace(token)
            elif answer.status_code == 429:
                self._budget.pause(PAUSE_SECONDS)
            else:
                break
        document = read(answer.content) if answer.content[:1] == b"{" else {}
        return Reply(status=answer.status_code, json=document, raw=answer.content, headers={**answer.headers})


@dataclass(kw_only=True)
class Desk(Telling):
    """One company and a connection to it. `clock` stands still at the stand-in's. `keepsakes` is a file that lasts as
    long as the grant does: what one run leaves there for a later one."""

    stand_in: bool
    settings: Settings
    clock: Clock
    budget: OpenBudget
    tokens: TokenStore
    keepsakes: Path
    record: Callable[[str, object], None]
    mirror: Held = field(default_factory=Held)
    _made: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mark = f"Receivables test {new_key().op_id[:8]}"
        self.connection = self.connect()
        self.raw = Plain(self.settings, self.connection._grant, self.budget, self.clock)
        self.today: BusinessDate = day_of(self.clock.now(), zone("America/New_York"))
        self._item = ""
        self._home: Currency | None = None

    def connect(self) -> QuickBooksOnline:
        """A connection that remembers nothing, as another process has."""
        return connect(
            Surroundings(
                connection=BOOKS,
                settings=self.settings,
                zone="America/New_York",
                clock=self.clock,
                tokens=self.tokens,
                budget=self.budget,
                turns=OpenTurns(),
                mirror=self.mirror,
            )
        )

    # What the company is like

    def preferences(self) -> Json:
        return dict(self.raw.send("GET", "preferences").json["Preferences"])

    @property
    def home(self) -> Currency:
        if self._home is None:
            self._home = currency(self.preferences()["CurrencyPrefs"]["HomeCurrency"]["value"])
        return self._home

    def closed_through(self) -> BusinessDate | None:
        day = self.preferences()["AccountingInfoPrefs"].get("BookCloseDate")
        return business_date(day) if day else None

    def account(self, where: str) -> Ref:
        """An account in the company's own currency."""
        found = self.raw.rows(f"SELECT * FROM Account WHERE {where}")
        fit = [one for one in found if one.get("CurrencyRef", {}).get("value", self.home) == self.home]
        assert fit, f"The company has no active account with {where}."
        return books(Kind.ACCOUNT, fit[0]["Id"])

    def money(self, amount: str) -> Money:
        return from_text(amount, self.home)

    # What a test makes

    def make(self, entity: str, body: Json, **parameters: str) -> Json:
        """One object that was not there before, taken away at the end."""
        found = self.raw.made(entity, body, **parameters)
        self.keep_in_mind(entity, found["Id"])
        return found

    def keep_in_mind(self, entity: str, vendor_id: str) -> None:
        """Take that away at the end, before all that was made earlier."""
        if (entity, vendor_id) not in self._made:
            self._made.append((entity, vendor_id))

    def customer(self, **more: object) -> Json:
        name = f"{self.mark} {len(self._made) + 1}"
        return self.make("Customer", {"DisplayName": name, **more})

    def item(self) -> str:
        """The id of something to sell."""
        if not self._item:
            income = self.account("AccountType = 'Income'").vendor_id
            body = {"Name": self.mark, "Type": "Service", "IncomeAccountRef": {"value": income}}
            self._item = self.make("Item", body)["Id"]
        return self._item

    def invoice(self, customer: Json, amount: str) -> Json:
        return self.make("Invoice", self._form(customer, amount) | {"DueDate": later(self.today, 30).isoformat()})

    def credit(self, customer: Json, amount: str) -> Json:
        return self.make("CreditMemo", self._form(customer, amount))

    def _form(self, customer: Json, amount: str) -> Json:
        line = {
            "Amount": Decimal(amount),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": self.item()}},
        }
        return {
            "CustomerRef": {"value": customer["Id"]},
            "CurrencyRef": {"value": self.home},
            "TxnDate": self.today.isoformat(),
            "DocNumber": f"RT-{new_key().op_id[:12]}",
            "PrivateNote": self.mark,
            "Line": [line],
        }

    def payment(
        self, customer: Json, total: str, *shares: tuple[Json, str], on: BusinessDate | None = None
    ) -> PostPayment:
        """A payment into Undeposited Funds."""
        return PostPayment(
            books=BOOKS,
            customer=books(Kind.CUSTOMER, customer["Id"]),
            on=on or self.today,
            total=self.money(total),
            allocations=tuple(self.share(Kind.INVOICE, invoice, amount) for invoice, amount in shares),
            into=self.account("AccountSubType = 'UndepositedFunds'"),
            about=CHARGE,
            memo=self.mark,
        )

    def share(self, kind: Kind, row: Json, amount: str) -> Allocation:
        return Allocation(payment=CHARGE, target=books(kind, row["Id"]), amount=self.money(amount))

    def body(self, intent: Posting, key: WriteKey) -> tuple[str, Json]:
        """What the adapter would send for it, to be sent beside the adapter."""
        entity, body = bodies.posting(intent, key)
        assert isinstance(body, dict)
        return entity, {**body}

    def deposit(self, payment: Ref, gross: str, fee: str) -> PostDeposit:
        """A payout of one payment less a fee, into the bank."""
        kept_back = DepositPart(
            account=self.account("AccountType = 'Expense'"), amount=-self.money(fee), memo=self.mark
        )
        return PostDeposit(
            books=BOOKS,
            into=self.account("AccountType = 'Bank'"),
            on=self.today,
            payments=((payment, self.money(gross)),),
            parts=(kept_back,),
            total=self.money(gross) - self.money(fee),
            about=Ref(ConnectionId("stripe"), Kind.PAYOUT, "po_sandbox"),
            memo=self.mark,
        )

    def post(self, intent: Posting, key: WriteKey) -> Written:
        """Through the adapter; taken away at the end."""
        done = self.connection.post(intent, key)
        self.keep_in_mind("Deposit" if done.ref.kind is Kind.DEPOSIT else "Payment", done.ref.vendor_id)
        return done

    def notes_on(self, invoice: Json) -> list[Json]:
        """The attachables on an invoice, taken away at the end."""
        about = f"AttachableRef.EntityRef.Type = 'Invoice' AND AttachableRef.EntityRef.Value = '{invoice['Id']}'"
        found = self.raw.rows(f"SELECT * FROM Attachable WHERE {about}")
        for one in found:
            self.keep_in_mind("Attachable", one["Id"])
        return found

    vendor = Vendor(system="quickbooks", owner="Intuit", account="Intuit's sandbox")

    @property
    def real(self) -> bool:
        return self.settings.base_url == SANDBOX

    # The end

    def clear_up(self) -> list[str]:
        """Take away what was made, the latest first; what could not be."""
        return [left for entity, vendor_id in reversed(self._made) if (left := self._away(entity, vendor_id))]

    def _away(self, entity: str, vendor_id: str) -> str:
        there = self.raw.send("GET", f"{entity.lower()}/{vendor_id}")
        if there.code == GONE or there.json.get(entity, {}).get("Active") is False:
            return ""
        row = there.json.get(entity, {})
        names = {"Id": vendor_id, "SyncToken": row.get("SyncToken", "0")}
        if entity in ("Customer", "Item"):
            called = {"Name": row.get("Name", "")} if entity == "Item" else {}
            done = self.raw.post(entity, {**names, **called, "sparse": True, "Active": False})
        else:
            done = self.raw.post(entity, names, operation="delete")
        return "" if done.status == 200 and not done.code else f"{entity} {vendor_id} is left behind ({done.code})"


@contextmanager
def at_stand_in(folder: Path, record: Callable[[str, object], None]) -> Iterator[Desk]:
    """The stand-in's company. Nothing may be left behind, and nothing over the wire may offend Intuit's schema."""
    clock = FakeClock("2026-04-06T12:00:00Z")
    [world] = worlds = parse(WORLD)
    stand_in = standin.build(worlds, clock=clock)
    with Server(stand_in, inspectors=(inspector,)) as server:
        desk = Desk(
            stand_in=True,
            settings=Settings.parse(stand_in.settings(world, server.url)),
            clock=clock,
            budget=OpenBudget(),
            tokens=MemoryTokens(),
            keepsakes=folder / "keepsakes",
            record=record,
        )
        yield desk
        problems = [*desk.clear_up(), *server.problems]
    if problems:
        raise AssertionError("\n".join(problems))


@contextmanager
def at_sandbox(record: Callable[[str, object], None]) -> Iterator[Desk]:
    """Intuit's sandbox, one test at a time; skips without keys. What cannot be taken away is reported."""
    absent = missing(os.environ)
    if absent:
        pytest.skip(absent)
    settings, tokens = sandbox_settings(os.environ), Path(os.environ[TOKENS_FILE]).expanduser()
    with ExitStack() as stack:
        stack.enter_context(alone(tokens.with_name(f"{tokens.name}.company")))
        clock = SystemClock()
        desk = Desk(
            stand_in=False,
            settings=settings,
            clock=clock,
            budget=Paced(clock) if settings.base_url == SANDBOX else OpenBudget(),
            tokens=FileTokens(tokens, settings.realm_id),
            keepsakes=tokens.with_name(f"{tokens.name}.keepsakes"),
            record=record,
        )
        try:
            yield desk
        finally:
            for left in desk.clear_up():
                desk.report(f"{desk.mark}:", f"{left}.")
