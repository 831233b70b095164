"""What stands below another object's address: a customer's two balances, the lines of a note, an invoice or a link.

Also the writes of Payment Links and refunds. `api` asks here before it looks among the plain collections.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.stripe.standin import cash, expansion, form, links, listing, refunds
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import missing
from adapters.stripe.standin.resources import BELOW_CUSTOMER, EXPAND, PAGING, RESOURCES
from adapters.stripe.standin.shapes import Document

_LINES = {"credit_notes": "credit_note", "invoices": "invoice"}


def read(ledger: Ledger, parts: tuple[str, ...], given: Mapping[str, Any], origin: str) -> Document | None:
    """The answer to such an address; None for one that is no such."""
    match parts:
        case ("customers", customer_id, "cash_balance"):
            form.read(given, EXPAND)
            return cash.balance(_living(ledger, customer_id))
        case ("customers", customer_id, ("balance_transactions" | "cash_balance_transactions") as name):
            return _entries(ledger, customer_id, name, given, origin)
        case ("customers", customer_id, ("balance_transactions" | "cash_balance_transactions") as name, entry_id):
            params = form.read(given, EXPAND)
            resource = BELOW_CUSTOMER[name]
            entry = ledger.find(resource.kind, entry_id)
            if entry is None or entry["customer"] != customer_id:
                raise missing(resource.noun, entry_id)
            return _shown(ledger, entry, params, origin)
        case (("credit_notes" | "invoices") as name, vendor_id, "lines"):
            params = form.read(given, PAGING)
            holder = ledger.find(_LINES[name], vendor_id)
            if holder is None:
                raise missing(RESOURCES[name].noun, vendor_id)
            return _first_lines(holder["lines"]["data"], f"/v1/{'/'.join(parts)}", params)
        case ("payment_links", link_id, "line_items"):
            params = form.read(given, PAGING)
            return _first_lines(_link(ledger, link_id)["_lines"], f"/v1/{'/'.join(parts)}", params)
    return None


def write(
    ledger: Ledger, parts: tuple[str, ...], given: Mapping[str, Any], origin: str
) -> Callable[[], Document] | None:
    """The work of a write at such an address, its parameters read; None for one that is no such."""
    match parts:
        case ("payment_links",):
            params = form.read(given, links.CREATE)
            return lambda: _shown(ledger, links.create(ledger, params), params, origin)
        case ("payment_links", link_id):
            params = form.read(given, links.CHANGE)
            link = _link(ledger, link_id)
            metadata = form.merge_metadata(link["metadata"], params.get("metadata", {}))
            return lambda: _shown(ledger, links.change(ledger, link, params, metadata), params, origin)
        case ("refunds",):
            params = form.read(given, refunds.CREATE)
            charge = refunds.charge_of(ledger, params)
            return lambda: _shown(ledger, refunds.wanted(ledger, charge, params), params, origin)
    return None


def _living(ledger: Ledger, customer_id: str) -> Document:
    customer = ledger.find("customer", customer_id)
    if customer is None or customer.get("deleted"):
        raise missing("customer", customer_id)
    return customer


def _link(ledger: Ledger, link_id: str) -> Document:
    link = ledger.find(links.KIND, link_id)
    if link is None:
        raise missing("payment link", link_id)
    return link


def _entries(ledger: Ledger, customer_id: str, name: str, given: Mapping[str, Any], origin: str) -> Document:
    """A page of one of a customer's balances."""
    _living(ledger, customer_id)
    resource = BELOW_CUSTOMER[name]
    filters = {one: rule for one, rule in resource.filters.items() if one != "customer"}
    params = form.read(given, {**filters, **PAGING})
    stored, more = listing.page(ledger, resource, {**params, "customer": customer_id})
    shown = [expansion.served(ledger, one, origin) for one in stored]
    answer = expansion.listed(shown, f"/v1/customers/{customer_id}/{name}", more=more)
    return expansion.expand(ledger, answer, params.get("expand", []), origin)


def _first_lines(lines: list[Document], url: str, params: Mapping[str, Any]) -> Document:
    """A page of lines; what has lines here has few."""
    start = next((place for place, one in enumerate(lines, 1) if one["id"] == params.get("starting_after")), 0)
    limit = listing.limit_of(params)
    return expansion.listed(lines[start : start + limit], url, more=len(lines) > start + limit)


def _shown(ledger: Ledger, stored: Document, params: Mapping[str, Any], origin: str) -> Document:
    served = expansion.served(ledger, stored, origin)
    return expansion.expand(ledger, served, params.get("expand", []), origin)
