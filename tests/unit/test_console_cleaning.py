"""A past period looked at at the console, in the books and in files that somebody sends; and the plan that follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from connector.app.books import stored_plan, sync_all
from connector.app.looking import looked_last
from connector.plan.clean_up import PREFIX
from connector.web.console.bank import safe
from tests.unit.console_ground import MAIN, Ground, console, form_of, send, words

POLLUTED = Path(__file__).parents[1] / "journeys" / "worlds" / "polluted.world"
EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports"


def paid(ground: Ground, who: str, amount: float, into: str, memo: str) -> None:
    """What somebody else did in the books."""
    customers = {each["DisplayName"]: each["Id"] for each in ground.firm.books("Customer")}
    accounts = {each["Name"]: each["Id"] for each in ground.firm.books("Account")}
    ground.firm.in_books(
        "Payment",
        {
            "CustomerRef": {"value": customers[who]},
            "TotalAmt": amount,
            "TxnDate": "2026-01-15",
            "DepositToAccountRef": {"value": accounts[into]},
            "PrivateNote": memo,
        },
    )


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with console(tmp_path_factory.mktemp("clean"), POLLUTED.read_text(encoding="utf-8")) as made:
        paid(made, "Cedar Crafts", 410.00, "Checking", "for P-4 <b>")
        paid(made, "Acme Bakery", 120.00, "Stripe Clearing", "charge ch_pol_1")
        with made.desk() as desk:
            sync_all(desk, lambda *_: None)
        yield made


def page(ground: Ground, name: str = "dana") -> str:
    answer = ground.signed_in(name).get(f"/c/{MAIN}/clean-up")
    assert answer.status_code == 200
    return str(answer.text)


def files_sent(browser: TestClient, *paths: Path, called: str = "", **fields: str) -> Any:
    parts = [("files", (called or each.name, each.read_bytes(), "application/octet-stream")) for each in paths]
    form = form_of(browser.get(f"/c/{MAIN}/clean-up").text)
    return browser.post(f"/c/{MAIN}/clean-up/files", data={"form": form, **fields}, files=parts)


def test_a_period_is_looked_at_in_the_background_and_what_was_found_stands_there_in_tables(ground: Ground) -> None:
    assert "No period was looked at yet" in words(page(ground))
    paul = ground.signed_in("paul")
    with ground.house() as house:
        before, heard = house.store.head(MAIN), len(ground.firm.heard)
    told = ground.finished(send(paul, "clean-up", start="2026-01-01", end="2026-03-31"), "paul")
    assert "things in 2026-01-01 to 2026-03-31 need a look" in told
    assert "See what was found" in told
    with ground.house() as house:
        assert (house.store.head(MAIN), len(ground.firm.heard)) == (before, heard), "nothing is written, nobody asked"
    shown = words(page(ground, "vera"))
    assert "Jan 1, 2026 to Mar 31, 2026" in shown
    assert "Settles nothing, and could" in shown
    assert "410.00 USD" in shown
    assert "&lt;b&gt;" not in page(ground), "what other people wrote into memos is not repeated"
    with ground.desk() as desk:
        found = looked_last(desk)
        assert found is not None
        assert found.count == len(found.rows)
        for row in found.rows:
            assert row.sentence in shown
    assert "Plan the clean-up" not in words(page(ground, "vera"))
    later = ground.finished(send(paul, "clean-up", start="2026-02-01", end="2026-03-31"), "paul")
    assert "2026-02-01 to 2026-03-31" in later
    assert "410.00 USD" not in words(page(ground)), "the look before has given way"


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"start": "2026-03-01", "end": "2026-02-01"}, "before it begins"),
        ({"start": "yesterday"}, "yesterday"),
    ],
)
def test_a_period_that_is_none_is_refused_before_any_work_begins(
    ground: Ground, days: dict[str, str], said: str
) -> None:
    answer = send(ground.signed_in("paul"), "clean-up", **days)
    assert answer.status_code == 400
    assert said in words(answer.text)


def test_what_is_ours_to_put_right_becomes_a_plan_that_is_looked_at_like_any_other(ground: Ground) -> None:
    paul = ground.signed_in("paul")
    told = ground.finished(send(paul, "clean-up/plan", start="2026-01-01", end="2026-03-31"), "paul")
    made = re.search(rf"{PREFIX}\w{{8}}", told)
    assert made is not None, told
    with ground.desk() as desk:
        plan = stored_plan(desk, made[0])
        assert plan.made_by == "paul"
        assert plan.left_out, "what other hands wrote is for a person"
    wrong = send(paul, "clean-up/plan", start="", end="", wrong="nobody-wrote-this")
    assert "is no entry of ours" in ground.finished(wrong, "paul")


@pytest.mark.gate
def test_files_are_looked_at_at_once_and_say_what_they_cannot_show(ground: Ground) -> None:
    paul = ground.signed_in("paul")
    sent = [each for each in sorted(EXPORTS.iterdir()) if each.is_file()]
    with ground.house() as house:
        before = house.store.head(MAIN)
    answer = files_sent(paul, *sent, currency="usd", end="2026-11-30")
    assert answer.status_code == 200, words(answer.text)
    shown = words(answer.text)
    for payment in ("ch_1LV002", "ch_1LV003", "ch_1LV005"):
        assert f"Payment {payment} of " in shown
    assert "cannot be told from them" in shown
    for each in sent:
        assert safe(each.name) in shown
    with ground.house() as house:
        assert house.store.head(MAIN) == before
    twins = words(files_sent(paul, *sent, called="export.csv", currency="usd", end="2026-11-30").text)
    assert "2-export.csv" in twins, "two of one name are both looked at"
    assert "Payment ch_1LV002 of " in twins
    for refused, said in (
        (files_sent(paul, POLLUTED), "No file in what you sent tells what customers owe"),
        (files_sent(paul), "No file was chosen"),
        (files_sent(paul, *sent, dates="ymd"), "is no order of dates"),
        (files_sent(paul, *sent, start="2026-12-01", end="2026-11-30"), "before it begins"),
    ):
        assert refused.status_code in (400, 200)
        assert said in words(refused.text), words(refused.text)
