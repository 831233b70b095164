"""What a simulated merchant's customers pay, and what comes of it: refunds, disputes, debits that are returned.

Every figure that moves the balance is chosen here, fees and prices in another currency too, and entered as true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle

from adapters.stripe.standin import customers, disputes, moves, refunds
from adapters.stripe.standin.diary import Diary
from adapters.stripe.standin.moves import DAY_SECONDS
from adapters.stripe.standin.returns import RETURNS
from adapters.stripe.standin.shapes import Document, filled

LAST_RETURN_DAY = 59
"""On which day after the money came an American consumer's bank still takes it back."""

READY_DAYS = 2
DISPUTE_FEE, RETURN_FEE = 1500, 400
_CUSTOMERS = 40
_AFTER_DEBITS = ("refund", "debit returned", "debit fails late", "")
_MILLION = 1_000_000
_DEBITS = {"usd": ("us_bank_account", "us_bank_account", "acss_debit"), "eur": ("sepa_debit",), "gbp": ("bacs_debit",)}
_CURRENCIES = {"usd": 50, "eur": 20, "gbp": 16, "jpy": 14}
_IN_DOLLARS = {"eur": 1_080_000, "gbp": 1_270_000, "jpy": 670_000}
"""How many millionths of a cent a cent, a penny or a yen is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """A customer; `settles` is the currency in which their money reaches the balance."""

    id: str
    name: str
    currency: str
    settles: str


@dataclass(slots=True, kw_only=True)
class Paid:
    """A charge that has settled: what is left of it to give back, and in which currency it is in the balance."""

    charge: Document
    payer: Payer
    left: int


def _nothing(charge: Document) -> None:
    """What follows for no invoice."""
    del charge


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What else is to be done in the moment in which a charge settles, is refused, or comes back."""

    paid: Callable[[Document], None] = _nothing
    refused: Callable[[Document], None] = _nothing
    returned: Callable[[Document], None] = _nothing


_NO_MORE = Follow()


class Trade:
    """Payments, and all that happens to them later."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._ledger, self._truth, self._chance = diary.ledger, diary.truth, diary.chance
        self.payers: list[Payer] = []
        self.settled: dict[str, Paid] = {}
        self._made = 0
        self._codes = {method: cycle([one.network or one.failure for one in why]) for method, why in RETURNS.items()}

    # ---- who

    def open(self) -> None:
        """The customers of the first day."""
        for _ in range(_CUSTOMERS):
            self.newcomer()

    def newcomer(self) -> str:
        """A new customer."""
        self._made += 1
        [code] = self._chance.choices(list(_CURRENCIES), list(_CURRENCIES.values()))
        name = f"Customer {self._made}"
        customer = customers.enter(self._ledger, name, email=f"ap{self._made}@customer.example", currency=code)
        settles = "usd" if code != "usd" and self._diary.happens(25) else code
        self.payers.append(Payer(id=customer["id"], name=name, currency=code, settles=settles))
        return str(customer["id"])

    def anybody(self) -> Payer:
        """Some customer who is still one."""
        return self._chance.choice(self.payers)

    def amount(self) -> int:
        """What something costs: mostly little, sometimes much."""
        small = self._chance.randint(500, 30_000)
        return small * (self._chance.randint(2, 20) if self._diary.happens(10) else 1)

    # ---- payments

    def deal(self) -> str:
        """Somebody pays for something without an invoice."""
        payer = self.anybody()
        if payer.currency in _DEBITS and self._diary.happens(20):
            self.debit(payer, self.amount())
            return self._diary.did("debit begins", payer.id)
        return self.card_payment(payer)

    def card_payment(self, payer: Payer | None = None) -> str:
        """Somebody pays by card, or cannot."""
        payer = payer or self.anybody()
        charge = self.by_card(payer, self.amount())
        name = "card payment" if charge["status"] == "succeeded" else "card declined"
        return self._diary.did(name, charge["id"])

    def by_card(self, payer: Payer, amount: int, *, surely: bool = False) -> Document:
        """A card is charged, now."""
        charge = moves.begin_sale(self._ledger, self._sale(payer, amount, "card"))
        if not surely and self._diary.happens(3):
            moves.fail_sale(self._ledger, charge)
            self._truth.charges[charge["id"]] = "failed"
        else:
            self._settle(charge, payer)
            self._aftermath(charge, _NO_MORE)
        return charge

    def debit(self, payer: Payer, amount: int, follow: Follow = _NO_MORE) -> Document:
        """A bank debit begins, now; what comes of it comes in days."""
        method = self._chance.choice(_DEBITS[payer.currency])
        charge = moves.begin_sale(self._ledger, self._sale(payer, amount, method))
        self._truth.charges[charge["id"]] = "pending"
        if self._diary.happens(8):
            self._diary.later(self._diary.days(2, 6), "debit refused", partial(self._refuse, charge, follow))
        else:
            self._diary.later(self._diary.days(3, 6), "debit settles", partial(self._debited, charge, payer, follow))
        return charge

    def by_transfer(self, payer: Payer, amount: int) -> moves.Sale:
        """What a payment from the cash balance is for."""
        return self._sale(payer, amount, "customer_balance")

    def figures(self, payer: Payer, amount: int) -> tuple[int, tuple[int, str] | None]:
        """The fee of a payment, and amount and currency in which it settles where that is another."""
        price = self.price(payer, amount)
        settled = (price, payer.settles) if payer.settles != payer.currency else None
        return price * 3 // 100 + 25, settled

    def price(self, payer: Payer, amount: int) -> int:
        """What an amount is today in the currency that customer's money settles in."""
        if payer.settles == payer.currency:
            return amount
        base = _IN_DOLLARS[payer.currency]
        today = base + self._chance.randint(-base // 50, base // 50)
        return max(amount * today // _MILLION, 1)

    def arrived(self, charge: Document, payer: Payer, fee: int, settled: tuple[int, str] | None) -> None:
        """A charge has settled with these figures, now."""
        gross, code = settled or (charge["amount"], charge["currency"])
        ready = self._ledger.now() + READY_DAYS * DAY_SECONDS
        self._truth.moved(code, charge["balance_transaction"], gross - fee, ready)
        self._truth.charges[charge["id"]] = "succeeded"
        self.settled[charge["id"]] = Paid(charge=charge, payer=payer, left=charge["amount"])

    def _sale(self, payer: Payer, amount: int, method: str) -> moves.Sale:
        self._diary.charges += method != "customer_balance"
        number = len(self._truth.charges) + 1
        return moves.Sale(
            charge_id=self._ledger.next_id("ch" if method == "card" else "py"),
            intent_id=self._ledger.next_id("pi"),
            amount=amount,
            currency=payer.currency,
            method=method,
            created=self._ledger.now(),
            customer=payer.id,
            payer=payer.name,
            description=f"Order {number}",
        )

    def _settle(self, charge: Document, payer: Payer) -> None:
        fee, settled = self.figures(payer, charge["amount"])
        moves.complete_sale(self._ledger, charge, at=self._ledger.now(), fee=fee, settled=settled)
        self.arrived(charge, payer, fee, settled)

    def _refuse(self, charge: Document, follow: Follow) -> str:
        moves.fail_sale(self._ledger, charge, code=self._code(charge))
        self._truth.charges[charge["id"]] = "failed"
        follow.refused(charge)
        return str(charge["id"])

    def _debited(self, charge: Document, payer: Payer, follow: Follow) -> str:
        self._settle(charge, payer)
        follow.paid(charge)
        self._aftermath(charge, follow)
        return str(charge["id"])

    def _code(self, charge: Document) -> str:
        """Why, each of a network's reasons in turn."""
        return next(self._codes[charge["payment_method_details"]["type"]])

    # ---- what comes later

    def _aftermath(self, charge: Document, follow: Follow) -> None:
        """At most one thing happens to a payment by itself; some come to pass only if nothing came before."""
        by_card = charge["payment_method_details"]["type"] == "card"
        names, weights = (("refund", "dispute", ""), (6, 2, 92)) if by_card else (_AFTER_DEBITS, (3, 4, 2, 91))
        [name] = self._chance.choices(names, weights)
        days = {"refund": (0, 25), "dispute": (1, 60), "debit fails late": (1, 9)}
        acts: dict[str, Callable[[], str]] = {
            "refund": partial(self._refund, charge["id"]),
            "dispute": partial(self._dispute, charge["id"]),
            "debit returned": partial(self._return, charge["id"], follow),
            "debit fails late": partial(self._late, charge["id"], follow),
        }
        if name == "debit returned":
            self._diary.later(LAST_RETURN_DAY * DAY_SECONDS, name, acts[name])
        elif name:
            self._diary.later(self._diary.days(*days[name]), name, acts[name])

    def _refund(self, charge_id: str) -> str:
        paid = self.settled[charge_id]
        if not paid.left or self._truth.charges[charge_id] != "succeeded":
            return ""
        amount = paid.left if paid.left <= 1 or self._diary.happens(40) else self._chance.randint(1, paid.left - 1)
        waits = "requires_action" if paid.payer.currency == "usd" else "pending"
        [status] = self._chance.choices(("succeeded", "pending", waits), (70, 20, 10))
        back = self.give_back(charge_id, amount, status)
        return str(back["id"])

    def give_back(self, charge_id: str, amount: int, status: str = "succeeded") -> Document:
        """A refund of a part of a charge, now; sometimes it fails later, and what waits ends one way or the other."""
        paid = self.settled[charge_id]
        paid.left -= amount
        price = self.price(paid.payer, amount)
        back = refunds.asked(self._ledger, paid.charge, amount, status=status, taken=price)
        self._truth.refunds[back["id"]] = status
        if status == "succeeded":
            self._left(back, price)
        elif self._diary.happens(30):
            name, end = ("refund fails", "failed") if status == "pending" else ("refund canceled", "canceled")
            self._diary.later(self._diary.days(2, 12), name, partial(self._undo, back, end))
        else:
            self._diary.later(self._diary.days(1, 9), "refund succeeds", partial(self._go_through, back))
        return back

    def took_back(self, back: Document, charge_id: str, price: int) -> None:
        """A refund was made by somebody else (a credit note), now, and took that much out of the balance."""
        self.settled[charge_id].left -= back["amount"]
        self._truth.refunds[back["id"]] = "succeeded"
        self._left(back, price)

    def _left(self, back: Document, price: int) -> None:
        """A refund's money has left; one in ten comes back later."""
        code = self.settled[back["charge"]].payer.settles
        self._truth.moved(code, f"txn_{back['id']}", -price, self._ledger.now())
        if self._diary.happens(10):
            self._diary.later(self._diary.days(2, 12), "refund fails", partial(self._bounce, back, price))

    def _go_through(self, back: Document) -> str:
        price = self.price(self.settled[back["charge"]].payer, back["amount"])
        refunds.succeed(self._ledger, back, taken=price)
        self._truth.refunds[back["id"]] = "succeeded"
        self._left(back, price)
        return str(back["id"])

    def _undo(self, back: Document, end: str) -> str:
        if end == "failed":
            refunds.fail(self._ledger, back)
        else:
            refunds.cancel(self._ledger, back)
        self._truth.refunds[back["id"]] = end
        self.settled[back["charge"]].left += back["amount"]
        return str(back["id"])

    def _bounce(self, back: Document, price: int) -> str:
        refunds.fail(self._ledger, back)
        paid = self.settled[back["charge"]]
        paid.left += back["amount"]
        self._truth.refunds[back["id"]] = "failed"
        self._truth.moved(paid.payer.settles, f"txn_{back['id']}_failed", price, self._ledger.now())
        return str(back["id"])

    def _is_whole(self, charge_id: str) -> bool:
        """Whether nothing has been taken off a payment, and nothing is being."""
        paid = self.settled[charge_id]
        return paid.left == paid.charge["amount"] and self._truth.charges[charge_id] == "succeeded"

    def _dispute(self, charge_id: str) -> str:
        if not self._is_whole(charge_id):
            return ""
        paid = self.settled[charge_id]
        if self._diary.happens(15):
            return self._inquiry(paid)
        price = self.price(paid.payer, paid.charge["amount"])
        reason = self._chance.choice(("fraudulent", "product_not_received", "duplicate", "credit_not_processed"))
        fight = disputes.opened(self._ledger, paid.charge, reason, fee=DISPUTE_FEE, taken=price)
        code = paid.payer.settles
        self._truth.moved(code, f"txn_{fight['id']}", -price - DISPUTE_FEE, self._ledger.now())
        self._truth.charges[charge_id] = "disputed"
        self._diary.later(self._diary.days(1, 6), "evidence", partial(self._respond, fight))
        if self._diary.happens(45):
            self._diary.later(self._diary.days(8, 40), "dispute won", partial(self._win, fight, price))
        else:
            self._diary.later(self._diary.days(8, 40), "dispute lost", partial(self._close, fight))
        return str(fight["id"])

    def _inquiry(self, paid: Paid) -> str:
        """A bank only asks; no money moves."""
        fight = filled(
            "dispute",
            id=self._ledger.next_id("dp"),
            amount=paid.charge["amount"],
            created=self._ledger.now(),
            reason="unrecognized",
            status="warning_needs_response",
        )
        disputes.dispute(self._ledger, paid.charge, fight)
        self._truth.charges[paid.charge["id"]] = "disputed"
        self._diary.later(self._diary.days(2, 20), "inquiry closed", partial(self._close, fight))
        return str(fight["id"])

    def _respond(self, fight: Document) -> str:
        disputes.respond(self._ledger, fight)
        return str(fight["id"])

    def _win(self, fight: Document, price: int) -> str:
        txn_id = disputes.win(self._ledger, fight)
        self._truth.moved(self.settled[fight["charge"]].payer.settles, txn_id, price, self._ledger.now())
        self._truth.charges[fight["charge"]] = "reinstated"
        return str(fight["id"])

    def _close(self, fight: Document) -> str:
        disputes.close(self._ledger, fight)
        return str(fight["id"])

    def _return(self, charge_id: str, follow: Follow) -> str:
        if not self._is_whole(charge_id):
            return ""
        paid = self.settled[charge_id]
        price = self.price(paid.payer, paid.charge["amount"])
        code = self._code(paid.charge)
        fight = disputes.come_back(self._ledger, paid.charge, code, fee=RETURN_FEE, taken=price)
        self._truth.moved(paid.payer.settles, f"txn_{fight['id']}", -price - RETURN_FEE, self._ledger.now())
        self._truth.charges[charge_id] = "returned"
        follow.returned(paid.charge)
        return str(fight["id"])

    def _late(self, charge_id: str, follow: Follow) -> str:
        if not self._is_whole(charge_id):
            return ""
        paid = self.settled[charge_id]
        price = self.price(paid.payer, paid.charge["amount"])
        now = self._ledger.now()
        txn_id = moves.fail_late(self._ledger, paid.charge, at=now, code=self._code(paid.charge), taken=price)
        self._truth.moved(paid.payer.settles, txn_id, -price, now)
        self._truth.charges[charge_id] = "failed"
        follow.returned(paid.charge)
        return charge_id
