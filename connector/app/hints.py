"""What vendors tell us to look at: taken at the door and stored, and looked at when their connection is read.

A hint is never data, and nothing depends on one: with every delivery lost, the regular reading finds the same. It must
never make a run fail that would have succeeded without it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from connector import registry
from connector.app.house import Desk, House
from connector.dates import Instant, instant_from_epoch, instant_from_iso
from connector.errors import Refused, Retry, SettingsError, UserError, VendorError
from connector.model.finding import Finding
from connector.model.firm import Connection
from connector.model.mirror import Gone, GoneState, Mirrored
from connector.model.source import Ref
from connector.ports import AdapterSpec, Hint, Hooks, Lookable, Page
from connector.store import Author
from connector.store.inbox import Addressed

LOOKED_AT_MAX = 30
"""More hints than that are not looked at one by one: the regular reading has just covered them."""

EPOCH = instant_from_epoch(0)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a delivery: hints that are news, known ones, and those for accounts that are not connected here.

    All three 0: the signature was good, and nothing in it was for us or could be read.
    """

    stored: int
    known: int
    foreign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A system that can send us something, and its adapter's module that reads it."""

    spec: AdapterSpec
    hooks: Hooks


def doors() -> dict[str, Door]:
    """Those of the installed adapters, by name. Looked up once per process: that takes longer than a delivery."""
    found = {name: (spec, registry.hooks_of(spec)) for name, spec in registry.specs().items()}
    return {name: Door(spec=spec, hooks=hooks) for name, (spec, hooks) in found.items() if hooks is not None}


def listening(house: House) -> tuple[str, ...]:
    """The systems of which some connection takes deliveries."""
    return tuple(name for name, door in doors().items() if any(_listeners(house, door)))


def take(house: House, door: Door, body: bytes, headers: Mapping[str, str]) -> Taken | None:
    """Store what a delivery points at, in one transaction; None when no connection's signature fits it.

    Refused when no connection of that system takes deliveries. Each connection vouches for its own hints only: what one
    company's secret signed is never believed about another's account.
    """
    listeners = list(_listeners(house, door))
    if not listeners:
        raise Refused("No deliveries are taken here.", next_step="Set the secret of its webhooks for a connection.")
    signed, now = False, house.clock.now()
    heard: set[str] = set()
    addressed: list[Addressed] = []
    for connection, settings in listeners:
        hints = door.hooks.read(body, headers, (settings,), now)
        if hints is None:
            continue
        signed = True
        heard |= {hint.key for hint in hints}
        own = [hint for hint in hints if hint.account in ("", connection.account)]
        addressed += [Addressed(connection.company_id, connection.connection_id, hint) for hint in own]
    if not signed:
        return None
    stored = house.store.add_hints(addressed)
    meant = {(one.company, one.connection, one.hint.key) for one in addressed}
    return Taken(stored=stored, known=len(meant) - stored, foreign=len(heard - {key for _, _, key in meant}))


def _listeners(house: House, door: Door) -> Iterator[tuple[Connection, object]]:
    """The connections of a system whose settings hold what deliveries are verified with, and these settings."""
    for company in house.store.companies():
        for connection in house.store.connections(company.company_id):
            if connection.system != door.spec.name:
                continue
            values = house.store.secrets(company.company_id, connection.connection_id)
            try:
                settings = registry.settings_of(door.spec, values)
            except SettingsError:
                continue  # a connection that cannot be read at all is the business of `doctor`
            if door.hooks.listens(settings):
                yield connection, settings


def follow(
    desk: Desk, connection: Connection, author: Author, hints: Sequence[Hint], since: Instant
) -> tuple[Finding, ...]:
    """Look at what these hints point at, after a regular reading that began at `since` when they were there already.

    What that reading itself brought is as fresh as a look would be, so it is not asked for again. Returns what a
    person should know of what was seen.
    """
    if not hints:
        return ()
    found: tuple[Finding, ...] = ()
    adapter = desk.adapter(connection)
    known, wanted = _unseen(desk, connection, hints, since)
    if isinstance(adapter, Lookable) and 0 < len(wanted) <= LOOKED_AT_MAX:
        try:
            page = adapter.look(wanted)
        except (VendorError, UserError) as fault:  # a hint may point at what cannot be looked at by itself
            _log.warning("%s could not be looked at after hints: %s.", connection.connection_id, type(fault).__name__)
            if fault.retry is not Retry.NEVER:
                return ()
        else:
            # What is not there and never was mirrored leaves no tombstone: the regular reading would leave none.
            kept = [one for one in page.records if not isinstance(one.record, Gone) or one.ref in known]
            desk.store.save_pages(author, connection.connection_id, None, [replace(page, records=tuple(kept))])
            found = page.findings
    merged = [each for hint in hints if (each := _merged(desk, connection, hint)) is not None]
    if merged:
        page = Page(records=tuple(merged), cursor="", more=False)
        # The document is the one we have; what it means has become clearer.
        desk.store.save_pages(replace(author, again=True), connection.connection_id, None, [page])
    desk.store.hints_done(desk.id, connection.connection_id, hints)
    # Remembered for so long after it was done, so that a late repeat is known as one.
    desk.store.forget_hints(desk.id, desk.house.config.keep_days)
    return found


def _unseen(
    desk: Desk, connection: Connection, hints: Sequence[Hint], since: Instant
) -> tuple[frozenset[Ref], list[Ref]]:
    """Of the records hinted at: those that are mirrored, and those to look at.

    Not looked at is what is known to be gone for good, and what was seen to change since that moment or since the
    vendor says it happened: so what we wrote ourselves, and read back then, costs nothing when the vendor tells us of
    it. Should the clocks differ, the regular reading finds it.
    """
    happened: dict[Ref, Instant] = {}
    for hint in hints:
        if hint.kind is not None and hint.vendor_id is not None:
            ref = Ref(connection.connection_id, hint.kind, hint.vendor_id)
            happened[ref] = max(happened.get(ref, EPOCH), _moment(hint.at, since))
    held = {ref: desk.store.record(desk.id, ref) for ref in happened}
    wanted = sorted(
        ref
        for ref, one in held.items()
        if one is None or (one.gone is None and one.seen_at < min(since, happened[ref]))
    )
    return frozenset(ref for ref, one in held.items() if one is not None), wanted


def _moment(text: str, otherwise: Instant) -> Instant:
    try:
        return instant_from_iso(text)
    except UserError:
        return otherwise


def _merged(desk: Desk, connection: Connection, hint: Hint) -> Mirrored | None:
    """A record that the mirror knows to be gone, and of which a hint says into which living one it went."""
    if hint.kind is None or hint.vendor_id is None or hint.merged_into is None:
        return None
    lost = desk.store.record(desk.id, Ref(connection.connection_id, hint.kind, hint.vendor_id))
    kept = desk.store.record(desk.id, Ref(connection.connection_id, hint.kind, hint.merged_into))
    if lost is None or not isinstance(lost.record, Gone) or kept is None or kept.gone is not None:
        return None
    if lost.record.merged_into == kept.ref:
        return None
    return Mirrored(
        ref=lost.ref,
        version=lost.version,
        raw=desk.store.raw(desk.id, lost.ref) or b"",
        record=Gone(state=GoneState.MERGED, merged_into=kept.ref),
    )
