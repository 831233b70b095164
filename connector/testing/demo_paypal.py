"""What the demo world's PayPal accounts hold: payments with their fees, one on its way, and a withdrawal."""

from __future__ import annotations

from connector.dates import later
from connector.money import Money, half_up
from connector.testing.demo_debts import Fate, workday
from connector.testing.demo_firms import USD
from connector.testing.demo_story import Story

_WITHDRAWN_DAYS_AGO = 12


def fee_of(amount: Money) -> Money:
    """By PayPal's list for invoices: 3.49 % and 0.49."""
    return Money(half_up(amount.minor * 349, 10_000) + 49, amount.currency)


def tell(story: Story) -> None:
    """Everything that went through the firm's PayPal account. What is older was moved to the bank."""
    debts = sorted((debt for debt in story.debts if debt.fate is Fate.PAYPAL), key=lambda debt: debt.paid_on)
    day, withdrawn = workday(later(story.today, -_WITHDRAWN_DAYS_AGO)), []
    for number, debt in enumerate(debts, start=1):
        own, waits = f"pp_{story.firm.word}_{number:04d}", debt is debts[-1]
        case = "payment by PayPal" if number == 1 else "PayPal eCheck on its way" if waits else ""
        rest = "status pending" if waits else f"fee {fee_of(debt.amount)}"
        fields = (own, debt.buyer.name, str(debt.amount), "by paypal", rest, f"key {debt.number}", "in paypal")
        story.say(debt.paid_on, "payment", *fields, case=case)
        if debt.paid_on < day and not waits:
            withdrawn.append(own)
    of = "of " + ", ".join(withdrawn)
    story.say(day, "payout", f"po_pp_{story.firm.word}_0001", USD, of, case="withdrawal from PayPal")
