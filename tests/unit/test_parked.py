"""Which writes wait for whom: nothing without a cause and a next step."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.app.calling_off import CALLED_OFF, NEVER, was_called_off
from connector.app.parked import NO_REASON, parked, refused_count
from connector.dates import instant_from_iso
from connector.model.intent import IntentKind, PostExpense
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId
from connector.money import Money, currency
from connector.store import OutboxRow, OutboxState
from tests.builders import BOOKS, PROCESSOR, ref
from tests.unit.test_threeway import DAY

SOON = instant_from_iso("2026-04-20T12:00:00Z")


def row(state: OutboxState, fault: str = "", subject: str = "expense:stripe/payment/ch_1") -> OutboxRow:
    about = ref(Kind.PAYMENT, "ch_1", PROCESSOR)
    account = ref(Kind.ACCOUNT, "1")
    return OutboxRow(
        state=state, op_id=OpId("A" * 20), company_id=CompanyId("harbor"), connection_id=BOOKS,
        kind=IntentKind.EXPENSE, subject=subject, plan_id=PlanId("plan-1"), line=3, actor=ActorId("dana"), fault=fault,
        intent=PostExpense(
            books=BOOKS, paid_from=account, account=account, on=DAY, amount=Money(378, currency("USD")), about=about,
            memo="",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "fault", "told"),
    [
        (OutboxState.DEAD, "The account is inactive.", "refused"),
        (OutboxState.DEAD, "", "refused"),
        (OutboxState.DEAD, f"{CALLED_OFF}plan-1 was undone before it was sent.", None),
        (OutboxState.UNSURE, "The answer was lost.", "unsure"),
        (OutboxState.SENDING, "", "unsure"),
        (OutboxState.READY, "It cannot be reached.", "delayed"),
        (OutboxState.READY, "", None),
        (OutboxState.DONE, "", None),
    ],
)
def test_every_write_that_is_not_done_says_why_and_what_is_next(
    state: OutboxState, fault: str, told: str | None
) -> None:
    found = parked([row(state, fault)])
    assert [each.state for each in found] == ([told] if told is not None else [])
    assert all(each.cause and each.next_step for each in found)
    assert all(each.cause == (fault or NO_REASON) for each in found if told == "refused")


def test_what_was_refused_and_stands_by_another_write_now_waits_for_nobody() -> None:
    refused, other = row(OutboxState.DEAD, "No."), row(OutboxState.DONE)
    assert refused_count([refused]) == 1
    assert refused_count([refused, other]) == 0
    assert not was_called_off(refused)


def test_a_write_that_is_never_repeated_by_itself_is_held_and_has_no_day() -> None:
    (held,) = parked([replace(row(OutboxState.UNSURE, "Undone."), not_before=NEVER)])
    assert (held.state, held.until) == ("held", None)
    assert "until you decide" in held.next_step
    (unsure,) = parked([replace(row(OutboxState.UNSURE, "Lost."), not_before=SOON)])
    assert (unsure.state, unsure.until) == ("unsure", SOON)


def test_what_was_refused_again_and_again_waits_once_with_its_last_cause_and_not_at_all_once_that_is_settled() -> None:
    first, again = row(OutboxState.DEAD, "No."), replace(row(OutboxState.DEAD, "Still no."), op_id=OpId("B" * 20))
    assert [each.cause for each in parked([first, again])] == ["Still no."]
    assert refused_count([first, replace(again, fault=f"{CALLED_OFF}dana wants it tried again.")]) == 0
    assert refused_count([first, replace(again, subject="expense:stripe/payment/ch_2")]) == 2
