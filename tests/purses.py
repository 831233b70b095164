"""Watches a running account of Stripe's double line by line: cheap enough to be asked after every single event.

Each new line of the ledger goes through the adapter's own shapes and translation once, and is added to what its purse
holds. So the sum is ours, and the account's truth is held against it without reading anything again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from adapters.stripe import ledger as ledgers
from adapters.stripe import payments, wire
from adapters.stripe.standin.ledger import Ledger
from connector.model.mirror import Noun
from connector.model.settlement import BalanceEntry, EntryNature
from connector.model.source import Kind, Ref
from connector.money import Currency
from connector.reconcile.clearing import Books, Unbooked, placed
from connector.reconcile.snapshot import Snapshot, snapshot
from tests.stripe_rig import WHERE

NOTHING_BOOKED = Books(snapshot([], books=None))


class Purses:
    """What every currency's purse holds by our reading: in all, by nature, and by the reason why it is not booked."""

    def __init__(self, account: Ledger) -> None:
        self._account = account
        self._seen = 0
        self.held: dict[Currency, int] = defaultdict(int)
        self.natures: dict[tuple[Currency, EntryNature], int] = defaultdict(int)
        self.unbooked: dict[tuple[Currency, Unbooked], int] = defaultdict(int)
        self.entries: dict[Ref, BalanceEntry] = {}

    def look(self) -> int:
        """Take in what came since the last look; says how many lines that was."""
        new = list(self._new())
        for document in new:
            self._enter(document)
        self._seen += len(new)
        return len(new)

    def _new(self) -> Iterator[Mapping[str, Any]]:
        stored = self._account._objects.get("balance_transaction", {})
        left = len(stored) - self._seen
        for document in reversed(stored.values()):
            if left == 0:
                return
            left -= 1
            yield document

    def _enter(self, document: Mapping[str, Any]) -> None:
        row = _decoded(document, wire.BalanceTransaction)
        record, _ = ledgers.balance_entry(row, WHERE)
        ref = WHERE.ref(Kind.BALANCE_ENTRY, row.id)
        self.entries[ref] = record
        code = record.net.currency
        self.held[code] += record.net.minor
        self.natures[code, record.nature] += record.net.minor
        for part in placed(ref, record, NOTHING_BOOKED):
            if part.reason is not None:
                self.unbooked[part.currency, part.reason] += part.minor

    def wrong(self, balance: Mapping[str, int]) -> list[str]:
        """Every purse whose sum is not what the account holds (in its own integers), or whose parts lost something."""
        found = []
        for code in sorted({*self.held, *(lower.upper() for lower in balance)}):
            kept = Currency(code)
            truth = balance.get(code.lower(), 0)
            if self.held[kept] != truth:
                found.append(f"{code}: we hold {self.held[kept]}, and the account has {truth}")
            parts = sum(minor for (of, _), minor in self.unbooked.items() if of == kept)
            if parts != self.held[kept]:
                found.append(f"{code}: the parts come to {parts}, and the whole is {self.held[kept]}")
        return found


def _number(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


def snapshot_of(account: Ledger) -> Snapshot:
    """The whole account as the adapter would mirror it, without the way over the network."""
    return snapshot(records_of(account), books=None)


Known = dict[tuple[str, str], tuple[object, Noun]]
"""What a document was translated to, by its kind and id, and how it stood then."""


def records_of(account: Ledger, known: Known | None = None) -> list[tuple[Ref, str, Noun]]:
    """The records of the same; a charge comes with its line of the ledger, as it is asked for. What stands as it did is
    not translated again, where `known` is kept from look to look."""
    triples: list[tuple[Ref, str, Noun]] = []
    memory: Known = {} if known is None else known
    for kind, name, _, _ in _KINDS:
        for document in account._objects.get(name, {}).values():
            stands = tuple(str(document.get(field)) for field in _STANDS)
            before = memory.get((name, document["id"]))
            if before is not None and before[0] == stands:
                triples.append((WHERE.ref(kind, document["id"]), "", before[1]))
                continue
            ref, noun = record_of(account, document)
            memory[name, document["id"]] = (stands, noun)
            triples.append((ref, "", noun))
    for document in account._objects.get("payout", {}).values():
        ref, noun = record_of(account, document)
        triples.append((ref, "", noun))
    triples += [(ref, "", noun) for ref, noun in balances_of(account)]
    return triples


def balances_of(account: Ledger) -> list[tuple[Ref, Noun]]:
    """What the account itself says that it holds, per currency."""
    balance = wire.decode(json.dumps(account.balance(), default=_number).encode(), wire.Balance)
    codes = sorted({part.currency for part in (*balance.available, *balance.pending)})
    return [(WHERE.ref(Kind.ACCOUNT, code), ledgers.account(balance, code)) for code in codes]


def record_of(account: Ledger, document: Mapping[str, Any]) -> tuple[Ref, Noun]:
    """One document as the adapter would mirror it: a charge with its lines of the ledger, a payout with its members
    where Stripe says what they are."""
    if document["object"] == "payout":
        payout = _decoded(document, wire.Payout)
        members = tuple(account.members[payout.id]) if ledgers.composed(payout) else None
        return WHERE.ref(Kind.PAYOUT, payout.id), ledgers.payout(payout, WHERE, members)[0]
    kind, name, shape, translated = next(each for each in _KINDS if each[1] == document["object"])
    lines = account._objects.get("balance_transaction", {})
    own = {field: lines[document[field]] for field in _EXPANDED if name == "charge" and document.get(field) in lines}
    row = _decoded({**document, **own}, shape)
    return WHERE.ref(kind, row.id), translated(row, WHERE)[0]


_STANDS = ("status", "amount_refunded", "disputed", "refunded", "balance_transaction", "metadata", "failure_code")
"""What tells of a document that it changed."""
_EXPANDED = ("balance_transaction", "failure_balance_transaction")
_KINDS: tuple[tuple[Kind, str, Any, Any], ...] = (
    (Kind.PAYMENT, "charge", wire.Charge, payments.payment),
    (Kind.REFUND, "refund", wire.Refund, payments.refund),
    (Kind.DISPUTE, "dispute", wire.Dispute, payments.dispute),
    (Kind.BALANCE_ENTRY, "balance_transaction", wire.BalanceTransaction, ledgers.balance_entry),
)


def _decoded(document: Mapping[str, Any], shape: Any) -> Any:
    shown = {name: value for name, value in document.items() if not name.startswith("_")}
    return wire.decode(json.dumps(shown, default=_number).encode(), shape)
