"""Small differences: which rests of invoices are to be written off, by a person's word or by the company's rule, and
why one may not be.

Only what the books show as paid in part is a rest: while the payment is not there, nothing is known to be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connector.model.allocation import Shortfall
from connector.model.finding import Decision
from connector.model.firm import WriteOffs
from connector.model.invoice import InvoiceState
from connector.model.party import Account, AccountRole
from connector.model.ruling import Ruling, RulingKind
from connector.model.source import Ref
from connector.money import Money, grouped, total
from connector.reconcile.rulings import number_of
from connector.reconcile.short import HeldBack, held_back, last_words
from connector.reconcile.snapshot import Snapshot

CONCEDED = frozenset({Shortfall.ROUNDING, Shortfall.BANK_CHARGE, Shortfall.DISCOUNT})
"""Reasons that a person may give and the rule still writes the rest off: all others say that it is still owed."""

HOW = "receivables rules --write-off-account NAME --write-off-max '1.00 USD'"


class Rest(NamedTuple):
    """What is left of an invoice and is to be written off; `word` is the person's, None where the rule says so."""

    held: HeldBack
    word: Ruling | None


class Why(NamedTuple):
    """Why something is not written off, and what to do about it."""

    sentence: str
    next_step: str


def rests(snapshot: Snapshot) -> Iterator[Rest]:
    """Every rest in the books that a person or the rule wants written off, whether it may be or not."""
    said, rule = last_words(snapshot.rulings), snapshot.rules.write_offs
    if not rule.automatic and all(word.kind is not RulingKind.WRITE_OFF for word in said.values()):
        return  # as in most companies, and what is held back takes long to tell
    for held in held_back(snapshot):
        word = said.get(held.invoice)
        if word is not None and word.kind is RulingKind.WRITE_OFF:
            yield Rest(held, word)
        elif word is None and rule.automatic and _by_rule(held, rule):
            yield Rest(held, None)


def _by_rule(held: HeldBack, rule: WriteOffs) -> bool:
    cap = rule.cap(held.left.currency)
    return cap is not None and held.left <= cap and (held.by is None or held.reason in CONCEDED)


def waiting(snapshot: Snapshot) -> Iterator[tuple[Ref, Ruling]]:
    """Invoices whose rest a person wants written off, and whose payment is not in the books yet."""
    said = {target: word for target, word in last_words(snapshot.rulings).items() if word.kind is RulingKind.WRITE_OFF}
    known = {held.invoice for held in held_back(snapshot)} if said else set()
    for target, word in said.items():
        invoice = snapshot.invoices.get(target)
        is_open = invoice is not None and invoice.state is InvoiceState.OPEN and invoice.open.minor > 0
        if is_open and target not in known:
            yield target, word


def left_by(snapshot: Snapshot, wanted: Ref, decisions: Iterable[Decision]) -> tuple[HeldBack, ...]:
    """What a payment leaves open, or what is left open of an invoice."""
    return tuple(held for held in held_back(snapshot, decisions) if wanted in (held.payment, held.invoice))


def against(snapshot: Snapshot, left: Money, number: str, word: Ruling | None = None) -> Why | None:
    """Why that rest may not be written off as the rule stands; None where it may."""
    rule = snapshot.rules.write_offs
    cap, why = rule.cap(left.currency), unfit(snapshot, rule.account)
    if cap is None:
        return Why(f"Nothing in {left.currency} is written off in this company", f"Say how much may be: {HOW}")
    if why is not None:
        return why
    if left > cap:
        return Why(
            f"{grouped(left)} of {number} is more than the {grouped(cap)} that may be written off of one invoice",
            "Ask the customer for it; or raise the largest amount: receivables rules --write-off-max",
        )
    said = total((share.amount for share in word.allocations), left.currency) if word is not None else left
    if word is not None and said != left:
        return Why(
            f"{word.by} wrote off {grouped(said)} of {number}, and {grouped(left)} of it is open now",
            f"Say it again: receivables review short {number} --write-off",
        )
    return None


def unfit(snapshot: Snapshot, account: Ref | None) -> Why | None:
    """Why nothing can be written off to that account."""
    held: Account | None = snapshot.accounts.get(account) if account is not None else None
    if held is None:
        gone = "is not in the books any more" if account is not None else "is not chosen yet"
        return Why(f"The account for small differences {gone}", "Choose one: receivables rules --write-off-account")
    if not held.active or held.role is not AccountRole.EXPENSE:
        what = "is no expense account" if held.active else "is inactive"
        return Why(f"{held.name} {what}", "Choose another: receivables rules --write-off-account")
    return None


def called(snapshot: Snapshot, invoice: Ref) -> str:
    """The invoice with its customer."""
    return f"{number_of(snapshot, invoice)} ({snapshot.name_of(snapshot.invoices[invoice].customer)})"
