"""What accounts and processors say that they hold, against what is in them: one figure on either side, of today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from connector.model.party import AccountRole
from connector.model.source import ConnectionId
from connector.money import Currency, Money, zero
from connector.reconcile.agreement import Entry, agree
from connector.reconcile.clearing import Accounts
from connector.reconcile.sheet import Ground, Sheet
from connector.reconcile.tieout import open_items


class Balances:
    """What accounts and processors say they hold, against what is in them."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._clearing: list[Sheet] = []

    def _sheet(self, says: str, said: Money, held: Money, ref: str, parts: str) -> Sheet:
        here = Entry(ref, self._ground.as_of, said, ref, says)
        there = Entry(ref, self._ground.as_of, held, parts, says)
        return Sheet(
            name=says, here="its balance", there=parts, agreement=agree([here], [there]), is_balance=True, is_sum=True
        )

    def against(self, accounts: Accounts, connection: ConnectionId, here: list[Entry]) -> None:
        """The own balance of a clearing account, or of one for what is on its way, against the entries on it."""
        for (of, code), ref in sorted(accounts.items()):
            account = self._ground.snapshot.accounts.get(ref)
            if of == connection and account is not None and account.balance is not None:
                held = Money(sum(each.amount.minor for each in here if each.amount.currency == code), code)
                said = account.balance
                self._clearing.append(self._sheet(account.name, said, held, str(ref), "its entries that were read"))

    def sheets(self) -> Iterator[Sheet]:
        """With the receivable accounts and the processors' own balances."""
        yield from self._receivable()
        yield from self._clearing
        entries = self._ground.snapshot.balance_entries
        for ref, account in self._ground.snapshot.accounts.items():
            if account.role is AccountRole.PROCESSOR and account.balance is not None:
                own = [each.net for at, each in entries.items() if at.connection == ref.connection]
                held = Money(sum(net.minor for net in own if net.currency == account.currency), account.currency)
                says = f"balance of {ref.connection} in {account.currency}"
                yield self._sheet(says, account.balance, held, str(ref), "the lines of its ledger")

    def _receivable(self) -> Iterator[Sheet]:
        """All receivable accounts of a currency together: an invoice does not say in which of them it stands."""
        snapshot = self._ground.snapshot
        if snapshot.books is None:
            return
        control: dict[Currency, int] = defaultdict(int)
        for ref, account in snapshot.accounts.items():
            if account.role is AccountRole.RECEIVABLE and snapshot.in_books(ref) and account.balance is not None:
                control[account.currency] += account.balance.minor
        items = open_items(snapshot)
        for code in sorted({*control, *items}):
            says, held = f"accounts receivable {code}", items.get(code, zero(code))
            yield self._sheet(says, Money(control[code], code), held, "the control account", "the open items")
