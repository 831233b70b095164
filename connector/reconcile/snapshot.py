"""What the deciding rooms look at: one company's mirror at one moment, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from connector.model.allocation import Allocation
from connector.model.firm import MatchingRules
from connector.model.intent import IntentKind
from connector.model.invoice import CreditNote, Invoice
from connector.model.mirror import Gone, Noun
from connector.model.money_in import Attempt, Dispute, Payment, Refund
from connector.model.party import Account, Customer, Profile
from connector.model.ruling import Forgotten, Ruling
from connector.model.settlement import BalanceEntry, BookEntry, Deposit, Payout
from connector.model.source import ConnectionId, Kind, OpId, Ref

Stamps = tuple[tuple[IntentKind, Ref, Ref, bool], ...]
"""(kind, outside record, object of the books, whether it is void) for every stamp in the books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Records by kind and Ref. `books` is the connection whose open balances are the truth about what is owed.

    `versions` holds each record's version token. `in_flight` are the subjects of every write of ours that is under way
    or done, `written` the objects that the done ones became, `answered` the versions those objects had then. `gone` are
    the tombstones of what was there once. `rules`, `rulings` (the whole log) and `forgotten` signs are what people of
    the company have said about matching.

    `taken_back` has the subject of each write that we took back, or are taking back, with the run that a person undid
    by it ("": the money went back). What was taken back and may be posted again is in none of these but `forgiven`, by
    its op id; `generations` counts per subject how often that was said.
    """

    books: ConnectionId | None
    records: Mapping[Kind, Mapping[Ref, Noun]]
    versions: Mapping[Ref, str] = field(default_factory=dict)
    in_flight: frozenset[str] = frozenset()
    written: Mapping[str, Ref] = field(default_factory=dict)
    answered: Mapping[Ref, str] = field(default_factory=dict)
    gone: Mapping[Ref, Gone] = field(default_factory=dict)
    taken_back: Mapping[str, str] = field(default_factory=dict)
    forgiven: frozenset[OpId] = frozenset()
    generations: Mapping[str, int] = field(default_factory=dict)
    rules: MatchingRules = field(default_factory=MatchingRules)
    rulings: tuple[Ruling, ...] = ()
    forgotten: tuple[Forgotten, ...] = ()
    kept: list[object] = field(default_factory=list, repr=False, compare=False)
    """What deciding made of an earlier snapshot of the same company, for as far as the records are the same ones. It
    may be missing, and changes no decision (`ledger`)."""
    stamps: list[Stamps] = field(default_factory=list, init=False, repr=False, compare=False)
    """What `booked` found in it, once: many ask, and each would go through all records again."""

    @property
    def invoices(self) -> dict[Ref, Invoice]:
        return cast("dict[Ref, Invoice]", self.records.get(Kind.INVOICE, {}))

    @property
    def credit_notes(self) -> dict[Ref, CreditNote]:
        return cast("dict[Ref, CreditNote]", self.records.get(Kind.CREDIT_NOTE, {}))

    @property
    def customers(self) -> dict[Ref, Customer]:
        return cast("dict[Ref, Customer]", self.records.get(Kind.CUSTOMER, {}))

    @property
    def payments(self) -> dict[Ref, Payment]:
        return cast("dict[Ref, Payment]", self.records.get(Kind.PAYMENT, {}))

    @property
    def allocations(self) -> dict[Ref, Allocation]:
        return cast("dict[Ref, Allocation]", self.records.get(Kind.ALLOCATION, {}))

    @property
    def attempts(self) -> dict[Ref, Attempt]:
        return cast("dict[Ref, Attempt]", self.records.get(Kind.ATTEMPT, {}))

    @property
    def refunds(self) -> dict[Ref, Refund]:
        return cast("dict[Ref, Refund]", self.records.get(Kind.REFUND, {}))

    @property
    def disputes(self) -> dict[Ref, Dispute]:
        return cast("dict[Ref, Dispute]", self.records.get(Kind.DISPUTE, {}))

    @property
    def balance_entries(self) -> dict[Ref, BalanceEntry]:
        return cast("dict[Ref, BalanceEntry]", self.records.get(Kind.BALANCE_ENTRY, {}))

    @property
    def payouts(self) -> dict[Ref, Payout]:
        return cast("dict[Ref, Payout]", self.records.get(Kind.PAYOUT, {}))

    @property
    def deposits(self) -> dict[Ref, Deposit]:
        return cast("dict[Ref, Deposit]", self.records.get(Kind.DEPOSIT, {}))

    @property
    def book_entries(self) -> dict[Ref, BookEntry]:
        return cast("dict[Ref, BookEntry]", self.records.get(Kind.BOOK_ENTRY, {}))

    @property
    def accounts(self) -> dict[Ref, Account]:
        return cast("dict[Ref, Account]", self.records.get(Kind.ACCOUNT, {}))

    @property
    def profiles(self) -> dict[Ref, Profile]:
        return cast("dict[Ref, Profile]", self.records.get(Kind.PROFILE, {}))

    def in_books(self, ref: Ref) -> bool:
        """Whether a record lives in the books."""
        return ref.connection == self.books

    def books_profile(self) -> Profile | None:
        """The company as its books describe it."""
        return next((profile for ref, profile in self.profiles.items() if self.in_books(ref)), None)

    def survivor(self, customer: Ref | None) -> Ref | None:
        """The customer that another was merged into, however often; itself where it was not merged."""
        seen: set[Ref] = set()
        while customer is not None and customer not in seen:
            seen.add(customer)
            tombstone = self.gone.get(customer)
            if tombstone is None or tombstone.merged_into is None:
                return customer
            customer = tombstone.merged_into
        return customer

    def name_of(self, customer: Ref | None) -> str:
        """A customer's name, that of the one it was merged into, or words for not knowing it."""
        kept = self.survivor(customer)
        found = self.customers.get(kept) if kept is not None else None
        return found.name if found is not None else "unknown customer"


def snapshot(
    records: Iterable[tuple[Ref, str, Noun | Gone]],
    *,
    books: ConnectionId | None,
    in_flight: frozenset[str] = frozenset(),
    written: Mapping[str, Ref] | None = None,
    answered: Mapping[Ref, str] | None = None,
) -> Snapshot:
    """A Snapshot of (ref, version, record or tombstone), in canonical order whatever order they came in."""
    by_kind: dict[Kind, dict[Ref, Noun]] = {}
    versions: dict[Ref, str] = {}
    gone: dict[Ref, Gone] = {}
    for ref, version, record in sorted(records, key=lambda triple: triple[0]):
        if isinstance(record, Gone):
            gone[ref] = record
            continue
        by_kind.setdefault(ref.kind, {})[ref] = record
        versions[ref] = version
    return Snapshot(
        books=books,
        records=by_kind,
        versions=versions,
        in_flight=in_flight,
        written=written or {},
        answered=answered or {},
        gone=gone,
    )
