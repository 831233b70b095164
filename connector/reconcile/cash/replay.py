"""All lines of a company together: what was open at each step follows from the steps before it.

So an amount, an item left out of what was considered, a line taken away or put in cannot be hidden in one line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from rapidfuzz import fuzz

from connector.reconcile.cash.recheck import faults
from connector.reconcile.cash.record import Company, Customer, Debt, Line

ALIKE_PERCENT = 80
CONSIDERED_MAX = 80
"""Of more open items than so many, only those nearest to the amount are listed."""


@dataclass(slots=True)
class Course:
    """One company, line by line. `decisions` and `abstentions` count what was looked at."""

    head: Company
    decisions: int = 0
    abstentions: int = 0
    _customers: dict[str, Customer] = field(default_factory=dict)
    _debts: dict[str, Debt] = field(default_factory=dict)
    _left: dict[str, int] = field(default_factory=dict)
    _open: dict[tuple[str, str], dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    _was: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _since: dict[str, date] = field(default_factory=dict)
    _back: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _owed: dict[str, int] = field(default_factory=dict)
    _lines: dict[str, Line] = field(default_factory=dict)
    _owners: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def take(self, record: Customer | Debt | Line) -> Iterator[str]:
        """What of the next line does not hold."""
        if record.company != self.head.company:
            yield f"{record.company}: its lines stand among those of {self.head.company}"
        elif isinstance(record, Customer):
            yield from self._know(record)
        elif isinstance(record, Debt):
            yield from self._owe(record)
        else:
            for why in (*faults(record, self.head), *self._follows(record)):
                yield f"{record.company or 'the company'}, payment {record.payment.id}: {why}."
            self._apply(record)

    def end(self) -> Iterator[str]:
        """What only shows at the end."""
        head = self.head
        for what, said, found in (
            ("customers", head.customers, len(self._customers)),
            ("items", head.items, len(self._debts)),
            ("decisions", head.decided, self.decisions),
            ("abstentions", head.undecided, self.abstentions),
        ):
            if said != found:
                yield f"{head.company or 'the company'}: it says {said} {what}, and there are {found}."
        for item, left in self._owed.items():
            if left:
                yield f"{head.company or 'the company'}: the instalments on {item} leave {left} of it."

    def _know(self, customer: Customer) -> Iterator[str]:
        if customer.id in self._customers or self._debts:
            yield f"{self.head.company or 'the company'}: customer {customer.id} does not belong there."
        self._customers[customer.id] = customer
        for sign, value in (
            ("processor", customer.processor),
            ("email", customer.email.lower()),
            ("account", customer.account),
        ):
            if value:
                self._owners[sign, value].add(customer.group)

    def _owe(self, debt: Debt) -> Iterator[str]:
        if debt.id in self._debts or self._lines:
            yield f"{self.head.company or 'the company'}: item {debt.id} does not belong there."
        self._debts[debt.id] = debt
        self._left[debt.id] = debt.amount
        self._since[debt.id] = debt.issued
        self._was[debt.id].append(debt.amount)
        if debt.amount:
            self._open[debt.group, debt.currency][debt.id] = None

    def _follows(self, line: Line) -> Iterator[str]:
        if line.payment.id in self._lines:
            yield "it is decided twice"
        if line.step not in (-1, self.decisions) or (line.step >= 0 and self.abstentions):
            yield "it does not stand where it was decided"
        yield from self._facts(line)
        yield from self._payer(line)
        yield from self._terms(line)
        if line.step >= 0:
            yield from self._complete(line)
        if line.kind == "reversal":
            yield from self._taken_back(line)
        if line.kind == "duplicate" and any(one.id not in self._lines for one in line.together):
            yield "the receipt that it repeats was not decided before it"

    def _facts(self, line: Line) -> Iterator[str]:
        settled = {each.item for each in line.settled}
        for item in line.items:
            debt = self._debts.get(item.id)
            if debt is None:
                yield f"there is no {item.id}"
                continue
            said = item.number, item.customer, item.group, item.currency, item.issued, item.due
            if said != (debt.number, debt.customer, debt.group, debt.currency, debt.issued, debt.due):
                yield f"{item.id} is described otherwise than at the beginning"
            if item.id in settled and debt.currency != line.payment.currency:
                yield f"{item.id} is in {debt.currency}"
            if item.open != self._left[item.id] and (item.id in settled or item.open not in self._was[item.id]):
                yield f"{self._left[item.id]} was open of {item.id}, and it says {item.open}"

    def _complete(self, line: Line) -> Iterator[str]:
        """Nothing that was open for the payer may be missing among what was considered."""
        if not line.considered or not line.settled or line.settled[0].item not in self._debts:
            return
        group = self._debts[line.settled[0].item].group
        there = [item for item in self._open[group, line.payment.currency] if self._since[item] <= line.payment.on]
        if len(there) > line.considered_all:
            yield f"it considered {line.considered_all} open items of {len(there)}"
        if line.considered_all <= CONSIDERED_MAX:
            missing = next((item for item in there if item not in line.considered), None)
            if missing is not None:
                yield f"it did not consider {missing}"
        elif len(line.considered) < CONSIDERED_MAX:
            yield f"it considered {len(line.considered)} open items of {line.considered_all}"

    def _payer(self, line: Line) -> Iterator[str]:
        payer, paid = line.payer, line.payment
        signs = {"processor": paid.processor, "email": paid.email, "account": paid.account}
        if payer.group and payer.group not in self._customers:
            yield f"there is no customer {payer.group}"
        elif payer.basis in signs:
            sign = signs[payer.basis].lower() if payer.basis == "email" else signs[payer.basis]
            if payer.says != signs[payer.basis] or self._owners.get((payer.basis, sign)) != {payer.group}:
                yield f"its payer is not known by {payer.basis}"
        elif payer.basis in ("name", "cut name", "near name"):
            if payer.says != paid.payer_name or not self._is_called(payer.group, payer.says):
                yield "its payer is not called so"
        elif payer.basis.startswith("learned") and payer.says not in (paid.account, paid.payer_name):
            yield "its payer was not learned from what it says"

    def _is_called(self, group: str, says: str) -> bool:
        said = says.upper()
        return any(
            fuzz.token_set_ratio(said, each.name.upper()) >= ALIKE_PERCENT
            or fuzz.partial_ratio(said, each.name.upper()) >= ALIKE_PERCENT
            for each in self._customers.values()
            if each.group == group
        )

    def _terms(self, line: Line) -> Iterator[str]:
        """What was agreed is what the customer's own line says."""
        terms = {item.id: (item.discount_bp, item.discount_days, item.withholding_bp) for item in line.items}
        for item in line.items:
            customer = self._customers.get(item.customer)
            agreed = (customer.discount_bp, customer.discount_days, customer.withholding_bp) if customer else (0, 0, 0)
            if terms[item.id] != agreed:
                yield f"{item.customer} agreed otherwise on {item.id}"
        for each in line.adjustments:
            rate, days, tax = terms.get(each.item, (0, 0, 0))
            rules = {"discount": f"{rate} bp within {days} days", "withholding": f"{tax} bp withheld"}
            if each.rule != rules.get(each.type, each.rule):
                yield f"{each.rule} was not agreed on {each.item}"

    def _taken_back(self, line: Line) -> Iterator[str]:
        """What goes back was given by the receipt that is named, and does not go back twice."""
        first = self._lines.get(line.together[0].id) if line.together else None
        given = {each.item: (each.pay, each.applied) for each in first.settled} if first is not None else {}
        for each in line.settled:
            pay, applied = given.get(each.item, (0, 0))
            before = self._back[line.together[0].id, each.item] if line.together else 0
            if -each.pay > pay or before - each.applied > applied:
                yield f"{each.item} did not get so much"
            self._back[line.together[0].id if line.together else "", each.item] = before - each.applied

    def _apply(self, line: Line) -> None:
        self._lines[line.payment.id] = line
        if line.step < 0:
            self.abstentions += 1
            return
        self.decisions += 1
        for each in line.settled:
            debt = self._debts.get(each.item)
            if debt is None:
                continue
            if line.kind == "instalment":
                self._owed[each.item] = (self._owed.get(each.item) or self._left[each.item]) - each.applied
            self._left[each.item] -= each.applied
            if line.kind == "reversal":
                self._since[each.item] = max(self._since[each.item], line.payment.on)
            self._was[each.item].append(self._left[each.item])
            if self._left[each.item]:
                self._open[debt.group, debt.currency][each.item] = None
            else:
                self._open[debt.group, debt.currency].pop(each.item, None)
