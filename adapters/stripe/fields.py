"""Every top-level field Stripe is known to send of each object we mirror, so that a new one is noticed.

Source: the types of stripe-python 16.1 (the pinned version) and Stripe's own examples, which still carry a few fields
that the description no longer names. A test compares this table with both.
"""

from __future__ import annotations

_NAMES = {
    "account": (
        "business_profile business_type capabilities charges_enabled company controller country created "
        "default_currency details_submitted email external_accounts future_requirements groups id individual metadata "
        "object payouts_enabled requirements settings tos_acceptance type"
    ),
    "balance": (
        "available connect_reserved instant_available issuing livemode object pending refund_and_dispute_prefunding"
    ),
    "balance_transaction": (
        "amount available_on balance_type created currency description exchange_rate fee fee_details id net object "
        "reporting_category source status type"
    ),
    "cash_balance": "available customer customer_account livemode object settings",
    "charge": (
        "amount amount_captured amount_refunded application application_fee application_fee_amount authorization_code "
        "balance_transaction billing_details calculated_statement_descriptor captured created currency customer "
        "description disputed failure_balance_transaction failure_code failure_message fraud_details id level3 "
        "livemode metadata object on_behalf_of outcome paid payment_intent payment_method payment_method_details "
        "presentment_details radar_options receipt_email receipt_number receipt_url refunded refunds review shipping "
        "source source_transfer statement_descriptor statement_descriptor_suffix status transfer transfer_data "
        "transfer_group"
    ),
    "credit_note": (
        "amount amount_shipping created currency customer customer_account customer_balance_transaction "
        "discount_amount discount_amounts effective_at id invoice lines livemode memo metadata number object "
        "out_of_band_amount pdf post_payment_amount pre_payment_amount pretax_credit_amounts reason refunds "
        "shipping_cost status subtotal subtotal_excluding_tax total total_excluding_tax total_taxes type voided_at"
    ),
    "customer": (
        "address balance business_name cash_balance created currency customer_account default_source delinquent "
        "description discount email id individual_name invoice_credit_balance invoice_prefix invoice_settings "
        "livemode metadata name next_invoice_sequence object phone preferred_locales shipping sources subscriptions "
        "tax tax_exempt tax_ids test_clock"
    ),
    "customer_balance_transaction": (
        "amount checkout_session created credit_note currency customer customer_account description ending_balance id "
        "invoice livemode metadata object type"
    ),
    "customer_cash_balance_transaction": (
        "adjusted_for_overdraft applied_to_payment created currency customer customer_account ending_balance funded id "
        "livemode net_amount object refunded_from_payment transferred_to_balance type unapplied_from_payment"
    ),
    "dispute": (
        "amount balance_transactions charge created currency enhanced_eligibility_types evidence evidence_details id "
        "intended_submission_method is_charge_refundable livemode metadata network_reason_code object payment_intent "
        "payment_method_details reason status"
    ),
    "invoice": (
        "account_country account_name account_tax_ids amount_due amount_overpaid amount_paid amount_paid_off_stripe "
        "amount_remaining amount_shipping application attempt_count attempted auto_advance automatic_tax "
        "automatically_finalizes_at billing_reason collection_method confirmation_secret created currency "
        "custom_fields customer customer_account customer_address customer_email customer_name customer_phone "
        "customer_shipping customer_tax_exempt customer_tax_ids default_payment_method default_source "
        "default_tax_rates description discounts due_date effective_at ending_balance footer from_invoice "
        "hosted_invoice_url id invoice_pdf issuer last_finalization_error latest_revision lines livemode metadata "
        "next_payment_attempt number object on_behalf_of parent payment_settings payments period_end period_start "
        "post_payment_credit_notes_amount pre_payment_credit_notes_amount receipt_number rendering shipping_cost "
        "shipping_details starting_balance statement_descriptor status status_details status_transitions subscription "
        "subtotal subtotal_excluding_tax test_clock threshold_reason total total_discount_amounts total_excluding_tax "
        "total_pretax_credit_amounts total_taxes webhooks_delivered_at"
    ),
    "invoice_payment": (
        "amount_paid amount_requested created currency id invoice is_default livemode object payment status "
        "status_transitions"
    ),
    "payment_intent": (
        "allowed_payment_method_types amount amount_capturable amount_details amount_received application "
        "application_fee_amount automatic_payment_methods canceled_at cancellation_reason capture_method "
        "client_secret confirmation_method created currency customer customer_account description "
        "excluded_payment_method_types hooks id last_payment_error latest_charge livemode managed_payments metadata "
        "next_action object on_behalf_of payment_details payment_method payment_method_configuration_details "
        "payment_method_options payment_method_types payment_record presentment_details processing receipt_email "
        "review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix status "
        "transfer_data transfer_group"
    ),
    "payment_record": (
        "amount amount_authorized amount_canceled amount_failed amount_guaranteed amount_refunded amount_requested "
        "application created customer_details customer_presence description id latest_payment_attempt_record livemode "
        "metadata object payment_method_details processor_details reported_by shipping_details"
    ),
    "payout": (
        "amount application_fee application_fee_amount arrival_date automatic balance_transaction created currency "
        "description destination failure_balance_transaction failure_code failure_message id livemode metadata method "
        "object original_payout payout_method reconciliation_status reversed_by source_type statement_descriptor "
        "status trace_id type"
    ),
    "refund": (
        "amount balance_transaction charge created currency customer customer_account description destination_details "
        "failure_balance_transaction failure_reason id instructions_email metadata next_action object payment_intent "
        "payment_method pending_reason presentment_details reason receipt_number source_transfer_reversal status "
        "transfer_reversal"
    ),
}

FIELDS: dict[str, frozenset[str]] = {name: frozenset(fields.split()) for name, fields in _NAMES.items()}
"""Object name to the names of its fields."""
