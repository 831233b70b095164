"""Who of the payers is contacted and who is not, and when trying ends: what a person decides about collecting."""

from __future__ import annotations

from dataclasses import dataclass, replace

from connector.app.collecting import today
from connector.app.house import Desk
from connector.app.payer_files import FIELD_MAX, keep_payer_file, payer_file
from connector.collect.worklist import WorkItem
from connector.errors import Refused, UnknownRecord, UserError
from connector.model.contact import Contact, PayerFile
from connector.model.firm import CollectingRules
from connector.model.source import Ref

CAPS_MAX = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """One payer: what is kept of how he pays, what of his is past terms today, and what was said, the latest first."""

    ref: Ref
    name: str
    file: PayerFile
    overdue: tuple[WorkItem, ...]
    contacts: tuple[Contact, ...]


def payer(desk: Desk, wanted: str) -> Payer:
    """The customer of that name or id. UnknownRecord: none, or several."""
    ref = _customer(desk, wanted)
    seen = desk.snapshot()
    return Payer(
        ref=ref,
        name=seen.name_of(ref),
        file=payer_file(desk, ref),
        overdue=tuple(each for each in today(desk) if seen.survivor(each.invoice.customer) == ref),
        contacts=desk.store.contacts(desk.id, customer=ref),
    )


def _customer(desk: Desk, wanted: str) -> Ref:
    key, seen = wanted.strip().casefold(), desk.snapshot()
    found = {
        kept: held
        for ref, held in seen.customers.items()
        if key in (str(ref).casefold(), ref.vendor_id.casefold(), held.name.casefold())
        if (kept := seen.survivor(ref)) is not None
    }
    books = [ref for ref in found if ref.connection == seen.books]
    chosen = books if len(books) == 1 else list(found)
    if not chosen:
        raise UnknownRecord(f"There is no customer {wanted[:40]!r}.", next_step="See their names: receivables aging")
    if len(chosen) > 1:
        raise UnknownRecord(
            f"There are {len(chosen)} customers {wanted[:40]!r}.",
            next_step=f"Name one by its id: {', '.join(sorted(map(str, chosen))[:5])}",
        )
    return chosen[0]


def stop(desk: Desk, customer: Ref, reason: str) -> PayerFile:
    """Nobody contacts that payer any more. UserError without a reason."""
    said = reason.strip()
    if not said or len(said) > FIELD_MAX:
        raise UserError(f"Why takes 1 to {FIELD_MAX} characters.", next_step="Write the reason in a few words.")
    return keep_payer_file(desk, replace(payer_file(desk, customer), stopped=said))


def go_on(desk: Desk, customer: Ref) -> PayerFile:
    """The payer is contacted again, and what was tried until now no longer counts."""
    return keep_payer_file(desk, replace(payer_file(desk, customer), stopped="", counts_from=desk.clock.now()))


def set_caps(desk: Desk, tries: int | None, contacts: int | None, promises: int | None) -> CollectingRules:
    """When trying ends, from now on; what is None stays as it is. Refused for what would be no cap."""
    now = desk.company.collecting
    wanted = CollectingRules(
        tries_max=now.tries_max if tries is None else tries,
        contacts_max=now.contacts_max if contacts is None else contacts,
        broken_max=now.broken_max if promises is None else promises,
    )
    if not all(1 <= cap <= CAPS_MAX for cap in (wanted.tries_max, wanted.contacts_max, wanted.broken_max)):
        raise Refused(f"A cap is a number from 1 to {CAPS_MAX}.", next_step="Choose how often is enough.")
    if wanted != now:
        desk.company = replace(desk.store.company(desk.id), collecting=wanted)
        desk.store.set_company(desk.company, desk.actor)
    return wanted
