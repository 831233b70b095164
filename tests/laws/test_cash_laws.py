"""What holds of every case of cash application, however it was made up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.app.folder import read_cases
from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.rounds import Rounds, decide
from connector.reconcile.cash.verdict import Class, Share, Verdict
from tests.bench.bench_cash import engine
from tests.bench.cash import files
from tests.bench.cash.scoring import score
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

Row = TypeVar("Row")
ROUND = [990, 990, 1_000, 1_980, 19_900, 100_000, 98_000, 95_000]
AMOUNTS = st.one_of(st.sampled_from(ROUND), st.integers(1, 200_000), st.sampled_from([2**63 - 1, 2**80]))
NUMBERS = st.sampled_from([*(f"R{at}" for at in range(100, 130)), "2026-0100", "INV 00101", "", "0", "R100"])
WORDS = st.sampled_from(
    [
        *(f"R{at}" for at in range(98, 132)), "100", "101-104", "R100/01/02", "R1O1", "R10 1", "USD 1.00", "PO 100",
        ",", "R1", "-", "\x00", "R100 thru R129", "R101-R103/R105", "9" * 40, "1 " * 90, "R" * 200, "٣٤", "R100" * 30,
    ]
)  # fmt: skip
TEXTS = st.one_of(st.just(""), st.lists(WORDS, max_size=6).map(" ".join), st.text(max_size=40))
NAMES = ["", "Acme Ltd", "ACME", "Acme Inc", "Bolt & Sons", "BOLT", "Agency"]
PARTIES = st.builds(
    Party, st.just(""), st.sampled_from(NAMES), st.sampled_from(["", "c0", "c1", "c2", "nobody"]),
    st.sampled_from([0, 200]), st.sampled_from([0, 10]), st.sampled_from([0, 500]), st.sampled_from(["", "a@x", "b@x"]),
    st.just(""), st.sampled_from(["", "DE1", "DE2"]),
)  # fmt: skip
ITEMS = st.builds(
    Item, st.just(""), NUMBERS, st.sampled_from(["c0", "c1", "c2", "nobody"]), st.sampled_from(["USD", "USD", "EUR"]),
    st.one_of(AMOUNTS, AMOUNTS, AMOUNTS.map(int.__neg__), st.just(0)), st.integers(0, 60), st.integers(0, 90),
)  # fmt: skip
RECEIPTS = st.builds(
    Receipt, st.just(""), st.sampled_from([*[ReceiptKind.PAYMENT] * 5, ReceiptKind.REFUND, ReceiptKind.CHARGEBACK]),
    st.integers(0, 90), st.sampled_from(["USD", "USD", "EUR"]), AMOUNTS, st.sampled_from(NAMES),
    st.sampled_from(["", "DE1", "DE2", "DE3"]), st.just(""), st.sampled_from(["", "a@x"]), TEXTS,
    st.sampled_from(["", "", "i0", "i1", "i99"]), st.sampled_from(["", "r0", "r1", "r2", "r99"]),
)  # fmt: skip
POLICIES = st.builds(
    Policy, rounding=st.sampled_from([0, 5]), bank_fee=st.sampled_from([0, 2_500]), terms=st.booleans(),
    oldest_first=st.booleans(), fx_margin_bp=st.sampled_from([0, 100]), partial=st.booleans(),
)  # fmt: skip
RATES = st.dictionaries(
    st.tuples(st.just("EUR"), st.just("USD"), st.integers(0, 90)),
    st.sampled_from([(1, 1), (108, 100), (108_123_457, 100_000_000), (1, 3), (0, 1)]),
    max_size=40,
)


def _numbered(
    parties: list[Party],
    items: list[Item],
    receipts: list[Receipt],
    policy: Policy,
    rates: dict[tuple[str, str, int], tuple[int, int]],
) -> Case:
    return Case(
        rates=rates,
        parties=[one._replace(id=f"c{at}") for at, one in enumerate(parties)],
        items=[one._replace(id=f"i{at}") for at, one in enumerate(items)],
        receipts=[
            one._replace(id=f"r{at}", amount=one.amount if one.kind is ReceiptKind.PAYMENT else -one.amount)
            for at, one in enumerate(receipts)
        ],
        policy=policy,
    )


CASES = st.builds(
    _numbered,
    st.lists(PARTIES, max_size=3),
    st.lists(ITEMS, max_size=9),
    st.lists(RECEIPTS, max_size=9),
    POLICIES,
    RATES,
)


def _holds(case: Case) -> None:
    """No unknown place, nothing spent or applied that is not there, to the minor unit, and in every currency what was
    open less what was applied is what is open."""
    done = Rounds(case)
    found = done.run()
    assert found.keys() <= set(range(len(case.receipts)))
    applied: Counter[int] = Counter()
    for place, verdict in found.items():
        receipt = case.receipts[place]
        assert verdict.receipt == place
        assert sum(share.pay for share in verdict.shares) + verdict.unapplied == receipt.amount
        assert verdict.unapplied * receipt.amount >= 0
        assert len({share.item for share in verdict.shares}) == len(verdict.shares)
        for share in verdict.shares:
            assert 0 <= share.item < len(case.items)
            assert case.items[share.item].currency == receipt.currency or verdict.rate or verdict.kind is Class.REVERSAL
            assert share.pay == share.applied or verdict.adjustment or receipt.amount < 0
            applied[share.item] += share.applied
    for place, item in enumerate(case.items):
        assert min(item.amount, 0) <= applied[place] <= max(item.amount, 0)
        assert done.at.left[place] == item.amount - applied[place]
    for currency in {item.currency for item in case.items}:
        places = [place for place, item in enumerate(case.items) if item.currency == currency]
        opened = sum(case.items[place].amount for place in places)
        assert opened - sum(applied[place] for place in places) == sum(done.at.left[place] for place in places)


def _keeps_out(case: Case) -> None:
    """Whatever somebody might decide beyond what there is, is refused and changes nothing."""
    for place, receipt in enumerate(case.receipts):
        for item, known in enumerate(case.items):
            at = Rounds(case).at
            kept = list(at.left)
            beyond = [
                (receipt.amount, receipt.amount + (1 if receipt.amount > 0 else -1), 0),
                (receipt.amount, receipt.amount, 1),
            ]
            if abs(receipt.amount) > abs(known.amount) or receipt.amount * known.amount < 0:
                beyond.append((receipt.amount, receipt.amount, 0))
            for pay, applied, rest in beyond:
                if rest or not min(known.amount, 0) <= known.amount - applied <= max(known.amount, 0):
                    with pytest.raises(ValueError, match="a decision"):
                        at.take(Verdict(place, Class.REFERENCE, (Share(item, pay, applied),), rest))
            assert at.left == kept
            assert not at.verdicts


def _named(case: Case) -> dict[str, object]:
    """The decisions by ids, so that they can be compared whatever the places."""
    return {
        case.receipts[place].id: (
            verdict.kind, verdict.unapplied, verdict.adjustment,
            sorted((case.items[share.item].id, share.pay, share.applied) for share in verdict.shares),
        )
        for place, verdict in decide(case).items()
    }  # fmt: skip


@pytest.mark.req("F23")
@settings(max_examples=250)
@given(CASES)
def test_no_case_is_spent_or_applied_twice(case: Case) -> None:
    _holds(case)


@settings(max_examples=40)
@given(CASES)
def test_the_ledger_itself_refuses_what_spends_or_applies_more_than_there_is(case: Case) -> None:
    _keeps_out(case)


@pytest.mark.long
@pytest.mark.req("R1")
def test_no_world_and_none_of_ten_thousand_small_ones_is_spent_or_applied_twice_and_the_ledger_refuses_it() -> None:
    settings(max_examples=10_000)(given(CASES)(_holds))()
    settings(max_examples=500)(given(CASES)(_keeps_out))()
    for profile in PROFILES.values():
        tenants = list(world(profile, 2_000, 13))
        with TemporaryDirectory() as folder:
            files.write(Path(folder), tenants)
            links, _, _ = engine(Path(folder))
            for _, case in read_cases(Path(folder), Policy(bank_fee=2_500, terms=True, fx_margin_bp=100, partial=True)):
                _holds(case)
        assert score(tenants, links).broken == 0


@settings(max_examples=120)
@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(case: Case, shuffled: object) -> None:
    def mixed(rows: list[Row]) -> list[Row]:
        copied = list(rows)
        shuffled.shuffle(copied)  # type: ignore[attr-defined]
        return copied

    other = Case(
        parties=mixed(list(case.parties)), items=mixed(list(case.items)), receipts=mixed(list(case.receipts)),
        policy=case.policy, rates=case.rates,
    )  # fmt: skip
    assert _named(other) == _named(case)


@settings(max_examples=30)
@given(CASES, CASES)
def test_another_company_s_case_decides_nothing_here(one: Case, other: Case) -> None:
    alone = _named(one)
    decide(other)
    assert _named(one) == alone


_CHILD = """
import sys
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world
from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.rounds import decide

tenant = next(world(PROFILES["b2b"], 400, 5))
case = Case(
    parties=[Party(c.id, c.name, c.parent, c.discount_bp, c.discount_days, c.wht_bp, c.email, c.processor, c.account)
             for c in tenant.customers],
    items=[Item(i.id, i.number, i.customer, i.currency, i.amount, i.issued.toordinal(), i.due.toordinal())
           for i in tenant.items],
    receipts=[Receipt(r.id, ReceiptKind(r.kind), r.on.toordinal(), r.currency, r.amount, r.payer_name,
                      r.payer_account, r.processor, r.email, r.text, r.key, r.related) for r in tenant.receipts],
    policy=Policy(terms=True, bank_fee=2_500, oldest_first=True),
)
sys.stdout.write(repr(list(decide(case).items())))
"""


def test_the_seed_of_hashes_decides_nothing() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", _CHILD], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(answers) == 1
    assert len(answers.pop()) > 10_000
