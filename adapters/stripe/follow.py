"""What has happened since: events as pointers. Their types and order mean nothing, their bodies are never read.

A batch is reduced to the set of records that it names, each of which is read once as it stands now, so repeated, late
and shuffled events lead to the same mirror. Types are not asked for: there are more than one question may name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adapters.stripe import along, course, event_types, pointers, wire
from adapters.stripe.ahead import Calls
from adapters.stripe.course import Feed, Met
from adapters.stripe.events import OBJECTS
from adapters.stripe.guards import checked_id
from adapters.stripe.lists import EVENTS, SHELVES
from adapters.stripe.looking import Pointer
from adapters.stripe.refusal import other_mode
from connector.model.finding import Finding, FindingCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One page of events: what they point at, and how far it goes. `now` is Stripe's time, `since` that of the oldest
    of these events."""

    pointers: tuple[Pointer, ...]
    findings: tuple[Finding, ...]
    feed: Feed
    now: int
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Events since the last poll cannot be told any more."""

    now: int


def poll(calls: Calls, feed: Feed, limit: int, *, live: bool) -> Batch | Gap:
    """The next page of events, so many at most. Errors: VendorError; NeedsReconnect when they are of the other mode."""
    query: dict[str, str | int] = {"limit": limit}
    if feed.anchor is not None:
        query["ending_before"] = checked_id(feed.place or feed.anchor.id)
    else:
        query["created[gte]"] = feed.since
        if feed.place is not None:
            query["starting_after"] = checked_id(feed.place)
    found = along.still(lambda: calls.read_dated(EVENTS, query, pointers.events))
    if found is None:
        return Gap(now=feed.polled)
    (more, events), now = found
    if course.gap(feed, now):
        return Gap(now=now)
    if any(event.livemode is not live for event in events):
        raise other_mode(key_is_live=live)
    page = tuple(Met(at=event.created, id=event.id) for event in events)
    news = {met.id for met in course.fresh(feed, page)}
    told = [event for event in events if event.id in news]
    return Batch(
        pointers=tuple(_pointers(told)),
        findings=tuple(_unknown(event) for event in told if event.type not in event_types.KNOWN),
        feed=course.polled_on(feed, page, now, more=more and bool(events)),
        now=now,
        since=min((event.created for event in told), default=now),
    )


def begin(calls: Calls) -> tuple[int, Met | None]:
    """Stripe's time, and the newest event that is older than the overlap before it: from there on what happens is
    followed."""
    _, now = calls.read_dated(EVENTS, {"limit": 1}, pointers.events)
    query: dict[str, str | int] = {"limit": 1, "created[lte]": now - course.OVERLAP_SECONDS}
    _, events = calls.read(EVENTS, query, pointers.events)
    return now, Met(at=events[0].created, id=events[0].id) if events else None


def _pointers(events: Iterable[pointers.Event]) -> Iterable[Pointer]:
    """The records that events are about, each once. What has no id yet is not there yet (`invoice.upcoming`)."""
    met: dict[tuple[str, str, str], Pointer] = {}
    for event in events:
        about = event.data.object
        kind = OBJECTS.get(about.object or "")
        if kind is None or kind.value not in SHELVES or not about.id:
            continue
        customer = wire.link_id(about.customer) or "" if SHELVES[kind].owned else ""
        if customer or not SHELVES[kind].owned:
            key = (kind.value, about.id, customer)
            met.setdefault(key, Pointer(*key, made=about.created or 0))
    return met.values()


def _unknown(event: pointers.Event) -> Finding:
    return Finding(
        code=FindingCode.UNKNOWN_VALUE,
        sentence=f"Stripe tells an event of a type that this release does not know ({event.type[:60]!r}, {event.id}).",
        next_step="If it is about a mirrored record, that was read again; a newer release may know more.",
        refs=(),
    )


def missed(feed: Feed, now: int) -> Finding:
    """What a person is told when events were missed."""
    days = (now - feed.polled) // course.DAY_SECONDS
    if course.gap(feed, now):
        return again(f"it was last read {days} days ago, and Stripe tells what happened for thirty days only")
    return again("Stripe no longer knows the event that the last reading ended with")


def again(why: str = "where the last reading ended is not known") -> Finding:
    """What a person is told when everything is read again."""
    return Finding(
        code=FindingCode.READ_AGAIN,
        sentence=f"Everything in the Stripe account is read again: {why}.",
        next_step="Nothing is lost by it. Sync at least once a day, so that changes are seen soon.",
        refs=(),
    )
