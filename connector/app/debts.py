"""The debts of a payment link: their turns, what is known of them, and what their books say at this moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from connector.app.freshness import freshness
from connector.app.house import Desk
from connector.dates import after
from connector.errors import StoreLocked, UserError, VendorError
from connector.model.invoice import Invoice
from connector.model.mirror import Gone
from connector.model.paylink import LinkAttempt, LinkRules, PaymentLink, Receipt
from connector.model.source import Ref
from connector.money import Money, total
from connector.paylinks import KEPT, Known, Tolerance
from connector.ports import Lookable
from connector.store import Lease

LOOKS_MAX = 3
BALANCE_SECONDS_MAX = 60
"""A balance older than this is no balance to send a payer away with."""

TURN_SECONDS_MAX = 15.0
_TURN_POLL_SECONDS = 0.1


@contextmanager
def turn(desk: Desk, *names: str) -> Iterator[tuple[Lease, ...]]:
    """Leases, waited for a little: whoever clicks twice gets the page that the first click opens.

    In the order of their names, so that two of them never wait for each other in a circle.
    """
    # By the clock and not by counting tries: a try that meets a busy database waits for as long as that is allowed to.
    until = desk.clock.monotonic() + TURN_SECONDS_MAX
    with ExitStack() as held:
        leases: list[Lease] = []
        for name in sorted(set(names)):
            while True:
                try:
                    leases.append(held.enter_context(desk.lease(name)))
                    break
                except StoreLocked:
                    if desk.clock.monotonic() >= until:
                        raise
                desk.clock.sleep(_TURN_POLL_SECONDS)
        yield tuple(leases)


@contextmanager
def turn_of(desk: Desk, debts: Collection[Ref]) -> Iterator[tuple[Lease, ...]]:
    """The turn of everything that may open, close or settle a page for one of these debts."""
    with turn(desk, *(f"debt:{debt}" for debt in debts)) as leases:
        yield leases


def invoice_of(desk: Desk, ref: Ref) -> Invoice:
    """The debt as it is mirrored; UserError when it is gone."""
    found = held_invoice(desk, ref)
    if found is None:
        raise UserError(f"{ref} is not an invoice that is still there.", next_step="Run: receivables sync")
    return found


def held_invoice(desk: Desk, ref: Ref) -> Invoice | None:
    """The same, None when it is gone."""
    held = desk.store.record(desk.id, ref)
    if held is None or isinstance(held.record, Gone) or not isinstance(held.record, Invoice):
        return None
    return held.record


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is stored about the debts of a link, read once: those that are still there, oldest first as they stand
    in it, the tries and the money for one of them, and what is on its way by other ways."""

    wanted: tuple[Ref, ...]
    debts: Mapping[Ref, Invoice]
    attempts: tuple[LinkAttempt, ...]
    receipts: tuple[Receipt, ...]
    under_way: tuple[Money, ...] = ()

    def known(self, rules: LinkRules) -> Known | None:
        """What decides what the link shows; None when its debts are all gone."""
        if not self.debts:
            return None
        code = next(iter(self.debts.values())).open.currency
        tries = {each.attempt_id: each for each in self.attempts}
        pending = total((each for each in self.under_way if each.currency == code), code)
        return Known(
            debts=tuple(self.debts.values()),
            attempts=tuple(replace(each, amount=_part(each.amount, each, self.wanted)) for each in self.attempts),
            receipts=tuple(
                replace(each, kept=_part(each.kept, tries[each.attempt_id], self.wanted)) for each in self.receipts
            ),
            pending=pending or None,
            tolerance=Tolerance(minor=rules.tolerance, basis_points=rules.tolerance_basis_points),
        )

    def received_on(self, debt: Ref, before: Receipt | None = None) -> Money:
        """What came by links for one debt and is not in its own balance yet; only what came before that one, if
        given."""
        code = self.debts[debt].open.currency
        tries = {each.attempt_id: each for each in self.attempts if debt in each.debts}
        parts = [
            _part(each.kept, tries[each.attempt_id], (debt,))
            for each in self.receipts
            if each.attempt_id in tries
            and not each.booked
            and each.state in KEPT
            and (before is None or (each.at, each.payment) < (before.at, before.payment))
        ]
        return total((each for each in parts if each.currency == code), code)


def facts_of(desk: Desk, debts: tuple[Ref, ...]) -> Facts:
    """What is stored about these debts. Reads nothing that is not about them, and asks nobody outside."""
    with desk.store.at_once():
        found = {ref: held_invoice(desk, ref) for ref in debts}
        return Facts(
            wanted=debts,
            debts={ref: invoice for ref, invoice in found.items() if invoice is not None},
            attempts=desk.store.attempts_for(desk.id, debts),
            receipts=desk.store.receipts_for(desk.id, debts),
            under_way=desk.store.under_way(desk.id, debts),
        )


def known_of(desk: Desk, link: PaymentLink) -> Known | None:
    """What is known of a link's debts; None when they are all gone."""
    return facts_of(desk, link.debts).known(desk.company.links)


def _part(amount: Money, attempt: LinkAttempt, debts: Collection[Ref]) -> Money:
    """What of that money, which came or will come of a try, is meant for these debts."""
    if not attempt.shares or amount.currency != attempt.amount.currency:
        return amount
    meant = total((share.amount for share in attempt.shares if share.debt in debts), amount.currency)
    return min(meant, amount) if meant != attempt.amount else amount


def read_debts(desk: Desk, link: PaymentLink) -> None:
    """Ask for the debts as they stand now, with what was paid on them, so that the amount is the live one.

    Where their books cannot be reached, what was read within the last minute is good enough; else the fault is raised.
    """
    by_connection: dict[str, list[Ref]] = {}
    for ref in link.debts:
        by_connection.setdefault(ref.connection, []).append(ref)
    for refs in by_connection.values():
        read_refs(desk, refs)


def read_refs(desk: Desk, refs: list[Ref]) -> None:
    """Ask one system for these debts as they stand now."""
    connection = desk.store.connection(desk.id, refs[0].connection)
    adapter = desk.adapter(connection)
    if not isinstance(adapter, Lookable):
        return
    for _ in range(LOOKS_MAX):
        # A sync may store something newer while we wait for the answer; it would never be told again.
        author = replace(desk.author("click"), asked_at=desk.store.head(desk.id)[0])
        try:
            page = adapter.look(refs)
        except VendorError:
            read_at = freshness(desk, connection).data_as_of
            if read_at is not None and desk.clock.now() <= after(read_at, BALANCE_SECONDS_MAX):
                return
            raise
        if not desk.store.save_pages(author, connection.connection_id, None, [page]).overtaken:
            return
