"""The peers do what they are said to do, weaknesses and all; the floor and the meter too."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.bench.cash import files
from tests.bench.cash.desk import Desk, read
from tests.bench.cash.peers import PEERS
from tests.bench.cash.records import Customer, Item, Receipt, Tenant
from tests.bench.cash.scoring import read_answers

OLD, NEW, PAID = date(2025, 1, 5), date(2025, 2, 5), date(2025, 3, 5)
ACME = Customer(id="acme", name="Acme Bakery Ltd", account="DE1")


def item(name: str, number: str, amount: int, on: date = OLD, customer: str = "acme") -> Item:
    return Item(id=name, number=number, customer=customer, currency="USD", amount=amount, issued=on, due=on)


def paid(name: str, amount: int, text: str = "", *, payer: str = "ACME BAKERY LTD", key: str = "") -> Receipt:
    return Receipt(
        id=name, kind="payment", source="bank", on=PAID, currency="USD", amount=amount, payer_name=payer, text=text,
        key=key,
    )  # fmt: skip


ITEMS = [item("a", "INV-9705", 100), item("b", "INV-9991", 200, NEW), item("c", "INV-0042", 200, NEW)]


def settled(
    tmp_path: Path, peer: str, *receipts: Receipt, customers: tuple[Customer, ...] = (ACME,)
) -> list[tuple[str, str, int]]:
    files.write(tmp_path, [Tenant(id="t", customers=customers, items=ITEMS, receipts=receipts)])
    (desk,) = read(tmp_path)
    PEERS[peer](desk)
    return [(payment, invoice, amount) for payment, invoice, amount, _ in desk.taken]


def test_oldest_first_takes_the_exact_one_and_else_the_oldest_until_the_money_is_used(tmp_path: Path) -> None:
    assert settled(tmp_path, "oldest-first", paid("p", 100)) == [("p", "a", 100)]
    assert settled(tmp_path, "oldest-first", paid("p", 250)) == [("p", "a", 100), ("p", "b", 150)]
    assert settled(tmp_path, "oldest-first", paid("p", 250, payer="Somebody")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("inv 9705 9991", [("p", "a", 100), ("p", "b", 200)]),
        ("9705/9991", []),
        ("9705,9991", []),
        ("inv 42", []),
        ("9991 and 9705 less something", [("p", "a", 100), ("p", "b", 200)]),
    ],
)
def test_the_odoo_like_rule_reads_tokens_between_blanks_only(
    tmp_path: Path, text: str, found: list[tuple[str, str, int]]
) -> None:
    assert settled(tmp_path, "odoo-like", paid("p", 300, text)) == found


def test_the_odoo_like_rule_takes_a_greedy_prefix_and_overpayments(tmp_path: Path) -> None:
    assert settled(tmp_path, "odoo-like", paid("p", 250, "9705 9991")) == [("p", "a", 100), ("p", "b", 150)]
    assert settled(tmp_path, "odoo-like", paid("p", 900, "9705")) == [("p", "a", 100)]


def test_the_odoo_like_rule_takes_a_perfect_early_payment_discount(tmp_path: Path) -> None:
    agreed = Customer(id="acme", name="Acme Bakery Ltd", discount_bp=1_000, discount_days=90)
    files.write(tmp_path, [Tenant(id="t", customers=[agreed], items=ITEMS, receipts=[paid("p", 90, "9705")])])
    (desk,) = read(tmp_path)
    PEERS["odoo-like"](desk)
    assert desk.taken == [("p", "a", 90, 100)]


def test_the_rapidfuzz_matcher_takes_only_pairs_that_have_no_other_on_either_side(tmp_path: Path) -> None:
    assert settled(tmp_path, "rapidfuzz", paid("p", 100)) == [("p", "a", 100)]
    assert settled(tmp_path, "rapidfuzz", paid("p", 100), paid("q", 100)) == []
    assert settled(tmp_path, "rapidfuzz", paid("p", 200)) == []
    assert settled(tmp_path, "rapidfuzz", paid("p", 200, "INV-9991")) == [("p", "b", 200)]
    assert settled(tmp_path, "rapidfuzz", paid("p", 200, key="c")) == [("p", "c", 200)]
    assert settled(tmp_path, "rapidfuzz", paid("p", 150, "INV-9991")) == []


def test_the_rapidfuzz_matcher_keeps_a_margin_between_names(tmp_path: Path) -> None:
    slip = paid("p", 100, payer="ACME BAKERRY LTD")
    alike = Customer(id="other", name="Acme Baker Ltd")
    assert settled(tmp_path, "rapidfuzz", slip) == [("p", "a", 100)]
    assert settled(tmp_path, "rapidfuzz", slip, customers=(ACME, alike)) == []


def test_nobody_applies_more_than_is_open(tmp_path: Path) -> None:
    files.write(tmp_path, [Tenant(id="t", customers=[ACME], items=ITEMS, receipts=[paid("p", 100), paid("q", 900)])])
    for settle in PEERS.values():
        (desk,) = read(tmp_path)
        settle(desk)
        assert isinstance(desk, Desk)
        assert min(desk.left.values()) >= 0


def test_the_floor_joins_one_number_with_its_amount(tmp_path: Path) -> None:
    receipts = [paid("p", 200, "for 42, thanks"), paid("q", 100, "Inv 0009705"), paid("r", 999, "INV-9991")]
    files.write(tmp_path, [Tenant(id="t", customers=[ACME], items=ITEMS, receipts=receipts)])
    out = tmp_path / "out.csv"
    subprocess.run([sys.executable, "-m", "tests.bench.cash.floor", str(tmp_path), str(out)], check=True)
    assert {name: links[0].item for name, links in read_answers(out).items()} == {"q": "a"}


def test_the_meter_tells_what_a_command_took_and_ends_as_it_ended() -> None:
    code = "import sys; x = bytearray(60 << 20); sys.exit(3)"
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.cash.meter", sys.executable, "-c", code],
        stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    wall, cpu, mib = map(float, told.stdout.split())
    assert told.returncode == 3
    assert wall > 0
    assert cpu > 0
    assert 60 < mib < 200
