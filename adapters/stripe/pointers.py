"""Of Stripe's objects, the few fields by which reading finds its way: none of them becomes part of a record."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from adapters.stripe.wire import Balance, Link, Listed, decode

Document = msgspec.Raw
"""An object as it came, a part of the answer's bytes."""


class Placed(Struct, frozen=True, gc=False):
    """Where a row stands in its list."""

    id: str
    created: int = 0


class About(Struct, frozen=True):
    """What an event is about, and where in its list that stands. Whatever else its body says may be of another version,
    and old."""

    id: str | None = None
    object: str | None = None
    customer: Link = None
    created: int | None = None


class EventBody(Struct, frozen=True):
    """The body of an event, of which only the pointer is read."""

    object: About


class Event(Struct, frozen=True):
    """Something happened. It says what to look at, and nothing more is believed of it."""

    id: str
    object: Literal["event"]
    type: str
    created: int
    livemode: bool
    data: EventBody


class Linking(Struct, frozen=True):
    """What a record points at, for what has to be read along with it."""

    id: str
    invoice: Link = None
    charge: Link = None
    latest_charge: Link = None
    customer: Link = None
    starting_balance: int | None = None
    ending_balance: int | None = None
    amount_overpaid: int = 0


def listed(body: bytes) -> Listed:
    """A page of a list."""
    return decode(body, Listed)


def events(body: bytes) -> tuple[bool, list[Event]]:
    """Whether there are more, and the events of a page, newest first as they came."""
    page = listed(body)
    return page.has_more, [decode(raw, Event) for raw in page.data]


def whole(body: bytes) -> Document:
    """A single object as it came, looked through to its end, so that one cut short is asked for again."""
    return decode(body, Document)


def balance(body: bytes) -> bytes:
    """A balance as it came, once it is known to be one."""
    decode(body, Balance)
    return body
