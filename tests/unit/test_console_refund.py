"""Money given back from the console: a plan first, by whoever may prepare; written by whoever may approve."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from connector.web.console.steps import linked
from tests.unit.console_ground import MAIN, Ground, console, send, words


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with console(tmp_path_factory.mktemp("refund")) as made:
        yield made


def test_a_refund_is_planned_where_the_payment_is_looked_at_and_given_back_by_the_plan(ground: Ground) -> None:
    paul, payment = ground.signed_in("paul"), "stripe/payment/ch_walk_3"
    page = words(paul.get(f"/c/{MAIN}/review/one?payment={payment}").text)
    assert "Give it back The way it came, to whoever paid" in page
    assert "Give it back" not in words(ground.signed_in("vera").get(f"/c/{MAIN}/review/one?payment={payment}").text)
    much = send(paul, "review/refund", payment=payment, amount="9999")
    assert much.status_code in (400, 409)
    assert "Give it back" in words(much.text), "the page again, with why not"
    planned = send(paul, "review/refund", payment=payment, amount="20.00")
    assert planned.status_code == 303, words(planned.text)
    address = planned.headers["location"]
    told = words(paul.get(address).text)
    assert "Nothing was given back yet" in told
    assert "20.00 USD" in told
    plan = re.search(r"id=([\w-]+)", address)
    assert plan is not None
    said = ground.finished(send(ground.signed_in("erin"), "plan/apply", plan=plan[1]), "erin")
    assert "1 written and read back" in said


def test_a_next_step_that_names_a_refund_leads_to_the_payment() -> None:
    told = linked("Give it back: receivables refund ch_walk_3", MAIN)
    assert str(told) == f'Give it back: <a href="/c/{MAIN}/review/one?payment=ch_walk_3">ch_walk_3</a>'
