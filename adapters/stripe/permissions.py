"""What a restricted key must be allowed, in Stripe's own words, and how to find out without changing anything. Pure.

Stripe names a missing permission in its refusal (`rak_charge_read`); the table is for when it does not, and says which
row of the dashboard's form a name belongs to. Its source is Stripe's "API permissions reference".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One permission. `row` is its line in the dashboard's form, `calls` the addresses that need it (a write implies
    the reads of its row), `serves` what we need it for."""

    name: str
    row: str
    calls: tuple[str, ...]
    serves: str
    write: bool = False

    @property
    def words(self) -> str:
        """As a person finds it: the name, and where to tick it."""
        return f"{self.name} ({self.row}: {'Write' if self.write else 'Read'})"


READS: tuple[Permission, ...] = (
    Permission(name="rak_connected_account_read", row="Accounts", calls=("/v1/account",), serves="to know the account"),
    Permission(name="rak_balance_read", row="Balance", calls=("/v1/balance",), serves="the balance"),
    Permission(
        name="rak_customer_read", row="Customers", calls=("/v1/customers",), serves="customers and their credit"
    ),
    Permission(
        name="rak_invoice_read",
        row="Invoices",
        calls=("/v1/invoices", "/v1/invoice_payments"),
        serves="invoices and what paid them",
    ),
    Permission(name="rak_credit_note_read", row="Credit notes", calls=("/v1/credit_notes",), serves="credit notes"),
    Permission(
        name="rak_payment_intent_read", row="PaymentIntents", calls=("/v1/payment_intents",), serves="tries to pay"
    ),
    Permission(
        name="rak_charge_read",
        row="Charges and Refunds",
        calls=("/v1/charges", "/v1/refunds"),
        serves="payments and refunds",
    ),
    Permission(name="rak_dispute_read", row="Disputes", calls=("/v1/disputes",), serves="disputes and returned debits"),
    Permission(
        name="rak_balance_transaction_source_read",
        row="Balance Transaction Sources",
        calls=("/v1/balance_transactions",),
        serves="fees, and what a payout consists of",
    ),
    Permission(name="rak_payout_read", row="Payouts", calls=("/v1/payouts",), serves="payouts"),
    Permission(name="rak_event_read", row="Events", calls=("/v1/events",), serves="to learn what changed"),
    Permission(
        name="rak_checkout_session_read",
        row="Checkout Sessions",
        calls=("/v1/checkout/sessions",),
        serves="pay pages",
    ),
)
"""All are needed."""

WRITES: tuple[Permission, ...] = (
    Permission(
        name="rak_checkout_session_write",
        row="Checkout Sessions",
        calls=("/v1/checkout/sessions",),
        serves="to open pay pages",
        write=True,
    ),
    Permission(
        name="rak_customer_write",
        row="Customers",
        calls=("/v1/customers",),
        serves="to leave notes on customers",
        write=True,
    ),
    Permission(
        name="rak_invoice_write",
        row="Invoices",
        calls=("/v1/invoices",),
        serves="to leave notes on invoices",
        write=True,
    ),
)
"""Needed where writes are allowed."""

OPTIONAL: tuple[Permission, ...] = (
    Permission(
        name="rak_webhook_write",
        row="Webhook Endpoints",
        calls=("/v1/webhook_endpoints",),
        serves="to be told of changes at once",
        write=True,
    ),
    Permission(
        name="rak_charge_write",
        row="Charges and Refunds",
        calls=("/v1/refunds",),
        serves="to give money back",
        write=True,
    ),
)
"""Never asked for by itself: what a firm may want, and many do not."""

SINGLE = ("/v1/account", "/v1/balance")
"""Addresses of one object; all others are lists."""

WRITE_PROBES = {
    "rak_checkout_session_write": "/v1/checkout/sessions/cs_receivables_asks_what_it_may/expire",
    "rak_customer_write": "/v1/customers/cus_receivables_asks_what_it_may",
    "rak_invoice_write": "/v1/invoices/in_receivables_asks_what_it_may",
}
"""Writes that tell whether they would be allowed, and change nothing: each names a record that cannot be there (Stripe
makes ids itself, and never such ones) and asks for no change of it, so that even a record of that id would stay as it
is. Whether a key may call an address is decided before the record is looked for: a key that may not is answered 403,
one that may is answered that there is no such record. An answer that begins no work is not kept under any key."""

_BY_NAME = {one.name: one for one in (*READS, *WRITES, *OPTIONAL)}


def named(name: str) -> str:
    """A permission as a person finds it; its bare name where Stripe has one that is not in the table."""
    known = _BY_NAME.get(name)
    return known.words if known is not None else name


def needed(path: str, *, write: bool) -> Permission | None:
    """The permission that a call needs, None where the table does not know the address."""
    known = [
        (call, one)
        for one in (*(() if write else READS), *WRITES, *OPTIONAL)
        if one.write is write or one in OPTIONAL
        for call in one.calls
        if path == call or path.startswith(f"{call}/")
    ]
    return max(known, key=lambda pair: len(pair[0]))[1] if known else None
