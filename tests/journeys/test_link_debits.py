"""Bank debits by a link, one firm per country: on its way is not paid, a refusal opens again, a return says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.stripe.standin import disputes
from connector.model.finding import FindingCode
from connector.model.money_in import AttemptState
from connector.model.paylink import ReceiptState
from connector.paylinks import Offer
from tests.journeys.shop import Shop, open_shop
from tests.journeys.till import payer

WORLD = """
company  Walkabout Tools  home {code}  zone {zone}  country {country}  realm 9140043  stripe acct_shop
account  Checking  bank {code}
account  Stripe Clearing  bank {code}
account  Stripe Fees  expense {code}
account  Undeposited Funds  undeposited {code}
account  Accounts Receivable  receivable {code}
customer  Acme Bakery  email ap@acme.example
2026-03-02  invoice  D-1  Acme Bakery  120.00 {code}  due 2026-04-01
"""
DEBITS = {
    "us_bank_account": ("USD", "America/New_York", "US", "R01"),
    "acss_debit": ("CAD", "America/Toronto", "CA", "insufficient_funds"),
    "sepa_debit": ("EUR", "Europe/Berlin", "DE", "insufficient_funds"),
    "bacs_debit": ("GBP", "Europe/London", "GB", "insufficient_funds"),
}
"""Currency, zone and country of the seller, and the network's or the processor's word for a return."""


@pytest.mark.gate
@pytest.mark.req("S22")
@pytest.mark.parametrize("method", DEBITS)
def test_a_debit_is_pending_then_refused_then_paid_then_returned_and_each_is_shown_with_its_day(
    tmp_path: Path, method: str
) -> None:
    code, zone, country, network = DEBITS[method]
    with open_shop(tmp_path, WORLD.format(code=code, zone=zone, country=country)) as shop:
        link = shop.link("D-1")
        refused = shop.pays(link, method)
        assert (shop.offer(link), shop.receipts()) == (Offer.PROCESSING, ())
        assert "payment" not in {str(line.kind) for line in shop.book().lines}
        payer(refused, bank="refuses")
        shop.settle()
        assert (shop.attempts()[-1].state, shop.offer(link)) == (AttemptState.FAILED, Offer.PAY)
        page = shop.pays(link, method)
        payer(page, bank="pays")
        shop.settle()
        shop.book()
        assert (shop.open()["D-1"], shop.state(link)) == (0, "settled")
        returned(shop, network)
        shop.sync()
        finding = next(each for each in shop.waiting() if each.code is FindingCode.RETURNED)
        assert "was returned by the payer's bank on 20" in finding.sentence
        assert "insufficient funds" in finding.sentence
        shop.book()
        assert (shop.open()["D-1"], shop.offer(link)) == (120, Offer.PAY)
        assert shop.receipts()[0].state is ReceiptState.REVERSED
        shop.even()


def returned(shop: Shop, network: str) -> None:
    """The bank takes back what it had paid."""
    (paid,) = [each for each in shop.charges() if each["status"] == "succeeded"]
    charge = shop.ledger().get("charge", paid["id"])
    shop.behind(lambda: disputes.come_back(shop.ledger(), charge, network))
