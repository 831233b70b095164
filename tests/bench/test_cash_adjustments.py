"""Differences between what is open and what came: each has a type, a rule and a limit, none is closed in silence, and
those that somebody permitted are found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.app.folder import read_cases
from connector.model.firm import MatchingRules
from connector.reconcile.cash.adjust import BANK_FEE, DISCOUNT, ROUNDING, WITHHOLDING
from connector.reconcile.cash.case import Policy
from connector.reconcile.cash.evidence import payment_lines
from connector.reconcile.cash.record import Adjustment, Line
from connector.reconcile.cash.rounds import Rounds
from tests.bench import bench_cash
from tests.bench.cash import files
from tests.bench.cash.calibrate import POLICY
from tests.bench.cash.records import Tenant
from tests.bench.cash.scoring import Score, score
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

LEAST = {"discount": 0.95, "withholding": 0.95, "credit": 0.90, "bank fee": 0.85, "converted": 0.85}
ALL_BP = 10_000


@cache
def b2b() -> list[Tenant]:
    return list(world(PROFILES["b2b"], 3_000, 44))


def decided(tenants: Iterable[Tenant], policy: Policy) -> Iterator[Line]:
    """What every decision about money that came stands on."""
    with TemporaryDirectory() as folder:
        files.write(Path(folder), tenants)
        for _, case in read_cases(Path(folder), policy):
            done = Rounds(case)
            done.run()
            yield from (line for line in payment_lines("", done.at, {}) if line.payment.amount > 0 and line.step >= 0)


def is_permitted(line: Line, each: Adjustment, policy: Policy) -> bool:
    """Whether a rule of this company or of this customer allows so much."""
    (item,) = [one for one in line.items if one.id == each.item]
    (settled,) = [one for one in line.settled if one.item == each.item]
    slack = len(line.settled)  # A minor unit an item is left to how the payer rounded.
    if each.type == DISCOUNT:
        agreed = policy.terms and item.discount_bp <= policy.discount_bp_max
        in_time = (line.payment.on - item.issued).days <= item.discount_days + policy.discount_grace_days
        return agreed and in_time and abs(each.amount * ALL_BP - settled.applied * item.discount_bp) <= slack * ALL_BP
    if each.type == WITHHOLDING:
        agreed = policy.terms and item.withholding_bp <= policy.withholding_bp_max
        return agreed and abs(each.amount * ALL_BP - settled.applied * item.withholding_bp) <= slack * ALL_BP
    return 0 < each.amount <= {BANK_FEE: policy.bank_fee, ROUNDING: policy.rounding}.get(each.type, 0)


def told(lines: Iterable[Line], policy: Policy) -> Counter[str]:
    """How many differences there are of each type, each of which is told and permitted."""
    counted: Counter[str] = Counter()
    for line in lines:
        if line.rate is not None:
            assert abs(line.payment.amount * line.rate.denominator
                       - sum(one.applied for one in line.settled) * line.rate.numerator) * ALL_BP <= (
                sum(one.applied for one in line.settled) * line.rate.numerator * policy.fx_margin_bp
                + policy.rounding * line.rate.denominator * ALL_BP
            )  # fmt: skip
            counted["exchange"] += 1
            continue
        cuts = {one.item: one.applied - one.pay for one in line.settled if one.applied != one.pay}
        assert {each.item: each.amount for each in line.adjustments} == cuts
        for each in line.adjustments:
            assert each.rule
            assert is_permitted(line, each, policy), (line.payment.id, each)
            counted[each.type] += 1
    return counted


def found(tenants: list[Tenant]) -> Score:
    with TemporaryDirectory() as folder:
        files.write(Path(folder), tenants)
        links, classes, _ = bench_cash.engine(Path(folder))
    return score(tenants, links, classes)


def recall(counted: Score) -> dict[str, float]:
    """Of what is decidable of each kind, the share that was decided just so."""
    return {kind: right / all_ for kind, (right, all_) in counted.recall_by_category.items() if kind in LEAST}


def test_every_difference_has_a_type_a_rule_and_a_limit() -> None:
    counted = told(decided(b2b(), POLICY), POLICY)
    assert counted.keys() == {DISCOUNT, WITHHOLDING, BANK_FEE, ROUNDING, "exchange"}


@pytest.mark.parametrize(
    "policy",
    [
        replace(POLICY, bank_fee=1_000),
        replace(POLICY, discount_bp_max=100),
        replace(POLICY, withholding_bp_max=500),
        replace(POLICY, fx_margin_bp=20, rounding=2),
    ],
    ids=["a smaller fee", "a smaller discount", "a smaller tax", "a smaller margin"],
)
def test_a_company_s_own_limits_are_kept(policy: Policy) -> None:
    assert told(decided(b2b(), policy), policy).total() > 0


@pytest.mark.gate
@pytest.mark.req("R10")
def test_differences_are_typed_bound_by_rules_off_until_permitted_never_silent_and_found() -> None:
    assert (Policy().bank_fee, Policy().terms, Policy().fx_margin_bp, Policy().rounding) == (0, False, 0, 5)
    assert (MatchingRules().bank_fee, MatchingRules().rounding) == (0, 0)
    for name in ("smb", "b2b"):
        tenants = list(world(PROFILES[name], 6_000, 42))
        told(decided(tenants, POLICY), POLICY)
        by_default = told(decided(tenants, Policy()), Policy())
        assert by_default.keys() <= {ROUNDING, "exchange"}
        counted = found(tenants)
        assert {kind: share for kind, share in recall(counted).items() if share < LEAST[kind]} == {}
        assert not [kind for kind in LEAST if counted.by_category[kind].wrong]
    assert {kind for kind, share in recall(counted).items() if share >= LEAST[kind]} == LEAST.keys()
