"""Books that are written to: a world with money to apply, bank and take back, people in it, and the write protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from adapters.quickbooks import standin
from adapters.quickbooks.standin.conduct import Conduct
from adapters.quickbooks.standin.intuit import Intuit
from adapters.quickbooks.standin.office import Office
from connector.dates import business_date
from connector.model.allocation import Allocation
from connector.model.firm import Actor, Company
from connector.model.intent import (
    ApplyCredit,
    DepositPart,
    JournalPart,
    PostDeposit,
    PostExpense,
    Posting,
    PostJournal,
    PostPayment,
    PostTransfer,
    VoidPosting,
    WriteKey,
    Written,
    intent_kind,
)
from connector.model.source import ActorId, CompanyId, ConnectionId, Kind, OpId, Ref
from connector.money import Currency, Money, currency, from_text
from connector.post import Posted, Tools, connection_of, post
from connector.store import OutboxRow, OutboxState, Store
from connector.testing.standin import Answer, Call, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.contract.quickbooks_room import Room, inspect
from tests.unit.quickbooks_ground import BOOKS, CHARGE, USD, books

LEDGER = """
company  Harbor Supply  home USD  zone America/New_York  country US  realm 9130001  closed 2025-12-31
account  Checking  bank USD
account  Dollars in Toronto  bank CAD
account  Stripe Clearing  bank USD
account  Undeposited Funds  undeposited USD
account  Stripe Fees  expense USD
account  Accounts Receivable  receivable USD
customer  Acme
customer  Borealis  currency CAD
2026-03-01  invoice  INV-1  Acme  120.00 USD
2026-03-02  invoice  INV-2  Acme  80.00 USD
2026-03-03  invoice  INV-C  Borealis  55.10 CAD
2026-03-05  credit  CM-1  Acme  30.00 USD
"""
TODAY = business_date("2026-04-06")
LINE = Ref(ConnectionId("stripe"), Kind.BALANCE_ENTRY, "txn_re_1")
PAYOUT = Ref(ConnectionId("stripe"), Kind.PAYOUT, "po_1")
CAD: Currency = currency("CAD")
SETTLED_SECONDS = 6 * 3600 + 1
FIRM = CompanyId("harbor")


@dataclass
class Between:
    """An inspector that lets a person act once (or each of `times`), right after an exchange that `after` picks."""

    after: Callable[[Call], bool] = field(default=lambda _call: False)
    act: Callable[[], object] = field(default=lambda: None)
    times: int = 1

    def __call__(self, call: Call, _answer: Answer) -> list[str]:
        if self.times and self.after(call):
            self.times -= 1
            self.act()
        return []

    def once(self, after: Callable[[Call], bool], act: Callable[[], object], *, times: int = 1) -> None:
        self.after, self.act, self.times = after, act, times


class Ledger(Room):
    """A room with people in it, and the intents that fit its world."""

    def __init__(self, server: Server, intuit: Intuit, clock: FakeClock, between: Between) -> None:
        super().__init__(server, clock)
        self.between = between
        self.intuit = intuit
        self.office: Office = intuit.office()

    def ref(self, entity: str, called: str) -> Ref:
        """What has that number or name."""
        kinds = {"Invoice": Kind.INVOICE, "CreditMemo": Kind.CREDIT_NOTE, "Account": Kind.ACCOUNT}
        return books(kinds.get(entity, Kind.CUSTOMER), self.office.find(entity, called))

    def share(self, entity: str, number: str, amount: Money) -> Allocation:
        return Allocation(payment=CHARGE, target=self.ref(entity, number), amount=amount)

    def payment(
        self, amount: str, number: str = "INV-2", applied: str = "", into: str = "Undeposited Funds"
    ) -> PostPayment:
        code = CAD if number == "INV-C" else USD
        return PostPayment(
            books=BOOKS,
            customer=self.ref("Customer", "Borealis" if number == "INV-C" else "Acme"),
            on=TODAY,
            total=from_text(amount, code),
            allocations=(self.share("Invoice", number, from_text(applied or amount, code)),),
            into=self.ref("Account", into),
            about=CHARGE,
            memo="Stripe ch_3",
        )

    def credit(self, amount: str, number: str = "INV-1") -> ApplyCredit:
        money = from_text(amount, USD)
        return ApplyCredit(
            books=BOOKS,
            customer=self.ref("Customer", "Acme"),
            on=TODAY,
            allocations=(self.share("Invoice", number, money), self.share("CreditMemo", "CM-1", money)),
            about=self.ref("CreditMemo", "CM-1"),
            memo="Credit CM-1",
        )

    def expense(self) -> PostExpense:
        return PostExpense(
            books=BOOKS,
            paid_from=self.ref("Account", "Stripe Clearing"),
            account=self.ref("Account", "Stripe Fees"),
            on=TODAY,
            amount=from_text("3.20", USD),
            about=CHARGE,
            memo="Stripe fee",
        )

    def transfer(self) -> PostTransfer:
        return PostTransfer(
            books=BOOKS,
            paid_from=self.ref("Account", "Stripe Clearing"),
            paid_to=self.ref("Account", "Checking"),
            on=TODAY,
            amount=from_text("60.00", USD),
            about=PAYOUT,
            memo="Stripe payout",
        )

    def deposit(self, banked: Sequence[tuple[Ref, str]], fee: str, total: str) -> PostDeposit:
        part = DepositPart(account=self.ref("Account", "Stripe Fees"), amount=-from_text(fee, USD), memo="Stripe fees")
        return PostDeposit(
            books=BOOKS,
            into=self.ref("Account", "Checking"),
            on=TODAY,
            payments=tuple((ref, from_text(amount, USD)) for ref, amount in banked),
            parts=(part,),
            total=from_text(total, USD),
            about=PAYOUT,
            memo="Stripe payout",
        )

    def journal(self, amount: str = "12.00", customer: str = "Acme") -> PostJournal:
        """A refund: what the customer owes goes up, the processor's balance down."""
        money = from_text(amount, USD)
        return PostJournal(
            books=BOOKS,
            on=TODAY,
            parts=(
                JournalPart(
                    account=self.ref("Account", "Accounts Receivable"),
                    amount=money,
                    customer=self.ref("Customer", customer),
                ),
                JournalPart(account=self.ref("Account", "Stripe Clearing"), amount=-money),
            ),
            about=LINE,
            memo="Stripe refund re_1",
        )

    def undo(self, written: Written, key: WriteKey) -> VoidPosting:
        return VoidPosting(
            books=BOOKS,
            target=written.ref,
            stamp=key.op_id,
            version=written.version,
            on=TODAY,
            about=CHARGE,
            memo="Taken back",
        )

    def row_of(self, ref: Ref) -> dict[str, object]:
        """What the books hold behind a Ref of ours."""
        entity, _, vendor_id = ref.vendor_id.partition(":")
        if not vendor_id:
            entity, vendor_id = ("Deposit" if ref.kind is Kind.DEPOSIT else "Payment"), ref.vendor_id
        [found] = [row for row in self.held(entity) if row["Id"] == vendor_id]
        return found

    def figure(self, entity: str, name: str, **where: str) -> Decimal:
        """A figure of the one record of an entity that has these fields."""
        [found] = [row[name] for row in self.held(entity) if where.items() <= row.items()]
        return Decimal(str(found))

    def balance(self, number: str) -> Decimal:
        """What is open on an invoice."""
        return self.figure("Invoice", "Balance", DocNumber=number)

    def posts(self, entity: str) -> int:
        """How many writes of that entity arrived, acted on or refused."""
        return sum(method == "POST" and path.endswith(f"/{entity.lower()}") for method, path, _ in self.server.calls)

    def marked(self, op_id: OpId) -> list[dict[str, object]]:
        """Everything in the books that carries that stamp."""
        kinds = ("Payment", "Purchase", "Transfer", "Deposit", "JournalEntry")
        return [row for kind in kinds for row in self.held(kind) if op_id in str(row.get("PrivateNote"))]


def asks_for(entity: str) -> Callable[[Call], bool]:
    """Picks the reading of an entity, by query or by id."""
    return lambda call: (
        call.method == "GET" and (f"FROM {entity} " in call.first("query") or f"/{entity.lower()}/" in call.path)
    )


@contextmanager
def ledger() -> Iterator[Ledger]:
    """The world's books, with nothing over the wire that Intuit's schema forbids."""
    clock, between = FakeClock("2026-04-06T12:00:00Z"), Between()
    intuit = standin.build(parse(LEDGER), clock=clock, conduct=Conduct(access_seconds=10**8))
    with Server(intuit, inspectors=(inspect, between)) as server:
        yield Ledger(server, intuit, clock, between)
    if server.problems:
        raise AssertionError("\n".join(server.problems))


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Desk:
    """A store and the write protocol, each run of it a process of its own with a connection of its own."""

    room: Ledger
    store: Store

    def add(self, key: WriteKey, intent: Posting) -> None:
        row = OutboxRow(
            op_id=key.op_id,
            company_id=FIRM,
            connection_id=connection_of(intent),
            kind=intent_kind(intent),
            subject=f"{intent_kind(intent)}:{key.op_id}",
            intent=intent,
        )
        self.store.outbox_add([row])

    def run(self, crash_at: str = "") -> Posted:
        """One process; it dies at the first boundary of that name."""

        def boundary(name: str) -> None:
            if name == crash_at:
                raise Killed(name)

        tools = Tools(
            store=self.store,
            clock=self.room.clock,
            adapters={BOOKS: self.room.connect()},
            boundary=boundary,
            settle={},
            progress=lambda _row: None,
        )
        with self.store.holding(FIRM, "books", "test", 60) as lease:
            return post(tools, FIRM, lease)

    def carry_out(self) -> None:
        """Processes until nothing is left to do, with time to settle between them."""
        for _ in range(5):
            self.run()
            if not self.store.outbox(FIRM, states=(OutboxState.READY, OutboxState.SENDING, OutboxState.UNSURE)):
                return
            self.room.clock.pass_seconds(SETTLED_SECONDS)
        raise AssertionError("it never ends")

    def row(self, key: WriteKey) -> OutboxRow:
        return self.store.outbox_row(FIRM, key.op_id)


@contextmanager
def desk(room: Ledger, folder: Path) -> Iterator[Desk]:
    with Store.open(folder / "r.db", room.clock) as store:
        company = Company(company_id=FIRM, name="Harbor", home_currency=USD, zone="America/New_York")
        store.add_company(company, Actor(company_id=FIRM, actor_id=ActorId("dana"), name="Dana"))
        yield Desk(room, store)


def key(letter: str) -> WriteKey:
    return WriteKey(op_id=OpId(letter * 20))
