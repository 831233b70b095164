"""What a simulated merchant invoices, and how each invoice ends: paid in one of many ways, given up, void, never.

Also what belongs to customers rather than to payments: their credit, their cash, their names, and their going.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle

from adapters.stripe.standin import balances, cash, customers, invoicing, records
from adapters.stripe.standin import credits as notes
from adapters.stripe.standin.diary import Diary
from adapters.stripe.standin.moves import DAY_SECONDS
from adapters.stripe.standin.shapes import Document
from adapters.stripe.standin.trade import Follow, Payer, Trade
from adapters.stripe.standin.truth import Owed

_CUSTOMERS_KEPT = 12


@dataclass(slots=True, kw_only=True)
class _Case:
    """One invoice on its way."""

    payer: Payer
    invoice: Document
    owed: Owed
    charges: list[tuple[str, Document]] = field(default_factory=list)
    """Each charge that paid it, with its InvoicePayment."""

    @property
    def id(self) -> str:
        return str(self.invoice["id"])


class Billing:
    """Invoices and customers."""

    percent = 40
    """How much of the business is done by invoice."""

    def __init__(self, diary: Diary, trade: Trade) -> None:
        self._diary, self._trade = diary, trade
        self._ledger, self._truth, self._chance = diary.ledger, diary.truth, diary.chance
        self._issued = 0
        ways: tuple[tuple[Callable[[_Case], None], int], ...] = (
            (self._by_card, 34),
            (self._by_debit, 22),
            (self._in_parts, 9),
            (self._too_much, 4),
            (self._out_of_band, 6),
            (self._by_transfer, 9),
            (self._void, 4),
            (self._give_up, 4),
            (self._note_first, 5),
            (self._never, 3),
        )
        self._ways, self._weights = [way for way, _ in ways], [weight for _, weight in ways]
        self._notes = cycle(("refund", "credit", "out of band"))
        self._pays = cycle(("exactly", "too little", "too much"))

    def open_for_business(self) -> None:
        """The first customers, and what happens to customers in every week."""
        self._trade.open()
        for name, act, days in (
            ("customer", self._trade.newcomer, 4),
            ("customer changed", self._renamed, 6),
            ("credit given", self._credit, 8),
            ("customer deleted", self._delete, 11),
        ):
            self._again(name, act, days)

    def _again(self, name: str, act: Callable[[], str], days: int) -> None:
        def once() -> str:
            self._again(name, act, days)
            return act()

        self._diary.later(days * DAY_SECONDS, name, once)

    # ---- customers

    def rename(self, customer: Document, name: str) -> None:
        """A customer has another name, now."""
        customers.change(self._ledger, customer, name=name)

    def _renamed(self) -> str:
        payer = self._trade.anybody()
        self.rename(self._ledger.get("customer", payer.id), f"{payer.name} of {self._diary.done['customer changed']}")
        return payer.id

    def _credit(self) -> str:
        payer, amount = self._trade.anybody(), self._chance.randint(100, 4_000)
        balances.give(self._ledger, payer.id, amount)
        self._truth.credit[payer.id] = self._truth.credit.get(payer.id, 0) + amount
        return payer.id

    def _delete(self) -> str:
        """Somebody who owes nothing and is owed nothing is forgotten."""
        busy = {
            one.customer for one in self._truth.invoices.values() if one.status in ("draft", "open", "uncollectible")
        }
        busy |= {customer for customer, amount in self._truth.credit.items() if amount}
        busy |= {customer for (customer, _), amount in self._truth.cash.items() if amount}
        idle = [payer for payer in self._trade.payers if payer.id not in busy]
        if not idle or len(self._trade.payers) <= _CUSTOMERS_KEPT:
            return ""
        payer = self._chance.choice(idle)
        self._trade.payers.remove(payer)
        customers.delete(self._ledger, self._ledger.get("customer", payer.id))
        self._truth.deleted.add(payer.id)
        return payer.id

    # ---- invoices

    def deal(self) -> str:
        """Somebody orders and is to be invoiced: a draft first."""
        payer = self._trade.anybody()
        amount = self._trade.amount()
        self._issued += 1
        invoice = invoicing.draft(
            self._ledger,
            invoicing.Bill(customer=payer.id, amount=amount, currency=payer.currency, number=f"INV-{self._issued:05}"),
        )
        owed = Owed(customer=payer.id, currency=payer.currency, total=amount)
        self._truth.invoices[invoice["id"]] = owed
        case = _Case(payer=payer, invoice=invoice, owed=owed)
        if self._diary.happens(3):
            self._diary.later(self._diary.days(0, 3), "draft deleted", partial(self._forget, case))
        else:
            self._diary.later(self._diary.days(0, 1), "invoice", partial(self._finalize, case))
        return self._diary.did("draft", case.id)

    def _forget(self, case: _Case) -> str:
        invoicing.delete(self._ledger, case.invoice)
        del self._truth.invoices[case.id]
        self._truth.deleted.add(case.id)
        return case.id

    def _finalize(self, case: _Case) -> str:
        owed, credit = case.owed, self._truth.credit.get(case.payer.id, 0)
        owed.status = "open"
        owed.credit = max(min(credit, owed.total), 0)
        if owed.credit:
            self._truth.credit[case.payer.id] = credit - owed.credit
        owed.settle()
        invoicing.finalize(self._ledger, case.invoice)
        if owed.rest:
            [way] = self._chance.choices(self._ways, self._weights)
            way(case)
        return case.id

    def _later(self, case: _Case, name: str, act: Callable[[_Case], str], days: tuple[int, int] = (1, 35)) -> None:
        self._diary.later(self._diary.days(*days), name, partial(act, case))

    # ---- ways in which they are paid

    def _by_card(self, case: _Case) -> None:
        self._later(case, "invoice paid by card", self._card)

    def _card(self, case: _Case, amount: int = 0) -> str:
        charge = self._trade.by_card(case.payer, amount or case.owed.rest, surely=True)
        link = self._attach(case, charge["payment_intent"], charge["amount"])
        self._pay(case, link, charge)
        return case.id

    def _attach(self, case: _Case, intent_id: str, amount: int) -> Document:
        return invoicing.attach(self._ledger, case.invoice, "payment_intent", intent_id, amount)

    def _pay(self, case: _Case, link: Document, charge: Document) -> None:
        """A charge has paid its part of the invoice, now; some of what is paid is credited or taken off again."""
        self._received(case, link["amount_requested"])
        invoicing.pay(self._ledger, link)
        case.charges.append((charge["id"], link))
        if case.owed.status == "paid" and not case.owed.over:
            if self._diary.happens(6):
                self._later(case, "credit note", self._note_after, (1, 20))
            elif self._diary.happens(4):
                self._later(case, "payment detached", self._detach, (1, 20))

    def _received(self, case: _Case, amount: int, *, off_stripe: bool = False) -> None:
        """What is true of an invoice that got so much; what is too much is credit."""
        owed, over = case.owed, case.owed.over
        owed.paid += amount
        owed.off_stripe += amount if off_stripe else 0
        self._truth.credit[case.payer.id] = self._truth.credit.get(case.payer.id, 0) + owed.over - over
        owed.settle()

    def _by_debit(self, case: _Case) -> None:
        if case.payer.currency == "jpy":
            self._by_card(case)
        else:
            self._later(case, "invoice debited", self._debit)

    def _debit(self, case: _Case) -> str:
        held: list[Document] = []
        follow = Follow(
            paid=lambda charge: self._pay(case, held[0], charge),
            refused=lambda _: self._refused(case, held[0]),
            returned=lambda charge: self._came_back(case, charge),
        )
        charge = self._trade.debit(case.payer, case.owed.rest, follow)
        held.append(self._attach(case, charge["payment_intent"], charge["amount"]))
        return case.id

    def _refused(self, case: _Case, link: Document) -> None:
        """The debit failed: the customer pays by card instead, or not at all."""
        invoicing.refuse(self._ledger, link)
        self._later(case, "payment canceled", lambda _: self._canceled(case, link), (0, 2))
        if self._diary.happens(70):
            self._later(case, "invoice paid by card", self._card, (3, 20))

    def _canceled(self, case: _Case, link: Document) -> str:
        invoicing.cancel(self._ledger, link)
        return case.id

    def _came_back(self, case: _Case, charge: Document) -> None:
        """A debit was returned. The invoice stays paid, unless the merchant takes the payment off it."""
        if self._diary.happens(50):
            self._later(case, "payment detached", lambda _: self._take_off(case, charge["id"]), (0, 3))

    def _in_parts(self, case: _Case) -> None:
        self._later(case, "part paid by card", self._first_part)
        self._later(case, "rest reported", self._report, (36, 50))

    def _first_part(self, case: _Case) -> str:
        if case.owed.rest <= 1:
            return ""
        return self._card(case, self._chance.randint(1, case.owed.rest - 1))

    def _report(self, case: _Case) -> str:
        """The rest came as a cheque, and Stripe is told."""
        if case.owed.status != "open" or not case.owed.rest:
            return ""
        amount = case.owed.rest
        about = f"CHQ-{self._diary.done['rest reported'] + 1}"
        record = records.report(self._ledger, amount, case.payer.currency, customer=case.payer.id, reference=about)
        link = invoicing.attach(self._ledger, case.invoice, records.KIND, record["id"], amount)
        self._received(case, amount, off_stripe=True)
        invoicing.pay(self._ledger, link)
        return case.id

    def _too_much(self, case: _Case) -> None:
        self._later(case, "overpaid", self._overpay)

    def _overpay(self, case: _Case) -> str:
        return self._card(case, case.owed.rest + self._chance.randint(1, 2_000))

    def _out_of_band(self, case: _Case) -> None:
        self._later(case, "paid out of band", self._outside)

    def _outside(self, case: _Case) -> str:
        if case.owed.status not in ("open", "uncollectible"):
            return ""
        invoicing.pay_out_of_band(self._ledger, case.invoice)
        self._received(case, case.owed.rest, off_stripe=True)
        return case.id

    # ---- by bank transfer

    def _by_transfer(self, case: _Case) -> None:
        self._later(case, "transfer", self._transfer, (1, 20))

    def _transfer(self, case: _Case) -> str:
        """Money arrives that was sent for an invoice: exactly, too much, or too little."""
        code, rest = case.payer.currency, case.owed.rest
        intent = cash.ask(self._ledger, self._trade.by_transfer(case.payer, rest))
        link = self._attach(case, intent["id"], rest)
        amounts = {
            "exactly": rest,
            "too much": rest + self._chance.randint(1, 900),
            "too little": max(rest * 3 // 4, 1),
        }
        arrived = amounts[next(self._pays)]
        self._fund(case.payer, arrived)
        first = min(arrived, rest)
        self._held(case.payer, -first)
        self._applied(case, intent, link, first)
        if first < rest:
            if self._diary.happens(60):
                self._later(case, "transfer of the rest", lambda _: self._second(case, intent, link, rest - first))
            else:
                self._later(case, "transfer given up", lambda _: self._release(case, intent, link, first))
        elif arrived > rest:
            over = arrived - rest
            self._later(case, "cash sent back", lambda _: self._send_back(case.payer, over, code), (2, 40))
        return case.id

    def _fund(self, payer: Payer, amount: int) -> None:
        cash.fund(self._ledger, payer.id, amount, payer.currency, reference=payer.name)
        self._held(payer, amount)

    def _held(self, payer: Payer, amount: int) -> None:
        key = (payer.id, payer.currency)
        self._truth.cash[key] = self._truth.cash.get(key, 0) + amount

    def _applied(self, case: _Case, intent: Document, link: Document, amount: int) -> None:
        fee, settled = self._trade.figures(case.payer, intent["amount"])
        charge = cash.apply(self._ledger, intent, amount, fee=fee, settled=settled)
        if charge is not None:
            self._diary.charges += 1
            self._trade.arrived(charge, case.payer, fee, settled)
            self._pay(case, link, charge)

    def _second(self, case: _Case, intent: Document, link: Document, amount: int) -> str:
        self._fund(case.payer, amount)
        self._held(case.payer, -amount)
        self._applied(case, intent, link, amount)
        return case.id

    def _release(self, case: _Case, intent: Document, link: Document, amount: int) -> str:
        cash.release(self._ledger, intent)
        self._held(case.payer, amount)
        invoicing.cancel(self._ledger, link)
        self._later(case, "cash sent back", lambda _: self._send_back(case.payer, amount, case.payer.currency), (1, 9))
        return case.id

    def _send_back(self, payer: Payer, amount: int, code: str) -> str:
        cash.send_back(self._ledger, payer.id, amount, code)
        self._held(payer, -amount)
        return payer.id

    # ---- not paid, or not all of it

    def _void(self, case: _Case) -> None:
        self._later(case, "invoice void", self._voided)

    def _voided(self, case: _Case) -> str:
        credit = case.owed.credit
        invoicing.void(self._ledger, case.invoice)
        case.owed.status = "void"
        self._truth.credit[case.payer.id] = self._truth.credit.get(case.payer.id, 0) + credit
        return case.id

    def _give_up(self, case: _Case) -> None:
        self._later(case, "uncollectible", self._given_up, (40, 90))
        if self._diary.happens(40):
            self._later(case, "paid out of band", self._outside, (91, 120))

    def _given_up(self, case: _Case) -> str:
        invoicing.give_up(self._ledger, case.invoice)
        case.owed.status = "uncollectible"
        return case.id

    def _never(self, case: _Case) -> None:
        """It stays open."""

    def _note_first(self, case: _Case) -> None:
        self._later(case, "credit note", self._note_before, (1, 10))
        self._later(case, "invoice paid by card", self._card, (20, 40))

    def _note_before(self, case: _Case) -> str:
        if case.owed.rest <= 1:
            return ""
        amount = self._chance.randint(1, case.owed.rest - 1)
        note = notes.grant(self._ledger, case.invoice, amount)
        case.owed.noted += amount
        if self._diary.happens(30):
            self._later(case, "credit note void", lambda _: self._unnote(case, note), (1, 9))
        return str(note["id"])

    def _unnote(self, case: _Case, note: Document) -> str:
        notes.void(self._ledger, note)
        case.owed.noted -= note["pre_payment_amount"]
        return str(note["id"])

    def _note_after(self, case: _Case) -> str:
        """A part of what was paid is granted after all: back to the card, as credit, or otherwise."""
        charge_id, _ = case.charges[0]
        paid = self._trade.settled[charge_id]
        if paid.left <= 1 or self._truth.charges[charge_id] != "succeeded" or case.payer.id in self._truth.deleted:
            return ""
        amount = self._chance.randint(1, paid.left - 1)
        match next(self._notes):
            case "refund":
                price = self._trade.price(case.payer, amount)
                how = notes.Grant(refund=amount, refund_taken=price)
                note = notes.grant(self._ledger, case.invoice, amount, how, charge=paid.charge)
                back = self._ledger.get("refund", note["refunds"][0]["refund"])
                self._trade.took_back(back, charge_id, price)
            case "credit":
                note = notes.grant(self._ledger, case.invoice, amount, notes.Grant(credit=amount))
                self._truth.credit[case.payer.id] = self._truth.credit.get(case.payer.id, 0) + amount
            case _:
                note = notes.grant(self._ledger, case.invoice, amount, notes.Grant(out_of_band=amount))
        return str(note["id"])

    def _detach(self, case: _Case) -> str:
        return self._take_off(case, case.charges[0][0])

    def _take_off(self, case: _Case, charge_id: str) -> str:
        """A payment is taken off its invoice, which is open again."""
        link = next((one for owner, one in case.charges if owner == charge_id), None)
        if link is None or link["status"] != "paid" or case.payer.id in self._truth.deleted or case.owed.over:
            return ""
        case.owed.paid -= link["amount_paid"]
        case.owed.settle()
        invoicing.detach(self._ledger, link)
        return case.id
