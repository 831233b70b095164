"""A simulated merchant's whole year in the books: planned and written after every single event, however many there are.

A year of ten thousand charges is some sixty thousand records, and a plan looks at all that it is given. So what has
come to rest is put away, and comes back with everything that belongs to it as soon as anything happens about it. That
nothing was put away too early is asked of everything at once, month by month (`whole`).

The books are those by the book (`PlainBooks`): their accounts are what their entries make them, and know nothing of us.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from adapters.stripe.standin import build
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.life import Merchant
from connector.dates import BusinessDate, instant_from_epoch, later, zone
from connector.model.finding import Finding
from connector.model.firm import BookingPattern, PostingAccounts
from connector.model.intent import Posting, PostTransfer
from connector.model.mirror import Gone, Noun
from connector.model.source import Kind, OpId, Ref
from connector.money import Currency, Money, currency
from connector.plan import Plan, PlanLine
from connector.readback import disagreement
from connector.reconcile.booked import unnumbered
from connector.reconcile.clearing import Standing, standings
from connector.reconcile.sides import Ground, Sheet, sheets
from connector.reconcile.snapshot import Snapshot, snapshot
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.journeys.merchant_books import ACCOUNT, CODES, STRIPE_WORLD, planned
from tests.laws.plain_books import BOOKS, Document, PlainBooks
from tests.purses import balances_of, record_of
from tests.stripe_rig import CONNECTION

AT_REST_SECONDS = 3600
ROUNDS_MAX = 6
ARRIVES_DAYS_MAX = 10
_KINDS = {"charge", "refund", "dispute", "payout"}
Triple = tuple[Ref, str, Noun | Gone]


class YearlyBooks(PlainBooks):
    """The same books in four currencies; what is asked after every event is kept and not counted anew."""

    def __init__(self) -> None:
        self.totals: Counter[tuple[str, Currency]] = Counter()
        self.settled: Counter[Ref] = Counter()
        self._marks: set[OpId] = set()
        self._in_deposits: set[Ref] = set()
        super().__init__()
        for name in ("Clearing", "Transit", "Bank", "Receivable"):
            for code in (currency("GBP"), currency("JPY")):
                ref, like = self.account(name, code), self.accounts[self.account(name)]
                self.accounts[ref] = replace(like, name=ref.vendor_id, currency=code)
                self._names[ref] = name

    def applied(self) -> dict[Ref, int]:
        return self.settled

    def balances(self) -> dict[tuple[str, Currency], int]:
        return self.totals

    def is_banked(self, ref: Ref) -> bool:
        return ref in self._in_deposits

    def void(self, ref: Ref) -> None:
        self._count(self.documents[ref], -1)
        super().void(ref)

    def delete(self, ref: Ref) -> None:
        held = self.documents[ref]
        super().delete(ref)
        self._count(held, -1)

    def _enter(self, made: Document, lines: list[tuple[str, Money]]) -> Ref:
        """The same refusals, without looking through every document."""
        made.lines = [line for line in lines if line[1]]
        sums: Counter[Currency] = Counter()
        for _, amount in made.lines:
            sums[amount.currency] += amount.minor
        if any(sums.values()) or (made.stamp is not None and made.stamp.op_id in self._marks):
            raise AssertionError(made)
        self._may_settle(made)
        self.documents[made.ref] = made
        self._count(made, 1)
        if made.stamp is not None:
            self._marks.add(made.stamp.op_id)
        return made.ref

    def _count(self, held: Document, sign: int) -> None:
        for name, amount in held.lines:
            self.totals[name, amount.currency] += sign * amount.minor
        for share in held.settles:
            self.settled[share.target] += sign * share.amount.minor

    def record(self, ref: Ref) -> Triple:
        """One document, or that it is gone."""
        if ref in self.gone:
            return ref, "", self.gone[ref]
        held = self.documents[ref]
        return ref, str(held.version), self._noun(held, self.settled.get(ref, 0))

    def firmament(self) -> Iterator[Triple]:
        """What is there whatever happens: the company, its accounts with what they hold, its customers."""
        yield from PlainBooks.records(_Bare(self))  # type: ignore[arg-type]


@dataclass(slots=True)
class _Bare:
    """Books without a document, for what is there beside them."""

    of: YearlyBooks
    documents: dict[Ref, Document] = field(default_factory=dict)
    gone: dict[Ref, Gone] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of, name)


@dataclass(slots=True)
class Belonging:
    """Everything about one charge, or one payout, or one line of the ledger that is about neither."""

    at_stripe: dict[Ref, Noun] = field(default_factory=dict)
    in_books: dict[Ref, None] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    touched: int = 0


class YearBeside:
    """The merchant, the books beside, and what is alive of both."""

    def __init__(self, seed: int, charges: int) -> None:
        self.clock = FakeClock("2026-01-01T12:00:00Z")
        self.account: Ledger = build(parse(STRIPE_WORLD), clock=self.clock).ledger(ACCOUNT)
        self.merchant = Merchant(self.account, seed, wait=self.clock.pass_seconds, charges_a_year=charges)
        self.books = YearlyBooks()
        self.customers = {code: self.books.customer(f"Payers {code}", currency(code)) for code in CODES}
        self.posting = PostingAccounts(
            clearing={currency(code): self.books.account("Clearing", currency(code)) for code in CODES},
            transit={currency(code): self.books.account("Transit", currency(code)) for code in CODES},
            bank={currency(code): self.books.account("Bank", currency(code)) for code in CODES},
            fees=self.books.account("Fees"),
            suspense=self.books.account("Suspense"),
        )
        self.left: tuple[Finding, ...] = ()
        self.written: Counter[str] = Counter()
        self.robbed = 0
        """How many payouts were planned once more with a member taken away."""
        self.wrong: list[str] = []
        self._held: dict[str, Belonging] = defaultdict(Belonging)
        self._alive: dict[str, None] = {}
        self._of_line: dict[str, str] = {}
        self._sold: set[str] = set()
        self._stripe_told, self._lines_seen = 0, 0
        self._became: dict[str, Ref] = {}
        self._answered: dict[Ref, str] = {}
        self._taken_back: dict[str, str] = {}
        self._subject_of: dict[OpId, str] = {}
        self._numbers, self._ops = count(1), count(1)
        self.plans, self.events = 0, 0

    # After every event

    def step(self) -> str:
        """One event of the merchant's life, and everything that can be planned and written after it."""
        what = self.merchant.step()
        if self._look():
            self._catch_up()
        return what

    def _look(self) -> bool:
        """Take in what changed at Stripe, by what it tells and by its new lines; says whether any of it is money."""
        changed = [self._line(each) for each in self._new_lines()]
        told = [each for each in self.account._happened[-400:] if each.number > self._stripe_told]
        self._stripe_told = self.account.told
        names = {each.about for each in told if each.about is not None}
        for kind in _KINDS:
            stored = self.account._objects.get(kind, {})
            changed += [self._document(stored[name]) for name in sorted(names) if name in stored]
        return bool(changed)

    def _new_lines(self) -> list[Mapping[str, Any]]:
        stored = self.account._objects.get("balance_transaction", {})
        found: list[Mapping[str, Any]] = []
        for document in reversed(stored.values()):
            if len(found) == len(stored) - self._lines_seen:
                break
            found.append(document)
        self._lines_seen = len(stored)
        return found[::-1]

    def _line(self, document: Mapping[str, Any]) -> str:
        whose = self._owner(str(document["source"])) if document["source"] else str(document["id"])
        self._of_line[str(document["id"])] = whose
        return self._keep(whose, document)

    def _document(self, document: Mapping[str, Any]) -> str:
        whose = self._owner(str(document["id"]))
        if document["object"] == "charge" and whose not in self._sold:
            self._sell(document)
        if whose != document["id"]:
            self._keep(whose, self.account.get("charge", whose))
        kept = self._keep(whose, document)
        if document["object"] == "payout":
            for line in self.account.members.get(str(document["id"]), ()):
                self._touch(self._of_line.get(line, line))
        return kept

    def _owner(self, name: str) -> str:
        """The charge that a refund or dispute is of; anything else is its own."""
        for kind in ("refund", "dispute"):
            found = self.account._objects.get(kind, {}).get(name)
            if found is not None:
                return str(found["charge"])
        return name

    def _keep(self, whose: str, document: Mapping[str, Any]) -> str:
        ref, noun = record_of(self.account, document)
        self._held[whose].at_stripe[ref] = noun
        self._touch(whose)
        return whose

    def _touch(self, whose: str) -> None:
        self._held[whose].touched = self.account.now()
        self._alive[whose] = None

    def _sell(self, charge: Mapping[str, Any]) -> None:
        """Every charge is for an invoice of the books, whose number stands in its metadata."""
        code, number = currency(charge["currency"]), f"S-{next(self._numbers)}"
        on = BusinessDate(instant_from_epoch(charge["created"]).date())
        invoice = self.books.invoice(self.customers[code], number, Money(charge["amount"], code), on)
        self.account.get("charge", charge["id"])["metadata"] |= {"invoice_number": number}
        self._sold.add(charge["id"])
        self._held[charge["id"]].in_books[invoice] = None

    # What is planned and written

    def _catch_up(self) -> None:
        now = self.account.now()
        for whose in [each for each in self._alive if self._held[each].touched < now - AT_REST_SECONDS]:
            del self._alive[whose]
        for _ in range(ROUNDS_MAX):
            seen = self._seen(self._alive)
            made = self._plan(seen)
            self.left = made.left_out
            if not made.lines:
                return
            for line in made.lines:
                if isinstance(line.intent, PostTransfer):
                    self._members_must_be_there(seen, line.intent.about)
            for line in made.lines:
                self._write(line)
        raise AssertionError([line.sentence for line in made.lines])

    def _members_must_be_there(self, seen: Snapshot, payout: Ref) -> None:
        """A payout of the schedule is booked when all of its members are read, and not when one of them is missing."""
        stored = self.account.get("payout", payout.vendor_id)
        members = self.merchant.truth.members.get(payout.vendor_id)
        if not stored["automatic"] or members is None:
            return
        lines = seen.balance_entries
        named = [line for line in seen.payouts[payout].entries or () if line in lines]
        held, come_to = {line.vendor_id for line in named}, sum(lines[line].net.minor for line in named)
        if held != members or come_to != stored["amount"] != 0:
            self.wrong.append(f"{payout} is booked with {len(held)} of {len(members)} members")
        entries = seen.payouts[payout].entries or ()
        lost = entries[self.robbed % len(entries)]
        kept = {ref: one for ref, one in lines.items() if ref != lost}
        self.robbed += 1
        short = self._plan(replace(seen, records={**seen.records, Kind.BALANCE_ENTRY: kept}))
        if any(isinstance(each.intent, PostTransfer) and each.intent.about == payout for each in short.lines):
            self.wrong.append(f"{payout} would be booked without {lost}")

    def _seen(self, among: Mapping[str, object]) -> Snapshot:
        held = [self._held[each] for each in among]
        triples: list[Triple] = list(self.books.firmament())
        triples += [(ref, "", noun) for each in held for ref, noun in each.at_stripe.items()]
        triples += [self.books.record(ref) for each in held for ref in each.in_books]
        triples += [(ref, "", noun) for ref, noun in balances_of(self.account)] if len(among) == len(self._held) else []
        subjects = {subject for each in held for subject in each.subjects}
        found = snapshot(
            triples,
            books=BOOKS,
            in_flight=frozenset(subjects),
            written={subject: self._became[subject] for subject in subjects},
            answered={self._became[each]: self._answered[self._became[each]] for each in subjects},
        )
        return replace(found, taken_back={each: how for each, how in self._taken_back.items() if each in subjects})

    def _plan(self, seen: Snapshot) -> Plan:
        self.plans += 1
        return planned(seen, self.posting, BookingPattern.CLEARING, self.account, self._ops)

    def _write(self, line: PlanLine) -> None:
        assert isinstance(line.intent, Posting)
        answer = self.books.post(line.intent, line.op_id)
        wrong = disagreement(line.intent, answer)
        if wrong is not None:
            raise wrong
        if line.subject in self._became:
            raise AssertionError(f"{line.subject} was written twice")
        whose = self._whose(line.intent.about)
        own = self._held[whose]
        own.in_books[answer.ref] = None
        own.subjects.add(line.subject)
        self._became[line.subject], self._answered[answer.ref] = answer.ref, answer.version
        self._subject_of[line.op_id] = unnumbered(line.subject)
        if line.void is not None:
            self._taken_back[self._subject_of[line.void.stamp]] = ""
        self.written[line.kind] += 1

    def _whose(self, about: Ref) -> str:
        if about.kind is Kind.BALANCE_ENTRY:
            return self._of_line[about.vendor_id]
        return self._owner(about.vendor_id)

    # What must be true

    def amount_of(self, charge: str) -> int:
        """What a charge was for, in the API's integers."""
        return int(self.account.get("charge", charge)["amount"])

    def apart(self) -> dict[str, tuple[int, int]]:
        """Per currency in which they differ: what the clearing account holds, and what Stripe does."""
        held = {code: self.books.totals["Clearing", currency(code)] for code in CODES}
        there = {code: self.merchant.truth.balance.get(code.lower(), 0) for code in CODES}
        return {code: (held[code], there[code]) for code in CODES if held[code] != there[code]}

    def on_its_way(self) -> dict[str, int]:
        """Per currency, what left Stripe by payouts that are not at the bank, or do not say yet what they hold."""
        found: Counter[str] = Counter()
        for each in self.account._objects.get("payout", {}).values():
            waits = each["status"] in ("pending", "in_transit")
            untold = each["status"] == "paid" and each["reconciliation_status"] == "in_progress"
            found[each["currency"].upper()] += each["amount"] if waits or untold else 0
        return {code: found[code] for code in CODES}

    def in_transit(self) -> dict[str, int]:
        """The same in the books."""
        return {code: self.books.totals["Transit", currency(code)] for code in CODES}

    def sheets(self, seen: Snapshot) -> tuple[Sheet, ...]:
        """What the proof compares, entry by entry, as of the last day that anything is dated."""
        accounts = {(CONNECTION, code): ref for code, ref in self.posting.clearing.items()}
        transit = {(CONNECTION, code): ref for code, ref in self.posting.transit.items()}
        today = BusinessDate(instant_from_epoch(self.account.now()).date())
        return sheets(
            Ground(
                snapshot=seen,
                accounts=accounts,
                starts={},
                zone=zone("America/New_York"),
                as_of=later(today, ARRIVES_DAYS_MAX),
                transit=transit,
            )
        )

    def whole(self) -> tuple[Snapshot, dict[str, Standing], Plan]:
        """Everything there is, where every purse stands, and what would be planned of it."""
        seen = self._seen(self._held)
        accounts = {(CONNECTION, code): ref for code, ref in self.posting.clearing.items()}
        return seen, {each.currency: each for each in standings(seen, accounts)}, self._plan(seen)
