"""QuickBooks Online: the books are mirrored, payments, fees and payouts are posted, notes are left on invoices.

The declaration only; looking at it imports no vendor library. The rooms: `settings`, `wire` (Intuit's shapes), `faults`
(what a refusal means), `keyset` (paging that loses nothing), `translate` (pure, both ways), `auth` (the rotating grant
and the session that carries it), `client` (the only file that knows the SDK), `standin` (its double on loopback).
"""

from __future__ import annotations

from connector.ports import AdapterSpec

spec = AdapterSpec(
    name="quickbooks",
    title="QuickBooks Online",
    settings="adapters.quickbooks.settings:Settings",
    connect="adapters.quickbooks.client:connect",
    standin="adapters.quickbooks.standin:build",
    authorise="adapters.quickbooks.authorise:Door",
    hooks="adapters.quickbooks.hooks",
    exports="adapters.quickbooks.exports:EXPORTS",
    keeps_books=True,
    calls_per_minute=250,  # half of Intuit's 500 for one company; `settings` says why, and lets a person choose
    calls_burst=2,
    metered_per_month=15_000,
)
