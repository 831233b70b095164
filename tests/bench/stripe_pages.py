"""Pages of Stripe invoices and charges rendered beforehand, served on loopback by a process of its own.

For measuring a reader: what the server spends is nobody's business. Newest first, by `created` windows and
`starting_after`, as Stripe lists; everything else is empty. With a limit it answers 429 beyond so many requests in a
second, and counts. Run: `python -m tests.bench.stripe_pages ROWS MILLISECONDS [CALLS_PER_SECOND]`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from typing import Any

from tests.bench.page_server import Told, serve
from tests.stripe_rig import example

BEGINNING = 1_700_000_000
STEP_SECONDS = 60
_MARK = "@@"
_LATE = json.dumps({"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Slow down."}}).encode()
_EVENT: dict[str, Any] = {
    "id": "evt_first",
    "object": "event",
    "created": BEGINNING,
    "type": "customer.created",
    "api_version": "2026-10-28.endive",
    "livemode": False,
    "pending_webhooks": 0,
    "request": None,
    "data": {"object": {"id": "cus_1", "object": "customer"}},
}


def _template(kind: str, **changed: object) -> list[bytes]:
    """Stripe's own example with a mark where the number of the row goes, cut at the marks; `created` is a mark too."""
    body = json.dumps(example(kind, **changed), separators=(",", ":"))
    return [part.encode() for part in body.replace('"@created@"', "@created@").split(_MARK)]


class Pages:
    """`rows` invoices and as many charges; row 0 is the oldest."""

    def __init__(self, rows: int, delay_seconds: float, per_second: int = 0) -> None:
        self.count = rows
        self.delay_seconds = delay_seconds
        self.rows = {"invoices": self._rows(rows, _INVOICE), "charges": self._rows(rows, _CHARGE)}
        self.per_second = per_second
        self._seen: Counter[int] = Counter()
        self._lock = threading.Lock()
        self._refused = 0
        self._after_refusal = 0
        self._began = 0.0
        self._ended = 0.0

    def answer(self, path: str, query: dict[str, list[str]]) -> bytes:
        """The body of one answer."""
        what = path.removeprefix("/v1/")
        if what == "counted":
            return json.dumps(self._counted()).encode()
        self._admit()
        time.sleep(self.delay_seconds)
        match what:
            case "account":
                return json.dumps(example("account", default_currency="usd")).encode()
            case "balance":
                parts = [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]
                return json.dumps(
                    {"object": "balance", "available": parts, "pending": parts, "livemode": False}
                ).encode()
            case "events" if not {"ending_before", "created[gte]"} & query.keys():
                return _listed([json.dumps(_EVENT).encode()], more=False, url=path)
        return self._page(self.rows.get(what, []), query, path)

    def _page(self, rows: list[bytes], query: dict[str, list[str]], url: str) -> bytes:
        def bound(name: str, otherwise: int) -> int:
            return int(query[name][0]) if name in query else otherwise

        oldest = max(0, -((BEGINNING - bound("created[gte]", 0)) // STEP_SECONDS))
        newest = min(
            len(rows) - 1, (bound("created[lte]", BEGINNING + len(rows) * STEP_SECONDS) - BEGINNING) // STEP_SECONDS
        )
        if "starting_after" in query:
            newest = min(newest, int(query["starting_after"][0].rpartition("_")[2]) - 1)
        limit = bound("limit", 10)
        found = rows[max(oldest, newest - limit + 1) : newest + 1] if newest >= oldest else []
        return _listed(found[::-1], more=newest - limit + 1 > oldest, url=url)

    def _admit(self) -> None:
        """429 beyond the limit of this second, as counted from its first request on."""
        if not self.per_second:
            return
        with self._lock:
            now = time.monotonic()
            self._began = self._began or now
            self._ended = now
            self._seen[int(now - self._began)] += 1
            if self._seen[int(now - self._began)] > self.per_second:
                self._after_refusal += self._refused > 0
                self._refused += 1
                raise Told(429, _LATE)

    def _counted(self) -> dict[str, float]:
        return {
            "requests": sum(self._seen.values()),
            "refused": self._refused,
            "refused_again": self._after_refusal,
            "seconds": self._ended - self._began,
        }

    @staticmethod
    def _rows(count: int, parts: list[bytes]) -> list[bytes]:
        rows = []
        for number in range(count):
            row = str(number).encode().join(parts)
            rows.append(row.replace(b"@created@", str(BEGINNING + STEP_SECONDS * number).encode()))
        return rows


_INVOICE = _template(
    "invoice",
    id="in_@@",
    number="INV-@@",
    created="@created@",
    status="open",
    amount_paid_off_stripe=0,
    customer_email="ap@crowd.example",
    collection_method="send_invoice",
    metadata={"order": "@@"},
)
_CHARGE = _template(
    "charge",
    id="ch_@@",
    created="@created@",
    payment_intent="pi_@@",
    metadata={"order": "@@"},
    balance_transaction=example("balance_transaction", id="txn_@@", source="ch_@@", currency="usd"),
)


def _listed(rows: list[bytes], *, more: bool, url: str) -> bytes:
    flag = b"true" if more else b"false"
    return b'{"object":"list","data":[%s],"has_more":%s,"url":"%s"}' % (b",".join(rows), flag, url.encode())


if __name__ == "__main__":
    serve(Pages(int(sys.argv[1]), int(sys.argv[2]) / 1000, int(sys.argv[3]) if sys.argv[3:] else 0))
