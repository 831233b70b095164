"""How good a set of decisions is, counted against the truth of a world: it knows no engine.

Answers are links by receipt; a receipt with no links was decided to stay on account, one that is absent was not
decided. A receipt and its exact repetition may be taken for each other. A converted share may differ by two minor
units. Who bears a permitted difference within one receipt is nobody's knowledge: shares of the same items with the
same applied amounts and the same sum of money are right, and counted apart as `split_otherwise`.
"""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.cash.records import Item, Link, Receipt, Tenant

Answers = Mapping[str, Sequence[Link]]

CONVERTED_MINOR = 2
_Z = 1.959964
"""Of the normal distribution, for 95 %."""


@dataclass(slots=True)
class Tally:
    """Right and wrong decisions of one class."""

    right: int = 0
    wrong: int = 0

    @property
    def precision(self) -> float:
        return share(self.right, self.right + self.wrong)

    @property
    def low(self) -> float:
        return wilson_low(self.right, self.right + self.wrong)


@dataclass(slots=True)
class Score:
    """Every figure of one run. Rates are of 1; a rate of nothing is 1 for what should be high and 0 else."""

    receipts: int = 0
    decided: int = 0
    right: int = 0
    split_otherwise: int = 0
    right_up_to_equal: int = 0
    with_truth: int = 0
    through: int = 0
    decidable: int = 0
    could_go_through: int = 0
    recalled: int = 0
    undecidable: int = 0
    guessed: int = 0
    guessed_wrong: int = 0
    must_not: int = 0
    false_applied: int = 0
    links: int = 0
    links_true: int = 0
    links_right: int = 0
    money: int = 0
    money_true: int = 0
    money_right: int = 0
    customer_money: int = 0
    customer_money_right: int = 0
    over_receipts: list[str] = field(default_factory=list)
    over_items: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    by_class: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    by_category: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    recall_by_category: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    @property
    def precision(self) -> float:
        return share(self.right, self.decided)

    @property
    def precision_low(self) -> float:
        return wilson_low(self.right, self.decided)

    @property
    def precision_up_to_equal(self) -> float:
        """Where one of several identical items of a customer is as good as another."""
        return share(self.right_up_to_equal, self.decided)

    @property
    def straight_through(self) -> float:
        return share(self.through, self.with_truth)

    @property
    def possible(self) -> float:
        """The straight-through rate of whoever decides all that is decidable."""
        return share(self.could_go_through, self.with_truth)

    @property
    def touchless(self) -> float:
        return share(self.decided, self.receipts)

    @property
    def recall(self) -> float:
        """On what is decidable."""
        return share(self.recalled, self.decidable)

    @property
    def guess_rate(self) -> float:
        return share(self.guessed, self.undecidable, of_nothing=0.0)

    @property
    def wrong_guesses(self) -> float:
        """Per 10,000 receipts."""
        return share(self.guessed_wrong * 10_000, self.receipts, of_nothing=0.0)

    @property
    def false_apply(self) -> float:
        return share(self.false_applied, self.must_not, of_nothing=0.0)

    @property
    def link_precision(self) -> float:
        return share(self.links_right, self.links)

    @property
    def link_recall(self) -> float:
        return share(self.links_right, self.links_true)

    @property
    def money_precision(self) -> float:
        return share(self.money_right, self.money)

    @property
    def money_recall(self) -> float:
        return share(self.money_right, self.money_true)

    @property
    def customer_money_precision(self) -> float:
        return share(self.customer_money_right, self.customer_money)

    @property
    def ambiguity(self) -> float:
        return share(self.undecidable, self.receipts, of_nothing=0.0)

    @property
    def broken(self) -> int:
        """How often an invariant does not hold."""
        return len(self.over_receipts) + len(self.over_items) + len(self.unknown) + len(self.repeated)


def score(tenants: Iterable[Tenant], answers: Answers, classes: Mapping[str, str] | None = None) -> Score:
    """All figures. `classes` says what each decision stands on, where that is known."""
    known = list(tenants)
    receipts = {receipt.id: receipt for tenant in known for receipt in tenant.receipts}
    items = {item.id: item for tenant in known for item in tenant.items}
    customer_of = {item.id: item.customer for item in items.values()}
    truths = _truths(receipts, answers)
    found = Score(unknown=[name for name in answers if name not in receipts])
    for receipt in receipts.values():
        _count(found, receipt, truths[receipt.id], answers.get(receipt.id), (classes or {}).get(receipt.id, ""))
        _count_money(found, truths[receipt.id], answers.get(receipt.id, ()), customer_of)
    found.right_up_to_equal = found.right + sum(
        _up_to_equal(truths[name], items) == _up_to_equal(answers[name], items) for name in found.wrong
    )
    _count_invariants(found, known, receipts, answers)
    return found


def _up_to_equal(links: Sequence[Link], items: Mapping[str, Item]) -> list[tuple[str, str, int, int, int]]:
    """The links, each item known by its customer, currency and amount only."""
    return sorted(
        (item.customer, item.currency, item.amount, link.pay, link.applied)
        for link in links
        if (item := items.get(link.item)) is not None
    )


def _truths(receipts: Mapping[str, Receipt], answers: Answers) -> dict[str, tuple[Link, ...]]:
    """What each receipt settles, exact repetitions taken for their originals where that serves the answer."""
    truths = {name: receipt.truth for name, receipt in receipts.items()}
    for name, receipt in receipts.items():
        if not receipt.twin or name not in answers:
            continue
        first = receipts[receipt.twin]
        straight = agrees(receipt, truths[name], answers[name])
        swapped = agrees(receipt, truths[first.id], answers[name])
        other_holds = first.id not in answers or bool(agrees(first, truths[name], answers[first.id]))
        if not straight and swapped and other_holds:
            truths[name], truths[first.id] = truths[first.id], truths[name]
    return truths


def agrees(receipt: Receipt, truth: Sequence[Link], answer: Sequence[Link]) -> str:
    """How an answer agrees with the truth: exactly, otherwise split, or ("") not."""
    if sorted(truth) == sorted(answer):
        return "exactly"
    if sorted(link.item for link in truth) != sorted(link.item for link in answer):
        return ""
    slack = CONVERTED_MINOR if receipt.category.startswith("converted") else 0
    mine, yours = {link.item: link for link in truth}, {link.item: link for link in answer}
    if all(
        abs(mine[item].pay - yours[item].pay) <= slack and abs(mine[item].applied - yours[item].applied) <= slack
        for item in mine
    ):
        return "exactly"
    same_applied = all(abs(mine[item].applied - yours[item].applied) <= slack for item in mine)
    same_money = sum(link.pay for link in truth) == sum(link.pay for link in answer)
    return "otherwise split" if same_applied and same_money else ""


def _count(found: Score, receipt: Receipt, truth: Sequence[Link], answer: Sequence[Link] | None, kind: str) -> None:
    agreed = agrees(receipt, truth, answer) if answer is not None else ""
    found.receipts += 1
    found.with_truth += bool(truth)
    found.decidable += receipt.decidable
    found.could_go_through += receipt.decidable and bool(truth)
    found.undecidable += not receipt.decidable
    must_not = not truth and (not receipt.ours or receipt.category == "duplicate" or bool(receipt.truth))
    found.must_not += must_not
    if receipt.decidable:
        recall = found.recall_by_category[receipt.category]
        recall[0] += bool(agreed)
        recall[1] += 1
    if answer is None:
        if receipt.decidable:
            found.missed.append(receipt.id)
        return
    found.decided += 1
    found.right += bool(agreed)
    found.split_otherwise += agreed == "otherwise split"
    found.through += bool(truth) and bool(agreed)
    found.recalled += receipt.decidable and bool(agreed)
    if not receipt.decidable and answer:
        found.guessed += 1
        found.guessed_wrong += not agreed
    found.false_applied += must_not and bool(answer)
    for tally in (found.by_class[kind], found.by_category[receipt.category]):
        tally.right += bool(agreed)
        tally.wrong += not agreed
    if not agreed:
        found.wrong.append(receipt.id)


def _count_money(found: Score, truth: Sequence[Link], answer: Sequence[Link], customer_of: Mapping[str, str]) -> None:
    mine, yours = _by(truth, lambda link: link.item), _by(answer, lambda link: link.item)
    found.links += len(yours)
    found.links_true += len(mine)
    found.links_right += sum(1 for item, pay in yours.items() if mine.get(item, 0) * pay > 0)
    found.money += sum(map(abs, yours.values()))
    found.money_true += sum(map(abs, mine.values()))
    found.money_right += _common(mine, yours)
    mine = _by(truth, lambda link: customer_of.get(link.item, ""))
    yours = _by(answer, lambda link: customer_of.get(link.item, ""))
    found.customer_money += sum(map(abs, yours.values()))
    found.customer_money_right += _common(mine, yours)


def _by(links: Sequence[Link], key: Callable[[Link], str]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for link in links:
        sums[key(link)] += link.pay
    return {name: pay for name, pay in sums.items() if pay}


def _common(mine: Mapping[str, int], yours: Mapping[str, int]) -> int:
    return sum(min(abs(mine[name]), abs(pay)) for name, pay in yours.items() if mine.get(name, 0) * pay > 0)


def _count_invariants(
    found: Score, tenants: Sequence[Tenant], receipts: Mapping[str, Receipt], answers: Answers
) -> None:
    opened = {item.id: item.amount for tenant in tenants for item in tenant.items}
    home = {item.id: tenant.id for tenant in tenants for item in tenant.items}
    tenant_of = {receipt.id: tenant.id for tenant in tenants for receipt in tenant.receipts}
    applied: Counter[str] = Counter()
    for name, links in answers.items():
        items = [link.item for link in links]
        found.unknown += [item for item in items if item not in opened or home[item] != tenant_of.get(name)]
        if len(set(items)) < len(items):
            found.repeated.append(name)
        for link in links:
            applied[link.item] += link.applied
        if name in receipts and not _within(sum(link.pay for link in links), receipts[name].amount):
            found.over_receipts.append(name)
    found.over_items += [item for item, sum_ in applied.items() if item in opened and not _within(sum_, opened[item])]


def _within(sum_: int, whole: int) -> bool:
    """Whether a sum lies between nothing and the whole, whatever the sign of the whole."""
    return min(0, whole) <= sum_ <= max(0, whole)


def read_answers(path: Path) -> dict[str, list[Link]]:
    """The allocations that `receivables match` wrote. An empty invoice means: left on account."""
    found: dict[str, list[Link]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            links = found.setdefault(row["payment_id"], [])
            if row["invoice_id"]:
                links.append(Link(row["invoice_id"], int(row["pay_minor"]), int(row["applied_minor"])))
    return found


def share(part: float, whole: float, *, of_nothing: float = 1.0) -> float:
    """The part of the whole; of nothing, what is said."""
    return part / whole if whole else of_nothing


def wilson_low(right: int, all_: int) -> float:
    """The lower end of Wilson's 95 % interval for a share."""
    if not all_:
        return 0.0
    rate, square = right / all_, _Z * _Z / all_
    middle = rate + square / 2
    spread = math.sqrt(rate * (1 - rate) * square + square * square / 4)
    return (middle - spread) / (1 + square)
