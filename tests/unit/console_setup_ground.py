"""A console over a company to which nothing is connected yet, with the doubles of three systems to connect."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.app.house import House
from connector.app.sessions import choose_password
from connector.app.staff import first_link
from connector.clock import SystemClock
from connector.config import Config
from connector.model.firm import Actor, Company
from connector.model.source import ActorId
from connector.money import currency
from connector.web.console.door import Address
from connector.web.console.rooms import console_app
from tests.clocks import FakeClock
from tests.journeys.firm import Firm, open_firm
from tests.unit.console_ground import MAIN, PASSWORD, Ground

PAYEE = "WALKPAYPALAB5"
WORLD = f"""\
company  Walkabout Tools  home USD  zone America/New_York  country US  realm 9140005  stripe acct_walk5  paypal {PAYEE}
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_walk_acme
2026-03-02  invoice  W-1  Acme Bakery  120.00 USD  due 2026-04-01
"""
TYPED = frozenset({"client_id", "client_secret", "api_key", "realm_id", "refresh_token", "environment"})
"""What of a double's settings a person types, or a browser brings; the rest says where the double is."""

BOOKS_KEYS = {"set-client_id": "standin-client", "set-client_secret": "standin-secret"}
STRIPE_KEY = "rk_test_walk5"
PAYPAL_KEYS = {
    "set-client_id": "client-WALKPAYPALAB5",
    "set-client_secret": "secret-WALKPAYPALAB5",
    "set-environment": "sandbox",
    "set-payer_details": "no",
    "set-instant_only": "no",
}
SECRETS = ("standin-secret", STRIPE_KEY, "secret-WALKPAYPALAB5")
INVITED = re.compile(r'href="(http[^"]+)" target="_blank"')


@contextmanager
def unconnected(folder: Path, address: Address | None = None) -> Iterator[Ground]:
    """Dana's console, whose company has its name and its zone and nothing else."""
    with open_firm(folder, WORLD) as firm:
        clock = FakeClock(SystemClock().now().isoformat())
        config = where(firm)
        with House(config, clock) as house:
            company = Company(company_id=MAIN, name="Walkabout", home_currency=currency("USD"), zone=firm.world.zone)
            house.store.add_company(company, Actor(company_id=MAIN, actor_id=ActorId("dana"), name="Dana"))
            choose_password(house, first_link(house), PASSWORD, again=PASSWORD)
        app = console_app(lambda: House(config, clock), address if address is not None else Address())
        ground = Ground(firm=firm, clock=clock, app=app)
        yield ground
        for browser in ground.browsers.values():
            browser.close()


def where(firm: Firm) -> Config:
    """Settings that say where the doubles are, as settings.toml would; keys are in none of them."""
    tables = {
        name: {
            each: value for each, value in double.stand_in.settings(firm.world, double.url).items() if each not in TYPED
        }
        for name, double in firm.doubles.items()
    }
    tables["quickbooks"]["redirect"] = "http://localhost:0/connected"
    return firm.config().model_copy(update={"adapters": tables, "calls_per_minute": 100_000})


def invited(page: str) -> str:
    """The address that a page leads a person to, in a window of its own."""
    found = INVITED.search(page)
    assert found is not None, page
    return html.unescape(found[1])
