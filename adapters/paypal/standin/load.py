"""A world's PayPal side, entered line by line in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from adapters.paypal.amounts import TAKEN
from adapters.paypal.standin.books import DENIED, DONE, WAITING, Books, code_of, minor
from adapters.paypal.standin.people import People
from connector.clock import Clock
from connector.dates import BusinessDate, Instant, after, later, midnight, zone
from connector.errors import UserError
from connector.money import Money, plain
from connector.testing.worlds import PAYPAL, World, WorldDispute, WorldPayment, WorldPayout, WorldRefund

_LETTERS = {"succeeded": DONE, "pending": WAITING, "failed": DENIED, "returned": DONE}
_RETURN_DAYS = 3
_HOUR_SECONDS = 3600


class _Dated(Protocol):
    @property
    def on(self) -> BusinessDate: ...


T = TypeVar("T", bound=_Dated)


def account_of(world: World) -> str:
    """The account's number: thirteen of PayPal's letters, the same ones for the same world."""
    return world.paypal_account or code_of(f"account {world.name}", 13)


def books_of(world: World, clock: Clock) -> Books:
    """The account of a world; UserError for a line that cannot be true."""
    return _Loading(world, clock).done()


class _Loading:
    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._zone = zone(world.zone)
        self._used: dict[BusinessDate, int] = {}
        held = {world.home, *(one.amount.currency for one in world.payments if one.system == PAYPAL)}
        self._books = Books(
            name=world.name,
            account=account_of(world),
            primary=world.home,
            clock=clock,
            held={str(code) for code in held},
            opened=clock.now(),
        )
        self._people = People(self._books)
        self._ids: dict[str, str] = {}

    def done(self) -> Books:
        mine = [one for one in self._world.payments if one.system == PAYPAL]
        for payment in _in_order(mine):
            self._payment(payment)
        for refund in _in_order(one for one in self._world.refunds if one.payment in self._ids):
            self._refund(refund)
        for fight in _in_order(one for one in self._world.disputes if one.payment in self._ids):
            self._dispute(fight)
        for payment in mine:
            if payment.status == "returned":
                self._people.reverse(self._ids[payment.id], at=self._at(later(payment.on, _RETURN_DAYS)))
        for payout in _in_order(one for one in self._world.payouts if any(each in self._ids for each in one.members)):
            self._payout(payout)
        return self._books

    def _at(self, day: BusinessDate) -> Instant:
        """A moment of that day from nine o'clock on, later for each line."""
        used = self._used[day] = self._used.get(day, -1) + 1
        return after(midnight(day, self._zone), 9 * _HOUR_SECONDS + used)

    def _payment(self, line: WorldPayment) -> None:
        if line.amount.currency not in TAKEN or line.status not in _LETTERS:
            raise UserError(f"The payment {line.id} of the world cannot be one at PayPal.")
        row = self._people.pay(
            _text(line.amount),
            line.amount.currency,
            code="T0006",
            note=line.memo or "",
            invoice_id=line.key or "",
            payer=line.customer,
            at=self._at(line.on),
            fee=minor(_text(line.fee), line.fee.currency) if line.fee is not None else None,
            status=_LETTERS[line.status],
            vendor_id=code_of(f"{self._books.account} {line.id}", 17),
        )
        self._ids[line.id] = row.id

    def _refund(self, line: WorldRefund) -> None:
        own = code_of(f"{self._books.account} {line.id}", 17)
        self._people.refund(self._ids[line.payment], _text(line.amount), at=self._at(line.on), vendor_id=own)
        self._ids[line.id] = own

    def _dispute(self, line: WorldDispute) -> None:
        found = self._people.complain(self._ids[line.payment], line.reason.upper(), amount=_text(line.amount))
        found.at = found.updated = self._at(line.on)
        if line.status == "lost":
            found.status, found.outcome = "RESOLVED", "RESOLVED_BUYER_FAVOUR"
            self._people.reverse(found.payment, at=found.at)
        if line.status == "won":
            found.status, found.outcome = "RESOLVED", "RESOLVED_SELLER_FAVOUR"

    def _payout(self, line: WorldPayout) -> None:
        """A withdrawal of what its members left in the account."""
        members = [self._ids[each] for each in line.members if each in self._ids]
        whole = sum(row.amount - row.fee for row in self._books.rows if row.id in members)
        own = code_of(f"{self._books.account} {line.id}", 17)
        text = plain(Money(whole, line.currency))
        sent = self._people.withdraw(
            text, line.currency, at=self._at(line.on), waits=line.status == "pending", vendor_id=own
        )
        if line.status == "failed":
            self._people.send_back(sent.id)
        self._ids[line.id] = own


def _in_order(lines: Iterable[T]) -> list[T]:
    return sorted(lines, key=lambda line: line.on)


def _text(amount: Money) -> str:
    """Major units as PayPal's own people would type them."""
    whole = plain(amount)
    return whole.partition(".")[0] if TAKEN.get(amount.currency) == 0 else whole
