"""Stripe: what it holds is mirrored, pay pages are opened in it, and the latest note is left on its records.

The declaration only; looking at it imports no vendor library. The rooms: `settings`, `wire` (Stripe's shapes),
`currency`, `translate` (pure), `reading` (streams), `notes` and `paypages` (what is written), `events`, `hooks` and
`endpoints` (what it tells us of), `refusal` (what a refusal means), `client` (the only file that knows the SDK),
`standin` (its double on loopback).
"""

from __future__ import annotations

from adapters.stripe.currency import METHOD_CURRENCIES
from adapters.stripe.terms import TERMS
from adapters.stripe.titles import METHOD_TITLES_IN
from connector.ports import AdapterSpec

METHOD_TITLES = {
    "card": "Card",
    "us_bank_account": "US bank account (ACH)",
    "acss_debit": "Canadian bank account (pre-authorized debit)",
    "sepa_debit": "SEPA direct debit",
    "bacs_debit": "UK bank account (Bacs direct debit)",
    "au_becs_debit": "Australian bank account (BECS direct debit)",
    "nz_bank_account": "New Zealand bank account (direct debit)",
    "customer_balance": "Bank transfer",
    "paypal": "PayPal",
}
"""What payers call the methods."""

_NOTHING: frozenset[str] = frozenset()
_ELSEWHERE = {"acss_debit": frozenset({"USD"})}
"""A Canadian debit may be in US dollars, but a payer in the United States has no use for it."""

spec = AdapterSpec(
    name="stripe",
    title="Stripe",
    settings="adapters.stripe.settings:Settings",
    connect="adapters.stripe.client:connect",
    standin="adapters.stripe.standin:build",
    method_codes={method: METHOD_CURRENCIES[method] - _ELSEWHERE.get(method, _NOTHING) for method in TERMS},
    method_terms=TERMS,
    method_titles=METHOD_TITLES,
    method_titles_in=METHOD_TITLES_IN,
    pay_hosts=("checkout.stripe.com", "buy.stripe.com", "invoice.stripe.com", "pay.stripe.com"),
    calls_per_minute=300,
    hooks="adapters.stripe.hooks",
    exports="adapters.stripe.exports:EXPORTS",
)
