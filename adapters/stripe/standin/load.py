"""A world's Stripe side, entered into a ledger line by line in the order in which it happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from adapters.stripe.standin import moves
from adapters.stripe.standin.amounts import BANK_DEBITS, to_wire
from adapters.stripe.standin.disputes import dispute
from adapters.stripe.standin.ledger import Ledger, slug
from adapters.stripe.standin.payouts import pay_out
from adapters.stripe.standin.refunds import refund
from adapters.stripe.standin.shapes import Document, filled
from connector.clock import Clock
from connector.dates import BusinessDate, epoch_seconds, later, midnight, zone
from connector.errors import UserError
from connector.money import Money
from connector.testing.worlds import (
    PAYPAL,
    STRIPE,
    World,
    WorldCustomer,
    WorldDispute,
    WorldInvoice,
    WorldPayment,
    WorldPayout,
    WorldRefund,
)

_HOUR_SECONDS = 3600
_RETURN_DAYS = 3
_DISPUTE_STATUS = {"open": "needs_response", "won": "won", "lost": "lost"}
_PAYOUT_STATUS = {"paid": "paid", "manual": "paid", "pending": "pending", "failed": "failed"}
_NOTATION = "The notation is described in connector/testing/README.md."


def ledger_of(world: World, clock: Clock) -> Ledger:
    """The account of a world; UserError names the line that cannot be true."""
    return _Loading(world, clock).done()


class _Loading:
    """One account under construction: what of the world is already in it, and under which id."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._zone = zone(world.zone)
        self._used_seconds: dict[tuple[BusinessDate, int], int] = {}
        self._customers: dict[str, str] = {}
        self._by_name: dict[str, WorldCustomer] = {one.name: one for one in world.customers}
        self._invoices: dict[str, str] = {}
        self._paid_out: set[str] = set()
        self._ledger = Ledger(self._account(clock), clock)

    def done(self) -> Ledger:
        world = self._world
        payments = _in_order(payment for payment in world.payments if payment.system == STRIPE)
        for name in [customer.name for customer in world.customers if STRIPE in customer.systems]:
            self._customer(name)
        for invoice in [invoice for invoice in world.invoices if STRIPE in invoice.systems]:
            self._invoice(invoice)
        for payment in payments:
            self._payment(payment)
        elsewhere = {one.id for one in world.payments if one.system == PAYPAL}
        elsewhere |= {one.id for one in world.refunds if one.payment in elsewhere}
        elsewhere |= {one.id for one in world.disputes if one.payment in elsewhere}
        for back in _in_order(each for each in world.refunds if each.id not in elsewhere):
            self._refund(back)
        for fight in _in_order(each for each in world.disputes if each.id not in elsewhere):
            self._dispute(fight)
        for payment in payments:
            if payment.status == "returned":
                self._return(payment)
        for payout in _in_order(each for each in world.payouts if not elsewhere.issuperset(each.members)):
            self._payout(payout)
        return self._ledger

    def _account(self, clock: Clock) -> Document:
        world = self._world
        days = [*(one.on for one in world.invoices), *(one.on for one in world.payments)]
        began = epoch_seconds(midnight(min(days), self._zone)) if days else epoch_seconds(clock.now())
        account = filled(
            "account",
            id=world.stripe_account,
            country=world.country,
            created=began,
            default_currency=world.home.lower(),
        )
        account["business_profile"]["name"] = world.name
        account["settings"]["dashboard"].update(display_name=world.name, timezone=world.zone)
        return account

    def _moment(self, day: BusinessDate, hour: int) -> int:
        """A second of that day from that hour on, later for each line, so that the order of lines is kept."""
        used = self._used_seconds[day, hour] = self._used_seconds.get((day, hour), -1) + 1
        return epoch_seconds(midnight(day, self._zone)) + hour * _HOUR_SECONDS + used % _HOUR_SECONDS

    def _customer(self, name: str) -> str:
        """The customer's id; entered when first needed."""
        if name in self._customers:
            return self._customers[name]
        known = self._by_name.get(name)
        wish = known.systems.get(STRIPE, "") if known else ""
        vendor_id = wish or self._ledger.free_id(f"cus_{slug(name)}")
        customer = filled("customer", id=vendor_id, created=self._ledger.account["created"], name=name)
        if known:
            customer.update(email=known.email, phone=known.phone, currency=known.currency.lower())
        self._ledger.put(customer)
        self._ledger.tell("customer.created", customer, at=customer["created"])
        self._customers[name] = vendor_id
        return vendor_id

    def _invoice(self, line: WorldInvoice) -> None:
        vendor_id = line.systems[STRIPE] or self._ledger.free_id(f"in_{slug(line.number)}")
        amount, at = to_wire(line.amount), self._moment(line.on, 8)
        customer = self._ledger.get("customer", self._customer(line.customer))
        finalized = self._moment(line.sent_on, 9) if line.sent_on else at
        metadata = {"invoice_number": line.number} if len(line.systems) > 1 else {}
        notes = [note.text for note in self._world.notes if note.system == STRIPE and note.invoice == line.number]
        item = filled(
            "line_item",
            id=f"il_{moves.suffix(vendor_id)}",
            amount=amount,
            currency=line.amount.currency.lower(),
            description=f"Invoice {line.number}",
            invoice=vendor_id,
            period={"start": at, "end": at},
            subtotal=amount,
        )
        invoice = filled(
            "invoice",
            id=vendor_id,
            account_country=self._world.country,
            account_name=self._world.name,
            **dict.fromkeys(_TOTALS, amount),
            created=at,
            currency=line.amount.currency.lower(),
            customer=customer["id"],
            customer_email=line.sent_to or customer["email"],
            customer_name=customer["name"],
            due_date=self._moment(line.due, 12),
            lines={"object": "list", "data": [item], "has_more": False, "url": f"/v1/invoices/{vendor_id}/lines"},
            metadata={**metadata, **({"note": notes[-1]} if notes else {})},
            number=line.number,
            period_end=at,
            period_start=at,
            status=line.state,
        )
        if line.state != "draft":
            invoice["effective_at"] = invoice["status_transitions"]["finalized_at"] = finalized
            invoice["hosted_invoice_url"] = f"https://invoice.stripe.com/i/{self._ledger.account['id']}/{vendor_id}"
        if line.state == "void":
            invoice["status_transitions"]["voided_at"] = finalized + _HOUR_SECONDS
        self._ledger.put(invoice)
        self._tell_invoice(invoice)
        self._invoices[line.number] = vendor_id

    def _tell_invoice(self, invoice: Document) -> None:
        """The way of an invoice to the state in which it came."""
        changed = invoice["status_transitions"]
        self._ledger.tell("invoice.created", {**invoice, "status": "draft"}, at=invoice["created"])
        if invoice["status"] == "draft":
            return
        self._ledger.tell("invoice.finalized", {**invoice, "status": "open"}, at=changed["finalized_at"])
        self._ledger.tell("invoice.updated", {**invoice, "status": "open"}, at=changed["finalized_at"])
        if invoice["status"] == "void":
            self._ledger.tell("invoice.voided", invoice, at=changed["voided_at"])
        if invoice["status"] == "uncollectible":
            self._ledger.tell("invoice.marked_uncollectible", invoice, at=changed["finalized_at"])

    def _payment(self, line: WorldPayment) -> None:
        customer = self._by_name.get(line.customer)
        tail = moves.suffix(line.id)
        charge = moves.begin_sale(
            self._ledger,
            moves.Sale(
                charge_id=line.id,
                intent_id=self._ledger.free_id(f"pi_{tail}", f"pi_{line.id}"),
                amount=to_wire(line.amount),
                currency=line.amount.currency.lower(),
                method=line.method,
                created=self._moment(line.on, 10),
                customer=self._customers.get(line.customer),
                payer=line.customer,
                email=customer.email if customer else None,
                description=line.memo,
                metadata={"invoice_number": line.key} if line.key else {},
            ),
        )
        if line.status in ("succeeded", "returned"):
            settled = (to_wire(line.settled), line.settled.currency.lower()) if line.settled else None
            home = line.settled.currency if line.settled else line.amount.currency
            fee = _in_currency(line.fee, home, line.id)
            moves.complete_sale(self._ledger, charge, at=charge["created"], fee=fee, settled=settled)
        elif line.status == "failed":
            moves.fail_sale(self._ledger, charge, at=charge["created"])
        elif line.method == "card":
            moves.tell_pending(self._ledger, charge)
        for number, amount in line.applied:
            if number in self._invoices:
                self._invoice_payment(self._invoices[number], charge, to_wire(amount))

    def _invoice_payment(self, invoice_id: str, charge: Document, amount: int) -> None:
        """What links a Stripe invoice to a payment; open as long as the payment has not succeeded."""
        invoice = self._ledger.get("invoice", invoice_id)
        paid = charge["status"] == "succeeded"
        link = filled(
            "invoice_payment",
            id=self._ledger.free_id(f"inpay_{moves.suffix(charge['id'])}", f"inpay_{charge['id']}"),
            amount_paid=amount if paid else None,
            amount_requested=amount,
            created=charge["created"],
            currency=charge["currency"],
            invoice=invoice_id,
            is_default=amount == invoice["total"],
            payment={"type": "payment_intent", "payment_intent": charge["payment_intent"]},
            status="paid" if paid else "open",
            status_transitions={"canceled_at": None, "paid_at": charge["created"] if paid else None},
        )
        self._ledger.put(link)
        invoice.update(attempted=True, attempt_count=invoice["attempt_count"] + 1)
        if paid:
            sum_paid = invoice["amount_paid"] + amount
            invoice["amount_overpaid"] += max(amount - invoice["amount_remaining"], 0)
            invoice.update(amount_paid=sum_paid, amount_remaining=max(invoice["total"] - sum_paid, 0))
            if invoice["amount_remaining"] == 0:
                invoice["status"] = "paid"
                invoice["status_transitions"]["paid_at"] = charge["created"]
            self._ledger.tell("invoice_payment.paid", link, at=charge["created"])
        self._tell_attempt(invoice, charge)

    def _tell_attempt(self, invoice: Document, charge: Document) -> None:
        """A payment of an invoice: all that is said of it is said in one second."""
        at = charge["created"]
        if invoice["status"] == "paid":
            self._ledger.tell("invoice.paid", invoice, at=at)
            self._ledger.tell("invoice.payment_succeeded", invoice, at=at)
        if charge["status"] == "failed":
            self._ledger.tell("invoice.payment_failed", invoice, at=at)
        self._ledger.tell("invoice.updated", invoice, at=at)

    def _settled(self, payment: str, line: str) -> Document | None:
        """The settled charge a line is about; None when that payment is not in Stripe."""
        charge = self._ledger.find("charge", payment)
        if charge is None and all(one.id != payment for one in self._world.payments):
            raise UserError(f"{line} is about {payment}, which the world does not have.", next_step=_NOTATION)
        if charge is not None and charge["balance_transaction"] is None:
            raise UserError(f"{line} is about {payment}, which has not settled.", next_step=_NOTATION)
        return charge

    def _refund(self, line: WorldRefund) -> None:
        charge = self._settled(line.payment, line.id)
        if charge is not None:
            made = self._moment(line.on, 12)
            back = filled("refund", id=line.id, amount=to_wire(line.amount), created=made, status=line.status)
            refund(self._ledger, charge, back)

    def _dispute(self, line: WorldDispute) -> None:
        charge = self._settled(line.payment, line.id)
        if charge is None:
            return
        fight = filled(
            "dispute",
            id=line.id,
            amount=to_wire(line.amount),
            created=self._moment(line.on, 14),
            reason=line.reason,
            status=_known(_DISPUTE_STATUS, line.status, line.id),
        )
        entry = self._ledger.get("balance_transaction", charge["balance_transaction"])
        fee = _in_currency(line.fee, entry["currency"].upper(), line.id)
        dispute(self._ledger, charge, fight, fee=fee)

    def _return(self, line: WorldPayment) -> None:
        """A returned payment that no dispute line tells of: its bank took everything back three days later."""
        charge = self._ledger.get("charge", line.id)
        if charge["disputed"]:
            return
        fight = filled(
            "dispute",
            id=self._ledger.free_id(f"dp_{moves.suffix(line.id)}", f"dp_{line.id}"),
            amount=charge["amount"],
            created=self._moment(later(line.on, _RETURN_DAYS), 14),
            reason="insufficient_funds" if line.method in BANK_DEBITS else "fraudulent",
            status="lost",
        )
        dispute(self._ledger, charge, fight)

    def _payout(self, line: WorldPayout) -> None:
        at = self._moment(line.on, 18)
        members = [entry for member in line.members for entry in self._entries(member, line)]
        for entry in members:
            if entry["created"] > at or entry["currency"] != line.currency.lower():
                raise UserError(
                    f"{line.id} cannot hold {entry['source']}: it is of another currency or a later day.",
                    next_step=_NOTATION,
                )
        arrives = datetime(line.on.year, line.on.month, line.on.day, tzinfo=UTC)
        by_hand = line.status == "manual"
        payout = filled(
            "payout",
            id=line.id,
            arrival_date=int(arrives.timestamp()),
            automatic=not by_hand,
            created=at,
            currency=line.currency.lower(),
            destination=f"ba_{self._ledger.account['id'].removeprefix('acct_')}",
            reconciliation_status="not_applicable" if by_hand else _reconciled(line.status),
            status=_known(_PAYOUT_STATUS, line.status, line.id),
        )
        pay_out(self._ledger, payout, members)

    def _entries(self, member: str, line: WorldPayout) -> list[Document]:
        """What of a member is still in the balance; UserError when there is nothing."""
        entries = [one for one in self._ledger.entries_of(member) if one["id"] not in self._paid_out]
        if not entries:
            raise UserError(f"{line.id} cannot hold {member}: nothing of it is in the balance.", next_step=_NOTATION)
        self._paid_out.update(one["id"] for one in entries)
        return entries


_TOTALS = ("amount_due", "amount_remaining", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax")

_Dated = TypeVar("_Dated", WorldPayment, WorldRefund, WorldDispute, WorldPayout)


def _in_order(lines: Iterable[_Dated]) -> list[_Dated]:
    """By day; of one day, as written."""
    return sorted(lines, key=lambda line: line.on)


def _known(words: Mapping[str, str], word: str, line: str) -> str:
    if word not in words:
        raise UserError(f"{line} has the status {word!r}, which is none.", next_step=_NOTATION)
    return words[word]


def _reconciled(status: str) -> str:
    return "in_progress" if status == "pending" else "completed"


def _in_currency(fee: Money | None, code: str, line: str) -> int | None:
    """A fee as the API's integer; it must be in the currency the money settled in."""
    if fee is None:
        return None
    if fee.currency != code:
        raise UserError(f"The fee of {line} must be in {code}, in which it settled.", next_step=_NOTATION)
    return to_wire(fee)
