"""What the demo world's Stripe accounts hold: charges, refunds, disputes and payouts."""

from __future__ import annotations

from connector.dates import BusinessDate, later
from connector.money import Currency, Money, split
from connector.testing.demo_debts import Debt, Fate, chance, part_of_credit
from connector.testing.demo_firms import EUR, JPY, USD
from connector.testing.demo_story import Charge, Reversal, Story

_DISPUTE_FEE = Money(15_00, USD)
_TUESDAY, _FRIDAY = 1, 4
_PAYOUT_DAYS = {USD: (_TUESDAY, _FRIDAY), EUR: (_FRIDAY,), JPY: (_FRIDAY,)}
_PAYOUTS_UNTIL_DAYS_AGO = 3
_DAYS_TO_SETTLE = {"card": 2, "us_bank_account": 5}
_STATUS = {"ACH pending": "pending", "ACH returned after success": "returned", "failed card attempt": "failed"}


def _named(story: Story, number: str) -> str:
    """How payers name an invoice: half of them through the key our page stored, half in words."""
    words = (f"Invoice {number}", number, f"Inv. {number} - thank you", f"Payment for {number}")
    return f"key {number}" if chance(story.rng, percent=50) else f'memo "{story.rng.choice(words)}"'


def _charges(story: Story) -> None:
    """Money that named its invoice exactly; bank debits only where they have had time to succeed."""
    for debt in (d for d in story.debts if d.fate is Fate.STRIPE):
        old_enough = (story.today - debt.paid_on).days > _DAYS_TO_SETTLE["us_bank_account"]
        debits = old_enough and debt.buyer.currency == USD and chance(story.rng, percent=35)
        charge = Charge(payer=debt.buyer.name, on=debt.paid_on, amount=debt.amount, names=_named(story, debt.number))
        charge.method = "us_bank_account" if debits else "card"
        story.charges.append(charge)
    for code, case in ((EUR, "second currency"), (JPY, "zero-decimal currency")):
        next(charge for charge in story.charges if charge.amount.currency == code).case = case


def _awkward_charges(story: Story) -> None:
    """One payment per case: what it pays, and how it names it, is the case."""
    cents = {"over-payment": 25_00, "short payment by a few dollars": -3_50}
    from_books = {"credit note applied", "check with an unapplied rest"}
    for debt in (d for d in story.debts if d.fate is Fate.CASE):
        case = debt.case
        if case.startswith("unapplied") or case in from_books:
            continue
        charge = Charge(payer=debt.buyer.name, on=debt.paid_on, amount=debt.amount, case=case)
        charge.status = _STATUS.get(case, "succeeded")
        charge.method = "us_bank_account" if case.startswith("ACH") else "card"
        if case == "partial payment":
            charge.amount = split(debt.amount, (2, 3))[0]
        charge.amount += Money(cents.get(case, 0), USD)
        if case == "payment less a credit note":
            charge.amount = debt.amount - part_of_credit(debt)
            charge.names = f'memo "Invoice {debt.number} less credit"'
        if case == "parent pays for its child":
            charge.payer = str(debt.buyer.parent)
        if case == "two equal open invoices":
            if debt is not story.of_case(case)[0]:
                continue
        elif case in ("invoice in Stripe only", "invoice in both systems"):
            # Paid on Stripe's own page: Stripe itself links the payment to its invoice.
            charge.names = f"for {debt.number} {charge.amount}"
        elif case not in ("payment without any reference", "payment less a credit note"):
            charge.names = f"key {debt.number}"
        story.charges.append(charge)


def _charge_of(story: Story, debt: Debt) -> Charge:
    return next(charge for charge in story.charges if debt.number in charge.names)


def _mistyped(story: Story) -> None:
    """A letter O for a zero; and two digits swapped, so that another customer's open invoice is named."""
    ours = [d for d in story.debts if d.fate is Fate.STRIPE and d.buyer.currency == USD]
    lettered = next(d for d in reversed(ours) if "0" in d.number)
    charge = _charge_of(story, lettered)
    charge.names, charge.case = f'memo "Invoice {lettered.number.replace("0", "O", 1)}"', "mistyped reference"
    by_number = {d.number: d for d in story.debts}
    pairs = [
        (debt, by_number[swapped])
        for debt in ours
        for swapped in (debt.number[:-2] + debt.number[-1] + debt.number[-2],)
        if debt is not lettered and swapped in by_number and _strangers(debt, by_number[swapped])
    ]
    debt, other = min(pairs, key=lambda pair: (pair[1].fate is not Fate.OPEN, pair[1].fate is Fate.BOOKS))
    charge = _charge_of(story, debt)
    charge.names = f'memo "Invoice {other.number}"'
    charge.case = "reference with swapped digits names another customer's invoice"


def _strangers(debt: Debt, other: Debt) -> bool:
    """Whether two invoices belong to customers who do not pay for one another, in one currency."""
    here, there = debt.buyer, other.buyer
    kin = {here.name, here.parent} & {there.name, there.parent} - {None}
    return not kin and here.currency == there.currency


def _reversals(story: Story) -> None:
    fates = {
        "fully refunded payment": ("refund", 4, (1, 0)),
        "partly refunded payment": ("refund", 3, (1, 3)),
        "dispute lost": ("dispute", 16, (1, 0)),
        "dispute open": ("dispute", 18, (1, 0)),
    }
    for charge in story.charges:
        if charge.case not in fates:
            continue
        word, days, weights = fates[charge.case]
        back = Reversal(charge=charge, word=word, on=later(charge.on, days), amount=split(charge.amount, weights)[0])
        if word == "dispute":
            status = charge.case.removeprefix("dispute ")
            back.fee, back.rest = _DISPUTE_FEE, f"reason fraudulent  fee {_DISPUTE_FEE}  status {status}"
        story.reversals.append(back)


def _through_stripe(story: Story) -> None:
    """Ids by date, then the lines."""
    word = story.firm.word
    for number, charge in enumerate(sorted(story.charges, key=lambda c: c.on), start=1):
        charge.id = f"{'py' if charge.method == 'us_bank_account' else 'ch'}_{word}_{number:04d}"
        taken = f"fee {charge.fee}" if charge.status in ("succeeded", "returned") else ""
        status = "" if charge.status == "succeeded" else f"status {charge.status}"
        fields = (charge.id, charge.payer, str(charge.amount), f"by {charge.method}", taken, charge.names, status)
        story.say(charge.on, "payment", *fields, case=charge.case)
    for number, back in enumerate(sorted(story.reversals, key=lambda r: r.on), start=1):
        back.id = f"{'re' if back.word == 'refund' else 'dp'}_{word}_{number:04d}"
        of = f"of {back.charge.id}"
        story.say(back.on, back.word, back.id, str(back.amount), of, back.rest, case=back.charge.case)


def _payouts(story: Story) -> None:
    """Automatic payouts of everything that had settled by then; the last days' money still rests in the balance."""
    number = 0
    for code in (USD, EUR, JPY):
        waiting = _settled(story, code)
        day = later(story.today, -90)
        while (day := later(day, 1)) <= later(story.today, -_PAYOUTS_UNTIL_DAYS_AGO):
            ready = [entry for entry in waiting if entry[0] <= day]
            if day.weekday() not in _PAYOUT_DAYS[code] or sum(net for _, _, net in ready) <= 0:
                continue
            waiting = waiting[len(ready) :]
            members = [vendor_id for _, vendor_id, _ in ready]
            number += 1
            case = "payout with a refund and a fee" if any(m.startswith("re_") for m in members) else ""
            fields = (f"po_{story.firm.word}_{number:04d}", code, "of " + ", ".join(members))
            story.say(day, "payout", *fields, case=case)


def _settled(story: Story, code: Currency) -> list[tuple[BusinessDate, str, int]]:
    """What moved the balance in one currency: the day it could be paid out, its id, its net amount.

    The returned bank debit stays out: it moves the balance twice and comes to its fee.
    """
    entries = [
        (later(c.on, _DAYS_TO_SETTLE[c.method]), c.id, (c.amount - c.fee).minor)
        for c in story.charges
        if c.status == "succeeded" and c.amount.currency == code
    ]
    entries += [
        (later(r.on, 1), r.id, -(r.amount.minor + r.fee.minor)) for r in story.reversals if r.amount.currency == code
    ]
    return sorted(entries)


def tell(story: Story) -> None:
    """Everything that went through the firm's Stripe account, after its invoices are known."""
    for step in (_charges, _awkward_charges, _mistyped, _reversals, _through_stripe, _payouts):
        step(story)
