"""What a comparison goes by, and what it comes to: two sides by name, and how they agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from connector.dates import BusinessDate
from connector.model.source import ConnectionId
from connector.reconcile.agreement import Agreement, Difference, DifferenceKind
from connector.reconcile.clearing import Accounts, Starts
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is compared: the mirror, the books' clearing accounts and the moments from which money is booked, where they
    were chosen, the company's zone, and the last day that counts. `now`: that day is today, so that balances count.
    `transit` are the accounts for what is on its way to the bank."""

    snapshot: Snapshot
    accounts: Accounts
    starts: Starts
    zone: ZoneInfo
    as_of: BusinessDate
    now: bool = True
    transit: Accounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Two sides by name, and how they agree. `is_balance`: one figure on either side, of today. `may_wait`: what is
    missing here may only wait to be posted. `is_sum`: one side of an entry is the sum of many rows. `of` is the system
    whose records one side is made of, None where it is the books alone."""

    name: str
    here: str
    there: str
    agreement: Agreement
    is_balance: bool = False
    may_wait: bool = False
    is_sum: bool = False
    of: ConnectionId | None = None

    @property
    def contradictions(self) -> tuple[Difference, ...]:
        """The differences that no plan will take away."""
        return tuple(each for each in self.agreement.differences if not self.waits(each))

    def waits(self, each: Difference) -> bool:
        """Whether a difference may go by itself, once what is not posted yet is."""
        return self.may_wait and each.kind is DifferenceKind.MISSING_HERE and not each.was
