"""Books that apply money by themselves: a warning at set-up, and no payment of ours that leaves it to them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from connector.app import setup
from connector.app.books import apply_plan, make_plan
from connector.app.house import House
from tests.accounts import ACCOUNTS
from tests.journeys.firm import nothing, open_firm
from tests.journeys.test_undo import people

WORLD = f"""
company  Walkabout Tools  home USD  zone America/New_York  realm 9140007  stripe acct_links
{ACCOUNTS}
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_links
2026-01-02  invoice  L-1  Acme Bakery  80.00 USD  due 2026-02-01
2026-04-02  invoice  L-2  Acme Bakery  80.00 USD  due 2026-05-01
2026-04-03  invoice  L-3  Acme Bakery  50.00 USD  due 2026-05-01
2026-04-10  payment  ch_links_1  Acme Bakery  80.00 USD  by card  fee 2.62 USD  key L-2
2026-04-11  payment  ch_links_2  Acme Bakery  50.00 USD  by card  fee 1.75 USD  memo "Invoice L-3"
"""


@pytest.mark.req("F22")
def test_every_payment_names_the_invoices_it_settles_and_set_up_warns_where_the_books_would_choose(
    tmp_path: Path,
) -> None:
    with open_firm(tmp_path, WORLD) as firm:
        people(firm, lambda office: office.apply_by_itself("on"))
        firm.connect_quickly()
        with House(firm.config()) as house:
            desk = house.company(None)
            warned = setup.cautions(house, desk.books())
            assert [each for each in warned if "payments to the oldest invoices" in each]
            done = apply_plan(desk, make_plan(desk), nothing, nothing)
            assert (done.stale, done.posted.dead, done.not_landed) == ((), [], ())
        ids = {each["Id"]: each["DocNumber"] for each in firm.books("Invoice")}
        named = {
            each["PrivateNote"].rpartition("/")[2]: [
                (ids[line["LinkedTxn"][0]["TxnId"]], line["LinkedTxn"][0]["TxnType"], Decimal(str(line["Amount"])))
                for line in each["Line"]
            ]
            for each in firm.marked("Payment", "PrivateNote")
        }
        assert named == {
            "ch_links_1": [("L-2", "Invoice", Decimal(80))],
            "ch_links_2": [("L-3", "Invoice", Decimal(50))],
        }
        sent = [call for call in firm.heard if call.method == "POST" and call.path.endswith("/payment")]
        assert len(sent) == 2
        assert all(b'"LinkedTxn"' in call.body for call in sent), "it is named in what is sent, not chosen there"
        assert firm.open_balances() == {"L-1": 80, "L-2": 0, "L-3": 0}
        people(firm, lambda office: office.apply_by_itself("off"))
        with House(firm.config()) as house:
            assert setup.cautions(house, house.company(None).books()) == ()
