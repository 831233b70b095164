"""A payout between the processor and the bank: set aside, moved on when it arrives, and taken back in that order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.stripe.standin import payouts
from connector.app.books import Applied, apply_plan, make_plan, sync_all
from connector.app.payouts import payouts as explained
from connector.app.proof import prove
from connector.app.undoing import plan_undo
from connector.model.finding import FindingCode
from connector.plan import Plan
from tests.journeys.firm import Firm, nothing, open_firm

WORLD = """
company  On The Way  home USD  zone America/New_York  country US  realm 9140077  stripe acct_way
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe In Transit  bank USD
account  Stripe Fees  expense USD
account  Undeposited Funds  undeposited USD
account  Accounts Receivable  receivable USD
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_acme
2026-03-01  invoice  W-1  Acme  120.00 USD  due 2026-03-31
2026-03-02  payment  ch_one  Acme  120.00 USD  fee 3.78 USD  key W-1
2026-03-05  payout  po_way  USD  of ch_one  status pending
"""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path, WORLD) as opened:
        opened.connect_quickly()
        yield opened


def planned(firm: Firm) -> Plan:
    with firm.desk() as desk:
        sync_all(desk, nothing)
        return make_plan(desk)


def applied(firm: Firm, made: Plan) -> Applied:
    with firm.desk() as desk:
        done = apply_plan(desk, made, nothing, nothing)
        assert (done.stale, done.not_landed) == ((), ())
        return done


def balances(firm: Firm) -> dict[str, Any]:
    office = firm.doubles["quickbooks"].stand_in.office()  # type: ignore[attr-defined]
    held = office.company.balances()
    return {
        name: str(held[office.find("Account", name)]) for name in ("Stripe Clearing", "Stripe In Transit", "Checking")
    }


def test_a_payout_on_its_way_is_booked_when_it_leaves_and_again_when_it_arrives_and_is_taken_back_in_that_order(
    firm: Firm,
) -> None:
    without = planned(firm)
    (told,) = [each for each in without.left_out if each.code is FindingCode.NO_ACCOUNT]
    assert "payouts on their way" in told.sentence
    firm.do("accounts", "stripe", "--bank", "Checking")
    refused = firm.run("accounts", "stripe", "--transit", "Checking")
    assert refused.code != 0
    assert "Checking is the bank account already" in refused.err
    firm.do("accounts", "stripe", "--transit", "Stripe In Transit", "--yes")
    assert "Stripe In Transit" in firm.do("accounts", "stripe").out
    leaves = planned(firm)
    assert [str(line.kind) for line in leaves.lines] == ["payment", "expense", "journal"]
    applied(firm, leaves)
    with firm.desk() as desk:
        sync_all(desk, nothing)
        purse = next(each for each in explained(desk)[0].standings if each.connection == "stripe")
        assert (purse.holds, purse.rest, purse.held) == (True, (), purse.said)
        assert prove(desk).problems == ()
    assert balances(firm) == {"Stripe Clearing": "0.00 USD", "Stripe In Transit": "116.22 USD", "Checking": "0.00 USD"}

    ledger = firm.doubles["stripe"].stand_in.ledger("acct_way")  # type: ignore[attr-defined]
    payout = ledger.get("payout", "po_way")
    firm.doubles["stripe"].behind(lambda: payouts.arrive(ledger, payout))
    unsaid = planned(firm)
    assert unsaid.lines == ()
    assert "does not say yet what it consists of" in next(
        each.sentence for each in unsaid.left_out if each.code is FindingCode.PAYOUT_INCOMPLETE
    )
    firm.doubles["stripe"].behind(lambda: payouts.reconciled(ledger, payout))
    arrives = planned(firm)
    assert [str(line.kind) for line in arrives.lines] == ["transfer"]
    applied(firm, arrives)
    assert balances(firm) == {"Stripe Clearing": "0.00 USD", "Stripe In Transit": "0.00 USD", "Checking": "116.22 USD"}
    with firm.desk() as desk:
        sync_all(desk, nothing)
        assert prove(desk).problems == ()

        too_early = plan_undo(desk, leaves.plan_id, nothing)
        (left,) = [each for each in too_early.left_out if "moves on what it sets aside" in each.sentence]
        assert str(arrives.plan_id) in left.next_step
        applied(firm, plan_undo(desk, arrives.plan_id, nothing))
        sync_all(desk, nothing)
        applied(firm, plan_undo(desk, leaves.plan_id, nothing))
    assert set(balances(firm).values()) == {"0.00 USD"}
