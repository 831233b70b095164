"""Why something is off by so much: the search over what was read, with the chain of rows behind each answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connector.app.agreeing import agreement
from connector.app.house import Desk
from connector.dates import BusinessDate, zone
from connector.errors import UserError
from connector.money import Currency, Money, MoneyError, currency, from_text
from connector.reconcile.apart import Search, search
from connector.reconcile.rowed import Linked, Links, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The search, and for each of its answers the chains of its first rows, in the same order."""

    search: Search
    chains: tuple[tuple[Linked, ...], ...]


_PLAIN = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,4})?")
REFS_FOLLOWED_MAX = 3
"""The chains of so many rows of one answer are followed; they are mostly one chain."""


def why(desk: Desk, wanted: str, code: str | None = None, on: BusinessDate | None = None) -> Why:
    """Search for everything that is exactly that amount. UserError for what is no amount, or none of anything."""
    amount = _amount(wanted, currency(code) if code is not None else desk.company.home_currency)
    seen, where = desk.snapshot(), zone(desk.company.zone)
    report = agreement(desk, seen=seen)
    found = search(report.sheets, rows_of(seen, where), amount, on)
    links = Links(seen, where)
    chains = []
    for answer in found.answers:
        linked = {link.ref: link for ref in answer.refs[:REFS_FOLLOWED_MAX] for link in links.chain(ref)}
        chains.append(tuple(sorted(linked.values(), key=lambda link: (link.place, link.on, link.ref))))
    return Why(search=found, chains=tuple(chains))


def _amount(wanted: str, code: Currency) -> Money:
    """The size of it: which side is more is what the search tells."""
    try:
        amount = from_text(wanted if _PLAIN.fullmatch(wanted.strip()) else "", code)
    except MoneyError:
        raise UserError(
            f"{wanted[:40]!r} is no amount in {code}.",
            next_step="Write digits and a point, no commas: 22.17, or 1250.00 --currency EUR",
        ) from None
    if not amount:
        raise UserError("Nothing is off by nothing.", next_step="Give the amount by which two figures are apart: 22.17")
    return amount if amount.minor > 0 else -amount
