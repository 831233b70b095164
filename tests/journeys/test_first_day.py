"""The first day at a firm whose processor was there long before: what is proposed, and what a person is warned of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.accounts import ACCOUNTS
from tests.journeys.firm import Firm, open_firm

WORLD = f"""
company  Walkabout Tools  home USD  zone America/New_York  realm 9140005  stripe acct_first  closed 2026-03-31
{ACCOUNTS}
account  Opening Balance Equity  expense USD
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_first_acme
2026-03-02  invoice  F-1  Acme Bakery  120.00 USD  due 2026-04-01
2026-04-02  invoice  F-2  Acme Bakery  80.00 USD  due 2026-05-01
2026-03-20  payment  ch_first_1  Acme Bakery  120.00 USD  by card  fee 3.78 USD  key F-1
2026-04-10  payment  ch_first_2  Acme Bakery  80.00 USD  by card  fee 2.62 USD  key F-2
2026-04-14  payout  po_first_1  USD  of ch_first_1, ch_first_2
"""


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Nothing is connected yet."""
    with open_firm(tmp_path_factory.mktemp("firm"), WORLD) as opened:
        yield opened


def _switched(firm: Firm, how: str) -> None:
    answer = requests.post(
        f"{firm.doubles['quickbooks'].url}/-/{firm.world.realm}/apply_by_itself",
        json={"arguments": [how]},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text


def _connect_books(firm: Firm) -> str:
    double = firm.doubles["quickbooks"]
    settings = double.stand_in.settings(firm.world, double.url)
    given = {f"RECEIVABLES_QUICKBOOKS_{name.upper()}": value for name, value in settings.items()}
    return firm.do("connect", "quickbooks", "--zone", firm.world.zone, **given).err


def test_connecting_warns_of_books_that_apply_money_by_themselves_and_of_no_others(firm: Firm) -> None:
    assert "Warning" not in _connect_books(firm)
    _switched(firm, "on")
    warned = _connect_books(firm)
    assert "applies open credits to invoices by itself" in warned
    assert "applies payments to the oldest invoices by itself" in warned
    wrong = {each["name"] for each in firm.run("doctor", "--json").json if not each["ok"]}
    assert {"automatic credits", "automatic payments"} <= wrong
    _switched(firm, "off")


@pytest.mark.req("F15")
def test_the_opening_balance_is_computed_and_proposed_on_the_first_day_and_ties_by_one_command(firm: Firm) -> None:
    firm.connect_quickly()
    (proposed,) = firm.run("status", "--json").json["proposed_starts"]
    # What was on the balance when 1 April began: 120.00 less the fee of 3.78.
    assert proposed["amount"]["minor"] == 11_622
    assert "--start 2026-04-01" in proposed["next_step"]
    assert "116.22 USD" in firm.run("status").out
    firm.do("accounts", "stripe", "--start", "2026-04-01", "--opening", "Opening Balance Equity")
    assert firm.run("status", "--json").json["proposed_starts"] == []
    lines = firm.do("plan", "--closed", "today", "--json").json["lines"]
    (opening,) = [line for line in lines if line["subject"].startswith("opening:")]
    assert opening["deposit"]["total"]["minor"] == 11_622
    assert "ch_first_1" not in {line["subject"].rpartition("/")[2] for line in lines}
    firm.run("apply", "--yes")
    held = firm.do("payouts", "--json").json
    (told,) = held["standings"]
    purse = told["standing"]
    assert told["holds"]
    assert purse["said"] == purse["ledger"] == purse["held"]
    assert purse["opening"]["minor"] == 11_622
