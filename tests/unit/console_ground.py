"""A console over a small firm, with a person of each role who is signed in, and a second company of somebody else's."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from connector.app.errands import under_way
from connector.app.house import Desk, House
from connector.app.sessions import begin, choose_password, person_named
from connector.app.staff import add_colleague, first_link
from connector.clock import SystemClock
from connector.model.firm import Actor, Company
from connector.model.person import Role
from connector.model.source import ActorId, CompanyId
from connector.money import currency
from connector.web.console.door import Address
from connector.web.console.rooms import console_app
from tests.clocks import FakeClock
from tests.journeys.firm import Firm, open_firm

HERE = "http://127.0.0.1:8766"
COOKIE = "receivables-console"
PASSWORD = "correct horse battery"
MAIN, OTHER = CompanyId("main"), CompanyId("other")
NAMES = {Role.VIEW: "vera", Role.PREPARE: "paul", Role.APPROVE: "erin", Role.ADMIN: "dana"}
WAIT_SECONDS_MAX = 60
FORM = re.compile(r'name="form" value="([^"]*)"')


@dataclass
class Ground:
    """The firm, the console's clock, and who is signed in. `firm` has its books and its processor on loopback."""

    firm: Firm
    clock: FakeClock
    app: Any
    browsers: dict[str, TestClient] = field(default_factory=dict)

    def house(self) -> House:
        return House(self.firm.config(), self.clock)

    @contextmanager
    def desk(self, name: str = "dana") -> Iterator[Desk]:
        with self.house() as house:
            desk = house.company(MAIN)
            desk.actor = ActorId(name)
            yield desk

    def browser(self, address: str = HERE) -> TestClient:
        """One with nobody signed in, that goes nowhere by itself."""
        return TestClient(self.app, base_url=address, follow_redirects=False)

    def signed_in(self, name: str) -> TestClient:
        """The browser of that person, past the door: a password takes long to look at."""
        if name not in self.browsers:
            browser = self.browser()
            with self.house() as house:
                person = person_named(house, name)
                assert person is not None
                token = begin(house, person)
            browser.cookies.set(COOKIE, token, domain="127.0.0.1", path="/")
            self.browsers[name] = browser
        return self.browsers[name]

    def finished(self, answer: Any, name: str = "dana") -> str:
        """What a piece of work said that was begun by an answer, once it has ended."""
        assert answer.status_code == 303, words(answer.text)
        path = answer.headers["location"]
        assert "/work?" in path, path
        self.quiet()
        return words(self.signed_in(name).get(path).text)

    def quiet(self) -> None:
        """Wait until nobody works in the background."""
        began = time.monotonic()
        with self.desk() as desk:
            while under_way(desk) is not None:
                assert time.monotonic() - began < WAIT_SECONDS_MAX
                time.sleep(0.02)


def sign_in(browser: TestClient, name: str, password: str = PASSWORD, then: str = "") -> Any:
    """Fill in the form and send it."""
    path = f"/sign-in?then={then}" if then else "/sign-in"
    return browser.post(path, data={"form": form_of(browser.get(path).text), "name": name, "password": password})


def form_of(page: str) -> str:
    """What a page's forms carry; nothing where it has none."""
    found = FORM.search(page)
    return html.unescape(found[1]) if found is not None else ""


def send(browser: TestClient, path: str, **fields: Any) -> Any:
    """Send a form to a company's page as a page of the console has it."""
    form = form_of(browser.get(f"/c/{MAIN}/today").text)
    return browser.post(f"/c/{MAIN}/{path}", data={"form": form, **fields})


def words(page: str) -> str:
    """What a person reads of a page."""
    body = page.partition("<main")[2]
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", f"<main{body}").split()))


@contextmanager
def console(folder: Path, world: str | None = None) -> Iterator[Ground]:
    """Everything set up."""
    with open_firm(folder, world) as firm:
        firm.connect_quickly()
        clock = FakeClock(SystemClock().now().isoformat())
        with House(firm.config(), clock) as house:
            dana = choose_password(house, first_link(house), PASSWORD, again=PASSWORD)
            for role, name in NAMES.items():
                if role is not Role.ADMIN:
                    person, _ = add_colleague(house.company(MAIN), name, name.title(), role)
                    house.store.save_person(replace(person, password_hash=dana.password_hash))
            company = Company(company_id=OTHER, name="Others Ltd", home_currency=currency("USD"), zone="UTC")
            house.store.add_company(company, Actor(company_id=OTHER, actor_id=ActorId("olga"), name="Olga"))
            add_colleague(house.company(OTHER), "olga", "Olga", Role.ADMIN)
        config = firm.config()
        app = console_app(lambda: House(config, clock), Address())
        ground = Ground(firm=firm, clock=clock, app=app)
        yield ground
        ground.quiet()
        for browser in ground.browsers.values():
            browser.close()
