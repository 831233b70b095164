"""Which invoices a payment names: by a key stored in its metadata, or by an exact number in its text.

Exact means the whole number, letter for letter but for case. A number that is almost right is no reference: numbers run
on across customers, so a slip of one digit usually names somebody else's invoice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.model.finding import Evidence, Ground
from connector.model.invoice import Invoice
from connector.model.money_in import Payment
from connector.model.source import Kind, Ref, Tag, ref_from_text

DEBT_TAG = "receivables_debt"
"""Our own key in a processor's metadata: the text of the invoice's Ref."""

REFERENCE_TAG = "creditor_reference"
"""A creditor reference (ISO 11649) that came with the money, and whose check digits fit. Behind them stand the letters
and digits of the invoice's number (`connector.remit.creditor_reference`)."""

_REFERENCE_HEAD = 4

NUMBER_TAGS = frozenset(
    {"invoice", "invoice_number", "invoice_no", "invoice_id", "receivables_invoice", "order_invoice"}
)
"""Names under which shops commonly store the invoice's number."""

_TOKEN = re.compile(r"[0-9A-Za-z]+(?:[-_./][0-9A-Za-z]+)*")
_PART = re.compile(r"[0-9A-Za-z]+(?:[-_.][0-9A-Za-z]+)*")
_DIGITS_MIN = 4
TEXT_MAX = 4_000
"""Longer remittance texts are cut before they are searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An invoice that a payment names, how strongly, and where it says so."""

    invoice: Ref
    ground: Ground
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberIndex:
    """Invoices by their number, in upper case. Numbers that stand on two invoices identify none."""

    by_number: Mapping[str, tuple[Ref, ...]]

    def only(self, number: str) -> Ref | None:
        """The one invoice with that number."""
        found = self.by_number.get(number.strip().upper(), ())
        return found[0] if len(found) == 1 else None

    def referred_to(self, reference: str) -> Ref | None:
        """The one invoice whose number a creditor reference is made of, by its letters and digits."""
        body = reference.upper()[_REFERENCE_HEAD:]
        found = {ref for number, refs in self.by_number.items() if _bare(number) == body for ref in refs}
        return found.pop() if body and len(found) == 1 else None

    def several(self, number: str) -> tuple[Ref, ...]:
        """All invoices with that number when there is more than one."""
        found = self.by_number.get(number.strip().upper(), ())
        return found if len(found) > 1 else ()


def _bare(number: str) -> str:
    return "".join(each for each in number if each.isascii() and each.isalnum())


def number_index(invoices: Iterable[tuple[Ref, Invoice]]) -> NumberIndex:
    """The index over these invoices."""
    found: dict[str, list[Ref]] = {}
    for ref, invoice in invoices:
        if invoice.number:
            found.setdefault(invoice.number.strip().upper(), []).append(ref)
    return NumberIndex(by_number={number: tuple(refs) for number, refs in found.items()})


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text that could be numbers: as written, and split at slashes. Linear in the text."""
    found: dict[str, None] = {}
    for token in _TOKEN.findall(text[:TEXT_MAX]):
        found[token] = None
        if "/" in token:
            found.update(dict.fromkeys(_PART.findall(token)))
    return tuple(found)


def numbers_in(text: str) -> tuple[str, ...]:
    """Tokens that have enough digits to be a number at all."""
    return tuple(token for token in tokens(text) if _is_number(token))


def _is_number(token: str) -> bool:
    digits = sum(character.isdigit() for character in token)
    return digits >= _DIGITS_MIN or (digits > 0 and any(character.isalpha() for character in token))


def named_by_key(
    tags: Iterable[Tag], payment: Ref, invoices: Mapping[Ref, Invoice], index: NumberIndex
) -> tuple[Named, ...]:
    """Invoices named by a stored key. A key of ours beats a shop's: when ours is there, only it counts."""
    own: dict[Ref, Named] = {}
    shops: dict[Ref, Named] = {}
    for tag in tags:
        evidence = Evidence(ref=payment, field=f"metadata.{tag.name}", says=tag.value)
        if tag.name == DEBT_TAG:
            debt = ref_from_text(tag.value)
            if debt is not None and debt.kind is Kind.INVOICE and debt in invoices:
                own[debt] = Named(invoice=debt, ground=Ground.STORED_KEY, evidence=evidence)
        elif tag.name in NUMBER_TAGS:
            only = index.only(tag.value)
            if only is not None:
                shops[only] = Named(invoice=only, ground=Ground.STORED_KEY, evidence=evidence)
        elif tag.name == REFERENCE_TAG:
            only = index.referred_to(tag.value)
            if only is not None:
                own[only] = Named(invoice=only, ground=Ground.STORED_KEY, evidence=evidence)
    return tuple((own or shops).values())


def named_in_text(payment: Payment, ref: Ref, index: NumberIndex) -> tuple[Named, ...]:
    """Invoices whose exact number stands in the payment's memo or reference."""
    found: dict[Ref, Named] = {}
    for field, text in (("reference", payment.reference), ("memo", payment.memo)):
        for token in numbers_in(text or ""):
            only = index.only(token)
            if only is not None and only not in found:
                found[only] = Named(
                    invoice=only, ground=Ground.EXACT_REFERENCE, evidence=Evidence(ref=ref, field=field, says=token)
                )
    return tuple(found.values())
