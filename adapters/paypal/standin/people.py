"""What the account's owner, its payers, their banks and PayPal do, behind the back of whoever calls the API."""

from __future__ import annotations

from typing import TypedDict, Unpack

from adapters.paypal.standin.books import (
    DENIED,
    DONE,
    REVERSED,
    WAITING,
    Books,
    Capture,
    Dispute,
    Order,
    Refund,
    Row,
    minor,
)
from connector.dates import Instant, after
from connector.errors import UserError

LAPSE_SECONDS = 3 * 3600
FUNDS = ("balance", "echeck", "declined", "refused")
_FEE_TEN_THOUSANDTHS = 349
_FEE_FIXED = 49


class Facts(TypedDict, total=False):
    """What may be said of a payment besides its amount."""

    code: str
    note: str
    invoice_id: str
    payer: str
    at: Instant | None
    fee: int | None
    status: str
    vendor_id: str


class Said(TypedDict, total=False):
    """What may be said of a refund: the caller's own mark, and how it stands at first."""

    custom: str
    status: str


def fee_of(amount: int) -> int:
    """PayPal's price list: 3.49 % and 49 of the smallest unit."""
    return (amount * _FEE_TEN_THOUSANDTHS + 5_000) // 10_000 + _FEE_FIXED


class People:
    """Everybody but the caller, in one account."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def order(self, order_id: str) -> Order | None:
        """The order, as long as it has not lapsed."""
        found = self.books.orders.get(order_id)
        if found is None or found.captures:
            return found
        since = found.approved_at or found.at
        return None if self.books.now() >= after(since, LAPSE_SECONDS) else found

    def approve(self, order_id: str, funding: str = "balance") -> Order:
        """The payer agrees, with these funds: balance, echeck, declined (other funds may do) or refused (a capture
        that PayPal declines)."""
        found = self.order(order_id)
        if found is None or found.captures or funding not in FUNDS:
            raise UserError("Nobody can approve that order (any more).")
        found.status, found.funding, found.approved_at = "APPROVED", funding, self.books.now()
        return found

    def pay(self, amount: str, currency: str = "USD", **facts: Unpack[Facts]) -> Row:
        """Money comes in some other way than by an order of ours."""
        units = minor(amount, currency)
        fee = facts.get("fee")
        row = Row(
            id=facts.get("vendor_id") or self.books.new_id(),
            code=facts.get("code", "T0000"),
            at=facts.get("at") or self.books.now(),
            amount=units,
            currency=currency,
            fee=fee_of(units) if fee is None else fee,
            invoice_id=facts.get("invoice_id", ""),
            note=facts.get("note", ""),
            payer=facts.get("payer", ""),
        )
        return self.books.add(row, facts.get("status", DONE))

    def clear(self, payment: str) -> None:
        """An eCheck clears, a review ends well, or the owner accepts the currency."""
        self.books.change(payment, DONE)
        self._capture(payment, "COMPLETED")

    def deny(self, payment: str) -> None:
        """An eCheck bounces before it has cleared, or the owner denies it."""
        self.books.change(payment, DENIED)
        self._capture(payment, "DECLINED")

    def refund(
        self,
        payment: str,
        amount: str | None = None,
        *,
        fee_back: int = 0,
        at: Instant | None = None,
        vendor_id: str = "",
        **how: Unpack[Said],
    ) -> Refund:
        """The owner gives money back on PayPal's pages; `fee_back` is what PayPal returns of its fee."""
        paid, now = self.books.row(payment), at or self.books.now()
        units = minor(amount, paid.currency) if amount is not None else paid.amount
        found = Refund(vendor_id or self.books.new_id(), payment, units, paid.currency, now)
        found.status, found.custom = how.get("status", found.status), how.get("custom", "")
        self.books.refunds[found.id] = found
        back = Row(found.id, "T1107", now, -units, paid.currency, -fee_back, payment, "TXN", paid.invoice_id)
        back.custom = found.custom
        self.books.add(back, WAITING if found.status == "PENDING" else DONE)
        given = sum(each.amount for each in self.books.refunds.values() if each.capture == payment)
        if given >= paid.amount:
            self.books.change(payment, REVERSED, now)
        self._capture(payment, "REFUNDED" if given >= paid.amount else "PARTIALLY_REFUNDED")
        return found

    def reverse(self, payment: str, *, at: Instant | None = None) -> Row:
        """PayPal takes a payment back."""
        paid, now = self.books.row(payment), at or self.books.now()
        self.books.change(payment, REVERSED, now)
        self._capture(payment, "REFUNDED")
        back = Row(self.books.new_id(), "T1106", now, -paid.amount, paid.currency, 0, payment, "TXN", paid.invoice_id)
        return self.books.add(back)

    def charge_back(self, payment: str, *, fee: int = 0, at: Instant | None = None) -> Row:
        """The payer's card takes a payment back, and PayPal asks for a fee of its own."""
        paid, now = self.books.row(payment), at or self.books.now()
        back = self.books.add(Row(self.books.new_id(), "T1201", now, -paid.amount, paid.currency, 0, payment, "TXN"))
        if fee:
            self.books.add(Row(self.books.new_id(), "T0106", now, -fee, paid.currency, 0, payment, "TXN"))
        return back

    def withdraw(
        self, amount: str, currency: str = "USD", *, waits: bool = False, at: Instant | None = None, vendor_id: str = ""
    ) -> Row:
        """The owner sends money to the bank."""
        when = at or self.books.now()
        sent = Row(vendor_id or self.books.new_id(), "T0400", when, -minor(amount, currency), currency)
        return self.books.add(sent, WAITING if waits else DONE)

    def arrive(self, withdrawal: str) -> None:
        """A withdrawal that was under way has arrived."""
        self.books.change(withdrawal, DONE)

    def refuse(self, withdrawal: str) -> None:
        """A withdrawal under way is denied: its money is there again, and no other line says so."""
        self.books.change(withdrawal, DENIED)

    def send_back(self, withdrawal: str) -> Row:
        """The bank returns a withdrawal."""
        sent = self.books.row(withdrawal)
        self.books.change(withdrawal, REVERSED)
        back = Row(self.books.new_id(), "T1101", self.books.now(), -sent.amount, sent.currency, 0, withdrawal, "TXN")
        return self.books.add(back)

    def convert(self, amount: str, currency: str, into: str, became: str) -> tuple[Row, Row]:
        """The owner changes money: two lines, one in each currency."""
        now, first, second = self.books.now(), self.books.new_id(), self.books.new_id()
        out = self.books.add(Row(first, "T0200", now, -minor(amount, currency), currency, 0, second, "TXN"))
        self.books.held.add(into)
        return out, self.books.add(Row(second, "T0200", now, minor(became, into), into, 0, first, "TXN"))

    def line(self, code: str, amount: str, currency: str = "USD", *, of: str = "") -> Row:
        """Any other line: a fee, a hold, a correction, one of a code that nobody knows."""
        sign = -1 if amount.startswith("-") else 1
        units = sign * minor(amount.removeprefix("-"), currency)
        row = Row(self.books.new_id(), code, self.books.now(), units, currency, 0, of, "TXN" if of else "")
        return self.books.add(row)

    def complain(self, payment: str, reason: str = "UNAUTHORISED", *, amount: str | None = None) -> Dispute:
        """The payer opens a dispute."""
        paid, now = self.books.row(payment), self.books.now()
        units = minor(amount, paid.currency) if amount is not None else paid.amount
        dispute_id = f"PP-D-{self.books.new_id(6)}"
        found = Dispute(dispute_id, payment, units, paid.currency, now, now, reason)
        self.books.disputes[found.id] = found
        return found

    def settle(self, dispute: str, outcome: str) -> None:
        """PayPal decides: RESOLVED_SELLER_FAVOUR, RESOLVED_BUYER_FAVOUR, and so on."""
        found = self.books.disputes[dispute]
        found.status, found.outcome, found.updated = "RESOLVED", outcome, self.books.now()
        if outcome in ("RESOLVED_BUYER_FAVOUR", "ACCEPTED"):
            self.reverse(found.payment)

    def conduct(self, **switches: object) -> None:
        """Set what `Conduct` has."""
        for name, value in switches.items():
            if not hasattr(self.books.conduct, name):
                raise UserError(f"The double has no switch {name[:40]!r}.")
            setattr(self.books.conduct, name, value)

    def _capture(self, payment: str, status: str) -> None:
        found: Capture | None = self.books.captures.get(payment)
        if found is not None:
            found.status, found.updated = status, self.books.now()
            found.reason = ""
