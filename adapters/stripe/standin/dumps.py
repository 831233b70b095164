"""The state as JSON values, made comparable between two runs; and one planted error for the tests that must find it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.shapes import Document

_AN_ID = re.compile(
    r"^(ba|cbtxn|ccsbtxn|ch|cn|cnli|cs_test|cus|dp|du|il|in|inpay|li|pi|plink|po|pr|price|prod|py|re|tu|txn)_"
)
_OP_ID = re.compile(r"\b[A-Z2-7]{20}\b")
_OURS = ("receivables_attempt", "receivables_note_at", "receivables_note_ref", "receivables_op", "client_reference_id")
_TIMES_AND_IDS = (
    "arrival_date available_on cancel_url client_secret created due_by due_date effective_at end expires_at "
    "finalized_at hosted_invoice_url id marked_uncollectible_at paid_at period_end period_start start success_url url "
    "voided_at"
)
_LEFT_OUT = frozenset(_TIMES_AND_IDS.split())


def dumped(ledger: Ledger, *, normalised: bool) -> Document:
    """All objects by kind and the balance; exchange rates as text.

    Normalised: without ids and times, in an order that needs neither.
    """
    state: Document = {kind: list(reversed(ledger.newest(kind))) for kind in ledger.kinds()}
    whole = json.dumps({"account": ledger.account, "balance": ledger.balance(), **state}, default=str)
    state = json.loads(whole, parse_float=Decimal)
    if not normalised:
        return state
    plain = _plain(state)
    for kind, documents in plain.items():
        if isinstance(documents, list):
            plain[kind] = sorted(documents, key=lambda one: json.dumps(one, sort_keys=True))
    return dict(plain)


def encoded(document: Document) -> str:
    """JSON as the API writes it, in one line. Only exchange rates are no integers: the API gives them as numbers."""
    return json.dumps(document, default=float)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            kept = {name: one for name, one in value.items() if name not in _LEFT_OUT}
            return {name: "*" if name in _OURS and one else _plain(one) for name, one in kept.items()}
        case list():
            return [_plain(one) for one in value]
        case str() if found := _AN_ID.match(value):
            return f"{found[1]}_*"
        case str():
            return _OP_ID.sub("*", value)
    return value


def corrupt(ledgers: Mapping[str, Ledger], seed: int) -> str:
    """Shift one figure by one unit and say which; the seed chooses figure and direction."""
    places = [place for ledger in ledgers.values() for place in _places(ledger)]
    ledger, kind, vendor_id, name = places[seed % len(places)]
    shift = 1 if seed // len(places) % 2 == 0 else -1
    where = f"of {ledger.account['id']}"
    if kind == "balance":
        ledger.balance_shift[vendor_id] = ledger.balance_shift.get(vendor_id, 0) + shift
        return f"The available {vendor_id} balance {where} is shifted by {shift:+d}."
    document = ledger.get(kind, vendor_id)
    was = document[name]
    document[name] = was + shift
    return f"The {name} of {kind} {vendor_id} {where} is {document[name]} instead of {was}."


def _places(ledger: Ledger) -> Iterable[tuple[Ledger, str, str, str]]:
    """Every figure whose error can be seen from another figure of the same account."""
    for charge in reversed(ledger.newest("charge")):
        entry = charge["balance_transaction"]
        if entry and ledger.get("balance_transaction", entry)["exchange_rate"] is None:
            yield ledger, "charge", charge["id"], "amount"
    for entry in reversed(ledger.newest("balance_transaction")):
        yield ledger, "balance_transaction", entry["id"], "fee"
    for payout in reversed(ledger.newest("payout")):
        if payout["automatic"]:
            yield ledger, "payout", payout["id"], "amount"
    for held in ledger.balance()["available"]:
        yield ledger, "balance", held["currency"], "amount"
