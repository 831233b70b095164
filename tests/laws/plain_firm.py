"""A firm of values that lives by chance: its books, its processor, its people, and what we plan and write for it.

All of it is in memory, so that very many lives can be lived; what decides and plans is the product's own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from connector.app.written import own_writes
from connector.model.finding import Finding
from connector.model.firm import BookingPattern, Connection, PostingAccounts
from connector.model.intent import Posting, VoidPosting
from connector.model.money_in import DisputeState
from connector.model.ruling import Ruling
from connector.model.settlement import PayoutState
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Ref
from connector.money import Currency, Money
from connector.plan import Frame, Plan, PlanLine, plan
from connector.plan.undo import OwnWrite, undo
from connector.readback import disagreement
from connector.reconcile.clearing import Standing, standings
from connector.reconcile.match import reconcile
from connector.reconcile.postable import postable, torn, without
from connector.reconcile.snapshot import Snapshot, snapshot
from connector.reconcile.tieout import tie_out
from connector.store import OutboxRow, OutboxState
from tests.laws.plain_books import BOOKS, EUR, HOME, PlainBooks
from tests.laws.plain_processor import CODES, PROCESSOR, PlainProcessor

COMPANY, DANA = CompanyId("plain"), ActorId("Dana")
ROUNDS_MAX = 8


class PlainFirm:
    """One life."""

    def __init__(self, seed: int, pattern: BookingPattern) -> None:
        self.chance = random.Random(seed)  # noqa: S311  a seed, so that a life can be lived again
        self.pattern = pattern
        self.books, self.processor = PlainBooks(), PlainProcessor()
        self.rows: list[OutboxRow] = []
        self.rulings: list[Ruling] = []
        self.left: tuple[Finding, ...] = ()
        self._seen: tuple[tuple[int, int, int, int], Snapshot] | None = None
        self._plans, self._ops, self._numbers = count(1), count(1), count(1)
        names = (("Acme Bakery", HOME), ("Bolt Bikes", HOME), ("Cedar Dental", HOME), ("Delft Glas", EUR))
        self.payers: dict[Ref, Ref] = {}
        for name, code in names:
            own = self.books.customer(name, code)
            self.payers[own] = self.processor.customer(name, self.books.customers[own].email or "")
        self.posting = PostingAccounts(
            clearing={code: self.books.account("Clearing", code) for code in CODES},
            transit={code: self.books.account("Transit", code) for code in CODES},
            bank={code: self.books.account("Bank", code) for code in CODES},
            fees=self.books.account("Fees"),
            suspense=self.books.account("Suspense"),
        )

    # What is decided, planned and written

    def seen(self) -> Snapshot:
        """Both sides as they are mirrored, with our own writes. Looked at once, as long as nothing happened."""
        moment = (self.books.changed, self.processor.changed, len(self.rows), len(self.rulings))
        if self._seen is None or self._seen[0] != moment:
            self._seen = (moment, self._look())
        return self._seen[1]

    def _look(self) -> Snapshot:
        ours = own_writes(self.rows, self.rulings)
        found = snapshot(
            [*self.books.records(), *self.processor.records()],
            books=BOOKS,
            in_flight=ours.in_flight,
            written=ours.written,
            answered=ours.answered,
        )
        return replace(
            found,
            taken_back=ours.taken_back,
            forgiven=ours.forgiven,
            generations=ours.generations,
            rulings=tuple(self.rulings),
        )

    def frame(self) -> Frame:
        return Frame(
            plan_id=PlanId(f"plan-{next(self._plans)}"),
            company_id=COMPANY,
            made_at=self.processor.at,
            made_by=DANA,
            new_op_id=lambda: op_id(next(self._ops)),
        )

    def plan(self) -> Plan:
        """As the product makes it: halves of one decision are left out together."""
        seen, frame = self.seen(), self.frame()
        connection = Connection(
            company_id=COMPANY,
            connection_id=PROCESSOR,
            system="stripe",
            account="acct_plain",
            live=False,
            posting=self.posting,
            pattern=self.pattern,
        )
        untied = tie_out(seen).findings
        outcome = postable(seen, reconcile(seen))
        made = plan(seen, outcome, [connection], frame, untied=untied)
        halves = torn(seen, outcome, [line.subject for line in made.lines])
        return plan(seen, without(outcome, halves), [connection], frame, untied=untied) if halves else made

    def write(self, made: Plan, most: int | None = None) -> None:
        """Write the lines of a plan, or only the first of them, each checked against what was asked."""
        for number, line in enumerate(made.lines[:most], start=1):
            self._post(made, number, line)

    def _post(self, made: Plan, number: int, line: PlanLine) -> None:
        if any(row.subject == line.subject for row in self.rows):
            raise AssertionError(f"{line.subject} is written twice")
        assert isinstance(line.intent, Posting)
        answer = self.books.post(line.intent, line.op_id)
        wrong = disagreement(line.intent, answer)
        if wrong is not None:
            raise wrong
        self.rows.append(
            OutboxRow(
                op_id=line.op_id,
                company_id=COMPANY,
                connection_id=BOOKS,
                kind=line.kind,
                subject=line.subject,
                intent=line.intent,
                state=OutboxState.DONE,
                answer=answer,
                plan_id=made.plan_id,
                line=number,
            )
        )

    def take_back(self, run: PlanId) -> Plan:
        """A person undoes a run; says what was taken back, and what was not."""
        writes = [
            OwnWrite(op_id=row.op_id, run=row.plan_id, line=row.line, intent=row.intent, answer=row.answer)
            for row in self.rows
        ]
        made = undo(self.seen(), writes, run, self.frame())
        self.write(made)
        return made

    def runs(self) -> list[PlanId]:
        """The plans of which something was written, undos aside."""
        named = (row.plan_id for row in self.rows if not isinstance(row.intent, VoidPosting))
        return list(dict.fromkeys(run for run in named if run is not None))

    def catch_up(self) -> None:
        """Plan and write until nothing more is planned."""
        for _ in range(ROUNDS_MAX):
            made = self.plan()
            self.left = made.left_out
            if not made.lines:
                return
            self.write(made)
        raise AssertionError([line.sentence for line in made.lines])

    def standings(self) -> dict[Currency, Standing]:
        """Every purse of the processor beside the account that stands for it."""
        accounts = {(PROCESSOR, code): ref for code, ref in self.posting.clearing.items()}
        if self.pattern is BookingPattern.DEPOSIT:
            accounts = {(PROCESSOR, code): self.books.account("Undeposited", code) for code in CODES}
        return {each.currency: each for each in standings(self.seen(), accounts)}

    # What happens

    def settle(self) -> None:
        """All that is under way comes to its end."""
        for ref, fight in list(self.processor.disputes.items()):
            if fight.state is DisputeState.OPEN:
                self.processor.wins(ref) if self.chance.random() < 0.5 else self.processor.loses(ref)
        for ref, payout in list(self.processor.payouts.items()):
            if payout.state is PayoutState.PENDING:
                self.processor.arrives(ref)

    def amount(self, code: Currency) -> Money:
        return Money(self.chance.randint(1, 50_000), code)

    def debts(self) -> list[Ref]:
        """Invoices of which something is open."""
        documents = self.books.documents
        return [ref for ref in documents if ref.kind is Kind.INVOICE and self.books.left_of(ref) > 0]

    def pick(self, among: Iterator[Ref] | list[Ref]) -> Ref | None:
        every = list(among)
        return self.chance.choice(every) if every else None

    def ours(self, *kinds: Kind) -> list[Ref]:
        """What we wrote and stands."""
        held = self.books.documents.values()
        return [one.ref for one in held if one.stamp is not None and one.ref.kind in kinds and not one.void]

    def number(self) -> str:
        return f"INV-{1000 + next(self._numbers)}"


def op_id(number: int) -> OpId:
    """An op id for each number, in the letters of one."""
    digits = f"{number:o}".translate(str.maketrans("01234567", "ABCDEFGH"))
    return OpId(f"{digits:A>20}")
