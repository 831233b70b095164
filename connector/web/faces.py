"""What a payer is shown: our own words for every case, because the house's errors are written for the seller.

A payer learns what is due, whether it is paid, and what to do; never a record's id, a vendor's answer, a fault's text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from connector.app.paying import Visit
from connector.errors import LeaseLost, OutcomeUnknown, ReceivablesError, Refused, StoreLocked, VendorError
from connector.money import Money
from connector.paylinks import Offer
from connector.web import words

OK, NOT_FOUND, CONFLICT, BROKEN, UNAVAILABLE = 200, 404, 409, 500, 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One state of the page. `methods` are given where there is something to pay; `mood` colours what is said."""

    status: int
    title: str
    seller: str = ""
    number: str = ""
    amount: Money | None = None
    methods: tuple[str, ...] = ()
    headline: str = ""
    said: str = ""
    mood: str = ""
    again: bool = False


NOTHING_HERE = Face(status=NOT_FOUND, title="Nothing here", said="There is nothing to see at this address.")
"""The same for an address that was never one of ours and for any other that leads nowhere."""

FAULT = Face(
    status=BROKEN,
    title="Something went wrong",
    said="Something went wrong on our side, and nothing was charged. Please ask whoever sent you this address.",
    mood="fault",
)


def face_of(visit: Visit, titles: Mapping[str, str]) -> Face:
    """The page of a link as it stands now; `titles` are the methods' names in words."""
    number = visit.number or ""
    title = f"Invoice {number} from {visit.company}" if number else f"Invoice from {visit.company}"
    face = Face(status=OK, title=title, seller=visit.company, number=number)
    match visit.showing.offer:
        case Offer.PAY:
            methods = tuple(titles.get(code) or words.method(code) for code in visit.methods)
            return replace(face, amount=visit.showing.amount, methods=methods)
        case Offer.PAID:
            return replace(face, headline="This invoice is paid.", said="Nothing is due. Thank you.", mood="paid")
        case Offer.PROCESSING:
            return replace(
                face,
                headline="A payment is being processed.",
                said="Do not pay again; there is nothing more to do. A payment from a bank account can take several "
                "business days.",
                again=True,
            )
        case Offer.CLOSED:
            said = f"Nothing can be paid here. If you believe that something is due, please ask {visit.company}."
            return replace(face, headline="This payment link is closed.", said=said)
        case _:
            assert_never(visit.showing.offer)


def fault_of(error: ReceivablesError, seller: str, number: str) -> Face:
    """What a payer is told when a look or a click did not come off: one sentence, and what to do.

    A click only ever opens a page, so it charges nothing, whatever became of it.
    """
    status, headline, said = _told(error, seller)
    title = f"{headline.removesuffix('.')}: invoice from {seller}"
    return Face(
        status=status,
        title=title,
        seller=seller,
        number=number,
        headline=headline,
        said=said,
        mood="fault",
        again=True,
    )


def _told(error: ReceivablesError, seller: str) -> tuple[int, str, str]:
    match error:
        case Refused():
            return (
                CONFLICT,
                "This invoice cannot be paid right now.",
                f"This click charged nothing. Look again to see where it stands, or ask {seller}.",
            )
        case OutcomeUnknown():
            return (
                UNAVAILABLE,
                "The payment processor did not answer.",
                "Nothing was charged. Look again in a minute; it is checked there first.",
            )
        case StoreLocked() | LeaseLost():
            return (
                UNAVAILABLE,
                "Your payment page is just being opened.",
                "Nothing was charged. Look again in a few seconds.",
            )
        case VendorError():
            return (
                UNAVAILABLE,
                "The payment page cannot be opened right now.",
                f"Nothing was charged. Look again in a few minutes, or ask {seller}.",
            )
        case _:
            return (
                BROKEN,
                "This invoice cannot be shown right now.",
                f"Nothing was charged. Please ask {seller}.",
            )
