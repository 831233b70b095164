"""What is served of a stored object: it as it stands now, with the objects it points to put in where asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adapters.stripe.standin import cash
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.resources import BY_KIND
from adapters.stripe.standin.shapes import Document

LEVELS_MAX = 4
_OF_MANY_KINDS = ("balance_transaction", "source")
_WITH_LINES = {"checkout.session": "/v1/checkout/sessions", "payment_link": "/v1/payment_links"}


def served(ledger: Ledger, stored: Document, origin: str) -> Document:
    """A copy without the double's own fields, with what follows from the hour; `origin` is our address."""
    return dressed(ledger, {name: _copied(one) for name, one in stored.items() if name[0] != "_"}, origin)


def dressed(ledger: Ledger, document: Document, origin: str) -> Document:
    """The same, of a copy that is nobody else's."""
    match document["object"]:
        case "balance_transaction":
            document["status"] = "available" if document["available_on"] <= ledger.now() else "pending"
        case "dispute":
            entries = document["balance_transactions"]
            found = [ledger.get("balance_transaction", entry) for entry in entries]
            document["balance_transactions"] = [served(ledger, one, origin) for one in found]
        case "checkout.session" | "payment_link" if document["url"]:
            document["url"] = origin + document["url"]
    return document


def _copied(value: Any) -> Any:
    """A copy of what JSON can hold; several times faster than `deepcopy`, and most of the work of an answer."""
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def expand(ledger: Ledger, document: Document, paths: Iterable[str], origin: str) -> Document:
    """The document with each path expanded; Refusal (400) for a path too long or one that leads nowhere."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > LEVELS_MAX:
            raise Refusal(f"You cannot expand more than {LEVELS_MAX} levels of a property. Property: {path}")
        _expand(ledger, [document], steps, origin)
    return document


def _expand(ledger: Ledger, documents: list[Document], steps: list[str], origin: str, *, sure: bool = True) -> None:
    """Not `sure` where objects of several kinds stand in one place: there a path need not fit each of them."""
    if not steps:
        return
    for document in documents:
        if not sure and not _is_link(document, steps):
            continue
        if document["object"] == "list":
            if steps[0] != "data":
                raise _not_expandable(steps[0])
            _expand(ledger, document["data"], steps[1:], origin)
            continue
        used, inner = _step(ledger, document, steps, origin)
        _expand(ledger, inner, steps[used:], origin, sure=(document["object"], steps[0]) != _OF_MANY_KINDS)


def _is_link(document: Document, steps: list[str]) -> bool:
    resource = BY_KIND[document["object"]]
    return steps[0] in resource.links or ".".join(steps[:2]) in resource.links or steps[0] in resource.lists


def _step(ledger: Ledger, document: Document, steps: list[str], origin: str) -> tuple[int, list[Document]]:
    """Expand the first of the steps; says how many it took and which objects stand there now."""
    if document["object"] == "balance" or document["object"] not in BY_KIND:
        raise _not_expandable(steps[0])
    resource = BY_KIND[document["object"]]
    name = steps[0]
    if name in resource.lists or (resource.kind in _WITH_LINES and name == "line_items"):
        if name not in document:
            document[name] = _inner_list(ledger, document, name, origin)
        return 1, [document[name]]
    if resource.kind == "dispute" and name == "balance_transactions":
        return 1, document[name]
    if resource.kind == "customer" and name == "cash_balance":
        if document.get("deleted"):
            return 1, []
        document[name] = cash.balance(ledger.get("customer", document["id"]))
        return 1, [document[name]]
    used = 1 if name in resource.links else 2
    path = ".".join(steps[:used])
    if path not in resource.links:
        raise _not_expandable(name)
    holder = document if used == 1 else document[name]
    last = steps[used - 1]
    found = holder.get(last)
    if isinstance(found, str):
        target = _target(ledger, resource.links[path], found)
        if target is None:
            return used, []
        found = holder[last] = served(ledger, target, origin)
    return used, [found] if found is not None else []


def _target(ledger: Ledger, kind: str, vendor_id: str) -> Document | None:
    """The object an id names; a balance transaction's source may be of several kinds, and of none that we have."""
    kinds = [kind] if kind != "*" else ["charge", "refund", "dispute", "payout"]
    return next((found for one in kinds if (found := ledger.find(one, vendor_id)) is not None), None)


def _inner_list(ledger: Ledger, document: Document, name: str, origin: str) -> Document:
    """A list inside an object, all of it."""
    vendor_id = document["id"]
    if name == "line_items":
        lines = _copied(ledger.get(document["object"], vendor_id)["_lines"])
        return listed(lines, f"{_WITH_LINES[document['object']]}/{vendor_id}/line_items")
    kind, back = BY_KIND[document["object"]].lists[name]
    inner = [served(ledger, one, origin) for one in ledger.newest(kind) if one[back] == vendor_id]
    return listed(inner, f"/v1/{kind}s")


def listed(documents: list[Document], url: str, *, more: bool = False) -> Document:
    """A list object."""
    return {"object": "list", "data": documents, "has_more": more, "url": url}


def _not_expandable(name: str) -> Refusal:
    return Refusal(f"This property cannot be expanded ({name}).")
