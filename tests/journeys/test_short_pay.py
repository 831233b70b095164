"""A customer pays less than was open: a person says why, and everybody who looks at the debt is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connector.app import reviewing
from connector.app.books import apply_plan, make_plan, sync_all
from connector.errors import Refused, UserError
from tests.accounts import ACCOUNTS
from tests.journeys.firm import nothing, open_firm

pytestmark = pytest.mark.gate

WORLD = f"""
company  Walkabout Tools  home USD  zone America/New_York  country US  realm 9140077  stripe acct_short
{ACCOUNTS}
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_short_acme
2026-03-02  invoice  H-1001  Acme Bakery  120.00 USD  due 2026-04-01
2026-03-03  invoice  H-1002  Acme Bakery  300.00 USD  due 2026-04-02
2026-03-17  payment  ch_short_1  Acme Bakery  70.00 USD  by card  fee 2.33 USD  memo "Invoice H-1001"
2026-03-18  payment  ch_short_2  Acme Bakery  300.00 USD  by card  fee 9.00 USD  memo "Invoice H-1002"
"""


def test_the_reason_of_a_short_payment_stands_in_the_list_the_aging_and_the_plan_and_after_it_is_posted(
    tmp_path: Path,
) -> None:
    with open_firm(tmp_path, WORLD) as firm:
        firm.connect_quickly()
        with firm.desk() as desk:
            with pytest.raises(UserError, match="no reason"):
                reviewing.say_short(desk, "ch_short_1", "because")
            with pytest.raises(Refused, match="leaves nothing open"):
                reviewing.say_short(desk, "ch_short_2", "damaged")
        said = firm.do("review", "short", "ch_short_1", "damaged").out
        assert "damaged goods. 50.00 USD of H-1001 stays open." in said
        assert "50.00 USD of its invoice open: damaged goods, says" in firm.do("reconcile", "--json").out
        with firm.desk() as desk:
            plan = make_plan(desk)
            line = next(each for each in plan.lines if "70.00" in each.sentence)
            assert "; 50.00 USD of H-1001 stays open: damaged goods, says" in line.sentence
            apply_plan(desk, plan, nothing, nothing)
            sync_all(desk, nothing)
            reviewing.say_short(desk, "ch_short_1", "credit-expected")
        (held,) = json.loads(firm.do("aging", "--json").out)["held_back"]
        assert (held["number"], held["left"], held["reason"]) == (
            "H-1001", {"currency": "USD", "minor": 5_000}, "credit-expected",
        )  # fmt: skip
        assert held["payment"][-1] == "ch_short_1", "the payment that came, and not its copy in the books"
        assert "1 paid in part; what is short stays open" in firm.do("aging").out
