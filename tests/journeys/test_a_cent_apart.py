"""Books that hold another amount than was posted, by a cent: both are told, and nothing is said to be done."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connector.model.intent import PostPayment
from connector.store import OutboxState
from tests.builders import money
from tests.journeys.firm import KILLED, Firm


def people(firm: Firm, act: Callable[[Any], object]) -> None:
    """What happens in the books, behind our back."""
    double = firm.doubles["quickbooks"]
    double.behind(lambda: act(double.stand_in.office()))  # type: ignore[attr-defined]


@pytest.mark.req("F41")
def test_what_the_books_make_of_an_amount_is_marked_and_both_amounts_are_told(firm: Firm) -> None:
    firm.do("plan")
    assert firm.run("apply", "--yes", crash_at="post.sent:1").code == KILLED
    (posted,) = firm.marked("Payment", "PrivateNote")
    more = Decimal(posted["TotalAmt"]) + Decimal("0.01")
    people(firm, lambda office: office.edit("Payment", posted["Id"], TotalAmt=more))
    assert Decimal(posted["TotalAmt"]) == Decimal(120)
    ran = firm.run("apply", "--yes")
    told = " ".join(ran.out.replace("\u2502", " ").split())
    assert "was acknowledged with 120.01 USD, and" in told
    assert "120.00 USD was asked for" in told
    assert "1 refused" in told
    with firm.desk() as desk:
        (refused,) = desk.store.outbox(desk.id, states=(OutboxState.DEAD,))
        done = desk.store.outbox(desk.id, states=(OutboxState.DONE,))
    assert isinstance(refused.intent, PostPayment)
    assert refused.intent.total == money("120.00")
    assert "120.01 USD, and 120.00 USD" in refused.fault
    assert refused.op_id not in {row.op_id for row in done}
