"""Which of our states each of Stripe's words stands for. A word that is not here is unknown, and treated with care."""

from __future__ import annotations

from connector.model.allocation import AllocationState
from connector.model.invoice import InvoiceState
from connector.model.money_in import AttemptState, DisputeState, RefundState

INVOICE_STATES = {
    "draft": InvoiceState.DRAFT,
    "open": InvoiceState.OPEN,
    "paid": InvoiceState.PAID,
    "uncollectible": InvoiceState.UNCOLLECTIBLE,
    "void": InvoiceState.VOID,
}

INVOICE_PAYMENT_STATES = {
    "open": AllocationState.OPEN,
    "paid": AllocationState.APPLIED,
    "canceled": AllocationState.DETACHED,
}

CREDIT_NOTE_STATES = {"issued": InvoiceState.OPEN, "void": InvoiceState.VOID}
"""An issued one is PAID, though, once nothing of it is left to be used."""

_CREDIT_TYPES = (
    "adjustment applied_to_invoice checkout_session_subscription_payment "
    "checkout_session_subscription_payment_canceled credit_note initial invoice_overpaid invoice_too_large "
    "invoice_too_small migration unapplied_from_invoice unspent_receiver_credit"
)
CREDIT_TYPES = frozenset(_CREDIT_TYPES.split())
"""What a line of a customer's credit can be."""

_CASH_TYPES = (
    "adjusted_for_overdraft applied_to_payment funded funding_reversed refunded_from_payment return_canceled "
    "return_initiated transferred_to_balance unapplied_from_payment"
)
CASH_TYPES = frozenset(_CASH_TYPES.split())
"""What a line of a customer's own money can be."""

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

_METHODS = (
    "ach_credit_transfer ach_debit acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit "
    "bacs_debit bancontact billie bizum blik boleto card card_present cashapp crypto customer_balance eps fpx giropay "
    "grabpay ideal interac_present kakao_pay klarna konbini kr_card link mb_way mobilepay multibanco naver_pay "
    "nz_bank_account oxxo p24 pay_by_bank payco paynow paypal paypay payto pix promptpay revolut_pay samsung_pay "
    "satispay scalapay sepa_credit_transfer sepa_debit sequra sofort stripe_account sunbit swish twint upi "
    "us_bank_account wechat wechat_pay zip"
)
METHODS = frozenset(_METHODS.split())
"""The payment methods Stripe is known to have."""

BANK_DEBITS = frozenset(
    {"us_bank_account", "acss_debit", "sepa_debit", "bacs_debit", "au_becs_debit", "nz_bank_account"}
)
"""Methods whose dispute is a return by the payer's bank, which cannot be contested."""

REASONS = {
    "account_closed": "the bank account is closed",
    "bank_account_closed": "the bank account is closed",
    "bank_account_frozen": "the bank account is frozen",
    "bank_account_invalid_details": "wrong account details",
    "bank_account_restricted": "the bank account does not take debits",
    "bank_account_unusable": "the bank account cannot be debited",
    "bank_cannot_process": "the payer's bank could not process it",
    "bank_ownership_changed": "the bank account has changed hands",
    "card_declined": "the card was declined",
    "check_returned": "the cheque was returned",
    "credit_not_processed": "the payer says a refund that was due never came",
    "customer_initiated": "the payer asked the bank to take it back",
    "debit_not_authorized": "the payer says the debit was not authorized",
    "duplicate": "the payer says it was charged twice",
    "expired_card": "the card has expired",
    "fraudulent": "the payer says it was fraud",
    "incorrect_account_details": "wrong account details",
    "insufficient_funds": "insufficient funds",
    "no_account": "there is no such bank account",
    "noncompliant": "it was against the network's rules",
    "product_not_received": "the payer says nothing was delivered",
    "product_unacceptable": "the payer says what was delivered is not as agreed",
    "recipient_deceased": "the payer has died",
    "subscription_canceled": "the payer says the subscription was cancelled",
    "unrecognized": "the payer does not recognise it",
}
"""Stripe's words for why a payment failed, came back or is disputed (its error, decline and dispute pages)."""

_NO_FUNDS = "insufficient funds"
_CLOSED = "the bank account is closed"
_UNKNOWN_ACCOUNT = "there is no such bank account"
_WRONG_NUMBER = "wrong account details"
_FROZEN = "the bank account is frozen"
_STOPPED = "the payer stopped the payment"
_REVOKED = "the payer has withdrawn the authorization"
_NOT_AUTHORIZED = "the payer says the debit was not authorized"
_NOT_AS_AGREED = "it was not as the authorization says"
_NOT_ANNOUNCED = "the payer says it was not announced"
_NO_DEBITS = "the bank account does not take debits"
_DIED = "the payer has died"
_REFUSED = "the payer refused it"
_NO_MANDATE = "there is no valid mandate"
_TWICE = "the payer's bank took it for a duplicate"

NETWORK_REASONS: dict[str, dict[str, str]] = {
    "us_bank_account": {
        "R01": _NO_FUNDS,
        "R02": _CLOSED,
        "R03": _UNKNOWN_ACCOUNT,
        "R04": _WRONG_NUMBER,
        "R05": _NOT_AUTHORIZED,
        "R07": _REVOKED,
        "R08": _STOPPED,
        "R09": "the funds are not available yet",
        "R10": _NOT_AUTHORIZED,
        "R11": _NOT_AS_AGREED,
        "R12": "the bank account was moved to another branch",
        "R13": "wrong routing number",
        "R14": _DIED,
        "R15": _DIED,
        "R16": _FROZEN,
        "R17": "the payer's bank found the details questionable",
        "R20": _NO_DEBITS,
        "R23": _REFUSED,
        "R24": _TWICE,
        "R29": _NOT_AUTHORIZED,
        "R31": "the payer's bank returned it with permission",
        "R51": "the payer's bank found the re-presented cheque ineligible",
    },
    "acss_debit": {
        "901": _NO_FUNDS,
        "902": _UNKNOWN_ACCOUNT,
        "903": _STOPPED,
        "904": "its date was too old or too new",
        "905": _CLOSED,
        "907": _NO_DEBITS,
        "908": "the funds are not available yet",
        "909": "the bank account is in another currency",
        "910": _DIED,
        "911": _FROZEN,
        "912": _WRONG_NUMBER,
        "914": "the payer's name is wrong",
        "915": _NOT_AUTHORIZED,
        "916": _NOT_AS_AGREED,
        "917": _REVOKED,
        "918": _NOT_ANNOUNCED,
        "919": _NOT_AS_AGREED,
        "920": _REVOKED,
        "921": _NOT_ANNOUNCED,
        "922": "the payer asked the bank to take it back",
        "990": "the payer's bank is in default",
    },
    "sepa_debit": {
        "AC01": _WRONG_NUMBER,
        "AC04": _CLOSED,
        "AC06": _NO_DEBITS,
        "AC13": "it is a consumer's bank account",
        "AG01": _NO_DEBITS,
        "AG02": "the payer's bank did not take this type of debit",
        "AM04": _NO_FUNDS,
        "AM05": _TWICE,
        "BE05": "the payer's bank does not know the creditor",
        "CNOR": "the creditor's bank is not registered",
        "DNOR": "the payer's bank is not registered",
        "FF01": "the payer's bank could not read it",
        "MD01": _NO_MANDATE,
        "MD02": "the mandate lacks something or is wrong",
        "MD06": "the payer asked the bank to take it back",
        "MD07": _DIED,
        "MS02": _REFUSED,
        "MS03": "the payer's bank gave no reason",
        "RC01": "wrong bank code",
        "RR01": "the payer's bank could not accept it under its rules",
        "RR02": "the payer's bank could not accept it under its rules",
        "RR03": "the payer's bank could not accept it under its rules",
        "RR04": "the payer's bank could not accept it under its rules",
        "SL01": "the payer has told the bank to refuse it",
    },
    "bacs_debit": {
        "0": _NO_FUNDS,
        "1": "the payer has cancelled the instruction",
        "2": _DIED,
        "3": "the bank account was moved to another bank",
        "4": "the payer disputes the advance notice",
        "5": _UNKNOWN_ACCOUNT,
        "6": "there is no instruction for it",
        "7": "the amount is not as announced",
        "8": "it was asked for before it was due",
        "9": "it was asked for too late",
        "A": "the bank has another firm for the instruction",
        "B": _CLOSED,
    },
}
"""Payment method to the network's return code to what finance calls it: Nacha's R codes, Payments Canada's return
codes (rule H1), the European Payments Council's reason codes, Bacs' ARUDD codes."""
