"""One field of one decision's evidence changed, whichever it is: the checker objects, but for fields that decide
nothing."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector import canonical
from connector.app.folder import read_cases
from connector.app.matching import Wanted, written
from connector.reconcile.cash.case import Policy
from connector.reconcile.cash.payers import Basis
from connector.reconcile.cash.record import Company, Customer, Debt, Line, Quoted
from connector.reconcile.cash.replay import Course
from connector.reconcile.cash.verdict import Class
from tests.bench.cash.files import write
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

SHAPES: dict[str, type[Company | Customer | Debt | Quoted | Line]] = {
    "company": Company, "customer": Customer, "item": Debt, "rate": Quoted, "payment": Line,
}  # fmt: skip
DECIDES_NOTHING = frozenset({"spans.how"})
"""Fields that a decision does not follow from: how a number stands in the text is said for people only."""

WORDS = sorted({
    *(kind.value for kind in Class), *(basis.name.lower().replace("_", " ") for basis in Basis), "named", "amount",
    "proposed", "discount", "withholding", "rounding", "bank fee", "payment", "refund", "chargeback", "USD", "EUR",
})  # fmt: skip
"""What fields may hold that hold one word of a list."""
NAME_KINDS = frozenset({"name", "cut name", "near name", "learned name"})
"""By which likeness of its name a payer is known decides nothing as long as it is by its name."""

Place = tuple[str | int, ...]


def records(folder: Path, profile: str, receipts: int, seed: int) -> list[Company | Customer | Debt | Quoted | Line]:
    """The evidence of the first company of a world."""
    write(folder, list(world(PROFILES[profile], receipts, seed)))
    policy = Policy(bank_fee=3_000, terms=True, oldest_first=True, fx_margin_bp=150)
    company, case = read_cases(folder, policy)[0]
    body = written(company, case, Wanted(evidence=True)).evidence
    plain = (canonical.decode(line, dict) for line in body.splitlines())
    return [canonical.decode(canonical.encode(one), SHAPES[one["what"]]) for one in plain]


def objections(all_: list[Company | Customer | Debt | Quoted | Line]) -> Iterator[str]:
    """What the checker has against these."""
    head, *rest = all_
    assert isinstance(head, Company)
    course = Course(head)
    for one in rest:
        assert not isinstance(one, Company)
        yield from course.take(one)
    yield from course.end()


def leaves(plain: Any, at: Place = ()) -> Iterator[Place]:
    """The places of all values that are no collections."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            yield from leaves(value, (*at, key))
    elif isinstance(plain, list):
        for number, value in enumerate(plain):
            yield from leaves(value, (*at, number))
    else:
        yield at


def otherwise(rng: random.Random, value: Any) -> Any:
    """Another value of the same kind."""
    if value in WORDS:
        return rng.choice([word for word in WORDS if word != value and not {word, value} <= NAME_KINDS])
    match value:
        case bool():
            return not value
        case int():
            return value + rng.choice((-1_000, -1, 1, 7, 100))
        case str() if len(value) == len("2024-01-01") and value[4] == value[7] == "-":
            return str(date.fromisoformat(value) + timedelta(days=rng.choice((-400, -1, 1, 400))))
        case str():
            return rng.choice((value + "1", value[:-1], "x")) if value else "x"
        case _:
            return 0


def corrupted(rng: random.Random, line: Line) -> tuple[str, Line]:
    """The line with one field changed, and the name of the field."""
    plain = canonical.decode(canonical.encode(line), dict)
    at = rng.choice(list(leaves(plain)))
    name = ".".join(str(step) for step in at if isinstance(step, str))
    changed = copy.deepcopy(plain)
    place: Any = changed
    for step in at[:-1]:
        place = place[step]
    place[at[-1]] = otherwise(rng, place[at[-1]])
    if name == "rate":
        return name, line
    return name, canonical.decode(canonical.encode(changed), Line)


def missed(folder: Path, profile: str, receipts: int, times: int) -> Counter[str]:
    """How often a change of which field was not seen."""
    rng = random.Random(7)  # noqa: S311
    all_ = records(folder, profile, receipts, 7)
    assert not list(objections(all_))
    decided = [at for at, one in enumerate(all_) if isinstance(one, Line) and one.step >= 0]
    found: Counter[str] = Counter()
    for _ in range(times):
        at = rng.choice(decided)
        line = all_[at]
        assert isinstance(line, Line)
        name, changed = corrupted(rng, line)
        if changed != line and next(objections([*all_[:at], changed, *all_[at + 1 :]]), None) is None:
            found[name] += 1
    return found


@pytest.mark.parametrize("profile", ["smb", "b2b"])
def test_a_field_of_a_decision_that_is_changed_is_found(tmp_path: Path, profile: str) -> None:
    assert set(missed(tmp_path, profile, 60, 100)) <= DECIDES_NOTHING


@pytest.mark.long
@pytest.mark.req("R9")
@pytest.mark.parametrize("profile", PROFILES)
def test_of_a_thousand_fields_of_decisions_every_one_that_is_changed_is_found(tmp_path: Path, profile: str) -> None:
    assert set(missed(tmp_path, profile, 150, 1_000)) <= DECIDES_NOTHING
