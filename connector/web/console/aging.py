"""How old the debts are, as a picture that opens into its rows, and everything of one customer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi.responses import Response

from connector.app.linking import overview
from connector.app.payer_files import REMARKS_MAX, keep_payer_file, payer_file
from connector.collect.aging import BUCKETS, AgeBy, Credits, aging, bucket_of, days_overdue
from connector.errors import ReceivablesError, Refused, UnknownRecord, UserError
from connector.model.contact import PayerFile
from connector.model.invoice import Invoice, InvoiceState
from connector.model.money_in import PaymentState
from connector.model.person import Role
from connector.model.source import Kind, Ref, ref_from_text
from connector.money import Money, by_currency
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look
from connector.web.picture import LABELS, pictures

ROWS_MAX = 300
PAYMENTS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """One open invoice as a row. `days` past its due date, or since it was issued."""

    ref: Ref
    invoice: Invoice
    customer: Ref | None
    name: str
    days: int

    @property
    def number(self) -> str:
        return self.invoice.number or self.ref.vendor_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Titled:
    """What the picture's own template says of whose aging it is."""

    company: str
    as_of: object


def show(visit: Visit) -> Response:
    """The picture; by `?bucket=` and `?currency=` with the invoices that are in it."""
    desk, guest = visit.desk, visit.guest
    by = guest.asked("by") or AgeBy.DUE.value
    if by not in tuple(AgeBy):
        raise UserError("Aging goes by due or issue.", next_step="Choose one on the page: receivables aging")
    seen, books = guest.tools.glass.snapshot(desk), desk.books()
    result = aging(seen, books.connection_id, desk.today, AgeBy(by))
    bucket, currency = _bucket(guest.asked("bucket")), guest.asked("currency", 3)
    rows = _debts(visit, AgeBy(by))
    chosen = [
        each
        for each in rows
        if bucket_of(each.days) == bucket and (not currency or each.invoice.open.currency == currency)
    ]
    return page(
        visit,
        "aging.html",
        "Aging",
        pictures=pictures(result),
        labels=LABELS,
        proof=Titled(company=desk.company.name, as_of=result.as_of),
        by=by,
        bucket=bucket,
        currency=currency,
        label=LABELS[bucket] if bucket is not None else "",
        debts=chosen[:ROWS_MAX],
        count=len(chosen),
        sums=tuple(by_currency(each.invoice.open for each in chosen).values()),
    )


def _bucket(asked: str) -> int | None:
    return int(asked) if asked.isdecimal() and len(asked) == 1 and int(asked) < len(BUCKETS) else None


def _debts(visit: Visit, by: AgeBy, customer: Ref | None = None) -> list[Debt]:
    """The open invoices of the books, of everybody or of one customer, the oldest first."""
    seen, books = visit.guest.tools.glass.snapshot(visit.desk), visit.desk.books().connection_id
    rows = [
        Debt(
            ref=ref,
            invoice=invoice,
            customer=invoice.customer,
            name=seen.name_of(invoice.customer),
            days=days_overdue(invoice, visit.desk.today, by),
        )
        for ref, invoice in seen.invoices.items()
        if ref.connection == books and invoice.state is not InvoiceState.VOID and invoice.open
    ]
    if customer is not None:
        rows = [each for each in rows if seen.survivor(each.customer) == customer]
    return sorted(rows, key=lambda each: (-each.days, -each.invoice.open.minor, each.ref))


def customer(visit: Visit) -> Response:
    """Everything of one customer: what is owed, what was paid, what was said, and the links that were sent."""
    return _customer(visit, visit.guest.asked("ref"))


def _customer(visit: Visit, named: str, fault: ReceivablesError | None = None) -> Response:
    desk, seen = visit.desk, visit.guest.tools.glass.snapshot(visit.desk)
    wanted = ref_from_text(named)
    ref = seen.survivor(wanted) if wanted is not None and wanted.kind is Kind.CUSTOMER else None
    held = seen.customers.get(ref) if ref is not None else None
    if ref is None or held is None:
        raise UnknownRecord("There is no such customer.", next_step="Choose one: receivables aging")
    debts = _debts(visit, AgeBy.DUE, ref)
    numbers = {each.number for each in debts}
    return page(
        visit,
        "customer.html",
        held.name,
        room="aging",
        wrong=fault,
        file=_file(visit, ref) if fault is not None else payer_file(desk, ref),
        ref=ref,
        customer=held,
        debts=debts,
        sums=tuple(by_currency(each.invoice.open for each in debts).values()),
        overdue=tuple(by_currency(each.invoice.open for each in debts if each.days > 0).values()),
        credit=_credit(visit, debts),
        payments=_payments(visit, ref),
        contacts=desk.store.contacts(desk.id, customer=ref),
        links=[each for each in overview(desk) if each.number in numbers],
    )


def _file(visit: Visit, ref: Ref) -> PayerFile:
    """What the form says."""
    given = visit.guest.given
    needed = given("purchase_order", 10)
    goes_on = given("go_on", 10) == "yes"
    held = payer_file(visit.desk, ref)
    return replace(
        held,
        stopped="" if goes_on else given("stopped"),
        counts_from=visit.desk.clock.now() if goes_on else held.counts_from,
        approver=given("approver") or None,
        submit_to=given("submit_to") or None,
        purchase_order_needed={"yes": True, "no": False}.get(needed),
        pay_run_days=given("pay_run_days") or None,
        remarks=given("remarks", REMARKS_MAX),
    )


def keep(visit: Visit) -> Response:
    """Keep how this payer pays."""
    named = visit.guest.given("ref")
    ref = ref_from_text(named)
    if ref is None:
        raise UnknownRecord("There is no such customer.", next_step="Choose one: receivables aging")
    try:
        keep_payer_file(visit.desk, _file(visit, ref))
    except Refused as fault:
        return _customer(visit, named, fault)
    return visit.to("customer", ref=named, said="Kept.")


def _credit(visit: Visit, debts: list[Debt]) -> tuple[Money, ...]:
    """What the customer paid or was credited and nothing was applied to, in the currencies of what is owed."""
    held = Credits(visit.guest.tools.glass.snapshot(visit.desk))
    found = {each.invoice.open.currency: held.of(each.ref, each.invoice) for each in debts}
    return tuple(each for each in found.values() if each is not None)


def _payments(visit: Visit, customer: Ref) -> list[tuple[Ref, object]]:
    """The latest payments that the books or a processor know of them."""
    seen = visit.guest.tools.glass.snapshot(visit.desk)
    own = [
        (ref, payment)
        for ref, payment in seen.payments.items()
        if payment.is_cash and payment.state is not PaymentState.VOID and seen.survivor(payment.customer) == customer
    ]
    own.sort(key=lambda pair: (pair[1].received_on, pair[0]), reverse=True)
    return list(own[:PAYMENTS_MAX])


WAYS = (look("aging", show), look("customer", customer), act("customer", Role.PREPARE, keep))
