"""People at work: many edits at random, the same for the same seed, while somebody else reads.

Every act is one that `Office` has. What the books refuse (an invoice that is paid cannot be lowered below that) counts
as nothing done. Time passes from edit to edit, up to two seconds in this company alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from adapters.quickbooks.standin.faults import Refusal
from adapters.quickbooks.standin.ledger import Company
from adapters.quickbooks.standin.office import Office
from adapters.quickbooks.standin.records import CREDIT_MEMO, INVOICE, PAYMENT, Customer, Invoice, Payment
from connector.money import Money, plain

ACTS: tuple[tuple[str, int], ...] = (
    ("note", 15),
    ("reprice", 12),
    ("invoice", 14),
    ("pay", 16),
    ("void invoice", 6),
    ("delete invoice", 6),
    ("void payment", 4),
    ("delete payment", 4),
    ("credit", 4),
    ("apply", 4),
    ("delete credit", 2),
    ("bank", 4),
    ("delete deposit", 2),
    ("journal", 2),
    ("delete journal", 1),
    ("customer", 2),
    ("rename", 1),
    ("deactivate", 1),
    ("merge", 1),
)
"""What people do, and how often in a hundred times."""

_NOUNS = {
    "invoice": INVOICE,
    "payment": PAYMENT,
    "credit": CREDIT_MEMO,
    "deposit": "Deposit",
    "journal": "JournalEntry",
}
_STEP_SECONDS_MAX = 2
_TRIES_MAX = 20


class Churn:
    """Edits of one company at random. `acts` may name fewer of ACTS; `wait=False` lets no time pass in between."""

    def __init__(self, office: Office, seed: int, acts: Sequence[str] = (), *, wait: bool = True) -> None:
        self._office = office
        self._company: Company = office.company
        self._chance = random.Random(seed)  # noqa: S311 - a seed, so that a failure can be repeated
        chosen = [(name, weight) for name, weight in ACTS if not acts or name in acts]
        self._names = [name for name, _ in chosen]
        self._weights = [weight for _, weight in chosen]
        self._wait = wait
        self._made = 0
        self._pools: dict[str, list[str]] = {}

    def run(self, edits: int) -> list[str]:
        """That many edits; what was done, one phrase each such as `void invoice 17`."""
        return [self.one() for _ in range(edits)]

    def one(self) -> str:
        """One edit. Tries again with another when the books refuse; "nothing" when they refuse them all."""
        if self._wait:
            self._office.wait(self._chance.randint(0, _STEP_SECONDS_MAX))
        for _ in range(_TRIES_MAX):
            [name] = self._chance.choices(self._names, self._weights)
            try:
                done = self._do(name)
            except Refusal:
                continue
            if done:
                return f"{name} {done}"
        return "nothing"

    def _do(self, name: str) -> str:
        self._made += 1
        verb, _, noun = name.partition(" ")
        entity = _NOUNS.get(noun, "")
        if entity:
            chosen = self._any(entity)
            act: Callable[[str, str], str] = self._office.void if verb == "void" else self._office.delete
            return act(entity, chosen) if chosen else ""
        acts: dict[str, Callable[[], str]] = {
            "note": self._note,
            "reprice": self._reprice,
            "invoice": lambda: self._office.invoice(self._payer(), self._amount()),
            "credit": lambda: self._office.credit(self._payer(), self._amount()),
            "journal": lambda: self._office.journal(self._payer(), self._chance.choice(("", "-")) + self._amount()),
            "pay": self._pay,
            "apply": self._apply,
            "bank": self._bank,
            "customer": lambda: self._office.customer(f"Newcomer {self._made}"),
            "rename": lambda: self._office.rename(self._payer(), f"Renamed {self._made}"),
            "deactivate": lambda: self._office.deactivate(self._payer()),
            "merge": lambda: self._office.merge(self._payer(), self._payer()),
        }
        return acts[name]()

    def _any(self, entity: str) -> str:
        """Some record of an entity, "" when there is none. The pool of ids is made anew when a fifth of it is gone."""
        shelf, pool = self._company.records[entity], self._pools.get(entity, [])
        if not pool or not len(shelf) * 4 <= len(pool) * 5 <= len(shelf) * 6:
            pool = self._pools[entity] = list(shelf)
        for _ in range(_TRIES_MAX):
            chosen = self._chance.choice(pool) if pool else ""
            if chosen in shelf:
                return chosen
        return ""

    def _payer(self) -> str:
        for _ in range(_TRIES_MAX):
            customer = self._company.find(Customer, self._any("Customer"))
            if customer is not None and customer.active:
                return customer.id
        return ""

    def _amount(self) -> str:
        return plain(Money(self._chance.randint(100, 500_000), self._company.facts.home))

    def _note(self) -> str:
        entity = self._chance.choice((INVOICE, PAYMENT))
        chosen = self._any(entity)
        return self._office.edit(entity, chosen, PrivateNote=f"Looked at {self._made}") if chosen else ""

    def _reprice(self) -> str:
        chosen = self._any(INVOICE)
        return self._office.reprice(chosen, self._amount()) if chosen else ""

    def _open(self) -> Invoice | None:
        invoice = self._company.find(Invoice, self._any(INVOICE))
        return invoice if invoice is not None and invoice.open.minor > 0 else None

    def _pay(self) -> str:
        invoice = self._open()
        if invoice is None:
            return ""
        amount = plain(Money(self._chance.randint(1, invoice.open.minor), invoice.currency))
        return self._office.pay(invoice.customer, amount, {invoice.id: amount}, reference=f"R-{self._made}")

    def _apply(self) -> str:
        invoice = self._open()
        if invoice is None:
            return ""
        amount = plain(Money(self._chance.randint(1, invoice.open.minor), invoice.currency))
        credit = self._office.credit(invoice.customer, amount)
        return self._office.apply(credit, invoice.id, amount)

    def _bank(self) -> str:
        waiting = []
        for _ in range(_TRIES_MAX):
            payment = self._company.find(Payment, self._any(PAYMENT))
            fits = payment is not None and payment.deposit is None and payment.into is None
            if payment is not None and fits and payment.total and payment.id not in waiting:
                waiting.append(payment.id)
        return self._office.bank(waiting[:3]) if waiting else ""
