"""`receivables link` and its words, as they are typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.shop import Shop, open_shop
from tests.journeys.till import payer

pytestmark = pytest.mark.gate


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("commands")) as opened:
        yield opened


def test_the_shortest_form_makes_a_link_and_says_what_each_method_costs_and_where_it_opens(
    shop: Shop, tmp_path: Path
) -> None:
    do = shop.firm.do
    short = do("link", "P-1", "--yes").out
    assert short.splitlines()[0] == do("link", "create", "P-1", "--yes").out.splitlines()[0]
    assert "What 120.00 USD would cost you" in short
    assert "3.78 USD" in short
    assert "opens on this computer only" in short
    told = do("link", "P-1", "P-2", "--json", "--message", "--language", "fr", "--qr", str(tmp_path / "p.png")).json
    assert (told["amount"], told["link"]["number"]) == ("200.00 USD", "P-1, P-2")
    assert told["subject"].startswith("Factures P-1, P-2 de Walkabout Tools")
    assert told["url"] in told["message"]
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert do("link", "P-1", "--message", "--yes").out.startswith("Subject: Invoice P-1 from Walkabout Tools")


def test_a_link_is_listed_shown_given_another_address_and_taken_back(shop: Shop) -> None:
    do = shop.firm.do
    made = do("link", "P-3", "--json").json
    payer(shop.click(shop.link("P-3")), method="card")
    assert "Asked about 1." in do("link", "settle").out
    (line,) = [each for each in do("link", "list", "--json").json if each["number"] == "P-3"]
    assert (line["offer"], line["state"]) == ("processing", "active")
    assert "P-3" in do("link", "list").out
    shown = do("link", "show", "P-3", "--json").json
    assert (shown["url"], len(shown["receipts"])) == (made["url"], 1)
    assert "asked by hand" in do("link", "show", "P-3").out
    moved = do("link", "rotate", "P-3", "--yes").out.strip()
    assert moved != made["url"]
    assert "taken back" in do("link", "revoke", made["link"]["link_id"], "--yes").out
    refused = shop.firm.run("link", "rotate", "P-3", "--yes")
    assert (refused.code, "revoked" in refused.err) == (2, True)


def test_rules_are_set_and_shown_and_a_slip_in_one_is_said_in_words(shop: Shop) -> None:
    do, run = shop.firm.do, shop.firm.run
    do("link", "rules", "--tolerance", "0.50", "--tolerance-percent", "0.5", "--cost", "card=2.9%+0.30")
    shown = do("link", "rules").out
    for said in ("0.50 USD", "0.5 %", "2.9%+0.30", "with their debt"):
        assert said in shown
    for wrong, said in (
        (("--cost", "card"), "METHOD=PRICE"),
        (("--cost", "card=cheap"), "not a price"),
        (("--tolerance-percent", "lots"), "not a percentage"),
        (("--methods", "shells"), "no payment method"),
        (("--methods", "card", "--customer", "Nobody"), "no customer"),
    ):
        ran = run("link", "rules", *wrong)
        assert (ran.code, said in ran.err) == (2, True), ran.err
    assert run("link", "P-1", "--partial", "some", "--yes").code == 2
    cleared = do("link", "rules", "--tolerance", "0", "--tolerance-percent", "0", "--cost", "card=none", "--json").json
    assert (cleared["tolerance"], cleared["costs"]) == (0, {})


def test_the_processors_own_address_is_made_only_after_its_risk_was_said(shop: Shop) -> None:
    ran = shop.firm.do("link", "P-2", "--hosted", "--yes")
    assert "whoever pays by it after having paid in another way pays twice" in ran.out
    assert "/c/pay/plink_" in ran.out
    told = shop.firm.do("link", "P-2", "--hosted", "--json").json
    assert told["url"] in ran.out
