"""One link per debt: which methods it offers, what a click on it may do, and how a try to pay moves. Pure.

moves      the tables of link, attempt, receipt and refund
settled    how far a debt is settled, and what a person should know
showing    what whoever opens the link sees
offers     which methods apply, and why the others do not
amounts    how much may be paid, and which debts it goes to
costs      what each method would cost the seller
watching   how often a try is looked at
letters    the words that go with a link
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
from connector.paylinks.settled import KEPT, Owed, Settled, Settlement, Tolerance, settlement
from connector.paylinks.showing import Known, Offer, Showing, Wanted, offer_of, showing
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
    "WATCHED",
    "Amounts",
    "Cost",
    "Counter",
    "Known",
    "LeftOut",
    "Letter",
    "Missing",
    "Offer",
    "Offered",
    "Owed",
    "Settled",
    "Settlement",
    "Showing",
    "Tolerance",
    "Wanted",
    "Way",
    "amounts",
    "attempt_after",
    "attempt_may_become",
    "chosen",
    "costs",
    "for_sellers_of",
    "is_due",
    "letter",
    "link_after",
    "methods_for",
    "missing",
    "offer_of",
    "offered",
    "pause",
    "price_of",
    "receipt_may_become",
    "refund_may_become",
    "settlement",
    "shares",
    "showing",
]
