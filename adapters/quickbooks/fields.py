"""What stands in a field of Intuit's, as the house's own values; a field that cannot be read names its record. Pure."""

from __future__ import annotations

from decimal import Decimal

from adapters.quickbooks import wire
from connector.dates import BusinessDate, Instant, business_date, instant_from_iso
from connector.errors import MalformedAnswer, UnknownCurrency, UserError
from connector.money import DIGITS, Currency, Money, MoneyError, currency, from_decimal, half_up, zero


def at_home(row: wire.Transaction, money: Money, home: Currency) -> Money | None:
    """An amount in the company's own currency, by the record's own rate and rounded once; None where it has none."""
    if row.exchange_rate is None or money.currency == home:
        return None
    above, below = row.exchange_rate.as_integer_ratio()
    scaled = money.minor * above * 10 ** DIGITS[home]
    return Money(half_up(scaled, below * 10 ** DIGITS[money.currency]), home)


def currency_of(row: wire.Entity, reference: wire.Reference | None, otherwise: Currency) -> Currency:
    """The currency a record names, `otherwise` where it names none."""
    if reference is None:
        return otherwise
    try:
        return currency(reference.value)
    except UnknownCurrency:
        raise UnknownCurrency(reference.value, of=_called(row)) from None


def money_of(row: wire.Entity, amount: Decimal | None, code: Currency) -> Money:
    """An amount; MalformedAnswer when there is none, or it is finer than the currency."""
    if amount is None:
        raise odd(row, "amount")
    if not amount:
        return zero(code)
    try:
        return from_decimal(amount, code)
    except MoneyError:
        raise odd(row, f"amount in {code}") from None


def day_of(row: wire.Entity, text: str | None) -> BusinessDate:
    """A day of the company's."""
    try:
        return business_date(text or "")
    except UserError:
        raise odd(row, "date") from None


def instant_of(row: wire.Entity, text: str | None) -> Instant | None:
    """A moment, None where the field is empty."""
    if not text:
        return None
    try:
        return instant_from_iso(text)
    except UserError:
        raise odd(row, "time") from None


def _called(row: wire.Entity) -> str:
    return f"{type(row).__name__} {row.id}"


def odd(row: wire.Entity, what: str) -> MalformedAnswer:
    """The error for a field that cannot be read."""
    return MalformedAnswer(
        f"QuickBooks sent {_called(row)} without a {what} that can be read.",
        next_step="Look at that record in QuickBooks; nothing of it was kept.",
        system=wire.SYSTEM,
    )
