"""Customers of the books that may be one: another program made a second card where it did not find the first.

Neither a name nor an address makes two customers one; both are a question for a person. It is only asked where it
matters: the one has money that settles nothing, and the other has invoices that are open.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from connector.model.finding import Finding, FindingCode
from connector.model.party import Customer
from connector.model.source import Ref
from connector.money import Currency, Money, by_currency, grouped
from connector.reconcile.debts import OWED
from connector.reconcile.polluted import living
from connector.reconcile.snapshot import Snapshot

_ADDED = re.compile(r"\s*(\([^()]*\)|-\s*\w+|\b\d{1,2})\s*$")
_PLAIN = re.compile(r"[^0-9a-z]+")


def namesakes(snapshot: Snapshot) -> Iterator[Finding]:
    """One finding per pair: the customer with the money, and the one with the invoices."""
    money, debts = _unapplied(snapshot), _owing(snapshot)
    for one, other in _alike(snapshot):
        for payer, debtor in ((one, other), (other, one)):
            common = sorted(money.get(payer, {}).keys() & debts.get(debtor, {}).keys())
            if common and payer not in debts:
                yield _told(snapshot, (payer, debtor), money[payer][common[0]], debts[debtor][common[0]])


def _alike(snapshot: Snapshot) -> Iterator[tuple[Ref, Ref]]:
    """Pairs of active customers with one address or one name, as long as neither stands above the other."""
    held = [(ref, each) for ref, each in snapshot.customers.items() if snapshot.in_books(ref) and each.active]
    seen: set[tuple[Ref, Ref]] = set()
    for key in (_name, _address):
        same: dict[str, list[Ref]] = defaultdict(list)
        for ref, each in held:
            if key(each):
                same[key(each)].append(ref)
        for refs in same.values():
            pair = (refs[0], refs[-1])
            family = {snapshot.customers[each].parent for each in pair}
            if len(refs) == len(set(pair)) and refs[0] != refs[-1] and pair not in seen and not family & set(pair):
                seen.add(pair)
                yield pair


def _name(each: Customer) -> str:
    """Without what is commonly added to a name that was taken: `Acme (Stripe)`, `Acme 2`, `ACME, Inc.`."""
    return _PLAIN.sub("", _ADDED.sub("", each.name).casefold())


def _address(each: Customer) -> str:
    return (each.email or "").strip().casefold()


def _unapplied(snapshot: Snapshot) -> dict[Ref, dict[Currency, Money]]:
    found: dict[Ref, list[Money]] = defaultdict(list)
    for _, payment in living(snapshot):
        if payment.customer is not None and payment.unapplied is not None and payment.unapplied.minor > 0:
            found[payment.customer].append(payment.unapplied)
    return {ref: by_currency(amounts) for ref, amounts in found.items()}


def _owing(snapshot: Snapshot) -> dict[Ref, dict[Currency, Money]]:
    found: dict[Ref, list[Money]] = defaultdict(list)
    for ref, invoice in snapshot.invoices.items():
        owed = snapshot.in_books(ref) and invoice.state in OWED and invoice.open.minor > 0
        if owed and invoice.customer is not None:
            found[invoice.customer].append(invoice.open)
    return {ref: by_currency(amounts) for ref, amounts in found.items()}


def _told(snapshot: Snapshot, pair: tuple[Ref, Ref], paid: Money, owed: Money) -> Finding:
    payer, debtor = (snapshot.customers[each] for each in pair)
    same = [what for what, key in (("name", _name), ("address", _address)) if key(payer) == key(debtor) != ""]
    ids = f"{pair[0].vendor_id} and {pair[1].vendor_id}"
    return Finding(
        code=FindingCode.PERHAPS_ONE_CUSTOMER,
        sentence=f"Customers {payer.name} and {debtor.name} ({ids}) have one {' and one '.join(same)}: "
        f"{grouped(paid)} of the one settles nothing, and the other owes {grouped(owed)}.",
        next_step=f"Ask whether they are one. If they are, merge them in the books: open {payer.name}, give it exactly "
        f"the name {debtor.name}, save, and say yes to merging. Then sync: its money is put to those invoices.",
        refs=pair,
        amount=paid,
    )
