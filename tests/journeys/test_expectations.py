"""What a world's author expects is what the product finds: every `expect` line of every world, in this process."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from connector.app.books import apply_plan, make_plan, reconcile_all
from connector.app.house import House
from connector.app.proof import prove
from connector.money import DIGITS, currency
from connector.reconcile.match import Reconciliation
from connector.testing.worlds import parse
from tests.journeys.firm import Firm, open_firm

WORLDS = sorted((Path(__file__).parent / "worlds").glob("*.world"))
_OPEN = re.compile(r"^(\S+) open (.+)$")
_DECIDED = re.compile(r"^(\S+) -> (.+) because (\S+)$")
_FOUND = re.compile(r"^finding (\S+)$")


def _met(firm: Firm, outcome: Reconciliation, expected: str) -> bool:
    if held := _OPEN.match(expected):
        number, amount = held.groups()
        return firm.open_balances()[number] == Decimal(amount.partition(" ")[0])
    if held := _DECIDED.match(expected):
        payment, invoice, ground = held.groups()
        numbers = {each["Id"]: each["DocNumber"] for each in firm.books("Invoice")}
        return any(
            decision.payment.vendor_id == payment
            and decision.ground == ground
            and [numbers[a.target.vendor_id] for a in decision.allocations] == [invoice]
            for decision in outcome.decisions
        )
    if held := _FOUND.match(expected):
        return any(finding.code == held.group(1) for finding in outcome.findings)
    raise AssertionError(f"nobody can read the expectation {expected!r}")


@pytest.mark.req("F18")
@pytest.mark.parametrize("path", WORLDS, ids=lambda path: path.stem)
def test_a_world_is_found_as_its_author_expects(path: Path, tmp_path: Path) -> None:
    with open_firm(tmp_path, path.read_text(encoding="utf-8")) as firm:
        firm.connect_quickly()
        with House(firm.config()) as house:
            desk = house.company(None)
            outcome = reconcile_all(desk).outcome
            apply_plan(desk, make_plan(desk), lambda *_: None, lambda _row: None)
        assert firm.world.expect
        unmet = [each for each in firm.world.expect if not _met(firm, outcome, each)]
        assert unmet == []


@pytest.mark.req("F18")
def test_the_golden_worlds_hold_yen_dinar_and_cents() -> None:
    """The worlds above are the golden set; each of their amounts went through both vendors' wires and back."""
    digits = {
        DIGITS[invoice.amount.currency]
        for path in WORLDS
        for world in parse(path.read_text(encoding="utf-8"))
        for invoice in world.invoices
        if world.expect
    }
    assert digits >= {0, 2, 3}


@pytest.mark.req("F46")
def test_the_golden_worlds_hold_several_receivable_accounts_and_count_each_debt_once(tmp_path: Path) -> None:
    (path,) = [path for path in WORLDS if path.stem == "currencies"]
    with open_firm(tmp_path, path.read_text(encoding="utf-8")) as firm:
        kept = [each.currency for each in firm.world.accounts if each.role == "receivable"]
        assert kept.count(currency("USD")) == 2
        firm.connect_quickly()
        with firm.desk() as desk:
            proof = prove(desk)
        held: Counter[str] = Counter()
        for each in firm.books("Account"):
            if each["AccountType"] == "Accounts Receivable":
                code = each["CurrencyRef"]["value"]
                held[code] += int(Decimal(str(each["CurrentBalance"])) * 10 ** DIGITS[code])
    assert (proof.problems, len(held)) == ((), 3)
    assert proof.aging is not None
    assert {str(row.total.currency): row.total.minor for row in proof.aging.totals} == dict(held)
