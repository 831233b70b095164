"""A day in an account, as payers and banks live it: payments for what is owed, debits that settle or not, refunds,
disputes, and the payouts of the schedule."""

from __future__ import annotations

import random
from collections.abc import Sequence

from adapters.stripe.standin import disputes, moves, payouts, refunds
from adapters.stripe.standin.amounts import to_wire
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.moves import DAY_SECONDS
from adapters.stripe.standin.shapes import Document
from connector.testing.days import Owed

MISHAPS = (
    "rate-limit",
    "rate-limit-after",
    "rate-limit-bare",
    "lock-timeout",
    "server-error",
    "server-error-kept",
    "html-502",
    "html-503",
    "empty-504",
    "html-in-200",
)
"""What is over by itself; every one is a key of `failures.SHAPES`."""

PAID_MAX = 3
_DEBIT_DAYS, _DISPUTE_DAYS = 4, 6
_KEY_PERCENT, _WORDS_PERCENT, _PART_PERCENT, _DEBITS_PERCENT = 50, 92, 8, 30
_REFUSED_PERCENT, _REFUNDS_PERCENT, _DISPUTES_PERCENT, _WON_PERCENT, _BOUNCES_PERCENT = 8, 6, 2, 40, 4


class Days:
    """One account, and which invoices its payers have paid for by now."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._paid: set[str] = set()
        # What came about in these days; a world's own keep the fate it tells of.
        self._charges: list[Document] = []
        self._fights: list[Document] = []
        self._payouts: list[Document] = []

    def live(self, chance: random.Random, owed: Sequence[Owed]) -> None:
        """One day."""
        for charge in self._charges:
            if charge["status"] == "pending" and charge["created"] <= self._ledger.now() - _DEBIT_DAYS * DAY_SECONDS:
                self._settle(chance, charge)
        for _ in range(chance.randint(0, PAID_MAX)):
            wanted = [each for each in owed if each.number not in self._paid]
            if wanted:
                self._pay(chance, chance.choice(wanted))
        self._give_back(chance)
        self._fight(chance)
        self._pay_out(chance)

    def _pay(self, chance: random.Random, owed: Owed) -> None:
        self._paid.add(owed.number)
        drawn = chance.randrange(100)
        part = chance.randrange(100) < _PART_PERCENT
        debit = chance.randrange(100) < _DEBITS_PERCENT
        amount = to_wire(owed.amount)
        charge = moves.begin_sale(
            self._ledger,
            moves.Sale(
                charge_id=self._ledger.next_id("py" if debit else "ch"),
                intent_id=self._ledger.next_id("pi"),
                amount=amount // 2 if part else amount,
                currency=owed.amount.currency.lower(),
                method="us_bank_account" if debit else "card",
                created=self._ledger.now(),
                payer=owed.payer,
                description=f"Invoice {owed.number}" if _KEY_PERCENT <= drawn < _WORDS_PERCENT else None,
                metadata={"invoice_number": owed.number} if drawn < _KEY_PERCENT else {},
            ),
        )
        self._charges.append(charge)
        if not debit:
            moves.complete_sale(self._ledger, charge, at=self._ledger.now())

    def _settle(self, chance: random.Random, charge: Document) -> None:
        if chance.randrange(100) < _REFUSED_PERCENT:
            moves.fail_sale(self._ledger, charge)
        else:
            moves.complete_sale(self._ledger, charge, at=self._ledger.now())

    def _give_back(self, chance: random.Random) -> None:
        whole = self._whole()
        if whole and chance.randrange(100) < _REFUNDS_PERCENT:
            charge = chance.choice(whole)
            refunds.asked(self._ledger, charge, chance.choice((charge["amount"], charge["amount"] // 3)))

    def _fight(self, chance: random.Random) -> None:
        cards = [one for one in self._whole() if one["id"].startswith("ch_")]
        if cards and chance.randrange(100) < _DISPUTES_PERCENT:
            self._fights.append(disputes.opened(self._ledger, chance.choice(cards)))
        for fight in self._fights:
            old = fight["created"] <= self._ledger.now() - _DISPUTE_DAYS * DAY_SECONDS
            if old and fight["status"] == "needs_response":
                won = chance.randrange(100) < _WON_PERCENT
                (disputes.win if won else disputes.close)(self._ledger, fight)

    def _pay_out(self, chance: random.Random) -> None:
        """What went yesterday arrives, or comes back; what is available goes."""
        for payout in self._payouts:
            if payout["status"] == "in_transit":
                payouts.reconciled(self._ledger, payout)
                payouts.arrive(self._ledger, payout)
                if chance.randrange(100) < _BOUNCES_PERCENT:
                    payouts.fail(self._ledger, payout)
        for currency in sorted(self._ledger.unpaid):
            if sum(each["net"] for each in payouts.ready(self._ledger, currency)) > 0:
                made = payouts.scheduled(self._ledger, currency)
                self._payouts += [made] if made is not None else []

    def _whole(self) -> list[Document]:
        """The charges of which nothing was given back or taken."""
        return [
            one
            for one in self._charges
            if one["status"] == "succeeded" and not one["amount_refunded"] and not one["disputed"]
        ]
