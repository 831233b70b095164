"""The closed list of what keeps a receipt from being decided, each with the next step for a person."""

from __future__ import annotations

from connector.model.finding import FindingCode

PROPOSED_MAX = 3
"""So many proposals are made at most."""

NEXT: dict[FindingCode, str] = {
    FindingCode.NO_ORIGINAL: "Decide the payment that went back first.",
    FindingCode.STALE_KEY: "Ask what it pays: it may be a second payment.",
    FindingCode.REUSED_KEY: "Ask which of them it pays: a link may have been used for another invoice.",
    FindingCode.WRONG_CUSTOMER: "Ask the payer for the right number; one wrong digit names a stranger's invoice.",
    FindingCode.AMBIGUOUS: "Ask which it is; give the invoices different numbers.",
    FindingCode.WRONG_CURRENCY: "Allocate it by hand with the rate agreed with the payer.",
    FindingCode.ALREADY_SETTLED: "It may be a second payment: refund it, or keep it as credit.",
    FindingCode.OTHER_AMOUNT: "Ask the payer how to divide it, or allocate it by hand.",
    FindingCode.UNKNOWN_REFERENCE: "Ask the payer for the invoice number.",
    FindingCode.CUT_TEXT: "Ask the payer for the whole list of what it pays.",
    FindingCode.UNKNOWN_PAYER: "Say whose account this is; later payments from it are then known.",
    FindingCode.SEVERAL_PAYERS: "Say which of them it is; later payments from the account are then known.",
    FindingCode.SAME_AMOUNT_AGAIN: "Ask whether it was paid twice; if it was not, allocate it by hand.",
    FindingCode.NOTHING_OPEN: "Keep it on account, or ask what it is for.",
    FindingCode.EQUAL_ITEMS: "Choose one; or allow oldest first among identical invoices.",
    FindingCode.FITS_NOTHING: "Ask the payer what it pays.",
    FindingCode.NOT_IDENTIFIED: "Ask the payer for a list of what it pays.",
}
"""What a receipt may lack, and the next step."""
