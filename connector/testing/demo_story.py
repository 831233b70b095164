"""What happens in the demo world, while it is written: charges, reversals, receipts, and the lines they become."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from connector.dates import BusinessDate
from connector.money import Money, half_up
from connector.testing.demo_debts import Debt, Fate
from connector.testing.demo_firms import EUR, JPY, USD, Buyer, Firm

_WORDS = ("invoice", "credit", "payment", "refund", "dispute", "payout", "deposit", "note", "contact")
NO_FEE = Money(0, USD)
_ACH_FEE_MAX = 5_00


@dataclass(slots=True, kw_only=True)
class Charge:
    """A Stripe payment; `names` is how it names its invoice, as fields of the notation."""

    payer: str
    on: BusinessDate
    amount: Money
    names: str = ""
    method: str = "card"
    status: str = "succeeded"
    case: str = ""
    id: str = ""

    @property
    def fee(self) -> Money:
        """What Stripe takes, by a price list of its usual kind."""
        minor, code = self.amount.minor, self.amount.currency
        if self.method == "us_bank_account":
            return Money(min(half_up(minor * 8, 1000), _ACH_FEE_MAX), code)
        return Money(half_up(minor * 29, 1000) + {USD: 30, EUR: 25, JPY: 40}[code], code)


@dataclass(slots=True, kw_only=True)
class Reversal:
    """A refund or a dispute of a charge."""

    charge: Charge
    word: str
    on: BusinessDate
    amount: Money
    rest: str = ""
    fee: Money = NO_FEE
    id: str = ""


@dataclass(slots=True, kw_only=True)
class Receipt:
    """A check or a wire in the books."""

    id: str
    on: BusinessDate
    amount: Money


@dataclass(slots=True)
class Story:
    """One firm's nine months while they are written; `lines` are sorted by day and kind at the end."""

    firm: Firm
    today: BusinessDate
    rng: random.Random
    debts: list[Debt]
    charges: list[Charge] = field(default_factory=list)
    reversals: list[Reversal] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    lines: list[tuple[BusinessDate, int, int, str]] = field(default_factory=list)
    references: set[str] = field(default_factory=set)

    def say(self, on: BusinessDate, word: str, *fields: str, case: str = "") -> None:
        """One line of the world, its empty fields left out, under the name of its case."""
        text = "  ".join((on.isoformat(), word, *(part for part in fields if part)))
        above = f"# case: {case}\n" if case else ""
        self.lines.append((on, _WORDS.index(word), len(self.lines), above + text))

    def of_case(self, case: str) -> list[Debt]:
        return [debt for debt in self.debts if debt.case == case and debt.fate is Fate.CASE]

    def receive(self, word: str, on: BusinessDate, buyer: Buyer, amount: Money, *rest: str, case: str = "") -> None:
        """A check (CHK) or a wire (WIRE) as the books record it."""
        reference = ""
        while not reference or reference in self.references:
            reference = f"{word}-{self.rng.randint(1001, 9999)}"
        self.references.add(reference)
        self.receipts.append(Receipt(id=reference, on=on, amount=amount))
        by = "by check" if word == "CHK" else "by transfer"
        self.say(on, "payment", reference, buyer.name, str(amount), by, *rest, case=case)
