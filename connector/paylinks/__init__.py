"""One link per debt: which methods it offers, what a click on it may do, and how a try to pay moves. Pure.

moves      the tables of link, attempt, receipt and refund
settled    how far a debt is settled, and what a person should know
showing    what whoever opens the link sees
offers     which methods apply, and why the others do not
amounts    how much may be paid, and which debts it goes to
costs      what each method would cost the seller
watching   how often a try is looked at
letters    the words that go with a link
on_invoice what an invoice is to show of its link
"""

from __future__ import annotations

from connector.paylinks.amounts import Amounts, amounts, chosen, shares
from connector.paylinks.costs import Cost, costs, price_of
from connector.paylinks.letters import LANGUAGES, Letter, letter
from connector.paylinks.moves import (
    ATTEMPT_MOVES,
    GIVEN_UP,
    LINK_MOVES,
    LIVE,
    MONEY,
    PAYABLE,
    RECEIPT_MOVES,
    REFUND_MOVES,
    attempt_after,
    attempt_may_become,
    link_after,
    receipt_may_become,
    refund_may_become,
)
from connector.paylinks.offers import (
    NO_TERMS,
    Counter,
    LeftOut,
    Missing,
    Offered,
    Way,
    for_sellers_of,
    methods_for,
    missing,
    offered,
)
from connector.paylinks.on_invoice import LastShown, OnInvoice, checked, line_of
from connector.paylinks.settled import KEPT, Owed, Settled, Settlement, Tolerance, settlement
from connector.paylinks.showing import (
    REUSE_SECONDS_MIN,
    Known,
    Offer,
    Setback,
    Showing,
    Wanted,
    offer_of,
    setback_of,
    showing,
)
from connector.paylinks.watching import WATCHED, is_due, pause

__all__ = [
    "ATTEMPT_MOVES",
    "GIVEN_UP",
    "KEPT",
    "LANGUAGES",
    "LINK_MOVES",
    "LIVE",
    "MONEY",
    "NO_TERMS",
    "PAYABLE",
    "RECEIPT_MOVES",
    "REFUND_MOVES",
    "REUSE_SECONDS_MIN",
    "WATCHED",
    "Amounts",
    "Cost",
    "Counter",
    "Known",
    "LastShown",
    "LeftOut",
    "Letter",
    "Missing",
    "Offer",
    "Offered",
    "OnInvoice",
    "Owed",
    "Setback",
    "Settled",
    "Settlement",
    "Showing",
    "Tolerance",
    "Wanted",
    "Way",
    "amounts",
    "attempt_after",
    "attempt_may_become",
    "checked",
    "chosen",
    "costs",
    "for_sellers_of",
    "is_due",
    "letter",
    "line_of",
    "link_after",
    "methods_for",
    "missing",
    "offer_of",
    "offered",
    "pause",
    "price_of",
    "receipt_may_become",
    "refund_may_become",
    "setback_of",
    "settlement",
    "shares",
    "showing",
]
