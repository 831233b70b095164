"""Pages of QuickBooks invoices rendered beforehand, served on loopback by a process of its own, as slowly as wished.

For measuring a reader: what the server spends is nobody's business. It answers what a whole first sync asks for; only
invoices have rows. Run: `python -m tests.bench.page_server INVOICES MILLISECONDS` prints its address.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

PROJECT = Path(__file__).parents[2]
BEGINNING = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=20)
"""Late enough that all changes are still told, early enough that a million of them have happened."""
STEP_SECONDS = 1
REALM = "9139999"
_SINCE = re.compile(r"LastUpdatedTime >= '([^']+)'")
_WINDOW = re.compile(r"STARTPOSITION (\d+) MAXRESULTS (\d+)", re.IGNORECASE)
_TOKEN = re.compile(rb'"SyncToken":"\d+"')
_NUMBER = re.compile(rb'("DocNumber":"N-\d+)"')
_ENTITY = re.compile(r"FROM (\w+)", re.IGNORECASE)

_SWITCHED_OFF = (
    "AllowIPNPayment",
    "AllowOnlinePayment",
    "AllowOnlineCreditCardPayment",
    "AllowOnlineACHPayment",
)

PREFERENCES = {
    "Preferences": {
        "Id": "1",
        "SyncToken": "1",
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": {"value": "USD"}},
    }
}
COMPANY = {"CompanyInfo": {"Id": "1", "SyncToken": "1", "CompanyName": "Crowd", "Country": "US"}}
TOKEN = {
    "access_token": "access",
    "refresh_token": "refresh",
    "expires_in": 36_000,
    "x_refresh_token_expires_in": 8_726_400,
    "token_type": "bearer",
}


def changed(number: int) -> datetime:
    """When that invoice last changed."""
    return BEGINNING + timedelta(seconds=STEP_SECONDS * number)


def invoice(number: int) -> str:
    """One invoice as QuickBooks writes it, about 1.8 KB."""
    amount = round((number * 7919) % 900_000 / 100 + 1, 2)
    rest = amount if number % 2 else 0
    line = {
        "Id": "1",
        "LineNum": 1,
        "Description": "Consulting services rendered in the month, by the hour, as agreed in the order of the customer",
        "Amount": amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": {"value": "1", "name": "Services"},
            "UnitPrice": amount,
            "Qty": 1,
            "ItemAccountRef": {"value": "5", "name": "Services"},
            "TaxCodeRef": {"value": "NON"},
        },
        "CustomExtensions": [],
    }
    stamp = changed(number).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    address = {
        "Line1": f"Customer {number % 4000}",
        "Line2": "4581 Finch St.",
        "City": "Bayshore",
        "PostalCode": "94326",
    }
    return json.dumps(
        {
            **dict.fromkeys(_SWITCHED_OFF, False),
            "domain": "QBO",
            "sparse": False,
            "Id": str(number + 1),
            "SyncToken": str(number % 3),
            "MetaData": {"CreateTime": stamp, "LastModifiedByRef": {"value": REALM}, "LastUpdatedTime": stamp},
            "CustomField": [{"DefinitionId": "1", "Name": "Crew #", "Type": "StringType", "StringValue": "102"}],
            "DocNumber": f"N-{number}",
            "TxnDate": stamp[:10],
            "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
            "LinkedTxn": [] if number % 2 else [{"TxnId": str(number), "TxnType": "Payment"}],
            "Line": [{**line, "Id": str(at), "LineNum": at} for at in (1, 2)]
            + [{"Amount": amount, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}],
            "TxnTaxDetail": {"TotalTax": 0},
            "CustomerRef": {"value": str(number % 4000 + 1), "name": f"Customer {number % 4000}"},
            "CustomerMemo": {"value": "Thank you for your business and have a great day!"},
            "BillAddr": {"Id": "2", **address},
            "ShipAddr": {"Id": "3", **address},
            "FreeFormAddress": True,
            "SalesTermRef": {"value": "3", "name": "Net 30"},
            "DueDate": stamp[:10],
            "TotalAmt": amount,
            "ApplyTaxAfterDiscount": False,
            "PrintStatus": "NeedToPrint",
            "EmailStatus": "NotSet",
            "BillEmail": {"Address": f"ap{number % 4000}@crowd.example"},
            "Balance": rest,
        },
        separators=(",", ":"),
    )


class Pages:
    """The invoices, and the answer to each question."""

    def __init__(self, invoices: int, delay_seconds: float) -> None:
        self.rows = [invoice(number).encode() for number in range(invoices)]
        self.moments = [changed(number) for number in range(invoices)]
        self.delay_seconds = delay_seconds
        self.answered = 0

    def answer(self, path: str, query: dict[str, list[str]]) -> bytes:
        """The body of one answer."""
        what = path.rstrip("/").split("/")[4] if path.startswith("/v3/") else ""
        if what == "preferences":
            return json.dumps(PREFERENCES).encode()
        if what == "companyinfo":
            return json.dumps(COMPANY).encode()
        if what not in ("query", "cdc"):
            return json.dumps(TOKEN).encode()
        time.sleep(self.delay_seconds)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        if what == "cdc":
            return self._changes(datetime.fromisoformat(query["changedSince"][0]), now)
        return b'{"QueryResponse":%s,"time":"%s"}' % (self._found(query["query"][0]), now.encode())

    def _changes(self, since: datetime, now: str) -> bytes:
        rows = self.rows[bisect_left(self.moments, since) :][-1000:]
        self.answered += 1  # every time they have changed again
        marks = b'"SyncToken":"%d"' % (self.answered + 9), rb'\1.%d"' % self.answered
        rows = [_NUMBER.sub(marks[1], _TOKEN.sub(marks[0], row, count=1)) for row in rows]
        group = b'{"Invoice":[%s]}' % b",".join(rows) if rows else b"{}"
        return b'{"CDCResponse":[{"QueryResponse":[%s]}],"time":"%s"}' % (group, now.encode())

    def _found(self, question: str) -> bytes:
        entity = _ENTITY.search(question)
        is_invoice = entity is not None and entity[1] == "Invoice"
        since = _SINCE.search(question)
        first = bisect_left(self.moments, datetime.fromisoformat(since[1])) if since is not None else 0
        if "COUNT" in question.upper():
            return b'{"totalCount":%d}' % (len(self.rows) - first if is_invoice else 0)
        window = _WINDOW.search(question)
        start, size = (int(window[1]), int(window[2])) if window is not None else (1, 100)
        rows = self.rows[first + start - 1 : first + start - 1 + size] if is_invoice else []
        if not rows:
            return b"{}"
        return b'{"Invoice":[%s],"startPosition":%d,"maxResults":%d}' % (b",".join(rows), start, len(rows))


class Answering(Protocol):
    """What answers a question; a status other than 200 is raised as `Told`."""

    def answer(self, path: str, query: dict[str, list[str]]) -> bytes:
        """The body of one answer."""


class Told(Exception):
    """Another status than 200, with its body."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    pages: Answering

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Nothing on the terminal."""

    def _serve(self, sent: str = "") -> None:
        parts = urlsplit(self.path)
        status = 200
        try:
            body = self.pages.answer(parts.path, {"query": [sent]} | parse_qs(parts.query))
        except Told as told:
            status, body = told.status, told.body
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(pages: Answering) -> None:
    """Serve until killed; the address is the first line printed."""
    _Handler.pages = pages
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


@contextmanager
def served(invoices: int, delay_ms: int, *more: str, module: str = "tests.bench.page_server") -> Iterator[str]:
    """The address of such a server in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", module, str(invoices), str(delay_ms), *more],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout is not None else ""
        finally:
            process.kill()


if __name__ == "__main__":
    serve(Pages(int(sys.argv[1]), int(sys.argv[2]) / 1000))
