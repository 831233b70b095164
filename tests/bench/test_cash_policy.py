"""The policy that of identical invoices the oldest is paid first: asked for, told apart, and counted apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.app.folder import read_cases
from connector.model.firm import MatchingRules
from connector.reconcile.cash.case import Case, Policy
from connector.reconcile.cash.rounds import decide
from connector.reconcile.cash.verdict import Class, Verdict
from tests.bench.cash import files
from tests.bench.cash.calibrate import POLICY
from tests.bench.cash.records import Link, Tenant
from tests.bench.cash.scoring import Score, score
from tests.bench.cash.settings import HELD_BACK, PROFILES
from tests.bench.cash.world import world


def decided(tenants: Iterable[Tenant], policy: Policy) -> list[tuple[Case, dict[int, Verdict]]]:
    with TemporaryDirectory() as folder:
        files.write(Path(folder), tenants)
        return [(case, decide(case)) for _, case in read_cases(Path(folder), policy)]


def identical(tenants: list[Tenant]) -> tuple[Score, list[str]]:
    """How often the policy's decisions are right; and those of which the row did not end paid."""
    found: dict[str, list[Link]] = {}
    abandoned: list[str] = []
    for case, verdicts in decided(tenants, replace(POLICY, oldest_first=True)):
        for place, verdict in verdicts.items():
            if verdict.kind is Class.IDENTICAL:
                (share,) = verdict.shares
                found[case.receipts[place].id] = [Link(case.items[share.item].id, share.pay, share.applied)]
        abandoned += unended(case, verdicts)
    return score(tenants, found), abandoned


def unended(case: Case, verdicts: dict[int, Verdict]) -> list[str]:
    """The policy's decisions that left an item like theirs open: one that was there by the day of the last receipt of
    the row, was not paid in full on that day, and is not paid in full by anything but the policy either."""
    given: dict[int, list[tuple[int, int, Class]]] = defaultdict(list)
    for place, verdict in verdicts.items():
        for share in verdict.shares:
            given[share.item].append((case.receipts[place].on, share.applied, verdict.kind))
    alike: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for place, item in enumerate(case.items):
        alike[item.party, item.currency, item.amount].append(place)
    found = []
    for place, verdict in verdicts.items():
        if verdict.kind is not Class.IDENTICAL:
            continue
        mine = case.items[verdict.shares[0].item]
        last = case.receipts[place if verdict.of < 0 else verdict.of].on
        for like in alike[mine.party, mine.currency, mine.amount]:
            by_then = sum(applied for on, applied, _ in given[like] if on <= last)
            others = sum(one for _, one, kind in given[like] if kind not in (Class.IDENTICAL, Class.REVERSAL))
            if case.items[like].issued <= last and mine.amount not in (by_then, others):
                found.append(case.receipts[place].id)
    return found


def test_nobody_gets_the_policy_who_did_not_ask_for_it() -> None:
    assert (Policy().oldest_first, MatchingRules().oldest_first) == (False, False)
    tenants = list(world(PROFILES["equal"], 1_500, 3))
    without, with_ = (decided(tenants, replace(POLICY, oldest_first=asked)) for asked in (False, True))
    kinds = [[one.kind for _, verdicts in told for one in verdicts.values()].count(Class.IDENTICAL)
             for told in (without, with_)]  # fmt: skip
    assert kinds[0] == 0 < kinds[1]


def test_what_the_policy_decides_is_right_up_to_identical_invoices_and_ends_their_row() -> None:
    found, abandoned = identical(list(world(PROFILES["equal"], 3_000, 3)))
    assert found.decided > 100
    assert found.precision_up_to_equal >= 0.9995
    assert abandoned == []


@pytest.mark.long
@pytest.mark.req("R16")
def test_of_thousands_of_its_decisions_hardly_one_is_wrong_and_none_is_taken_for_evidence() -> None:
    test_nobody_gets_the_policy_who_did_not_ask_for_it()
    decisions = right = 0
    for profile in (PROFILES["equal"], PROFILES["subs"], HELD_BACK["equal"], HELD_BACK["subs"]):
        found, abandoned = identical(list(world(profile, 60_000, 35)))
        decisions, right = decisions + found.decided, right + found.right_up_to_equal
        assert abandoned == []
    assert decisions > 6_000
    assert right >= 0.9995 * decisions
