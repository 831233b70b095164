"""What later lines and disputes say of payments and withdrawals, gathered while the account is read.

What was said before stands in the mirror, in the versions that this room writes: so nothing is asked for twice, and
nothing is forgotten by a process that dies.
"""

from __future__ import annotations

from adapters.paypal import tables, wire
from adapters.paypal.course import Late
from adapters.paypal.ledger import entry_id
from adapters.paypal.translate import Fate, Where, amount, moment, nature
from connector.dates import business_date
from connector.model.settlement import EntryNature
from connector.model.source import Kind
from connector.ports import Mirror

_AWAY = frozenset({EntryNature.RETURN, EntryNature.DISPUTE})


WITHOUT_LINE = "capture|"
"""How the version of a payment begins that only its capture has told of so far."""


class Fates:
    """For one round of reading."""

    def __init__(self, mirror: Mirror, where: Where) -> None:
        self._mirror = mirror
        self._where = where
        self._said: dict[str, Late] = {}
        self._known: dict[Kind, dict[str, str]] = {}
        self._given: dict[str, dict[str, int]] | None = None
        self._disputed: set[str] | None = None
        self._won: set[str] = set()

    def known(self, kind: Kind) -> dict[str, str]:
        """What of that kind is mirrored, asked for once."""
        if kind not in self._known:
            self._known[kind] = dict(self._mirror.known(kind))
        return self._known[kind]

    def told(self, late: Late) -> None:
        """What an earlier page of this round said."""
        self._said[late.vendor_id] = late

    def disputed(self, payment: str) -> None:
        """A dispute about that payment is there."""
        self._all_disputed().add(payment)

    def given(self, payment: str, refund: str, minor: int) -> None:
        """So much of that payment was given back by that refund."""
        self._all_given().setdefault(payment, {})[refund] = minor

    def hear(self, row: wire.Transaction) -> Late | None:
        """What a line says of another one, where that is news."""
        of, gross = row.paypal_reference_id, amount(row.transaction_amount)
        kind = nature(row, gross)
        if not of or row.paypal_reference_id_type not in ("TXN", ""):
            return None
        if kind is EntryNature.REFUND:
            given = -gross.minor if row.transaction_status != tables.DENIED else 0
            self.given(of, row.transaction_id, given)
            news = self.known(Kind.REFUND).get(row.transaction_id) != refund_version(row)
            return Late(vendor_id=of) if news else None
        if kind in _AWAY and row.transaction_status in tables.FINISHED:
            # While a dispute about it is read beside it, that one says whether a chargeback is for good.
            open_still = kind is EntryNature.DISPUTE and (of in self._won or of in self._all_disputed())
            day = None if open_still else self._where.day(moment(row.transaction_initiation_date))
            self._said[of] = Late(vendor_id=of, returned_on=day)
        elif kind is EntryNature.DISPUTE_BACK:
            self._won.add(of)
            self._said[of] = Late(vendor_id=of)
        elif kind is EntryNature.PAYOUT_BACK:
            self._said[of] = Late(vendor_id=of, back=entry_id(row))
        else:
            return None
        return self._said[of] if entry_id(row) not in self.known(Kind.BALANCE_ENTRY) else None

    def of_payment(self, vendor_id: str, letter: str) -> Fate:
        """All that is known of a payment besides its own line."""
        said = self._said.get(vendor_id)
        returned = said.returned_on if said is not None else None
        if returned is None and letter == tables.REVERSED:
            kept = _part(self.known(Kind.PAYMENT).get(vendor_id, ""), 2)
            returned = business_date(kept) if kept else None
        return Fate(
            refunded_minor=sum(self._all_given().get(vendor_id, {}).values()),
            returned_on=returned,
            disputed=vendor_id in self._all_disputed(),
        )

    def of_payout(self, vendor_id: str, letter: str) -> Fate:
        """All that is known of a withdrawal besides its own line."""
        said = self._said.get(vendor_id)
        kept = _part(self.known(Kind.PAYOUT).get(vendor_id, ""), 2) if letter == tables.REVERSED else ""
        return Fate(back=said.back if said is not None and said.back else kept)

    def _all_given(self) -> dict[str, dict[str, int]]:
        if self._given is None:
            self._given = {}
            for refund, version in self.known(Kind.REFUND).items():
                of, given = _part(version, 1), _part(version, 2)
                if of and given:
                    self._given.setdefault(of, {})[refund] = int(given)
        return self._given

    def _all_disputed(self) -> set[str]:
        if self._disputed is None:
            self._disputed = {of for version in self.known(Kind.DISPUTE).values() if (of := _part(version, 1))}
        return self._disputed


def payment_version(letter: str, updated: str, fate: Fate) -> str:
    """`S|2026-04-01T...|2026-04-09|2000d`: the letter, when it changed, when it went back, what was given back."""
    on = fate.returned_on.isoformat() if fate.returned_on is not None else ""
    return f"{letter}|{updated}|{on}|{fate.refunded_minor or ''}{'d' if fate.disputed else ''}"


def payout_version(row: wire.Transaction, fate: Fate) -> str:
    """The same of a withdrawal: with the line by which it came back."""
    return f"{row.transaction_status}|{row.transaction_updated_date}|{fate.back}"


def refund_version(row: wire.Transaction) -> str:
    """The letter, of which payment, and how much in its smallest unit."""
    given = -amount(row.transaction_amount).minor if row.transaction_status != tables.DENIED else 0
    return f"{row.transaction_status}|{row.paypal_reference_id}|{given}"


def is_waiting(version: str) -> bool:
    """Whether a record of that version is to change yet: its line waits, or there is none so far."""
    return version.startswith((WITHOUT_LINE, f"{tables.WAITING}|"))


def dispute_version(row: wire.Dispute, payment: str) -> str:
    """When it changed last, and which payment it is about."""
    return f"{row.update_time}|{payment}"


def _part(version: str, index: int) -> str:
    parts = version.removeprefix(WITHOUT_LINE).split("|")
    return parts[index] if len(parts) > index else ""
