"""What a payer is asked for in words is what is left to pay at that moment, never the face value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app.inviting import filled, message
from connector.app.linking import MadeLink
from connector.errors import Refused
from connector.model.paylink import AmountMode
from tests.builders import money
from tests.journeys.shop import Shop, open_shop

pytestmark = pytest.mark.gate

TEMPLATE = "{customer}: {number} {amount} {due}"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_shop(tmp_path) as opened:
        yield opened


def asked(shop: Shop, made: MadeLink) -> tuple[str, str]:
    """What the letter asks for, and the firm's own text; both name the same amount."""
    with shop.desk() as desk:
        _, text = message(desk, made.link, made.url)
        own = filled(desk, made.link, made.url, TEMPLATE)
    amount = own.rpartition("2026")[0].split(" USD")[0].split()[-1]
    assert f"{amount} USD" in text
    return amount, own


@pytest.mark.req("F37")
def test_a_message_asks_for_the_net_open_balance_at_the_moment_it_is_written_and_for_nothing_once_it_is_paid(
    shop: Shop,
) -> None:
    made = shop.made("P-1", "P-2", mode=AmountMode.FREE)
    assert asked(shop, made)[0] == "200.00"
    shop.part_paid("P-1", "50")
    assert asked(shop, made)[0] == "150.00", "read anew, though nothing was synchronised since"
    shop.pays(made.link, amount=money("60.00"))
    assert asked(shop, made)[0] == "90.00", "what came by the link counts before it is in the books"
    shop.book()
    assert asked(shop, made)[0] == "90.00"
    shop.part_paid("P-1", "10")
    amount, own = asked(shop, made)
    assert (amount, "P-1" in own, "P-2" in own) == ("80.00", False, True), "a settled invoice is not named any more"
    credit(shop, "P-2", 15)
    assert asked(shop, made)[0] == "65.00"
    shop.pays(made.link)
    with pytest.raises(Refused, match="nothing to write"):
        asked(shop, made)
    shop.book()
    with pytest.raises(Refused, match="Nothing is left to pay"):
        asked(shop, made)
    shop.even()


def credit(shop: Shop, number: str, amount: int) -> None:
    """A credit note of a person's, set against an invoice."""
    invoice = shop.firm.invoice(number)
    customer = {"value": invoice["CustomerRef"]["value"]}
    note = shop.firm.in_books(
        "CreditMemo",
        {
            "CustomerRef": customer,
            "Line": [{"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}],
        },
    )
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": ref, "TxnType": kind}]}
        for ref, kind in ((invoice["Id"], "Invoice"), (note["Id"], "CreditMemo"))
    ]
    shop.firm.in_books("Payment", {"CustomerRef": customer, "TotalAmt": 0, "Line": lines})


@pytest.mark.req("F37")
def test_nobody_is_asked_to_pay_what_is_on_its_way(shop: Shop) -> None:
    made = shop.made("P-3")
    shop.pays(made.link, method="us_bank_account")
    with shop.desk() as desk, pytest.raises(Refused, match="on its way"):
        message(desk, made.link, made.url)
