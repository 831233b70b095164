"""What holds for every payment link, set at the console: shown as it is, changed by an admin alone, and what it does to
invoices shown before it holds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connector.app.books import make_plan
from connector.model.intent import IntentKind
from connector.model.paylink import LinkRules
from connector.model.source import ConnectionId
from tests.unit.console_ground import MAIN, Ground, console, send, words

INPUT = re.compile(r'<input type="(?:text|hidden)"[^>]* name="([^"]+)"[^>]*? value="([^"]*)"')
RADIO = re.compile(r'<input type="radio" name="([^"]+)" value="([^"]*)" checked>')
MARK = re.compile(r'name="mark" value="(\w+)"')


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with console(tmp_path_factory.mktemp("link-rules")) as made:
        yield made


def page(ground: Ground, name: str = "dana") -> str:
    answer = ground.signed_in(name).get(f"/c/{MAIN}/links/rules")
    assert answer.status_code == 200, words(answer.text)
    return str(answer.text)


def form(ground: Ground) -> dict[str, str]:
    """What the page's first form would send as it is shown."""
    first = page(ground).partition('action="/c/main/links/rules"')[2].partition("</form>")[0]
    found = {name: html.unescape(value) for name, value in [*INPUT.findall(first), *RADIO.findall(first)]}
    return {name: value for name, value in found.items() if name != "form"}


def sent(ground: Ground, **fields: str) -> Any:
    """The form with these fields filled in otherwise, sent; and once more where it asks."""
    dana, wanted = ground.signed_in("dana"), {**form(ground), **fields}
    answer = send(dana, "links/rules", **wanted)
    mark = MARK.search(answer.text)
    return send(dana, "links/rules", **wanted, mark=mark[1]) if mark is not None else answer


def rules(ground: Ground) -> LinkRules:
    with ground.desk() as desk:
        return desk.company.links


def test_the_form_as_it_is_shown_changes_nothing_and_what_is_typed_is_stored_once(ground: Ground) -> None:
    before = rules(ground)
    assert sent(ground).status_code == 303
    assert "nothing was changed" in words(page(ground))
    assert rules(ground) == before == LinkRules()
    answer = sent(
        ground,
        **{"tolerance": "0.50", "percent": "0.5", "expire_days": "90", "price-card": "2.4% + 0.25", "place-card": "2"},
        **{"price-us_bank_account": "0.8%<=5.00", "place-us_bank_account": "1"},
    )
    assert answer.status_code == 303
    told = words(page(ground))
    assert "May be missing: 0.50 USD, and at most 0.5 %; Methods: US bank account (ACH), Card;" in told
    held = rules(ground)
    assert (held.tolerance, held.tolerance_basis_points, held.expire_days) == (50, 50, 90)
    assert held.methods == ("us_bank_account", "card")
    assert {name: (each.basis_points, each.fixed, each.most) for name, each in held.costs.items()} == {
        "card": (240, {"USD": 25}, {}),
        "us_bank_account": (80, {"USD": 0}, {"USD": 500}),
    }
    shown = form(ground)
    assert (shown["price-card"], shown["price-us_bank_account"]) == ("2.4%+0.25", "0.8%<=5.00")
    emptied = dict.fromkeys(
        ("tolerance", "percent", "expire_days", "price-card", "price-us_bank_account", "place-card"), ""
    )
    assert sent(ground, **emptied, **{"place-us_bank_account": ""}).status_code == 303
    assert rules(ground) == LinkRules()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"tolerance": "much"}, "'much' is not an amount."),
        ({"tolerance": "-1"}, "Less than nothing cannot be missing."),
        ({"percent": "a third"}, "'a third' is not a percentage."),
        ({"expire_days": "9999"}, "Links end after 1 to 3,650 days, or never."),
        ({"expire_days": "soon"}, "'soon' is no number of days."),
        ({"place-card": "first"}, "'first' is no place for card."),
        ({"price-card": "cheap"}, "'cheap' is not a price."),
        ({"price-card": "0.305"}, "An amount in USD has more than 2 decimal places."),
        ({"place-bacs_debit": "1"}, "bacs_debit cannot be offered: it is not for sellers in US"),
        ({"on_invoice": "memo", "invoice_words": "no address"}, "with {url} in it, once."),
        ({"on_invoice": "stamp"}, "There is no place 'stamp' on an invoice."),
        ({"when_paid": "perhaps"}, "A paid invoice keeps its link or loses it"),
    ],
    ids=lambda each: next(iter(each.values())) if isinstance(each, dict) else "",
)
def test_what_cannot_be_is_told_changes_nothing_and_stays_in_the_form(
    ground: Ground, fields: dict[str, str], told: str
) -> None:
    before = rules(ground)
    answer = send(ground.signed_in("dana"), "links/rules", **{**form(ground), **fields})
    assert answer.status_code in (400, 409), words(answer.text)
    assert told in words(answer.text)
    if "when_paid" not in fields and fields.get("on_invoice") != "stamp":
        assert all(html.escape(value, quote=False) in answer.text for value in fields.values())
    assert rules(ground) == before


def test_links_on_invoices_are_stored_only_after_it_was_shown_how_many_invoices_they_change(ground: Ground) -> None:
    dana = ground.signed_in("dana")
    assert send(dana, "links", invoice="W-2").status_code == 303
    wanted = {**form(ground), "on_invoice": "memo"}
    shown = send(dana, "links/rules", **wanted)
    assert shown.status_code == 200
    assert "The next plan has a line for up to 1 invoice that would show a link otherwise than now." in words(
        shown.text
    )
    assert "Links on invoices nowhere → memo" in words(shown.text)
    assert rules(ground).on_invoice == ""
    mark = MARK.search(shown.text)
    assert mark is not None
    # A yes to something else than was shown is shown again.
    assert send(dana, "links/rules", **{**wanted, "when_paid": "remove"}, mark=mark[1]).status_code == 200
    assert rules(ground).on_invoice == ""
    assert send(dana, "links/rules", **wanted, mark=mark[1]).status_code == 303
    with ground.desk() as desk:
        made = make_plan(desk)
    assert [line.kind for line in made.lines].count(IntentKind.LINK) == 1
    ground.finished(dana.post(f"/c/{MAIN}/plan/apply", data={"form": form_token(ground), "plan": made.plan_id}))
    # What stands there stays there once nobody wants it any more, and that is said before.
    assert sent(ground, expire_days="30").status_code == 303
    off = send(dana, "links/rules", **{**form(ground), "on_invoice": "off"})
    assert "1 invoice keeps the link that stands there: no plan changes it." in words(off.text)
    assert sent(ground, on_invoice="off", expire_days="").status_code == 303
    assert rules(ground) == LinkRules()


def form_token(ground: Ground) -> str:
    return str(re.search(r'name="form" value="([^"]*)"', page(ground))[1])  # type: ignore[index]


def test_methods_that_nobody_could_offer_now_are_told_before_they_are_the_only_ones(ground: Ground) -> None:
    with ground.desk() as desk:
        stripe = desk.store.connection(MAIN, ConnectionId("stripe"))
        desk.store.save_connection(replace(stripe, writes_allowed=False), desk.actor)
    try:
        shown = send(ground.signed_in("dana"), "links/rules", **{**form(ground), "place-card": "1"})
        assert "so links would show no way to pay. Card: stripe is connected read-only." in words(shown.text)
        assert rules(ground).methods == ()
    finally:
        with ground.desk() as desk:
            desk.store.save_connection(stripe, desk.actor)


def test_one_customer_is_offered_other_methods_until_an_admin_says_otherwise(ground: Ground) -> None:
    dana = ground.signed_in("dana")
    path = "links/rules/customer"
    unknown = send(dana, path, customer="Nobody Inc", **{"alone-card": "1"})
    assert unknown.status_code == 400
    assert "There is no customer 'Nobody Inc' in the books." in words(unknown.text)
    assert 'value="Nobody Inc"' in unknown.text
    assert send(dana, path, customer="Acme Bakery", **{"alone-card": "2", "alone-us_bank_account": "1"}).is_redirect
    assert "Acme Bakery : US bank account (ACH), Card" in words(page(ground))
    (ref,) = rules(ground).methods_of
    assert rules(ground).methods_of[ref] == ("us_bank_account", "card")
    assert send(dana, path, customer=ref).status_code == 303
    assert rules(ground) == LinkRules()


def test_whoever_is_no_admin_sees_the_rules_and_no_button(ground: Ground) -> None:
    for name in ("vera", "paul", "erin"):
        text = page(ground, name)
        assert "An admin may change it." in words(text)
        assert "Look what changes" not in text
