"""PayPal's words and what they mean here, as data: event codes of its reports, statuses, refusals of a capture. Pure.

Event codes: developer.paypal.com, "Transaction event codes". Issues: the lists per operation of its descriptions.
"""

from __future__ import annotations

from enum import StrEnum

from connector.model.money_in import DisputeState, RefundState, Taking
from connector.model.settlement import EntryNature

_GROUPS: dict[str, EntryNature] = {
    "T00": EntryNature.PAYMENT,
    "T01": EntryNature.FEE,
    "T02": EntryNature.TRANSFER,
    "T03": EntryNature.TOPUP,
    "T04": EntryNature.PAYOUT,
    "T05": EntryNature.SPENDING,
    "T06": EntryNature.SPENDING,
    "T07": EntryNature.SPENDING,
    "T08": EntryNature.ADJUSTMENT,
    "T09": EntryNature.ADJUSTMENT,
    "T10": EntryNature.ADJUSTMENT,
    "T12": EntryNature.ADJUSTMENT,
    "T14": EntryNature.ADJUSTMENT,
    "T15": EntryNature.RESERVE,
    "T17": EntryNature.PAYOUT,
    "T19": EntryNature.ADJUSTMENT,
    "T20": EntryNature.TRANSFER,
    "T21": EntryNature.RESERVE,
    "T22": EntryNature.TRANSFER,
}
_CODES: dict[str, EntryNature] = {
    "T0001": EntryNature.SPENDING,  # a mass payment that we sent
    "T1100": EntryNature.ADJUSTMENT,
    "T1101": EntryNature.PAYOUT_BACK,  # a withdrawal that the bank sent back
    "T1102": EntryNature.SPENDING,
    "T1103": EntryNature.ADJUSTMENT,
    "T1104": EntryNature.TOPUP,
    "T1105": EntryNature.RESERVE,
    "T1106": EntryNature.RETURN,
    "T1107": EntryNature.REFUND,
    "T1108": EntryNature.FEE,
    "T1109": EntryNature.FEE,
    "T1110": EntryNature.RESERVE,
    "T1111": EntryNature.RESERVE,
    "T1112": EntryNature.ADJUSTMENT,
    "T1116": EntryNature.RETURN,
    "T1117": EntryNature.ADJUSTMENT,
    "T1118": EntryNature.RETURN,
    "T1201": EntryNature.DISPUTE,
    "T1202": EntryNature.DISPUTE_BACK,
    "T1205": EntryNature.DISPUTE_BACK,
}
"""Event codes that mean something else than their group does. T11 has no meaning of its own: a new one is suspense."""


def nature_of(code: str) -> EntryNature | None:
    """What a line is for an accountant: by its code, else by its group; None for one that nobody knows."""
    return _CODES.get(code) or _GROUPS.get(code[:3])


NOT_MONEY = frozenset({"T13"})
"""Groups of lines that move nothing: authorisations."""

DONE, WAITING, DENIED, REVERSED = "S", "P", "D", "V"

FINISHED = frozenset({DONE, REVERSED})
"""Letters of lines whose money moved. A line that takes money has moved it while it waits, too."""

REFUND_STATES = {
    "COMPLETED": RefundState.DONE,
    "PENDING": RefundState.PENDING,
    "FAILED": RefundState.FAILED,
    "CANCELLED": RefundState.FAILED,
}

WAITS_FOR = {
    "ECHECK": "it is paid by eCheck, which clears in about a week",
    "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION": "the account does not hold this currency: somebody has to accept it "
    "in PayPal by hand",
    "PENDING_REVIEW": "PayPal is reviewing it",
    "VERIFICATION_REQUIRED": "the account is not verified: finish that in PayPal",
    "UNILATERAL": "the account has not confirmed its e-mail address: do that in PayPal",
    "INTERNATIONAL_WITHDRAWAL": "somebody has to accept it in PayPal by hand",
    "TRANSACTION_APPROVED_AWAITING_FUNDING": "the payer's bank has yet to send it",
    "BUYER_COMPLAINT": "the payer has opened a dispute",
    "CHARGEBACK": "the payer's card took it back",
    "REFUNDED": "it was refunded",
}
"""Why money that was taken has not come, for finance."""

BY_HAND = frozenset(
    {
        "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION",
        "VERIFICATION_REQUIRED",
        "UNILATERAL",
        "INTERNATIONAL_WITHDRAWAL",
    }
)
"""Of those, what waits for a person of the firm and for nobody else."""

RESOLVED = "RESOLVED"
OUTCOMES = {
    "RESOLVED_SELLER_FAVOUR": DisputeState.WON,
    "CANCELED_BY_BUYER": DisputeState.WON,
    "DENIED": DisputeState.WON,
    "RESOLVED_WITH_PAYOUT": DisputeState.WON,
    "RESOLVED_BUYER_FAVOUR": DisputeState.LOST,
    "ACCEPTED": DisputeState.LOST,
}
"""How a resolved dispute ended; an outcome nobody knows leaves it open."""

DISPUTE_REASONS = {
    "MERCHANDISE_OR_SERVICE_NOT_RECEIVED": "the payer says nothing was received",
    "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED": "the payer says it is not what was agreed",
    "UNAUTHORISED": "the payer says the payment was not authorised",
    "CREDIT_NOT_PROCESSED": "the payer misses a refund",
    "DUPLICATE_TRANSACTION": "the payer says it was charged twice",
    "INCORRECT_AMOUNT": "the payer says the amount is wrong",
    "PAYMENT_BY_OTHER_MEANS": "the payer says it was paid another way",
    "CANCELED_RECURRING_BILLING": "the payer says it was cancelled",
    "PROBLEM_WITH_REMITTANCE": "there is a problem with the remittance",
}


class Then(StrEnum):
    """What follows from a refusal of a capture."""

    TELL = "tell"
    SEE_ORDER = "see-order"
    AGAIN = "again"
    SEARCH = "search"
    UNKNOWN = "unknown"


def _each(issues: str, then: Then, taking: Taking | None = None) -> dict[str, tuple[Then, Taking | None]]:
    return dict.fromkeys(issues.split(), (then, taking))


ISSUES: dict[str, tuple[Then, Taking | None]] = {
    **_each(
        "INSTRUMENT_DECLINED REDIRECT_PAYER_FOR_ALTERNATE_FUNDING PAYER_ACTION_REQUIRED", Then.TELL, Taking.OTHER_FUNDS
    ),
    **_each("ORDER_NOT_APPROVED", Then.TELL, Taking.NOT_APPROVED),
    **_each("ORDER_ALREADY_CAPTURED", Then.SEE_ORDER),
    **_each("ORDER_COMPLETION_IN_PROGRESS RATE_LIMIT_REACHED", Then.AGAIN),
    **_each("DUPLICATE_INVOICE_ID", Then.SEARCH),
    **_each(
        "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED TRANSACTION_REFUSED COMPLIANCE_VIOLATION PAYER_CANNOT_PAY "
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED PAYER_ACCOUNT_RESTRICTED TRANSACTION_LIMIT_EXCEEDED "
        "TRANSACTION_BLOCKED_BY_PAYEE DECLINED_DUE_TO_RELATED_TXN",
        Then.TELL,
        Taking.DECLINED,
    ),
    **_each(
        "PAYEE_ACCOUNT_INVALID PAYEE_ACCOUNT_LOCKED_OR_CLOSED PAYEE_ACCOUNT_RESTRICTED PAYEE_BLOCKED_TRANSACTION "
        "TRANSACTION_RECEIVING_LIMIT_EXCEEDED PERMISSION_DENIED NOT_AUTHORIZED CONSENT_NEEDED",
        Then.TELL,
        Taking.NOT_FOR_US,
    ),
    **_each("RESOURCE_NOT_FOUND INVALID_RESOURCE_ID", Then.TELL, Taking.LAPSED),
}
"""What a refusal of a capture means, by its issue. One that is not here is an unknown outcome until the order says."""

REFUND_WORDS: dict[str, str] = {
    "CAPTURE_FULLY_REFUNDED": "All of it was given back already",
    "MAX_NUMBER_OF_REFUNDS_EXCEEDED": "PayPal gives no more parts of this payment back",
    "PARTIAL_REFUND_NOT_ALLOWED": "PayPal gives this payment back only as a whole",
    "PENDING_CAPTURE": "The payment has not come yet, so it cannot be given back",
    "REFUND_AMOUNT_EXCEEDED": "Less than that is left of the payment",
    "REFUND_CAPTURE_CURRENCY_MISMATCH": "The payment came in another currency",
    "REFUND_FAILED_INSUFFICIENT_FUNDS": "The PayPal account does not hold enough for it",
    "REFUND_NOT_ALLOWED": "PayPal does not let this payment be given back",
    "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK": "The payer's card has taken the payment back",
    "REFUND_TIME_LIMIT_EXCEEDED": "PayPal gives payments back for 180 days, and these are over",
    "TRANSACTION_DISPUTED": "The payer disputes the payment; it is answered in PayPal",
}
"""Why PayPal gives nothing back, for finance, by its word."""

WORDS: dict[Taking, str] = {
    Taking.OTHER_FUNDS: "The payer's funds were refused; other funds may be chosen on the same PayPal page.",
    Taking.NOT_APPROVED: "The payer has not approved the payment at PayPal.",
    Taking.DECLINED: "PayPal declined the payment.",
    Taking.NOT_FOR_US: "PayPal does not let this account take the payment: look at the account in PayPal.",
    Taking.LAPSED: "The order at PayPal has lapsed; nothing was taken.",
}
"""The same for finance."""
