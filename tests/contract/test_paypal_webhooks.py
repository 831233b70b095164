"""Asking PayPal for webhooks: one for each address, found again by what the settings say of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.paypal.hooks import EVENTS
from connector.errors import Rejected
from connector.model.intent import OpenHook
from connector.ports import HookDesk
from tests.paypal_rig import CONNECTION, Desk, key, open_desk

URL = "https://pay.harbor.example/hooks/paypal"
WEBHOOKS = "/v1/notifications/webhooks"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


def asked(url: str = URL) -> OpenHook:
    return OpenHook(connection=CONNECTION, url=url)


def test_a_webhook_is_asked_for_with_every_event_that_is_read(desk: Desk) -> None:
    adapter = desk.adapter()
    assert isinstance(adapter, HookDesk)
    opened = adapter.open_hook(asked(), key())
    (held,) = desk.books.webhooks.values()
    assert held["event_types"] == [{"name": name} for name in EVENTS]
    assert opened.settings == {"webhook_id": held["id"], "webhook_stamp": key().op_id}


def test_ours_is_known_by_the_settings_and_another_is_not_ours(desk: Desk) -> None:
    opened = desk.adapter().open_hook(asked(), key())
    desk.adapter().open_hook(asked("https://elsewhere.example/hooks/paypal"), key("SECONDSECONDSECONDSE"))
    found = {each.url: (each.stamp, each.current) for each in desk.adapter(**opened.settings).hooks()}
    assert found == {URL: (key().op_id, True), "https://elsewhere.example/hooks/paypal": (None, True)}


@pytest.mark.parametrize("fault", ["drop-after", "answer-after  gateway"])
def test_an_address_that_is_there_already_is_taken_as_it_is(desk: Desk, fault: str) -> None:
    desk.faults(f"POST  {WEBHOOKS}  1  {fault}")
    opened = desk.adapter().open_hook(asked(), key())
    assert [opened.settings["webhook_id"]] == list(desk.books.webhooks)


def test_one_that_sends_too_little_is_made_anew(desk: Desk) -> None:
    first = desk.adapter().open_hook(asked(), key())
    desk.books.webhooks[first.settings["webhook_id"]]["event_types"] = [{"name": EVENTS[0]}]
    assert not desk.adapter(**first.settings).hooks()[0].current
    second = desk.adapter(**first.settings).open_hook(asked(), key("SECONDSECONDSECONDSE"))
    assert list(desk.books.webhooks) == [second.settings["webhook_id"]] != [first.settings["webhook_id"]]


def test_closing_forgets_the_webhook_and_one_that_is_gone_is_closed(desk: Desk) -> None:
    opened = desk.adapter().open_hook(asked(), key())
    adapter = desk.adapter(**opened.settings)
    for _ in range(2):
        assert adapter.close_hook(opened.settings["webhook_id"]) == {"webhook_id": "", "webhook_stamp": ""}
    assert desk.books.webhooks == {}


def test_an_address_that_paypal_does_not_take_is_told(desk: Desk) -> None:
    desk.faults(f"POST  {WEBHOOKS}  0  status-before  400")
    with pytest.raises(Rejected):
        desk.adapter().open_hook(asked(), key())
