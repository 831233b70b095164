"""A running double of Stripe for tests: asked over loopback, every exchange judged by Stripe's own description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import requests
import stripe

from adapters.stripe.standin import StripeStandIn, build
from connector.testing.standin import Answer, Call, Server
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.vendor import stripe as judge
from tests.vendor import where

VERSION = "2026-10-28.endive"
PAGES = "/c/pay/"


@dataclass(frozen=True)
class Reply:
    """One answer: `body` is its JSON, numbers with a point as Decimal."""

    status: int
    body: dict[str, Any]
    headers: requests.structures.CaseInsensitiveDict[str]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects of a list."""
        return list(self.body["data"])

    @property
    def ids(self) -> list[str]:
        return [row["id"] for row in self.rows]

    @property
    def code(self) -> str | None:
        """The vendor's word for a refusal, None where it has none."""
        found: str | None = self.body["error"].get("code")
        return found

    @property
    def refusal(self) -> str:
        return str(self.body["error"]["message"])


@dataclass
class Desk:
    """Asks one account of the running double. `server.problems` is what the judges found."""

    server: Server
    stand_in: StripeStandIn
    clock: FakeClock
    key: str = "rk_test_harbor"
    headers: dict[str, str] = field(default_factory=lambda: {"Stripe-Version": VERSION})

    def get(self, path: str, **params: Any) -> Reply:
        """GET below /v1; a dict of `params` under the name `flat` is sent with its names as they are."""
        return self._ask("GET", path, params={**params.pop("flat", {}), **params})

    def post(self, path: str, form: dict[str, Any] | None = None, *, key: str | None = None) -> Reply:
        """POST below /v1 with flat bracketed names, under an idempotency key or none."""
        extra = {"Idempotency-Key": key} if key else {}
        return self._ask("POST", path, form=form or {}, extra=extra)

    def one(self, path: str, **params: Any) -> dict[str, Any]:
        """The object of an answer that must be 200."""
        reply = self.get(path, **params)
        assert reply.status == 200, reply.body
        return reply.body

    def entries(self) -> list[dict[str, Any]]:
        """Every balance transaction, newest first."""
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            reply = self.get("balance_transactions", limit=100, **after)
            found += reply.rows
            if not reply.body["has_more"]:
                return found
            after = {"starting_after": found[-1]["id"]}

    def sdk(self) -> stripe.StripeClient:
        """The vendor's own client, pointed here."""
        return stripe.StripeClient(self.key, stripe_version=VERSION, base_addresses={"api": self.server.url})

    def payer(self, session: dict[str, Any], **form: str) -> requests.Response:
        """What a browser sends when a button of the page is pressed; the page's address must have been read before."""
        address = self.server.url + PAGES + session["id"]
        return requests.post(address, data=form, allow_redirects=False, timeout=10)

    def _ask(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None = None,
        form: dict[str, Any] | None = None,
        extra: dict[str, str] | None = None,
    ) -> Reply:
        answer = requests.request(
            method,
            f"{self.server.url}/v1/{path}",
            params=params,
            data=form,
            headers={"Authorization": f"Bearer {self.key}", **self.headers, **(extra or {})},
            timeout=10,
        )
        return Reply(answer.status_code, json.loads(answer.content, parse_float=Decimal), answer.headers)


def judged(call: Call, answer: Answer) -> list[str]:
    """Every answer must be as described; every request too, unless the double refused it."""
    if call.path.startswith(PAGES) or not where.available("stripe"):
        return []
    errors = judge.answer_errors(call.method, call.target, answer.status, answer.body)
    if answer.status >= 400:
        return [error for error in errors if "no such operation" not in error]
    errors += judge.request_errors(call.method, call.target, call.body)
    params = judge.request_params(call.method, call.target, call.body)
    if call.path.startswith("/v2/"):
        params.pop("page", None)  # stands in the address of the next page, which the SDK follows as it is
    return errors + judge.sdk_param_errors(call.method, call.path, params)


@contextmanager
def open_desk(world: str, at: str = "2026-06-01T12:00:00Z") -> Iterator[Desk]:
    """The double of that world's text, running; leaving it finds what the judges had against any exchange."""
    clock = FakeClock(at)
    stand_in = build(parse(world), clock=clock)
    with Server(stand_in, inspectors=(judged,)) as server:
        yield Desk(server=server, stand_in=stand_in, clock=clock)
        assert server.problems == [], server.problems
