"""Which of our states each of Stripe's words stands for. A word that is not here is unknown, and treated with care."""

from __future__ import annotations

from connector.model.invoice import InvoiceState
from connector.model.money_in import AttemptState, DisputeState, RefundState
from connector.model.settlement import PayoutState

INVOICE_STATES = {
    "draft": InvoiceState.DRAFT,
    "open": InvoiceState.OPEN,
    "paid": InvoiceState.PAID,
    "uncollectible": InvoiceState.UNCOLLECTIBLE,
    "void": InvoiceState.VOID,
}

INVOICE_PAYMENT_STATES = {"open": False, "paid": True, "canceled": False}
"""Whether an invoice payment settles anything."""

ATTEMPT_STATES = {
    "requires_payment_method": AttemptState.OFFERED,
    "requires_confirmation": AttemptState.OFFERED,
    "requires_action": AttemptState.OFFERED,
    "requires_capture": AttemptState.PROCESSING,
    "processing": AttemptState.PROCESSING,
    "succeeded": AttemptState.SUCCEEDED,
    "canceled": AttemptState.CANCELLED,
}

REFUND_STATES = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.DONE,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}

DISPUTE_STATES = {
    "warning_needs_response": DisputeState.OPEN,
    "warning_under_review": DisputeState.OPEN,
    "needs_response": DisputeState.OPEN,
    "under_review": DisputeState.OPEN,
    "appeal_needs_response": DisputeState.OPEN,
    "appeal_under_review": DisputeState.OPEN,
    "warning_closed": DisputeState.WON,
    "prevented": DisputeState.WON,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
}

PAYOUT_STATES = {
    "pending": PayoutState.PENDING,
    "in_transit": PayoutState.PENDING,
    "paid": PayoutState.PAID,
    "failed": PayoutState.FAILED,
    "canceled": PayoutState.FAILED,
}

BANK_DEBITS = frozenset(
    {"us_bank_account", "acss_debit", "sepa_debit", "bacs_debit", "au_becs_debit", "nz_bank_account"}
)
"""Methods whose dispute is a return by the payer's bank, which cannot be contested."""

_CATEGORIES = (
    "advance advance_funding anticipation_repayment charge charge_failure climate_order_purchase "
    "climate_order_refund connect_collection_transfer connect_reserved_funds contribution dispute dispute_reversal "
    "fee financing_paydown financing_paydown_reversal financing_payout financing_payout_reversal "
    "issuing_authorization_hold issuing_authorization_release issuing_dispute issuing_transaction network_cost "
    "other_adjustment partial_capture_reversal payout payout_minimum_balance_hold "
    "payout_minimum_balance_release payout_reversal platform_earning platform_earning_refund refund refund_failure "
    "reserve_hold reserve_release risk_reserved_funds tax topup topup_reversal transfer transfer_reversal "
    "unreconciled_customer_funds"
)
CATEGORIES = frozenset(_CATEGORIES.split())
"""The accounting categories of ledger lines (Stripe, "Reporting categories")."""
