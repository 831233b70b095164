"""What is served of a stored object: it as it stands now, with the objects it points to put in where asked."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.resources import BY_KIND
from adapters.stripe.standin.shapes import Document

LEVELS_MAX = 4


def served(ledger: Ledger, stored: Document, origin: str) -> Document:
    """A copy without the double's own fields, with what follows from the hour; `origin` is our address."""
    document = {name: deepcopy(value) for name, value in stored.items() if not name.startswith("_")}
    match document["object"]:
        case "balance_transaction":
            document["status"] = "available" if document["available_on"] <= ledger.now() else "pending"
        case "dispute":
            entries = document["balance_transactions"]
            found = [ledger.get("balance_transaction", entry) for entry in entries]
            document["balance_transactions"] = [served(ledger, one, origin) for one in found]
        case "checkout.session" if document["url"]:
            document["url"] = origin + document["url"]
    return document


def expand(ledger: Ledger, document: Document, paths: Iterable[str], origin: str) -> Document:
    """The document with each path expanded; Refusal (400) for a path too long or one that leads nowhere."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > LEVELS_MAX:
            raise Refusal(f"You cannot expand more than {LEVELS_MAX} levels of a property. Property: {path}")
        _expand(ledger, [document], steps, origin)
    return document


def _expand(ledger: Ledger, documents: list[Document], steps: list[str], origin: str) -> None:
    if not steps:
        return
    for document in documents:
        if document["object"] == "list":
            if steps[0] != "data":
                raise _not_expandable(steps[0])
            _expand(ledger, document["data"], steps[1:], origin)
            continue
        used, inner = _step(ledger, document, steps, origin)
        _expand(ledger, inner, steps[used:], origin)


def _step(ledger: Ledger, document: Document, steps: list[str], origin: str) -> tuple[int, list[Document]]:
    """Expand the first of the steps; says how many it took and which objects stand there now."""
    if document["object"] == "balance" or document["object"] not in BY_KIND:
        raise _not_expandable(steps[0])
    resource = BY_KIND[document["object"]]
    name = steps[0]
    if name in resource.lists or (resource.kind, name) == ("checkout.session", "line_items"):
        if name not in document:
            document[name] = _inner_list(ledger, document, name, origin)
        return 1, [document[name]]
    if resource.kind == "dispute" and name == "balance_transactions":
        return 1, document[name]
    used = 1 if name in resource.links else 2
    path = ".".join(steps[:used])
    if path not in resource.links:
        raise _not_expandable(name)
    holder = document if used == 1 else document[name]
    last = steps[used - 1]
    found = holder.get(last)
    if isinstance(found, str):
        found = holder[last] = served(ledger, _target(ledger, resource.links[path], found), origin)
    return used, [found] if found is not None else []


def _target(ledger: Ledger, kind: str, vendor_id: str) -> Document:
    """The object an id names; a balance transaction's source may be of several kinds."""
    kinds = [kind] if kind != "*" else ["charge", "refund", "dispute", "payout"]
    return next(found for one in kinds if (found := ledger.find(one, vendor_id)) is not None)


def _inner_list(ledger: Ledger, document: Document, name: str, origin: str) -> Document:
    """A list inside an object, all of it."""
    vendor_id = document["id"]
    if name == "line_items":
        lines = deepcopy(ledger.get("checkout.session", vendor_id)["_lines"])
        return listed(lines, f"/v1/checkout/sessions/{vendor_id}/line_items")
    kind, back = BY_KIND[document["object"]].lists[name]
    inner = [served(ledger, one, origin) for one in ledger.newest(kind) if one[back] == vendor_id]
    return listed(inner, f"/v1/{kind}s")


def listed(documents: list[Document], url: str, *, more: bool = False) -> Document:
    """A list object."""
    return {"object": "list", "data": documents, "has_more": more, "url": url}


def _not_expandable(name: str) -> Refusal:
    return Refusal(f"This property cannot be expanded ({name}).")
