"""Payment Links: one address that opens a Checkout Session for everybody who follows it, until it is closed.

A link cannot offer Canadian debits nor bank transfers. Its limit counts sessions that were completed: several may be
open at once, so two payers can be on their way when the first completes it. The metadata of a link goes to its
sessions, that of its `payment_intent_data` to their PaymentIntents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.stripe.standin import sessions
from adapters.stripe.standin.form import INTEGER, METADATA, TEXT, Rule
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.refusals import Refusal
from adapters.stripe.standin.resources import EXPAND
from adapters.stripe.standin.shapes import Document, copied, filled

KIND = "payment_link"
PREFIX = "plink"
NOT_BY_LINK = frozenset({"acss_debit", "customer_balance", "nz_bank_account"})
"""Methods a session can offer and a link cannot."""

_TRUTH = frozenset({"true", "false"})
_AFTER: dict[str, Rule] = {
    "hosted_confirmation": {"custom_message": TEXT},
    "redirect": {"url": TEXT},
    "type": frozenset({"hosted_confirmation", "redirect"}),
}
CREATE: dict[str, Rule] = {
    "after_completion": _AFTER,
    **EXPAND,
    "inactive_message": TEXT,
    "line_items": sessions.CREATE["line_items"],
    "metadata": METADATA,
    "payment_intent_data": {"metadata": METADATA},
    "payment_method_types": [sessions.METHOD_NAMES - NOT_BY_LINK],
    "restrictions": {"completed_sessions": {"limit": INTEGER}},
    "submit_type": frozenset({"auto", "pay"}),
}
CHANGE: dict[str, Rule] = {
    "active": _TRUTH,
    **EXPAND,
    "inactive_message": TEXT,
    "metadata": METADATA,
    "restrictions": {"completed_sessions": {"limit": INTEGER}},
}


def create(ledger: Ledger, params: Mapping[str, Any]) -> Document:
    """A new link, active; Refusal (400) for what does not go together."""
    if "line_items" not in params:
        raise Refusal("Missing required param: line_items.", code="parameter_missing", param="line_items")
    lines, _, code = sessions.lines_of(ledger, params["line_items"])
    vendor_id = ledger.next_id(PREFIX)
    for place, line in enumerate(lines, start=1):
        line["id"] = f"li_{vendor_id}_{place}"
    data = params.get("payment_intent_data")
    link = filled(
        KIND,
        id=vendor_id,
        _created=ledger.now(),
        _lines=lines,
        currency=code,
        inactive_message=params.get("inactive_message"),
        metadata=_said(params.get("metadata", {})),
        payment_intent_data=None if data is None else _intent_data(data),
        payment_method_types=params.get("payment_method_types"),
        restrictions=_limit(params, 0),
        submit_type=params.get("submit_type", "auto"),
        url=sessions.PAGE + vendor_id,
    )
    if "after_completion" in params:
        link["after_completion"] = dict(params["after_completion"])
    ledger.put(link)
    ledger.tell("payment_link.created", link)
    return link


def change(ledger: Ledger, link: Document, params: Mapping[str, Any], metadata: Mapping[str, str]) -> Document:
    """Close a link or open it again, or say something else with it, now."""
    before = {name: copied({name: link[name]})[name] for name in params if name in link}
    if "active" in params:
        link["active"] = params["active"] == "true"
    if "inactive_message" in params:
        link["inactive_message"] = params["inactive_message"]
    if "restrictions" in params:
        link["restrictions"] = _limit(params, _count(link))
    link["metadata"] = dict(metadata)
    ledger.tell("payment_link.updated", link, previous=before)
    return link


def close(ledger: Ledger, link: Document) -> None:
    """The merchant closes a link, now. Sessions that are open stay so."""
    change(ledger, link, {"active": "false"}, link["metadata"])


def follow(ledger: Ledger, link: Document) -> Document | None:
    """Somebody follows a link: a session for them; None when it leads nowhere any more."""
    if not link["active"] or _is_spent(link):
        return None
    asked = link["payment_method_types"]
    methods = {"allowed_payment_method_types": asked} if asked else {}
    offered = [one for one in sessions.offered(ledger, methods, link["currency"]) if one not in NOT_BY_LINK]
    lines = [copied(line) for line in link["_lines"]]
    amount = sum(line["amount_total"] for line in lines)
    redirect = link["after_completion"].get("redirect", {})
    session = filled(
        sessions.KIND,
        id=ledger.next_id("cs_test"),
        amount_subtotal=amount,
        amount_total=amount,
        created=ledger.now(),
        currency=link["currency"],
        customer_creation=link["customer_creation"],
        expires_at=ledger.now() + sessions.LIFE_SECONDS_MAX,
        metadata=dict(link["metadata"]),
        payment_link=link["id"],
        payment_method_types=offered,
        submit_type=link["submit_type"],
        success_url=redirect.get("url", "https://stripe.example/paid"),
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        _lines=lines,
        _payment_intent_data={"metadata": dict((link["payment_intent_data"] or {}).get("metadata", {}))},
    )
    session["url"] = sessions.PAGE + session["id"]
    return ledger.put(session)


def completed(ledger: Ledger, session: Document) -> None:
    """A session of a link was completed: it counts, and the last one that may closes the link."""
    link = ledger.find(KIND, session["payment_link"] or "")
    if link is None or link["restrictions"] is None:
        return
    link["restrictions"]["completed_sessions"]["count"] += 1
    if _is_spent(link) and link["active"]:
        link["active"] = False
        ledger.tell("payment_link.updated", link, previous={"active": True})


def _is_spent(link: Document) -> bool:
    limits = link["restrictions"]
    return bool(limits and limits["completed_sessions"]["count"] >= limits["completed_sessions"]["limit"])


def _count(link: Document) -> int:
    return int(link["restrictions"]["completed_sessions"]["count"]) if link["restrictions"] else 0


def _limit(params: Mapping[str, Any], count: int) -> Document | None:
    limit = params.get("restrictions", {}).get("completed_sessions", {}).get("limit")
    if limit is None:
        return None
    if limit < 1:
        message = "The limit of completed sessions must be at least 1."
        raise Refusal(message, code="parameter_invalid_integer", param="restrictions[completed_sessions][limit]")
    return {"completed_sessions": {"count": count, "limit": limit}}


def _said(metadata: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in metadata.items() if text}


def _intent_data(data: Mapping[str, Any]) -> Document:
    names = ("capture_method", "description", "setup_future_usage", "statement_descriptor")
    rest = dict.fromkeys((*names, "statement_descriptor_suffix", "transfer_group"))
    return {**rest, "metadata": _said(data.get("metadata", {}))}
