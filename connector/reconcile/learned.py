"""Who pays for whom, as far as payments have taught it: a sign under which money comes, and the customer it was for.

Nothing is stored but what people said: facts follow from their decisions and from the payments that the books hold by
our hand, so they can always be shown with what they were learned from. A person's word about a processor's customer is
enough; a mere name must be seen twice; and one payment that says otherwise makes it no fact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from connector.model.money_in import Payment
from connector.model.ruling import Fact, FactSource, Ruling, RulingKind
from connector.model.source import Kind, Ref
from connector.reconcile.booked import posted_payments
from connector.reconcile.payer import Payers
from connector.reconcile.rulings import in_force
from connector.reconcile.snapshot import Snapshot

PAYER_TAG = "payer_account"
"""The name under which a payment carries a hash of the account that paid it, where a bank tells that account."""

POINTS_MIN = 2
"""Two payments, or one word of a person about a processor's customer."""


def sign_of(ref: Ref, payment: Payment) -> str:
    """Under which sign money comes: the processor's customer, else the connection with the payer's account or, where
    none is told, the payer's name; "" without."""
    if payment.customer is not None:
        return str(payment.customer)
    account = next((tag.value for tag in payment.tags if tag.name == PAYER_TAG), "")
    if account:
        return f"{ref.connection}/account/{account}"
    name = " ".join((payment.payer or "").casefold().split())
    return f"{ref.connection}/payer/{name}" if name else ""


def facts(snapshot: Snapshot, payers: Payers) -> dict[str, Fact]:
    """Each sign that says who pays, where neither an e-mail address nor a name says it already."""
    told: dict[str, dict[Ref, tuple[Ref, int, bool]]] = defaultdict(dict)
    forgotten = {each.sign: each.at for each in snapshot.forgotten}
    for about, held in posted_payments(snapshot).items():
        payment, posted = snapshot.payments.get(about), snapshot.payments[held]
        sign = sign_of(about, payment) if payment is not None else ""
        customer = snapshot.survivor(posted.customer)
        if sign and customer is not None and sign not in forgotten:
            told[sign][about] = customer, 1, False
    for ruling in in_force(snapshot.rulings).decided.values():
        payment = snapshot.payments.get(ruling.payment)
        sign = sign_of(ruling.payment, payment) if payment is not None else ""
        customer = _customer_of(snapshot, ruling)
        late = sign in forgotten and ruling.at <= forgotten[sign]
        if payment is not None and sign and customer is not None and not late and ruling.kind is RulingKind.HUMAN:
            told[sign][ruling.payment] = customer, POINTS_MIN if payment.customer is not None else 1, True
    found = (
        (sign, _fact(sign, seen, payers))
        for sign, seen in sorted(told.items())
        if not _is_known(snapshot, payers, seen)
    )
    return {sign: fact for sign, fact in found if fact is not None}


def _fact(sign: str, seen: Mapping[Ref, tuple[Ref, int, bool]], payers: Payers) -> Fact | None:
    groups = {payers.group(customer) for customer, _, _ in seen.values()}
    if len(groups) != 1 or sum(points for _, points, _ in seen.values()) < POINTS_MIN:
        return None
    customers = {customer for customer, _, _ in seen.values()}
    top = groups.pop()
    customer = customers.pop() if len(customers) == 1 or top is None else top
    by_person = any(person for _, _, person in seen.values())
    return Fact(
        fact_id=short_id(sign),
        sign=sign,
        customer=customer,
        source=FactSource.PERSON if by_person else FactSource.PAYMENTS,
        payments=tuple(sorted(seen)),
    )


def _is_known(snapshot: Snapshot, payers: Payers, seen: Mapping[Ref, tuple[Ref, int, bool]]) -> bool:
    """Whether an e-mail address or an exact name says already who it is."""
    return any(payers.of(snapshot.payments[payment]) is not None for payment in seen)


def _customer_of(snapshot: Snapshot, ruling: Ruling) -> Ref | None:
    """Whose invoices a decision settles, where they are one customer's."""
    found = {
        snapshot.survivor(invoice.customer)
        for each in ruling.allocations
        if each.target.kind is Kind.INVOICE and (invoice := snapshot.invoices.get(each.target)) is not None
    }
    return found.pop() if len(found) == 1 else None


def short_id(sign: str) -> str:
    """A name for a fact that can be typed: the same for the same sign, on every computer."""
    number = 0
    for letter in sign:
        number = (number * 1_000_003 + ord(letter)) % (1 << 40)
    return f"f-{number:010x}"
