"""All lines of a company together: what was open at each step follows from the steps before it.

So an amount, an item left out of what was considered, a line taken away or put in cannot be hidden in one line.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from rapidfuzz import fuzz

from connector.reconcile.cash.doubt import TOKEN
from connector.reconcile.cash.recheck import faults
from connector.reconcile.cash.record import Company, Customer, Debt, Known, Line, Paid, Quoted, Rate, digest

ALIKE_PERCENT = 80
SIGNS = frozenset({"processor", "email", "account"})
CALLED = frozenset({"name", "cut name", "near name"})
NAMES = (*sorted(CALLED), "learned name", "contradicted")
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
    _rows: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    _rates: list[Rate] = field(default_factory=list)
    _paid: list[Paid] = field(default_factory=list)
    _lines: dict[str, Line] = field(default_factory=dict)
    _owners: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def take(self, record: Customer | Debt | Quoted | Line) -> Iterator[str]:
        """What of the next line does not hold."""
        if record.company != self.head.company:
            yield f"{record.company}: its lines stand among those of {self.head.company}"
        elif isinstance(record, Customer):
            yield from self._know(record)
        elif isinstance(record, Debt):
            yield from self._owe(record)
        elif isinstance(record, Quoted):
            self._rates.append(record.rate)
        else:
            self._paid.append(record.payment)
            for why in (*faults(self._whole(record), self.head), *self._follows(record)):
                yield f"{record.company or 'the company'}, payment {record.payment.id}: {why}."
            self._apply(record)
            yield from (f"{record.company or 'the company'}, payment {why}." for why in self._ended(record))

    def end(self) -> Iterator[str]:
        """What only shows at the end."""
        head = self.head
        for what, said, found in (
            ("customers", head.customers, len(self._customers)),
            ("items", head.items, len(self._debts)),
            ("rates", head.rates, len(set(self._rates))),
            ("decisions", head.decided, self.decisions),
            ("abstentions", head.undecided, self.abstentions),
        ):
            if said != found:
                yield f"{head.company or 'the company'}: it says {said} {what}, and there are {found}."
        if head.receipts != digest(self._paid):
            yield f"{head.company or 'the company'}: its payments are not those that came."
        for last, row in self._rows.items():
            yield f"{head.company or 'the company'}, payment {row[0].payment.id}: {last} does not end its row."
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
        if line.rate is not None and line.rate not in self._rates:
            yield "its rate is none of the company's"
        if line.step >= 0:
            yield from self._complete(line)
        if line.kind == "reversal":
            yield from self._taken_back(line)
        for other in line.together if line.kind != "identical" else ():
            first = self._lines.get(other.id)
            if line.step >= 0 and (
                first is None or (first.payment.on, first.payment.amount) != (other.on, other.amount)
            ):
                yield f"{other.id} came otherwise"
        if line.kind == "duplicate":
            yield from self._repeated(line)

    def _ended(self, line: Line) -> Iterator[str]:
        """Identical items are only given to identical receipts where none of them was open when the last one came."""
        if line.kind != "identical" or line.step < 0:
            return
        last = line.together[0].id if line.together else line.payment.id
        self._rows[last].append(line)
        if last != line.payment.id:
            return
        row = self._rows.pop(last)
        debts = [debt for one in row for each in one.settled if (debt := self._debts.get(each.item)) is not None]
        settled = {(debt.customer, debt.currency, debt.amount) for debt in debts}
        alike = {(one.payment.currency, one.payment.amount) for one in row}
        if len(settled) > 1 or len(alike) > 1:
            yield f"{last}: the receipts of its row, or their items, are not the same"
        left = [
            item
            for group in {debt.group for debt in debts}
            for item in self._there(group, line)
            if self._left[item] == self._debts[item].amount == line.payment.amount
        ]
        if left:
            yield f"{last}: {left[0]} is the same and was left open"

    def _repeated(self, line: Line) -> Iterator[str]:
        """What is repeated was decided before, and looks the same."""
        first = self._lines.get(line.together[0].id) if line.together else None
        if first is None or first.step < 0:
            yield "the receipt that it repeats was not decided before it"
        elif _looks(first.payment) != _looks(line.payment) or first.payment.on != line.together[0].on:
            yield f"it does not look like {first.payment.id}"

    def _whole(self, line: Line) -> Line:
        """The line with everything that was open for its payer, where that was too much to be listed in it."""
        cut = line.rest and line.considered_all == len(line.considered) + sum(count for _, count in line.rest)
        if not cut or not line.settled or line.settled[0].item not in self._debts:
            return line
        group = self._debts[line.settled[0].item].group
        listed = {item.id for item in line.items}
        more = [item for item in self._there(group, line) if item not in line.considered]
        return replace(
            line,
            items=(*line.items, *(self._known(self._debts[item]) for item in more if item not in listed)),
            considered=(*line.considered, *more),
            considered_all=len(line.considered) + len(more),
            rest=(),
        )

    def _known(self, debt: Debt) -> Known:
        customer = self._customers.get(debt.customer)
        return Known(
            id=debt.id,
            number=debt.number,
            customer=debt.customer,
            group=debt.group,
            currency=debt.currency,
            open=self._left[debt.id],
            issued=debt.issued,
            due=debt.due,
            discount_bp=customer.discount_bp if customer else 0,
            discount_days=customer.discount_days if customer else 0,
            withholding_bp=customer.withholding_bp if customer else 0,
        )

    def _there(self, group: str, line: Line) -> list[str]:
        """What is open of a group in the currency of a line, and was when it came."""
        open_ = self._open[group, line.payment.currency]
        return [item for item in open_ if self._since[item] <= line.payment.on]

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
            if item.id in settled and debt.currency != line.payment.currency and not self._is_converted(line):
                yield f"{item.id} is in {debt.currency}"
            if item.open != self._left[item.id] and (item.id in settled or item.open not in self._was[item.id]):
                yield f"{self._left[item.id]} was open of {item.id}, and it says {item.open}"

    def _is_converted(self, line: Line) -> bool:
        """Whether it stands on a rate, or takes back what did."""
        first = self._lines.get(line.together[0].id) if line.together else None
        return line.rate is not None or (line.kind == "reversal" and first is not None and first.rate is not None)

    def _complete(self, line: Line) -> Iterator[str]:
        """Nothing that was open for the payer may be missing among what was considered."""
        if not line.considered or not line.settled or line.settled[0].item not in self._debts:
            return
        group = self._debts[line.settled[0].item].group
        there = self._there(group, line)
        if len(there) > line.considered_all:
            yield f"it considered {line.considered_all} open items of {len(there)}"
        if line.considered_all <= CONSIDERED_MAX:
            missing = next((item for item in there if item not in line.considered), None)
            if missing is not None:
                yield f"it did not consider {missing}"
        elif len(line.considered) < CONSIDERED_MAX:
            yield f"it considered {len(line.considered)} open items of {line.considered_all}"
        rest = Counter(self._left[item] for item in there if item not in line.considered)
        if len(line.considered) < line.considered_all and line.rest != tuple(sorted(rest.items())):
            yield "the amounts that it does not list are others"

    def _payer(self, line: Line) -> Iterator[str]:
        payer, paid = line.payer, line.payment
        signs = {"processor": paid.processor, "email": paid.email, "account": paid.account, "learned": paid.account}
        signs |= {"nobody": ""} | dict.fromkeys(NAMES, paid.payer_name)
        if payer.basis not in signs or payer.says != signs[payer.basis]:
            yield "what it says of its payer is not what came with it"
        elif any(group not in self._customers for group in (payer.group, *payer.among) if group):
            yield "its payer is no customer"
        elif payer.basis in SIGNS:
            sign = payer.says.lower() if payer.basis == "email" else payer.says
            if self._owners.get((payer.basis, sign)) != {payer.group}:
                yield f"its payer is not known by {payer.basis}"
        elif payer.basis in CALLED:
            groups = (payer.group,) if payer.group else payer.among
            if not all(self._is_called(group, payer.says) for group in groups):
                yield "its payer is not called so"
        if bool(payer.group) is (payer.basis in ("nobody", "contradicted")) and not payer.among:
            yield "nothing says who paid it"
        if payer.group and payer.among:
            yield "one payer is known, and several may be"

    def _is_called(self, group: str, says: str) -> bool:
        """Whether anybody of the group is called nearly so, or begins with the same word."""
        said = says.upper()
        return any(
            fuzz.token_set_ratio(said, each.name.upper()) >= ALIKE_PERCENT
            or fuzz.partial_ratio(said, each.name.upper()) >= ALIKE_PERCENT
            or _words(said)[:1] == _words(each.name)[:1]
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


def _words(name: str) -> list[str]:
    """The words of a name in capitals."""
    return TOKEN.findall(name.upper())


def _looks(paid: Paid) -> tuple[object, ...]:
    """What is the same of a receipt and its repetition."""
    return paid.amount, paid.currency, paid.text, paid.key, paid.payer_name, paid.account
