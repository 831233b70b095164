"""The made worlds are what they say: the same from the same seed, complete in their cases, and true in their sums."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from collections import Counter
from dataclasses import fields, replace
from datetime import date
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.cash import files, remittance
from tests.bench.cash.judge import Seen, is_decidable, subsets_of_sum
from tests.bench.cash.names import Spelling
from tests.bench.cash.people import people
from tests.bench.cash.records import Receipt, Tenant
from tests.bench.cash.remittance import Style, Text
from tests.bench.cash.settings import HELD_BACK, PROFILES, Profile
from tests.bench.cash.shapes import LONG_SHAPES, SHAPES
from tests.bench.cash.world import world

CATEGORIES = {
    "exact", "discount", "late discount", "withholding", "bank fee", "rounding", "credit", "partial", "remainder",
    "over", "converted", "prepaid", "duplicate", "refund of duplicate", "refund", "refund in part", "chargeback",
    "stale key", "reused key", "not ours",
}  # fmt: skip
SIZE = 1_800


@cache
def made(name: str) -> tuple[Tenant, ...]:
    return tuple(world(PROFILES[name], SIZE, 3))


def receipts(*worlds: str) -> list[Receipt]:
    return [receipt for name in worlds for tenant in made(name) for receipt in tenant.receipts]


def test_the_same_seed_makes_the_same_world_and_another_seed_another() -> None:
    first, again, other = (tuple(world(PROFILES["smb"], 300, seed)) for seed in (3, 3, 4))
    assert first == again != other


def test_a_world_does_not_hang_on_the_hash_seed(tmp_path: Path) -> None:
    code = (
        "import sys, hashlib\nfrom tests.bench.cash.settings import PROFILES\n"
        "from tests.bench.cash.world import world\n"
        "print(hashlib.sha256(repr(list(world(PROFILES['long'], 400, 5))).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_every_case_occurs() -> None:
    found = receipts(*PROFILES)
    seen = {receipt.category for receipt in found}
    assert seen - CATEGORIES == set()
    rare = {"reused key"}
    assert CATEGORIES - seen <= rare
    told = {style.value for style in Style if style is not Style.PERIOD}  # What names days only counts as none.
    assert {receipt.style for receipt in found} >= told
    assert {receipt.kind for receipt in found} == {"payment", "refund", "chargeback"}
    assert {receipt.source for receipt in found} == {"bank", "stripe", "paypal"}
    assert {receipt.currency for receipt in found} > {"USD", "EUR"}
    assert {len(receipt.text) for receipt in found} >= set(remittance.WIDTHS)


def test_a_rare_case_occurs_where_its_rate_is_raised() -> None:
    often = replace(PROFILES["smb"], reused_key=0.5, by_key=0.9, sister_pays=0.3, third_party=0.5)
    found = [receipt for tenant in world(often, 600, 1) for receipt in tenant.receipts]
    assert {"reused key", "stale key"} <= {receipt.category for receipt in found}
    assert {"Payments Agency", "PAYCO CLEARING", "Factor Trust"} <= {receipt.payer_name for receipt in found}


@pytest.mark.parametrize("rate", ["duplicate", "refund", "partial", "over", "bank_fee", "chargeback", "not_ours"])
def test_a_rate_of_nothing_makes_the_case_vanish(rate: str) -> None:
    never = [receipt for tenant in world(_with(rate, 0.0), 500, 2) for receipt in tenant.receipts]
    often = [receipt for tenant in world(_with(rate, 0.4), 500, 2) for receipt in tenant.receipts]
    name = rate.replace("_", " ")
    assert not any(receipt.category == name for receipt in never)
    assert sum(receipt.category == name for receipt in often) > 20


def _with(rate: str, value: float) -> Profile:
    return replace(PROFILES["smb"], **{rate: value})  # type: ignore[arg-type]


def test_runs_of_dozens_in_one_payment_with_a_cut_text_occur() -> None:
    runs = [receipt for receipt in receipts("long") if len(receipt.truth) >= 12]
    assert any(len(receipt.text) in remittance.WIDTHS for receipt in runs)
    assert max(len(receipt.truth) for receipt in runs) >= 24


def test_what_was_charged_back_may_be_paid_again() -> None:
    again = Counter(link.item for one in receipts("subs") if one.kind == "payment" for link in one.truth)
    back = {link.item for one in receipts("subs") if one.kind == "chargeback" for link in one.truth}
    assert back
    assert any(again[item] > 1 for item in back)


@pytest.mark.parametrize("name", PROFILES)
def test_the_truth_spends_no_more_than_came_and_applies_no_more_than_is_open(name: str) -> None:
    for tenant in made(name):
        amounts = {item.id: item.amount for item in tenant.items}
        left = dict(amounts)
        for receipt in sorted(tenant.receipts, key=lambda one: one.on):
            spent = sum(link.pay for link in receipt.truth)
            assert min(0, receipt.amount) <= spent <= max(0, receipt.amount)
            for link in receipt.truth:
                left[link.item] -= link.applied
        for item, amount in amounts.items():
            assert min(0, amount) <= left[item] <= max(0, amount)


def test_only_a_permitted_difference_stands_between_what_was_paid_and_what_was_applied() -> None:
    permitted = {"discount", "withholding", "bank fee", "rounding", "converted", "refund", "chargeback"}
    for receipt in receipts(*PROFILES):
        if any(link.pay != link.applied for link in receipt.truth):
            assert receipt.category in permitted or receipt.category.endswith("key"), receipt


def test_a_repetition_looks_exactly_like_its_original() -> None:
    by_id = {receipt.id: receipt for receipt in receipts(*PROFILES)}
    twins = [receipt for name in PROFILES for receipt in receipts(name) if receipt.twin]
    assert twins
    by_world = {name: {receipt.id: receipt for receipt in receipts(name)} for name in PROFILES}
    assert by_id
    for name, known in by_world.items():
        for receipt in receipts(name):
            if receipt.twin:
                first = known[receipt.twin]
                shown = ("amount", "currency", "payer_name", "payer_account", "processor", "email", "text", "key")
                assert [getattr(receipt, each) for each in shown] == [getattr(first, each) for each in shown]
                assert receipt.on > first.on


def test_ids_are_those_of_the_whole_world() -> None:
    for name in PROFILES:
        for column in ("customers", "items", "receipts", "payouts", "txns", "deposits"):
            ids = [one.id for tenant in made(name) for one in getattr(tenant, column)]
            assert len(ids) == len(set(ids))


def test_a_payout_is_the_sum_of_its_lines_and_reaches_the_bank_once() -> None:
    for tenant in made("subs"):
        sums: Counter[str] = Counter()
        for txn in tenant.txns:
            if txn.type != "payout":
                sums[txn.really] += txn.gross - txn.fee
        modes = {payout.id: payout.mode for payout in tenant.payouts}
        kept = {txn.payout: txn.fee for txn in tenant.txns if txn.type == "payout"}
        assert {payout.id: payout.amount + kept.get(payout.id, 0) for payout in tenant.payouts} == {
            name: total for name, total in sums.items() if name
        }
        landed = [deposit.really for deposit in tenant.deposits if deposit.really]
        assert len(landed) == len(set(landed))
        assert all(bool(txn.payout) == (modes[txn.really] == "automatic") for txn in tenant.txns if txn.really in modes)
    kinds = {txn.type for tenant in made("subs") for txn in tenant.txns}
    assert kinds == {"charge", "refund", "dispute", "payout", "payout_failure"}
    assert {payout.mode for tenant in made("subs") for payout in tenant.payouts} == {"automatic", "manual", "instant"}


def test_each_profile_has_a_held_back_twin_with_other_settings() -> None:
    assert set(HELD_BACK) == set(PROFILES)
    for name, profile in PROFILES.items():
        other = HELD_BACK[name]
        assert [each.name for each in fields(profile) if getattr(profile, each.name) != getattr(other, each.name)]
        assert list(world(other, 50, 3))


def test_the_files_have_the_columns_that_match_reads_and_tell_no_truth(tmp_path: Path) -> None:
    files.write(tmp_path, made("smb"))
    heads = {}
    for path in tmp_path.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        heads[path.stem] = rows[0]
        assert all(len(row) == len(rows[0]) for row in rows)
    assert heads == {
        "customers": list(files.CUSTOMERS), "invoices": list(files.INVOICES), "payments": list(files.PAYMENTS),
        "fx": list(files.RATES), "payouts": list(files.PAYOUTS), "balance_txns": list(files.TXNS),
        "bank_deposits": list(files.DEPOSITS),
    }  # fmt: skip


def test_document_numbers_have_many_shapes_and_never_repeat() -> None:
    for shape in (*SHAPES, *LONG_SHAPES):
        numbers = [shape.number(shape.first + index, 2024 + index // 200) for index in range(400)]
        assert len(set(numbers)) == len(numbers)
    assert any(len(remittance.digits_of(shape.number(shape.first, 2024))) == 10 for shape in LONG_SHAPES)


@given(st.randoms(use_true_random=False), st.sampled_from(list(Style)), st.sampled_from((0, *remittance.WIDTHS)))
def test_a_number_that_is_said_to_be_shown_really_stands_there(rng: random.Random, style: Style, width: int) -> None:
    shape = rng.choice((*SHAPES, *LONG_SHAPES))
    first = shape.first + rng.randrange(500)
    numbers = [shape.number(first + index, 2024) for index in sorted(rng.sample(range(12), rng.randrange(1, 6)))]
    days = date(2024, 1, 2), date(2024, 2, 3)
    text = remittance.write(rng, numbers, style, others=["OTHER-1"], days=days, width=width, noise=0.5)
    assert len(text.text) <= (width or 10_000)
    if text.style in (Style.CLEAN, Style.LIST, Style.MISSING):
        assert all(number in text.text for number in text.shown)
    if text.style is Style.BARE:
        assert all(remittance.digits_of(number) in text.text for number in text.shown)
    if text.style in (Style.WRONG, Style.NONE):
        assert not text.shown
    if width and len(text.text) == width and text.style is not Style.NONE:
        assert not text.whole or text.text[-1] not in numbers[-1] or not text.text.endswith(numbers[-1])


@given(st.lists(st.integers(-20, 40), max_size=9), st.integers(-30, 90))
def test_subsets_are_counted_as_by_trying_all(amounts: list[int], wanted: int) -> None:
    tried = [chosen for size in range(1, len(amounts) + 1) for chosen in combinations(amounts, size)]
    assert subsets_of_sum(amounts, wanted) == sum(sum(chosen) == wanted for chosen in tried)


def seen(amount: int, meant: str, text: Text, worth: dict[str, int], **more: object) -> Seen:
    known = {
        "category": "exact",
        "payer_known": True,
        "due": (frozenset(worth),),
        "owners": dict.fromkeys(worth, "x"),
        "days": dict.fromkeys(worth, 1),
    } | more
    return Seen(
        amount=amount, meant=frozenset(meant.split()), text=text, worth=worth,
        numbers={name: f"INV-{index + 1001}" for index, name in enumerate(worth)}, **known,  # type: ignore[arg-type]
    )  # fmt: skip


OPEN = {"a": 100, "b": 200, "c": 350}
QUIET = Text()
NAMED = Text("INV-1001", Style.CLEAN, ("INV-1001",))
STRANGE = Text("INV-1901", Style.TYPO, (), whole=True, slipped="1901")
CUT = Text("INV-1001, INV-10", Style.LIST, ("INV-1001",), whole=False)


@pytest.mark.parametrize(
    ("what", "case", "decidable"),
    [
        ("one amount, a known payer", seen(200, "b", QUIET, OPEN), True),
        ("one amount, nobody knows whose", seen(200, "b", QUIET, OPEN, payer_known=False), False),
        ("two equal amounts", seen(200, "b", QUIET, {**OPEN, "d": 200}), False),
        ("one pair", seen(300, "a b", QUIET, OPEN), True),
        ("two pairs", seen(300, "a b", QUIET, {**OPEN, "d": 50, "e": 250}), False),
        ("a pair beside a single one", seen(300, "a b", QUIET, {**OPEN, "d": 300}), False),
        ("a number and its amount, nobody knows whose", seen(100, "a", NAMED, OPEN, payer_known=False), True),
        ("a number, another amount", seen(60, "a", NAMED, OPEN, category="partial"), True),
        ("the same from nobody", seen(60, "a", NAMED, OPEN, category="partial", payer_known=False), False),
        ("the same where another item is the amount", seen(200, "a", NAMED, OPEN, category="partial"), False),
        ("a slip of two digits", seen(100, "a", replace(STRANGE, slipped="1990"), OPEN), False),
        ("a slip near the one", seen(100, "a", replace(STRANGE, slipped="1801"), OPEN), True),
        ("a slip near it, and two of the amount", seen(100, "a", STRANGE, {"a": 100, "b": 100}), True),
        ("a cut list, one set for the rest", seen(450, "a c", CUT, OPEN), True),
        ("a cut list, two sets for the rest", seen(450, "a c", CUT, {**OPEN, "d": 350}), False),
        ("a wrong number", seen(200, "b", replace(NAMED, astray=True), OPEN), False),
        ("a fresh key", seen(1, "a", QUIET, OPEN, key="fresh", payer_known=False), True),
        ("a key of another item", seen(100, "a", NAMED, OPEN, key="reused"), False),
        ("a stale key and nothing else to go by", seen(100, "a", QUIET, {"a": 100, "b": 100}, key="stale"), False),
    ],
)
def test_the_judge_says_what_an_accountant_would(what: str, case: Seen, *, decidable: bool) -> None:
    assert is_decidable(case) is decidable, what


def test_a_name_tells_its_group_only_while_nobody_else_has_it() -> None:
    alike = replace(PROFILES["smb"], look_alikes=0.0, children=0.0, same_names=0.4)
    crowd = people(random.Random(1), alike, "t", 60)  # noqa: S311
    count = Counter(payer.customer.name for payer in crowd.payers.values())
    assert max(count.values()) > 1
    for payer in crowd.payers.values():
        shared = count[payer.customer.name] > 1
        assert crowd.is_named(payer, Spelling(payer.customer.name, faithful=True)) != shared
        assert not crowd.is_named(payer, Spelling(payer.customer.name[:4], faithful=True))


def test_rates_of_exchange_stand_for_every_day_on_which_something_was_converted() -> None:
    converted = 0
    for tenant in made("smb"):
        known = {(rate.on, rate.currency) for rate in tenant.rates}
        currency = {item.id: item.currency for item in tenant.items}
        for receipt in tenant.receipts:
            if receipt.category == "converted":
                assert (receipt.on, currency[receipt.truth[0].item]) in known
                converted += 1
    assert converted
    assert date(2024, 1, 1) in {rate.on for tenant in made("smb") for rate in tenant.rates}
