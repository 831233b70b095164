"""Any life of an account, read at any time, by late reports, from processes that die: the mirror is the truth."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from adapters.paypal.standin.books import DENIED, DONE, REVERSED, WAITING, Row
from connector.model.money_in import Payment, PaymentState
from connector.model.settlement import Payout, PayoutState
from connector.model.source import Kind
from tests.paypal_rig import Desk, open_desk, ties

ACTS = 40
HOURS = (0.2, 1, 5, 30, 24 * 6, 24 * 50)
DAYS_MAX = 170
"""A payment can be refunded for 180 days."""


class Life:
    """What a seed makes of an account. Chargebacks and disputes are left to tests of their own."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk = desk
        self.dice = random.Random(seed)  # noqa: S311 - a test's own dice
        self.paid: list[Row] = []
        self.sent: list[Row] = []
        desk.people.conduct(
            late_seconds=self.dice.choice((0, 3600, 10_800)), lines_max=self.dice.choice((5, 9, 10_000))
        )

    def act(self) -> None:
        """Something happens, and some time goes by."""
        acts: list[Callable[[], object]] = [self.pay, self.pay, self.pay, self.refund, self.reverse, self.clear]
        acts += [self.withdraw, self.arrive, self.other]
        self.dice.choice(acts)()
        self.desk.pass_hours(self.dice.choice(HOURS))

    def pay(self) -> None:
        status = self.dice.choice((DONE, DONE, DONE, WAITING))
        amount = f"{self.dice.randrange(5, 500)}.{self.dice.randrange(100):02d}"
        self.paid.append(self.desk.people.pay(amount, status=status))

    def refund(self) -> None:
        open_ones = [row for row in self.young(self.paid, DONE) if self.left(row) > 1]
        if open_ones:
            row = self.dice.choice(open_ones)
            minor = self.dice.choice((self.left(row), self.dice.randrange(1, self.left(row))))
            self.desk.people.refund(row.id, f"{minor // 100}.{minor % 100:02d}", fee_back=self.dice.choice((0, 7)))

    def reverse(self) -> None:
        open_ones = [row for row in self.young(self.paid, DONE) if self.left(row) == row.amount]
        if open_ones:
            self.desk.people.reverse(self.dice.choice(open_ones).id)

    def clear(self) -> None:
        waiting = self.young(self.paid, WAITING)
        if waiting:
            self.dice.choice((self.desk.people.clear, self.desk.people.deny))(self.dice.choice(waiting).id)

    def withdraw(self) -> None:
        self.sent.append(self.desk.people.withdraw("10.00", waits=self.dice.random() < 0.5))

    def arrive(self) -> None:
        under_way = self.young(self.sent, WAITING)
        there = self.young(self.sent, DONE)
        if under_way:
            self.dice.choice((self.desk.people.arrive, self.desk.people.refuse))(self.dice.choice(under_way).id)
        elif there:
            self.desk.people.send_back(self.dice.choice(there).id)

    def other(self) -> None:
        code, amount = self.dice.choice((("T0106", "-0.30"), ("T2101", "-1.00"), ("T2102", "1.00"), ("T0300", "5.00")))
        self.desk.people.line(code, amount)

    def young(self, rows: list[Row], letter: str) -> list[Row]:
        """Those of that letter to which something may still happen."""
        now = self.desk.clock.now()
        return [row for row in rows if self.letter(row) == letter and (now - row.at).days < DAYS_MAX]

    def letter(self, row: Row) -> str:
        return row.status(self.desk.clock.now())

    def left(self, row: Row) -> int:
        given = (each.amount for each in self.desk.books.refunds.values() if each.capture == row.id)
        return row.amount - sum(given)

    def is_back(self, row: Row) -> bool:
        return any(each.of == row.id and each.code == "T1106" for each in self.desk.books.rows)

    def state(self, row: Row) -> PaymentState:
        """Where a payment stands, by all that happened."""
        if self.letter(row) in (WAITING, DENIED):
            return PaymentState.PENDING if self.letter(row) == WAITING else PaymentState.FAILED
        if self.is_back(row):
            return PaymentState.RETURNED
        return PaymentState.SUCCEEDED if self.left(row) else PaymentState.REFUNDED


PAYOUTS = {
    WAITING: PayoutState.PENDING,
    DONE: PayoutState.PAID,
    DENIED: PayoutState.FAILED,
    REVERSED: PayoutState.FAILED,
}


def lived(seed: int) -> None:
    with open_desk(by_the_files=False) as desk:
        life = Life(desk, seed)
        for _ in range(ACTS):
            life.act()
            if life.dice.random() < 0.4:  # read now and then, and sometimes killed on the way
                desk.read(pages_max=life.dice.choice((1, 2, 3, 10_000)))
        desk.pass_hours(48)
        while desk.cursor is None or '"phase":"rest"' not in desk.cursor:
            desk.read(pages_max=life.dice.choice((1, 2, 10_000)))
        desk.read()
        assert ties(desk)
        payments = desk.mirror.of(Kind.PAYMENT)
        for row in life.paid:
            read = payments[row.id]
            assert isinstance(read, Payment)
            assert read.refunded is not None
            assert (read.state, read.refunded.minor) == (life.state(row), row.amount - life.left(row))
        for row in life.sent:
            sent = desk.mirror.of(Kind.PAYOUT)[row.id]
            assert isinstance(sent, Payout)
            assert sent.state is PAYOUTS[life.letter(row)]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happened_the_mirror_is_what_the_account_is(seed: int) -> None:
    lived(seed)


@pytest.mark.gate
@pytest.mark.parametrize("seed", range(100, 130))
def test_whatever_happened_in_many_lives_the_mirror_is_what_the_account_is(seed: int) -> None:
    lived(seed)
