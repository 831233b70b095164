"""What whoever comes again is told about the last try."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.model.money_in import AttemptState
from connector.model.paylink import ReceiptState
from connector.paylinks import Setback, setback_of
from tests.unit.test_paylinks import attempt, known, receipt


def test_a_failed_try_is_told_until_another_is_begun() -> None:
    failed = attempt(AttemptState.FAILED)
    assert setback_of(known(None, failed)) is Setback.FAILED
    assert setback_of(known(None, failed, attempt(AttemptState.OFFERED, name="a-2"))) is None


@pytest.mark.parametrize(
    ("state", "told"),
    [(ReceiptState.REVERSED, Setback.RETURNED), (ReceiptState.SUCCEEDED, None), (ReceiptState.WON, None)],
)
def test_money_that_went_back_is_told_of_the_last_try_alone(state: ReceiptState, told: Setback | None) -> None:
    paid = attempt(AttemptState.SUCCEEDED)
    money = replace(known(None, paid), receipts=(receipt(state),))
    assert setback_of(money) is told
    assert setback_of(replace(money, attempts=(paid, attempt(AttemptState.OFFERED, name="a-2")))) is None


def test_where_nobody_has_tried_nothing_is_told() -> None:
    assert setback_of(known(None)) is None
