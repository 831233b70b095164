"""What moves a balance without a payment: Stripe's own fees, corrections, reserves, money the merchant adds.

Also lines of a kind nobody has heard of yet: Stripe adds categories without asking.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.stripe.standin.ledger import Booking, Ledger
from adapters.stripe.standin.moves import DAY_SECONDS

FEE_DESCRIPTION = "Billing - usage fee"
_TOPUP_DAYS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    kind: str
    category: str
    words: str
    prefix: str = ""
    days: int = 0


LINES = {
    "fee": _Line(kind="stripe_fee", category="fee", words=FEE_DESCRIPTION),
    "fx_fee": _Line(kind="stripe_fx_fee", category="fee", words="Currency conversion fee"),
    "tax_fee": _Line(kind="tax_fee", category="tax", words="Tax on processing fees"),
    "adjustment": _Line(kind="adjustment", category="other_adjustment", words="Correction of an earlier balance"),
    "reserve": _Line(kind="reserve_transaction", category="risk_reserved_funds", words="Reserve"),
    "topup": _Line(kind="topup", category="topup", words="TOPUP", prefix="tu", days=_TOPUP_DAYS),
    "topup_reversal": _Line(kind="topup_reversal", category="topup_reversal", words="TOPUP REVERSAL", prefix="tu"),
    "unknown": _Line(kind="adjustment", category="lunar_settlement", words="Something new"),
}
"""What there is, by the word for it here."""


def enter(ledger: Ledger, what: str, amount: int, currency: str, *, words: str = "") -> str:
    """Book such a line now: above zero it comes, below zero it goes. Says the transaction's id.

    No event tells of it: Stripe has none for balance transactions.
    """
    line, now = LINES[what], ledger.now()
    return ledger.book(
        Booking(
            txn_id=ledger.next_id(f"txn_{what}"),
            source=ledger.next_id(line.prefix) if line.prefix else None,
            kind=line.kind,
            category=line.category,
            amount=amount,
            currency=currency,
            created=now,
            available_on=now + line.days * DAY_SECONDS,
            description=words or line.words,
        )
    )
