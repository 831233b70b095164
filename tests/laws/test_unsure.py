"""A write of which nobody knows whether it happened: looked up at once, repeated when its time is up, and shown."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from connector.app.standing import status
from connector.store import OutboxState
from tests.clocks import FakeClock
from tests.laws.wired_start import BOOKS, Stage
from tests.laws.wired_world import HOUR, Firm, book, carry, note

MINUTE = 60.0
NOT_BOOKED = 5
"""A seed whose world begins with nothing in the books yet, and whose first call is about an invoice of the books."""
NOTE, PAYMENT = "/attachable", "/payment"


@dataclass
class Lost:
    """A firm all of whose writes are lost on the way, and nothing else is wrong."""

    firm: Firm
    clock: FakeClock

    def weather(self, only: str) -> None:
        """What becomes of every write from now on; "" lets them through."""
        weather = self.firm.weather
        weather.over, weather.only, weather.writes, weather.reads = not only, only, 100, 0

    def asked(self, what: str) -> list[tuple[str, str]]:
        """The key and the mark of every write of that kind that was asked for."""
        calls = [call for _, call in self.firm.wires[BOOKS].calls if call.method == "POST" and call.path.endswith(what)]
        return [(call.first("requestid"), call.body.decode().partition("receivables op=")[2][:20]) for call in calls]

    def looks(self) -> int:
        """So often was anything searched for."""
        return sum("query" in call.query for _, call in self.firm.wires[BOOKS].calls)

    def after(self, seconds: float) -> None:
        """Go on so much later."""
        self.clock.pass_seconds(seconds)
        self.firm._work(carry)


@pytest.fixture
def lost(stage: Stage) -> Lost:
    firm = Firm(stage, NOT_BOOKED)
    made = Lost(firm, stage.clock)
    made.weather("never arrived")
    firm._work(note)
    firm._work(book)
    return made


@pytest.mark.req("E20")
def test_what_is_unsure_is_looked_up_and_repeated_only_after_its_settle_time_and_shown_meanwhile(lost: Lost) -> None:
    payments, notes = lost.asked(PAYMENT), lost.asked(NOTE)
    assert payments
    assert notes
    for seconds, repeated in ((5 * MINUTE, 0), (5 * MINUTE, 0), (6 * MINUTE, 1)):
        looks = lost.looks()
        lost.after(seconds)
        assert lost.looks() > looks
        assert (lost.asked(PAYMENT), lost.asked(NOTE)) == (payments, notes * (1 + repeated))
    shown = status(lost.firm.desk)
    assert shown.outbox[OutboxState.UNSURE] == len(lost.firm.rows())
    assert shown.unsure_age_seconds is not None
    assert 16 * MINUTE <= shown.unsure_age_seconds < 17 * MINUTE
    lost.after(5.5 * HOUR)
    assert lost.asked(PAYMENT) == payments
    lost.weather("")
    lost.after(0.5 * HOUR)
    assert lost.asked(PAYMENT) == payments * 2
    assert {row.state for row in lost.firm.rows() if row.kind == "payment"} == {OutboxState.DONE}


@pytest.mark.req("E20")
def test_past_twenty_hours_the_key_is_another_one_and_the_mark_is_not(lost: Lost) -> None:
    (first_key, mark), *_ = lost.asked(PAYMENT)
    for _ in range(4):
        lost.after(7 * HOUR)
    sent = [key for key, carried in lost.asked(PAYMENT) if carried == mark]
    assert {carried for key, carried in lost.asked(PAYMENT) if key.startswith(first_key)} == {mark}
    assert sent == [first_key, first_key, first_key, f"{first_key}.2", f"{first_key}.2"]
