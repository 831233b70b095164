"""PayPal: what its account holds is mirrored, and orders are opened in it that we capture ourselves.

The declaration only; looking at it imports nothing of the room. The rooms: `settings`, `wire` (PayPal's shapes),
`amounts`, `terms` (what it costs), `marks` (our ids), `tables` (event codes and refusals as data), `translate`,
`ledger`, `orders`, `course`
(pure), `auth` (the token), `refusal` and `calls` (what may be repeated), `reading` (streams), `checkout` (pay pages and
captures), `refunds`, `certificates`, `hooks` and `webhooks` (what it tells us of), `checks`, `client`, `standin` (its
double on loopback).
"""

from __future__ import annotations

from adapters.paypal.amounts import ANYWHERE
from adapters.paypal.terms import TERMS
from connector.ports import AdapterSpec

spec = AdapterSpec(
    name="paypal",
    title="PayPal",
    settings="adapters.paypal.settings:Settings",
    connect="adapters.paypal.client:connect",
    standin="adapters.paypal.standin:build",
    method_codes={"paypal": ANYWHERE},
    method_terms=TERMS,
    method_titles={"paypal": "PayPal"},
    pay_hosts=("www.paypal.com", "www.sandbox.paypal.com"),
    calls_per_minute=240,
    hooks="adapters.paypal.hooks",
)
