"""The reports that Stripe's dashboard downloads: the balance, the reconciliation of payouts, payouts, and payments.

Amounts are in major units, times in UTC where the column says so. See docs.stripe.com/reports/balance,
docs.stripe.com/reports/payout-reconciliation and docs.stripe.com/reports/reporting-categories.
"""

from __future__ import annotations

from connector.model.export import Exports, Layout, Means, Tells

_CATEGORIES = {
    "charge": Means.RECEIPT,
    "payment": Means.RECEIPT,
    "partial_capture_reversal": Means.LESS,
    "charge_failure": Means.REFUND,
    "refund": Means.REFUND,
    "dispute": Means.CHARGEBACK,
    "payout": Means.PAYOUT,
    "payout_reversal": Means.PAYOUT_BACK,
}
"""A failed charge gives back money that had come. A won dispute and a failed refund bring money that no invoice waits
for: like fees they are left to a person."""
_COLUMNS = {
    "id": ("balance_transaction_id",),
    "created": ("created_utc", "created"),
    "available": ("available_on_utc", "available_on"),
    "currency": ("currency",),
    "gross": ("gross",),
    "fee": ("fee",),
    "net": ("net",),
    "type": ("reporting_category",),
    "source": ("source_id",),
    "text": ("description",),
    "descriptor": ("statement_descriptor",),
    "charge": ("charge_id",),
    "intent": ("payment_intent_id",),
    "customer": ("customer_id",),
    "email": ("customer_email",),
    "payer": ("customer_name", "customer_description"),
    "paid": ("customer_facing_amount",),
    "paid_currency": ("customer_facing_currency",),
    "invoice": ("invoice_number",),
    "invoice_id": ("invoice_id",),
    "payout": ("automatic_payout_id",),
    "payout_on": ("automatic_payout_effective_at_utc", "automatic_payout_effective_at"),
}
_LINE = frozenset({"id", "created", "currency", "gross", "fee", "net", "type", "source"})

BALANCE = Layout(
    title="Stripe, balance change from activity",
    tells=Tells.BALANCE,
    columns=_COLUMNS,
    needed=_LINE,
    words=_CATEGORIES,
    own=("payment_metadata[",),
)
RECONCILIATION = Layout(
    title="Stripe, payout reconciliation",
    tells=Tells.BALANCE,
    columns=_COLUMNS,
    needed=_LINE | {"payout", "payout_on"},
    words=_CATEGORIES,
    own=("payment_metadata[",),
)
PAYOUTS = Layout(
    title="Stripe, payouts",
    tells=Tells.PAYOUTS,
    columns={
        "id": ("payout_id",),
        "created": ("effective_at_utc", "effective_at"),
        "arrives": ("payout_expected_arrival_date",),
        "currency": ("currency",),
        "net": ("net",),
        "type": ("reporting_category",),
        "status": ("payout_status",),
        "trace": ("trace_id",),
    },
    needed=frozenset({"id", "created", "currency", "net", "type"}),
    words={"payout": Means.PAYOUT, "payout_reversal": Means.PAYOUT_BACK},
    closed=True,
)
PAYMENTS = Layout(
    title="Stripe, payments",
    tells=Tells.PAYMENTS,
    columns={
        "id": ("id",),
        "created": ("created date (utc)", "created (utc)", "created"),
        "gross": ("amount",),
        "currency": ("currency",),
        "type": ("status",),
        "text": ("description",),
        "descriptor": ("statement descriptor",),
        "customer": ("customer id",),
        "email": ("customer email",),
        "payer": ("customer name", "customer description", "card name"),
        "refunded": ("amount refunded",),
        "refunded_on": ("refunded date (utc)",),
        "invoice": ("invoice number",),
        "invoice_id": ("invoice id",),
    },
    needed=frozenset({"id", "created", "gross", "currency", "type", "refunded"}),
    words={
        "paid": Means.RECEIPT,
        "succeeded": Means.RECEIPT,
        "refunded": Means.RECEIPT,
        "partially refunded": Means.RECEIPT,
        "partial refund": Means.RECEIPT,
    },
    own=(" (metadata)",),
)

EXPORTS = Exports(name="stripe", layouts=(BALANCE, RECONCILIATION, PAYOUTS, PAYMENTS), at_the_bank=("stripe",))
