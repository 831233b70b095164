"""What a decision stands on, as a line that can be read by people and computed again by whoever doubts it.

A line holds everything that its decision follows from: who paid and what says so, where which number stands in the
text, what was open of every item that came into question, the equation in minor units, each adjustment with the rule
that permits it, the rivals and why they were none. `recheck` recomputes it from the lines alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connector.reconcile.cash.case import Case, Policy
from connector.reconcile.cash.payers import Basis
from connector.reconcile.cash.questions import Question
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.telling import told
from connector.reconcile.cash.verdict import Class, Verdict

CANDIDATES_MAX = 200
"""So many open items stand in a line; of more, those whose amounts are nearest."""
SPANS_MAX = 120
RIVALS_MAX = 5

BY_NUMBER = frozenset({
    Class.KEY, Class.REFERENCE, Class.REFERENCE_ADJUSTED, Class.INSTALMENT, Class.DUPLICATE, Class.REVERSAL,
    Class.REFERENCE_SUBSET,
})  # fmt: skip
"""Decisions for which no item is looked for by its amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What heads a company's lines: what it permits, and how many lines of each kind follow."""

    company: str
    policy: Policy
    customers: int
    items: int
    decided: int
    undecided: int
    what: str = "company"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer, and the group it belongs to: the customer at the top of it."""

    company: str
    id: str
    name: str
    group: str
    email: str
    processor: str
    account: str
    discount_bp: int
    discount_days: int
    withholding_bp: int
    what: str = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """An item as it was before anything was decided."""

    company: str
    id: str
    number: str
    customer: str
    group: str
    currency: str
    amount: int
    issued: date
    due: date
    what: str = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """The money, with everything that came with it."""

    id: str
    kind: str
    on: date
    currency: str
    amount: int
    payer_name: str
    account: str
    processor: str
    email: str
    text: str
    key: str
    related: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Whose money it is: the group, what says so, and the customer of whom it is true. "" where nobody is known."""

    group: str
    basis: str
    customer: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A number in the text, and the items that have it."""

    start: int
    end: int
    text: str
    how: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An item that came into question, and what was open of it then."""

    id: str
    number: str
    customer: str
    group: str
    open: int
    issued: date
    due: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What an item gets: `pay` of the money, `applied` to the item. `why`: key, named or amount."""

    item: str
    pay: int
    applied: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """The difference between what an item gets and what is paid of it, and the rule that permits it."""

    item: str
    type: str
    amount: int
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Items that could have been meant, and why they are not; or, where nothing was decided, why they may be."""

    items: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another receipt without which the decision would not stand."""

    id: str
    on: date
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A decision, or that there is none: then `step` is -1 and `kind` the reason.

    `step` counts the company's decisions; `seen` is how many of them had been taken when this one was made. `candidates`
    are the open items that were searched, `candidates_all` how many there were.
    """

    company: str
    payment: Paid
    kind: str
    step: int
    seen: int
    payer: Payer
    spans: tuple[Span, ...]
    items: tuple[Known, ...]
    settled: tuple[Settled, ...]
    unapplied: int
    adjustments: tuple[Adjustment, ...]
    family: str
    accidents_ppm: int
    candidates: tuple[str, ...]
    candidates_all: int
    rivals: tuple[Rival, ...]
    together: tuple[Other, ...]
    next_step: str = ""
    sentence: str = ""
    what: str = "payment"


Record = Company | Customer | Debt | Line


def lines_of(company: str, at: Standing, asked: Mapping[int, Question]) -> Iterator[Record]:
    """Everything about one company that was decided: its customers, its items, each decision in the order in which they
    were taken, and what was not decided."""
    case = at.case
    group_ids = [party.id for party in case.parties]
    yield Company(
        company=company,
        policy=case.policy,
        customers=len(case.parties),
        items=len(case.items),
        decided=len(at.verdicts),
        undecided=len(asked),
    )
    for place, party in enumerate(case.parties):
        yield Customer(
            company=company,
            id=party.id,
            name=party.name,
            group=group_ids[at.payers.root[place]],
            email=party.email,
            processor=party.processor_id,
            account=party.account,
            discount_bp=party.discount_bp,
            discount_days=party.discount_days,
            withholding_bp=party.withholding_bp,
        )
    for place, item in enumerate(case.items):
        yield Debt(
            company=company,
            id=item.id,
            number=item.number,
            customer=item.party,
            group=group_of(at, place),
            currency=item.currency,
            amount=item.amount,
            issued=date.fromordinal(item.issued),
            due=date.fromordinal(item.due),
        )
    yield from _Witness(company, at).lines(asked)


def group_of(at: Standing, item: int) -> str:
    """The customer at the top of an item's group; the item itself where its customer is unknown."""
    group = at.group[item]
    return at.case.parties[group].id if group >= 0 else f"item {at.case.items[item].id}"


class _Witness:
    """Goes through the decisions once more, in the order in which they were taken, and says what was open then."""

    def __init__(self, company: str, at: Standing) -> None:
        self._company = company
        self._at = at
        self._case: Case = at.case
        self._left = [item.amount for item in at.case.items]
        self._open: dict[tuple[int, str], dict[int, None]] = defaultdict(dict)
        for place in sorted(range(len(self._left)), key=lambda one: (at.case.items[one].due, at.case.items[one].id)):
            if self._left[place]:
                self._open[self._heap(place)][place] = None

    def lines(self, asked: Mapping[int, Question]) -> Iterator[Line]:
        verdicts = list(self._at.verdicts.values())
        told_so_far = 0
        for step, verdict in enumerate(verdicts):
            while told_so_far < verdict.seen:
                self._take(verdicts[told_so_far])
                told_so_far += 1
            yield told(self._decided(step, verdict))
        for verdict in verdicts[told_so_far:]:
            self._take(verdict)
        for place in sorted(asked, key=lambda one: self._case.receipts[one].id):
            yield self._undecided(place, asked[place])

    def _heap(self, item: int) -> tuple[int, str]:
        return self._at.group[item], self._case.items[item].currency

    def _take(self, verdict: Verdict) -> None:
        for share in verdict.shares:
            self._left[share.item] -= share.applied
            if self._left[share.item]:
                self._open[self._heap(share.item)][share.item] = None
            else:
                self._open[self._heap(share.item)].pop(share.item, None)

    def _decided(self, step: int, verdict: Verdict) -> Line:
        case, place = self._case, verdict.receipt
        shares = [share.item for share in verdict.shares]
        spans, meant = self._spans(place)
        key = self._at.item_of.get(case.receipts[place].key, -1)
        why = {item: "key" if item == key else "named" if item in meant else "amount" for item in shares}
        group = self._at.payer[place].group
        if group < 0 and shares:
            group = self._at.group[shares[0]]
        searched = self._searched(place, group) if verdict.kind not in BY_NUMBER else []
        searched = [item for item in searched if why.get(item, "amount") == "amount" and item not in meant]
        wanted = sum(share.pay for share in verdict.shares if why[share.item] == "amount") + verdict.unapplied
        shown = self._nearest(searched, wanted, shares)
        return Line(
            company=self._company,
            payment=self._paid(place),
            kind=verdict.kind.value,
            step=step,
            seen=verdict.seen,
            payer=self._payer(place),
            spans=spans,
            items=self._known({*shares, *meant, *shown} | ({key} if key >= 0 else set())),
            settled=tuple(
                Settled(item=case.items[share.item].id, pay=share.pay, applied=share.applied, why=why[share.item])
                for share in verdict.shares
            ),
            unapplied=verdict.unapplied,
            adjustments=tuple(self._adjustments(verdict)),
            family=verdict.family,
            accidents_ppm=verdict.accidents_ppm,
            candidates=self._ids(shown),
            candidates_all=len(searched),
            rivals=tuple(self._rejected(place, shares, meant)),
            together=self._together(verdict),
        )

    def _undecided(self, place: int, asked: Question) -> Line:
        spans, meant = self._spans(place)
        rivals = asked.rivals[:CANDIDATES_MAX]
        return Line(
            company=self._company,
            payment=self._paid(place),
            kind=asked.reason.value,
            step=-1,
            seen=len(self._at.verdicts),
            payer=self._payer(place),
            spans=spans,
            items=self._known({*meant, *rivals}),
            settled=(),
            unapplied=self._case.receipts[place].amount,
            adjustments=(),
            family="",
            accidents_ppm=0,
            candidates=(),
            candidates_all=0,
            rivals=tuple(Rival(items=self._ids([one]), why="It could be this one.") for one in rivals),
            together=(),
            next_step=asked.next_step,
            sentence=asked.sentence,
        )

    def _spans(self, place: int) -> tuple[tuple[Span, ...], set[int]]:
        """The numbers of the text, and all items that have them."""
        text = self._case.receipts[place].text
        mentions = self._at.reading[place].mentions[:SPANS_MAX]
        spans = tuple(
            Span(
                start=one.start,
                end=one.end,
                text=text[one.start : one.end],
                how=one.how.name.lower(),
                items=self._ids(one.items),
            )
            for one in mentions
        )
        return spans, {item for one in mentions for item in one.items}

    def _searched(self, place: int, group: int) -> list[int]:
        """What was open of the group when the receipt came, oldest first."""
        receipt, items = self._case.receipts[place], self._case.items
        return [item for item in self._open[group, receipt.currency] if items[item].issued <= receipt.on]

    def _nearest(self, searched: Sequence[int], wanted: int, shares: Sequence[int]) -> list[int]:
        if len(searched) <= CANDIDATES_MAX:
            return list(searched)
        kept = set(sorted(searched, key=lambda item: (abs(self._left[item] - wanted), item))[:CANDIDATES_MAX])
        kept |= set(shares) & set(searched)
        return [item for item in searched if item in kept]

    def _rejected(self, place: int, shares: Sequence[int], meant: set[int]) -> Iterator[Rival]:
        """Items that have one of the numbers, or the whole amount, and are not meant."""
        items, receipt = self._case.items, self._case.receipts[place]
        group = self._at.payer[place].group
        for item in sorted(meant - set(shares), key=lambda one: items[one].id)[:RIVALS_MAX]:
            if not self._left[item]:
                why = "Nothing was open of it."
            elif items[item].currency != receipt.currency:
                why = "It is in another currency."
            elif group >= 0 and self._at.group[item] != group:
                why = "It is another customer's."
            else:
                why = "Its amount does not fit."
            yield Rival(items=(items[item].id,), why=why)
        if not meant or not shares:
            return
        equal = [item for item in self._searched(place, self._at.group[shares[0]]) if item not in meant]
        for item in [one for one in equal if self._left[one] == receipt.amount and one not in shares][:RIVALS_MAX]:
            yield Rival(items=(items[item].id,), why="It has the same amount, and the text names another.")

    def _adjustments(self, verdict: Verdict) -> Iterator[Adjustment]:
        policy = self._case.policy
        for share in verdict.shares:
            if share.applied == share.pay:
                continue
            item, party = self._case.items[share.item], self._at.party_of(share.item)
            rule = {
                "discount": f"{party.discount_bp if party else 0} bp within {party.discount_days if party else 0} days",
                "withholding": f"{party.withholding_bp if party else 0} bp withheld",
                "bank fee": f"at most {policy.bank_fee}",
                "rounding": f"at most {policy.rounding}",
            }.get(verdict.adjustment, verdict.adjustment)
            yield Adjustment(item=item.id, type=verdict.adjustment, amount=share.applied - share.pay, rule=rule)

    def _payer(self, place: int) -> Payer:
        payer, receipt = self._at.payer[place], self._case.receipts[place]
        if payer.group < 0:
            return Payer(group="", basis="nobody", customer="", says="")
        says = {
            Basis.PROCESSOR: receipt.processor_id,
            Basis.EMAIL: receipt.email,
            Basis.ACCOUNT: receipt.payer_account,
            Basis.LEARNED: receipt.payer_account,
        }.get(payer.basis, receipt.payer_name)
        group = self._case.parties[payer.group].id
        return Payer(group=group, basis=payer.basis.name.lower().replace("_", " "), customer=group, says=says)

    def _paid(self, place: int) -> Paid:
        receipt = self._case.receipts[place]
        return Paid(
            id=receipt.id,
            kind=receipt.kind.value,
            on=date.fromordinal(receipt.on),
            currency=receipt.currency,
            amount=receipt.amount,
            payer_name=receipt.payer_name,
            account=receipt.payer_account,
            processor=receipt.processor_id,
            email=receipt.email,
            text=receipt.text,
            key=receipt.key,
            related=receipt.related,
        )

    def _known(self, places: set[int]) -> tuple[Known, ...]:
        items = self._case.items
        return tuple(
            Known(
                id=items[place].id,
                number=items[place].number,
                customer=items[place].party,
                group=group_of(self._at, place),
                open=self._left[place],
                issued=date.fromordinal(items[place].issued),
                due=date.fromordinal(items[place].due),
            )
            for place in sorted(places, key=lambda one: items[one].id)
        )

    def _together(self, verdict: Verdict) -> tuple[Other, ...]:
        receipts = self._case.receipts
        return tuple(
            Other(id=receipts[one].id, on=date.fromordinal(receipts[one].on), amount=receipts[one].amount)
            for one in sorted(verdict.together, key=lambda one: receipts[one].id)
        )

    def _ids(self, places: Sequence[int]) -> tuple[str, ...]:
        return tuple(self._case.items[place].id for place in places)
