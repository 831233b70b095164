"""What tests of the adapter's calls stand on: a vendor of recorded answers over real sockets, and a connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from adapters.stripe.client import Stripe
from connector.clock import Clock
from connector.model.intent import WriteKey
from connector.testing.standin import Answer, Fault, Server
from tests.stripe_rig import OP, Scripted, connected, example, judged_request, text
from tests.surroundings import OpenBudget

WRITE_KEY = WriteKey(op_id=OP)
SESSIONS = "/v1/checkout/sessions"
Serve = Callable[..., tuple[Stripe, Scripted, Server]]


def ok(body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(body=body, headers=headers or {})


def fault_answer(status: int, headers: Mapping[str, str] | None = None, **said: str) -> Answer:
    return Answer(status=status, body=text({"error": {"type": "invalid_request_error", **said}}), headers=headers or {})


def session(**changed: object) -> dict[str, Any]:
    opened = {"id": "cs_test_1", "status": "open", "amount_total": 12_000, "currency": "usd", "payment_intent": None}
    return example("checkout.session", **{**opened, **changed})


@contextmanager
def serving(clock: Clock) -> Iterator[Serve]:
    """Starts vendors of recorded answers and connects to them; all requests must pass both of Stripe's descriptions."""
    servers: list[Server] = []
    with ExitStack() as stack:

        def start(
            script: Mapping[str, list[Answer]],
            *faults: Fault,
            budget: OpenBudget | None = None,
            vendor: Scripted | None = None,
            **settings: str,
        ) -> tuple[Stripe, Scripted, Server]:
            vendor = vendor or Scripted(script)
            server = stack.enter_context(Server(vendor, faults=faults, inspectors=(judged_request,)))
            servers.append(server)
            return connected(server.url, clock, budget, **settings), vendor, server

        yield start
    assert [problem for server in servers for problem in server.problems] == []
