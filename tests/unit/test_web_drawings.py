"""Pages of links are drawn once and shown again, never after anything they tell has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from connector.app.house import House
from connector.app.linking import make_link
from connector.config import Config
from connector.model.source import ActorId, CompanyId
from connector.money import Currency, Money
from connector.web.pay import Front, pay_app
from connector.web.turnstile import Limits
from tests.journeys.firm import Firm, open_firm
from tests.payers import fields, press
from tests.proofs import PAYABLE

MAIN = CompanyId("main")
HERE = "http://127.0.0.1:8765"
ROOMY = Front(limits=Limits(views_per_minute=10_000, misses_per_minute=10_000))


@dataclass
class Served:
    """Pay pages over one house, and every statement that their store carried out."""

    firm: Firm
    browser: TestClient
    asked: list[str] = field(default_factory=list)

    def link(self, number: str) -> str:
        with House(self.firm.config()) as house:
            return make_link(house.company(None), number).url.removeprefix(HERE)

    def text(self, path: str) -> str:
        answer = self.browser.get(path)
        assert answer.status_code == 200
        return str(answer.text)

    def questions(self, path: str) -> list[str]:
        """What is asked of the store for one more view."""
        self.asked.clear()
        self.text(path)
        return [each.partition("\n")[0].partition(" FROM ")[0] for each in self.asked]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Every test takes an invoice of its own."""
    with open_firm(tmp_path_factory.mktemp("drawn"), PAYABLE) as opened:
        opened.connect_quickly()
        yield opened


@pytest.fixture
def served(firm: Firm) -> Iterator[Served]:
    def config() -> Config:
        return firm.config().model_copy(update={"adapters": {"seller": {"name": "Walkabout Tools Ltd"}}})

    def opened() -> House:
        house = House(config())
        event.listen(
            house.store._database.engine, "before_cursor_execute", lambda _c, _k, said, *_: found.asked.append(said)
        )
        return house

    with TestClient(pay_app(opened, front=ROOMY), base_url=HERE) as browser:
        found = Served(firm, browser)
        yield found


def test_a_page_that_has_not_changed_costs_two_questions_and_one_that_has_costs_ten_at_the_most(
    served: Served,
) -> None:
    path = served.link("P-1")
    served.text(path)
    drawn_anew = served.questions(f"{path}?lang=de")
    assert 2 < len(drawn_anew) <= 10, drawn_anew
    assert len(served.questions(path)) == 2
    assert len(served.questions(f"{path}?lang=de")) == 2
    assert len(served.questions(f"{path}?show=state")) > 2
    assert len(served.questions(f"{path}?show=state")) == 2


def test_every_browser_gets_a_form_of_its_own_though_the_page_was_drawn_for_another(served: Served, firm: Firm) -> None:
    path = served.link("P-2")
    first = served.browser.get(path)
    second = TestClient(served.browser.app, base_url=HERE)
    other = second.get(path)
    assert first.headers["set-cookie"] != other.headers["set-cookie"]
    assert fields(first.text)["form"] != fields(other.text)["form"]
    assert len(first.content) == int(first.headers["content-length"])
    # Neither can use what the other was shown.
    stolen = second.post(path, data={**fields(first.text), "method": "card"}, follow_redirects=False)
    assert stolen.status_code == 403
    assert press(second, path, "card").status_code == 303


def test_a_page_is_drawn_anew_as_soon_as_anything_it_tells_has_changed(served: Served, firm: Firm) -> None:
    path = served.link("P-3")
    before = served.text(path)
    assert press(served.browser, path, "card").status_code == 303
    assert len(served.questions(path)) > 2  # a try is known now
    with House(firm.config()) as house:
        debt = next(each for each in house.store.links(MAIN) if each.number == "P-3").debt
        house.store.set_under_way(MAIN, {debt: Money(100, Currency("USD"))})
    assert "A payment is being processed." in served.text(path)
    with House(firm.config()) as house:
        house.store.set_under_way(MAIN, {})
    assert "A payment is being processed." not in served.text(path)
    with House(firm.config()) as house:
        company = house.store.company(MAIN)
        house.store.set_company(replace(company, zone="Asia/Tokyo"), ActorId("dana"))
    assert "GMT+09:00." in served.text(path)
    invoice = firm.invoice("P-3")
    firm.in_books("Invoice", {"Id": invoice["Id"], "SyncToken": invoice["SyncToken"]}, operation="void")
    firm.sync_quickly()
    assert "There is nothing to pay here." in served.text(path)
    assert served.text(path) != before
