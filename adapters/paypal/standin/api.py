"""PayPal as its callers see it: which address does what, and who may come in."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from adapters.paypal.standin import answers, fights, page, reporting
from adapters.paypal.standin.answers import Refusal, no, said
from adapters.paypal.standin.books import Books, code_of, iso, major
from adapters.paypal.standin.load import account_of
from adapters.paypal.standin.notary import CERTIFICATES, Notary
from adapters.paypal.standin.ordering import Ordering
from adapters.paypal.standin.people import People
from adapters.paypal.standin.refunding import Refunding
from connector.clock import Clock
from connector.dates import Instant, after
from connector.errors import UserError
from connector.testing.standin import BEHIND, Answer, Call
from connector.testing.worlds import World

TOKEN_SECONDS = 32_400
_SCOPES = (
    "https://uri.paypal.com/services/payments/payment",
    "https://uri.paypal.com/services/reporting/search/read",
    "https://uri.paypal.com/services/disputes/read-seller",
)


class PayPalStandIn:
    """All accounts of the worlds. One thread calls it at a time."""

    system = "paypal"

    def __init__(self, books: Mapping[str, Books], clock: Clock) -> None:
        self.books = dict(books)
        self.people = {account: People(each) for account, each in self.books.items()}
        self.url = ""
        self.notary = Notary(clock)
        self._clock = clock
        self._tokens: dict[str, tuple[str, Instant]] = {}
        self._orders: dict[str, Ordering] = {}
        self._refunds: dict[str, Refunding] = {}

    def settings(self, world: World, url: str) -> dict[str, str]:
        account = account_of(world)
        self.url = url
        return {
            "base_url": url,
            "environment": "sandbox",
            "client_id": f"client-{account}",
            "client_secret": f"secret-{account}",
            "reports_per_minute": "6000",
        }

    def answer(self, call: Call) -> Answer:
        try:
            return self._answered(call)
        except Refusal as refusal:
            return refusal.answer

    def ordering(self, account: str) -> Ordering:
        """The orders of an account."""
        if account not in self._orders:
            self._orders[account] = Ordering(self.books[account], self.url, self.refunding(account).of)
        return self._orders[account]

    def refunding(self, account: str) -> Refunding:
        """What an account gives back over the API."""
        if account not in self._refunds:
            self._refunds[account] = Refunding(self.books[account], self.url)
        return self._refunds[account]

    def expire(self) -> None:
        """Every token given out so far is refused from now on."""
        self._tokens.clear()

    def shape(self, name: str, call: Call) -> Answer | None:
        if name in answers.SHORTENED:
            return answers.shortened(name, self.answer(call))
        return answers.shaped(name)

    def behind(self, call: Call) -> Answer:
        """`people` over loopback: `POST /-/{account}/{act}` with `{"arguments": [...], "named": {...}}`."""
        account, _, act = call.path.removeprefix(BEHIND).partition("/")
        people = self.people.get(account)
        done = getattr(people, act, None) if people is not None and not act.startswith("_") else None
        if done is None or not callable(done):
            return Answer(status=404, body=b'"nobody does that here"')
        asked = json.loads(call.body or b"{}", parse_float=Decimal)
        try:
            result = done(*asked.get("arguments", ()), **asked.get("named", {}))
        except UserError as fault:
            return Answer(status=409, body=json.dumps(str(fault)).encode())
        return Answer(body=json.dumps(getattr(result, "id", None)).encode())

    def dump(self, *, normalised: bool) -> object:
        shown: dict[str, Any] = {}
        for books in self.books.values():
            now = books.now()
            lines = [
                {
                    "code": row.code,
                    "amount": f"{major(row.amount, row.currency)} {row.currency}",
                    "fee": major(row.fee, row.currency),
                    "status": row.status(now),
                    **({} if normalised else {"id": row.id, "at": iso(row.at), "invoice_id": row.invoice_id}),
                }
                for row in books.rows
            ]
            free = {code: major(free, code) for code, (_, free) in sorted(books.balances(now).items())}
            orders = sorted(order.status for order in books.orders.values())
            shown[books.name] = {"lines": lines, "balances": free, "orders": orders}
        return shown

    def corrupt(self, seed: int) -> str:
        """Shift what one account says it holds by one unit."""
        accounts = sorted(self.books)
        books = self.books[accounts[seed % len(accounts)]]
        books.shifted[books.primary] = books.shifted.get(books.primary, 0) + 1
        of = f"{books.name} (account {books.account})"
        return f"PayPal says of {of} that it holds one unit more than its lines come to."

    def _answered(self, call: Call) -> Answer:
        if call.path == "/v1/oauth2/token" and call.method == "POST":
            return self._token(call)
        if call.path.startswith(CERTIFICATES):
            return self.notary.shown(call.path)
        if call.path == page.PAGE:
            return self._page(call)
        books = self._let_in(call)
        steps = [unquote(part) for part in call.path.strip("/").split("/")]
        self.url = self.url or f"http://{call.headers.get('host', '')}"
        return self._routed(books, call, steps)

    def _routed(self, books: Books, call: Call, steps: list[str]) -> Answer:
        match steps:
            case ["v2", "checkout", "orders", *rest]:
                return self._ordered(books, call, rest)
            case ["v2", "payments", kind, vendor_id, *rest]:
                return self._paid(books, call, (kind, vendor_id, *rest))
            case ["v1", "reporting", report]:
                return reporting.REPORTS.get(report, _nothing)(books, call)
            case ["v1", "notifications", "webhooks", *rest]:
                return self._hooked(books, call, rest)
            case ["v1", "customer", "disputes", *rest]:
                return fights.shown(books, rest[0]) if rest else fights.listed(books, call, self.url)
            case _:
                return _nothing(books, call)

    def _ordered(self, books: Books, call: Call, rest: list[str]) -> Answer:
        ordering, key = self.ordering(books.account), call.headers.get("paypal-request-id", "")
        match (call.method, *rest):
            case ("POST",):
                return ordering.create(_json(call), key)
            case ("GET", order_id):
                return ordering.read(order_id)
            case ("PATCH", order_id):
                return ordering.rename(order_id, _json(call))
            case ("POST", order_id, "capture"):
                return ordering.capture(order_id, key)
            case _:
                return _nothing(books, call)

    def _hooked(self, books: Books, call: Call, rest: list[str]) -> Answer:
        """Webhooks of the app: one for each address."""
        match (call.method, *rest):
            case ("GET",):
                return said(200, {"webhooks": list(books.webhooks.values())})
            case ("POST",):
                return self._hook_made(books, _json(call))
            case ("DELETE", hook_id) if hook_id in books.webhooks:
                del books.webhooks[hook_id]
                return Answer(status=204)
            case _:
                return _nothing(books, call)

    def _hook_made(self, books: Books, asked: dict[str, Any]) -> Answer:
        if any(each["url"] == asked["url"] for each in books.webhooks.values()):
            return answers.there_already()
        made = {"id": books.new_id(), "url": asked["url"], "event_types": asked["event_types"]}
        books.webhooks[made["id"]] = made
        return said(201, made)

    def _paid(self, books: Books, call: Call, steps: tuple[str, ...]) -> Answer:
        match (call.method, *steps):
            case ("GET", "captures", vendor_id) if vendor_id in books.captures:
                capture = books.captures[vendor_id]
                return said(200, self.ordering(books.account).captured_document(capture, alone=True))
            case ("GET", "refunds", vendor_id) if vendor_id in books.refunds:
                return said(200, self.refunding(books.account).document(books.refunds[vendor_id]))
            case ("POST", "captures", vendor_id, "refund"):
                key = call.headers.get("paypal-request-id", "")
                return self.refunding(books.account).refund(vendor_id, _json(call) if call.body else {}, key)
            case _:
                raise no("INVALID_RESOURCE_ID", status=404)

    def _token(self, call: Call) -> Answer:
        scheme, _, coded = call.headers.get("authorization", "").partition(" ")
        try:
            client, _, secret = base64.b64decode(coded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return answers.unknown_client()
        account = client.removeprefix("client-")
        if scheme != "Basic" or account not in self.books or secret != f"secret-{account}":
            return answers.unknown_client()
        books = self.books[account]
        books.conduct.tokens_fetched += 1
        token = f"A21AA{code_of(f'{account} {books.conduct.tokens_fetched}', 24)}"
        self._tokens[token] = (account, after(self._clock.now(), TOKEN_SECONDS))
        return said(
            200,
            {
                "scope": " ".join(_SCOPES),
                "access_token": token,
                "token_type": "Bearer",
                "app_id": "APP-80W284485P519543T",
                "expires_in": TOKEN_SECONDS,
                "nonce": f"2026-01-01T00:00:00Z{token[-8:]}",
            },
        )

    def _let_in(self, call: Call) -> Books:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        account, ends = self._tokens.get(token, ("", None))
        if scheme != "Bearer" or ends is None or self._clock.now() >= ends:
            raise Refusal(answers.no_token())
        return self.books[account]

    def _page(self, call: Call) -> Answer:
        token = call.first("token")
        found = next((people for people in self.people.values() if token in people.books.orders), None)
        return page.visited(found, call) if found is not None else Answer(status=404)


def _nothing(books: Books, call: Call) -> Answer:
    """There is no such address."""
    del books, call
    raise no("INVALID_RESOURCE_ID", status=404)


def _json(call: Call) -> Any:
    try:
        return json.loads(call.body, parse_float=Decimal)
    except ValueError:
        raise no("MALFORMED_REQUEST_JSON", status=400) from None
