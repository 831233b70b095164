"""Payments that the books may hold already: reports of what is open say nothing of those.

A payment that comes exactly to what was paid of an earlier invoice of its payer, and names nothing that is open, may be
the one that paid it. To take it for another invoice of the same price would be a guess.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from connector.app.exports.debts import Entry
from connector.reconcile.cash.case import Party, Receipt, ReceiptKind
from connector.reconcile.cash.payers import Payers

_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z./_-]*")


def perhaps_recorded(
    parties: Sequence[Party], entries: Sequence[Entry], receipts: Iterable[Receipt]
) -> dict[str, Entry]:
    """The receipts that may have paid what is paid, each with that document."""
    payers = Payers(parties, {})
    places = {party.id: place for place, party in enumerate(parties)}
    paid: dict[tuple[int, str, int], list[Entry]] = defaultdict(list)
    opened: set[str] = set()
    for entry in entries:
        item = entry.item
        if item.amount:
            opened |= {item.number.casefold(), item.id.casefold()}
        if entry.was > item.amount >= 0:
            group = payers.root[places[item.party]]
            paid[group, item.currency, entry.was - item.amount].append(entry)
    found: dict[str, Entry] = {}
    for receipt in receipts:
        if receipt.kind is not ReceiptKind.PAYMENT or receipt.key.casefold() in opened:
            continue
        if any(word.casefold() in opened for word in _WORD.findall(receipt.text)):
            continue
        payer = payers.of(receipt)
        for group in (payer.group, *payer.among):
            for entry in paid.get((group, receipt.currency, receipt.amount), ()):
                if entry.item.issued <= receipt.on:
                    found.setdefault(receipt.id, entry)
    return found
