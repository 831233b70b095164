"""When trying ends: whom nobody may contact any more, and which account a person has to decide about. Pure.

Contact is due every business day until somebody is reached, but not for ever. After so many days on which nobody was
reached, so many days of contact about one invoice, so many broken promises, or twice the wrong person, more of the same
does not help: the account leaves the list of the day and stands before a person, with a sentence that says why. It
comes back when that person says that contacting goes on, and counting begins anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connector.dates import BusinessDate, day_of, zone
from connector.model.contact import NOT_REACHED, Contact, Direction, Outcome, PayerFile
from connector.model.firm import CollectingRules
from connector.model.source import Ref
from connector.reconcile.snapshot import Snapshot

WRONG_PERSON_MAX = 2
"""So many times on end the wrong person answers before somebody has to find the right one."""


def current(contacts: Iterable[Contact]) -> list[Contact]:
    """The contacts that no later one corrects, newest first."""
    known = tuple(contacts)
    replaced = {contact.supersedes for contact in known if contact.supersedes is not None}
    live = [contact for contact in known if contact.contact_id not in replaced]
    return sorted(live, key=lambda contact: (contact.at, contact.contact_id), reverse=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """A firm's caps, and what is kept of its payers."""

    rules: CollectingRules = field(default_factory=CollectingRules)
    files: Mapping[Ref, PayerFile] = field(default_factory=dict)


class Accounts:
    """What was tried at each payer's, over all of his invoices. An invoice of nobody stands for itself."""

    def __init__(self, snapshot: Snapshot, contacts: Iterable[Contact], manners: Manners) -> None:
        self._snapshot = snapshot
        self._rules = manners.rules
        self._files = {snapshot.survivor(each): file for each, file in manners.files.items()}
        self._tried: dict[Ref, list[Contact]] = defaultdict(list)
        for contact in current(contacts):
            payer = snapshot.survivor(contact.customer) or contact.invoice
            if self._counts(payer, contact):
                self._tried[payer].append(contact)

    def stopped(self, invoice: Ref) -> str:
        """Why nobody contacts the payer of that invoice; "" where he may be contacted."""
        payer = self._payer(invoice)
        return why_stopped(self._tried.get(payer, ()), self._files.get(payer))

    def handed_over(self, invoice: Ref, history: Sequence[Contact], as_of: BusinessDate) -> str:
        """Why a person has to decide about that invoice, "" while it may be tried; `history` is its own, newest
        first."""
        payer = self._payer(invoice)
        tried = self._tried.get(payer, [])
        own = [each for each in history if self._counts(payer, each)]
        outward = [each for each in tried if each.direction is Direction.OUT]
        days = _days(_since_reached(outward, tried))
        if days >= self._rules.tries_max:
            return f"tried on {days} days on end, and nobody was reached: find another way to them, or let it go"
        wrong = outward[:WRONG_PERSON_MAX]
        if len(wrong) == WRONG_PERSON_MAX and all(each.outcome is Outcome.WRONG_PERSON for each in wrong):
            return "the wrong person answered twice on end: find out whom to ask"
        broken = _broken(own, self._snapshot.invoices[invoice].open.minor, as_of)
        if broken >= self._rules.broken_max:
            return f"{broken} promises were not kept: decide what follows"
        days = _days(each for each in own if each.direction is Direction.OUT)
        if days >= self._rules.contacts_max:
            return f"contacted on {days} days about this invoice: decide what follows"
        return ""

    def _payer(self, invoice: Ref) -> Ref:
        return self._snapshot.survivor(self._snapshot.invoices[invoice].customer) or invoice

    def _counts(self, payer: Ref, contact: Contact) -> bool:
        return counts(contact, self._files.get(payer))


def counts(contact: Contact, file: PayerFile | None) -> bool:
    """Whether it was after a person said last that contacting goes on."""
    return file is None or file.counts_from is None or contact.at > file.counts_from


def why_stopped(contacts: Iterable[Contact], file: PayerFile | None) -> str:
    """Why nobody contacts a payer of whom there are these contacts and this file; "" where he may be contacted."""
    if file is not None and file.stopped:
        return file.stopped
    asked = [each for each in contacts if each.outcome is Outcome.STOP and counts(each, file)]
    return f"they asked on {_day(asked[0])} not to be contacted" if asked else ""


def _since_reached(outward: Sequence[Contact], tried: Sequence[Contact]) -> list[Contact]:
    """Our tries since somebody was reached last, whoever called whom."""
    reached = next((each for each in tried if each.outcome not in NOT_REACHED), None)
    if reached is None:
        return list(outward)
    return [each for each in outward if (each.at, each.contact_id) > (reached.at, reached.contact_id)]


def _broken(own: Sequence[Contact], open_minor: int, as_of: BusinessDate) -> int:
    """How many promises whose day came, before another took their place, left more open than they should have."""
    count = 0
    for place, each in enumerate(own):
        promise, newer = each.promise, own[:place]
        if promise is None:
            continue
        until = next((_day(one) for one in reversed(newer) if one.promise is not None), as_of)
        if promise.by >= until:
            continue
        left = next((one.open_amount.minor for one in reversed(newer) if _day(one) > promise.by), open_minor)
        count += left > each.open_amount.minor - promise.amount.minor
    return count


def _days(contacts: Iterable[Contact]) -> int:
    """On how many days they were."""
    return len({_day(each) for each in contacts})


def _day(contact: Contact) -> BusinessDate:
    return day_of(contact.at, zone(contact.zone))
