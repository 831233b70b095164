"""A simulated merchant beside books that are written to: what a year does to Stripe's balance, and what we make of it.

Stripe's side goes through the adapter's own translation, the books' side through the real adapter over HTTP, judged by
Intuit's schema. After each act of the merchant everything that can be planned is planned and posted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from adapters.quickbooks import standin as books_standin
from adapters.quickbooks.standin.conduct import Conduct
from adapters.stripe.standin import build
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.life import Merchant
from connector.dates import instant_from_epoch
from connector.errors import NotFound
from connector.model.finding import Finding
from connector.model.firm import BookingPattern, Connection, PostingAccounts
from connector.model.intent import Posting, WriteKey, Written
from connector.model.invoice import Invoice
from connector.model.mirror import Gone, Mirrored, Noun
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref
from connector.money import Money, currency, plain
from connector.plan import Frame, Plan, plan
from connector.plan.lines import PlanLine
from connector.readback import disagreement
from connector.reconcile.clearing import Standing, standings
from connector.reconcile.match import reconcile
from connector.reconcile.snapshot import Snapshot, snapshot
from connector.reconcile.tieout import tie_out
from connector.testing.standin import Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.contract.quickbooks_room import Room, inspect, reflect
from tests.purses import Known, records_of
from tests.stripe_rig import CONNECTION
from tests.unit.quickbooks_ground import BOOKS

CODES = ("USD", "EUR", "GBP", "JPY")
ACCOUNT = "acct_harbor"
STRIPE_WORLD = f"company  Harbor Supply  home USD  zone America/New_York  country US  stripe {ACCOUNT}\n"
BOOKS_WORLD = "\n".join(
    (
        "company  Harbor Supply  home USD  zone America/New_York  country US  realm 9130001",
        "account  Undeposited Funds  undeposited USD",
        "account  Stripe Fees  expense USD",
        "account  Stripe Suspense  expense USD",
        *(f"account  Clearing {code}  bank {code}" for code in CODES),
        *(f"account  Transit {code}  bank {code}" for code in CODES),
        *(f"account  Bank {code}  bank {code}" for code in CODES),
        *(f"account  Receivable {code}  receivable {code}" for code in CODES),
        *(f"customer  Payers {code}  currency {code}" for code in CODES),
    )
)
ROUNDS_MAX = 6
_UNDER_WAY = ("pending", "in_transit")


def planned(
    seen: Snapshot, posting: PostingAccounts, pattern: BookingPattern, account: Ledger, ops: Iterator[int]
) -> Plan:
    """What would be planned of it at the merchant's own hour."""
    connection = Connection(
        company_id=CompanyId("harbor"),
        connection_id=CONNECTION,
        system="stripe",
        account=ACCOUNT,
        live=False,
        posting=posting,
        pattern=pattern,
    )
    frame = Frame(
        plan_id=PlanId("plan-1"),
        company_id=CompanyId("harbor"),
        made_at=instant_from_epoch(account.now()),
        made_by=ActorId("dana"),
        new_op_id=lambda: op_id(next(ops)),
    )
    return plan(seen, reconcile(seen), [connection], frame, untied=tie_out(seen).findings)


class BooksBeside:
    """An account at Stripe, and the books in one pattern. `balance` is what the account must hold, by the figures of
    whoever acts there, in the API's integers and lower case."""

    def __init__(self, server: Server, clock: FakeClock, pattern: BookingPattern) -> None:
        self.clock = clock
        self.account: Ledger = build(parse(STRIPE_WORLD), clock=clock).ledger(ACCOUNT)
        self.balance: Mapping[str, int] = {}
        self.room = Room(server, clock)
        self.books = self.room.connect()
        self._office: Any = server.stand_in.office()  # type: ignore[attr-defined]
        self._pattern = pattern
        self._numbers, self._ops = count(1), count(1)
        self._cursors: dict[str, str | None] = {}
        self._mirror: dict[Ref, Mirrored] = {}
        self._invoiced: set[str] = set()
        self._subjects: dict[str, Written] = {}
        self._taken_back: dict[str, str] = {}
        self._stamps: dict[OpId, str] = {}
        self._translated: Known = {}
        self._known: tuple[tuple[str, str], ...] = ()
        self.written: Counter[str] = Counter()
        self.posted: list[str] = []
        self.left: tuple[Finding, ...] = ()
        self._read()
        self.posting = PostingAccounts(
            clearing={currency(code): self.called(f"Clearing {code}") for code in CODES},
            transit={currency(code): self.called(f"Transit {code}") for code in CODES},
            bank={currency(code): self.called(f"Bank {code}") for code in CODES},
            fees=self.called("Stripe Fees"),
            suspense=self.called("Stripe Suspense"),
        )

    def called(self, name: str) -> Ref:
        """The account of that name."""
        return Ref(BOOKS, Kind.ACCOUNT, self._office.find("Account", name))

    def catch_up(self) -> tuple[Finding, ...]:
        """Invoice what was sold; plan and post until nothing more is planned; says what the last plan left out. Where
        nothing of the money changed since, there is nothing to be planned anew."""
        money = self._money()
        if money == self._known:
            return self.left
        self._known = money
        self._sell()
        for _ in range(ROUNDS_MAX):
            made = self.plan_of(self.seen())
            if not made.lines:
                self.left = made.left_out
                return self.left
            for line in made.lines:
                self._post(line)
            self._read()
        raise AssertionError([line.sentence for line in made.lines])

    def _money(self) -> tuple[tuple[str, str], ...]:
        """What there is of the money at Stripe, and how it stands."""
        kinds = ("charge", "refund", "dispute", "payout", "balance_transaction")
        return tuple(
            (each["id"], str(each["status"]) + str(each.get("reconciliation_status")))
            for kind in kinds
            for each in self.account._objects.get(kind, {}).values()
        )

    def seen(self) -> Snapshot:
        """Both sides as they are mirrored."""
        triples: list[tuple[Ref, str, Noun | Gone]] = list(records_of(self.account, self._translated))
        triples += [(one.ref, one.version, one.record) for one in self._mirror.values()]
        found = snapshot(
            triples,
            books=BOOKS,
            in_flight=frozenset(self._subjects),
            written={subject: answer.ref for subject, answer in self._subjects.items()},
            answered={answer.ref: answer.version for answer in self._subjects.values()},
        )
        return replace(found, taken_back=self._taken_back)

    def standings(self) -> dict[str, Standing]:
        """Every purse, by its currency."""
        accounts = {(CONNECTION, code): ref for code, ref in self.posting.clearing.items()}
        if self._pattern is BookingPattern.DEPOSIT:
            accounts = {(CONNECTION, currency("USD")): self.called("Undeposited Funds")}
        return {each.currency: each for each in standings(self.seen(), accounts)}

    def untied(self) -> tuple[Finding, ...]:
        """Every identity of either side that does not hold."""
        return tie_out(self.seen()).findings

    def held(self, name: str) -> int:
        """What the books hold on an account, in minor units: asked of the stand-in, not of us."""
        balances: Mapping[str, Money] = self._office.company.balances()
        return balances[self._office.find("Account", name)].minor

    def open_invoices(self) -> dict[str, int]:
        """What is open of each invoice that is open, by its number, in minor units."""
        held = (one.record for one in self._mirror.values())
        return {str(one.number): one.open.minor for one in held if isinstance(one, Invoice) and one.open}

    def expected(self, code: str) -> int:
        """What Stripe holds, by the reckoning of whoever acts there."""
        return self.balance.get(code.lower(), 0)

    def on_its_way(self, code: str) -> int:
        """What left Stripe and has not arrived, by Stripe's own payouts; negative where Stripe takes it."""
        stored: Mapping[str, Mapping[str, Any]] = self.account._objects.get("payout", {})
        return sum(
            each["amount"]
            for each in stored.values()
            if each["currency"] == code.lower() and each["status"] in _UNDER_WAY
        )

    def _sell(self) -> None:
        """Every charge is for an invoice of the books, whose number stands in its metadata."""
        stored: Mapping[str, dict[str, Any]] = self.account._objects.get("charge", {})
        sold = False
        for name, charge in stored.items():
            if name in self._invoiced:
                continue
            self._invoiced.add(name)
            code = currency(charge["currency"])
            amount = Money(charge["amount"], code)
            number = f"S-{next(self._numbers)}"
            payer = self._office.find("Customer", f"Payers {code}")
            self._office.invoice(payer, plain(amount).partition(" ")[0], number)
            charge["metadata"] = {**charge["metadata"], "invoice_number": number}
            sold = True
        if sold:
            self._read()

    def plan_of(self, seen: Snapshot) -> Plan:
        """What would be planned of that."""
        return planned(seen, self.posting, self._pattern, self.account, self._ops)

    def _post(self, line: PlanLine) -> None:
        """Write it, read it back, compare it."""
        assert isinstance(line.intent, Posting)
        answer = self.books.post(line.intent, WriteKey(op_id=line.op_id))
        wrong = disagreement(line.intent, self._read_back(answer.ref))
        if wrong is not None:
            raise wrong
        if line.subject in self._subjects:
            raise AssertionError(f"{line.subject} was written twice")
        self._subjects[line.subject] = answer
        self._stamps[line.op_id] = line.subject
        if line.void is not None:
            self._taken_back[self._stamps[line.void.stamp]] = ""
        self.written[line.kind] += 1
        self.posted.append(line.sentence)

    def _read_back(self, ref: Ref) -> Written:
        """What the books hold of it; what was deleted there is nothing any more."""
        try:
            return self.books.read_posted(ref)
        except NotFound:
            return Written(ref=ref, version="")

    def _read(self) -> None:
        """As it is a moment later: Intuit tells changes of balances apart by their second."""
        self.clock.pass_seconds(1)
        for stream in self.books.streams():
            while True:
                page = self.books.pull(stream, self._cursors.get(stream))
                reflect(self.books, page.records)
                self._mirror.update({one.ref: one for one in page.records})
                self._cursors[stream] = page.cursor
                if not page.more:
                    break


def op_id(number: int) -> OpId:
    """An op id for each number, in the letters of one."""
    digits = f"{number:o}".translate(str.maketrans("01234567", "ABCDEFGH"))
    return OpId(f"{digits:A>20}")


@contextmanager
def books_beside(pattern: BookingPattern) -> Iterator[BooksBeside]:
    """An account that was opened today, and empty books."""
    clock = FakeClock("2026-01-01T12:00:00Z")
    intuit = books_standin.build(parse(BOOKS_WORLD), clock=clock, conduct=Conduct(access_seconds=10**8))
    with Server(intuit, inspectors=(inspect,)) as server:
        yield BooksBeside(server, clock, pattern)
    if server.problems:
        raise AssertionError("\n".join(server.problems))


def merchant_of(firm: BooksBeside, seed: int, charges: int) -> Merchant:
    """A merchant who begins now in that account, with so many charges a year in mind."""
    merchant = Merchant(firm.account, seed, wait=firm.clock.pass_seconds, charges_a_year=charges)
    firm.balance = merchant.truth.balance
    return merchant
