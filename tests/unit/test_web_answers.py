"""Who waits for other systems does not keep others from looking at a page."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

from fastapi import Request

from connector.app.house import House
from connector.errors import StoreLocked
from connector.web.answers import WAITING_MAX, Links
from connector.web.turnstile import Limits
from tests.clocks import FakeClock

MANY = 60
PATIENCE_SECONDS = 30
CLICKS: ContextVar[bool] = ContextVar("CLICKS", default=False)


def request(method: str) -> Request:
    scope = {
        "type": "http",
        "method": method,
        "path": "/pay/x",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 1),
    }
    return Request(scope)


def test_a_page_is_shown_while_ever_so_many_clicks_wait_for_a_processor() -> None:
    answered = threading.Event()
    waiting = threading.Semaphore(0)

    def house() -> House:
        if CLICKS.get():
            waiting.release()
            answered.wait(PATIENCE_SECONDS)
        raise StoreLocked("The house of this test has no rooms.", next_step="Look at the answer.")

    links = Links(house, Limits(views_per_minute=1_000), FakeClock().monotonic)

    async def click() -> int:
        CLICKS.set(True)
        return (await links.act("x", request("POST"))).status_code

    async def story() -> tuple[int, int, list[int]]:
        clicks = [asyncio.create_task(click()) for _ in range(MANY)]
        for _ in range(WAITING_MAX):
            await asyncio.to_thread(waiting.acquire)
        looked = await asyncio.wait_for(links.look("x", request("GET")), PATIENCE_SECONDS)
        pending = sum(not each.done() for each in clicks)
        answered.set()
        return looked.status_code, pending, await asyncio.gather(*clicks)

    looked, pending, clicked = asyncio.run(story())
    assert (looked, pending, clicked) == (503, MANY, [503] * MANY)
