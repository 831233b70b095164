"""What must be true of a simulated merchant's account, reckoned from what was done and not from what is stored.

The merchant enters here what each act of theirs moves, by their own figures. A test holds the adapter, and the stand-in
itself, against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Owed:
    """One invoice: what was asked, and what took something off it."""

    customer: str
    currency: str
    total: int
    status: str = "draft"
    paid: int = 0
    off_stripe: int = 0
    noted: int = 0
    credit: int = 0

    @property
    def rest(self) -> int:
        """What is still open of it, whatever its status."""
        return max(self.total - self.credit - self.noted - self.paid, 0)

    @property
    def over(self) -> int:
        """What was paid too much."""
        return max(self.paid + self.noted + self.credit - self.total, 0)

    def settle(self) -> None:
        """The status that follows: paid when nothing is open, open again when something is."""
        if self.status in ("open", "uncollectible") and not self.rest:
            self.status = "paid"
        elif self.status == "paid" and self.rest:
            self.status = "open"


@dataclass(slots=True)
class Truth:
    """All amounts in the API's integers, currencies in lower case.

    `balance` is what is held per currency, available and pending together; `members` the balance transactions each
    scheduled payout must consist of, and `payouts` the amount of every payout. `waiting` is what no payout has taken:
    per currency, the net of each transaction and the second from which it is available.
    """

    balance: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    payouts: dict[str, int] = field(default_factory=dict)
    charges: dict[str, str] = field(default_factory=dict)
    """Of every charge: `pending`, `failed`, `succeeded`, `returned`, `disputed`, `reinstated`."""
    refunds: dict[str, str] = field(default_factory=dict)
    """The status of every refund."""
    invoices: dict[str, Owed] = field(default_factory=dict)
    credit: dict[str, int] = field(default_factory=dict)
    """The credit of each customer; above zero is theirs."""
    cash: dict[tuple[str, str], int] = field(default_factory=dict)
    """What each customer has in the cash balance, per currency."""
    deleted: set[str] = field(default_factory=set)
    """Customers and drafts that are gone."""

    def moved(self, currency: str, txn_id: str, net: int, ready_at: int) -> None:
        """A balance transaction came about."""
        self.balance[currency] = self.balance.get(currency, 0) + net
        self.waiting.setdefault(currency, {})[txn_id] = (net, ready_at)

    def available(self, currency: str, now: int) -> dict[str, int]:
        """The nets of what could be paid out now."""
        return {one: net for one, (net, ready) in self.waiting.get(currency, {}).items() if ready <= now}

    def paid_out(self, payout_id: str, currency: str, taken: dict[str, int]) -> int:
        """A payout took these transactions, and left none of its own waiting; says its amount."""
        amount = sum(taken.values())
        self.balance[currency] = self.balance.get(currency, 0) - amount
        for one in taken:
            del self.waiting[currency][one]
        self.payouts[payout_id] = amount
        return amount
