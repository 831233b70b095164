"""A past period looked at once more: what would have been done with its money, and what is wrong in the books already.

Nothing is written for it, and nothing is decided by it: what it says of unposted money is what `reconcile` says, less
what stands in the books by another hand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from connector.dates import BusinessDate
from connector.model.finding import Decision, FindingCode
from connector.money import Currency, Money, total
from connector.reconcile.banked import Fees, PaidOut, in_the_bank
from connector.reconcile.match import Reconciliation
from connector.reconcile.polluted import Ground, Posted, Row, payments_wrong, posted_net
from connector.reconcile.stuck import Residue, Rest, Waited, undeposited, waited
from connector.reconcile.unapplied import not_applied


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """All rows of one kind and currency."""

    code: FindingCode
    count: int
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """What a period shows. `decided` is what would have been posted, `asked` counts what a person would have been asked
    about. `waited` is how long others took to post, `residues` what stayed on the clearing accounts day by day."""

    start: BusinessDate
    end: BusinessDate
    rows: tuple[Row, ...]
    decided: tuple[Decision, ...]
    asked: int
    waited: tuple[Waited, ...]
    residues: tuple[Residue, ...]

    @property
    def sums(self) -> tuple[Sum, ...]:
        """Per kind and currency."""
        return sums(self.rows)


def sums(rows: Iterable[Row]) -> tuple[Sum, ...]:
    """Per kind and currency, how many rows and how much."""
    found: dict[tuple[FindingCode, Currency], list[Money]] = defaultdict(list)
    for row in rows:
        if row.finding.amount is not None:
            found[row.finding.code, row.finding.amount.currency].append(row.finding.amount)
    return tuple(
        Sum(code=code, count=len(each), amount=total(each, currency))
        for (code, currency), each in sorted(found.items())
    )


def shadowed(ground: Ground, outcome: Reconciliation, start: BusinessDate) -> Shadow:
    """The period from `start` to the ground's last day. `outcome` is what is decided of the whole mirror."""
    posted, end = Posted(ground), ground.as_of
    rows = list(payments_wrong(posted))
    rests: list[Rest] = []
    for connection in ground.processors():
        payouts, fees = PaidOut(posted, connection), Fees(posted, connection)
        rows += (*payouts.wrong(), *fees.wrong(), *in_the_bank(posted, payouts))
        rows += (
            row
            for row in posted_net(posted, fees.pairs.first.__contains__)
            if row.finding.refs[1].connection == connection
        )
        rests.append(Rest(posted, payouts, fees, {ref for row in rows for ref in row.finding.refs}))
    told = {ref for row in rows for ref in row.finding.refs[:1]}
    rows += (row for rest in rests for row in rest.wrong())
    rows += undeposited(posted, told)
    there = {*posted.first, *posted.netted}
    decided = [
        each
        for each in outcome.decisions
        if each.payment not in there
        and each.payment in ground.snapshot.payments
        and start <= ground.snapshot.payments[each.payment].received_on <= end
    ]
    rows += not_applied(ground.snapshot, decided, {ref for row in rows for ref in row.finding.refs}, end)
    asked = {
        ref
        for finding in outcome.findings
        for ref in finding.refs[:1]
        if ref not in there
        and ref in ground.snapshot.payments
        and not ground.snapshot.in_books(ref)
        and start <= ground.snapshot.payments[ref].received_on <= end
    }
    kept = [row for row in rows if start <= row.on <= end]
    return Shadow(
        start=start,
        end=end,
        rows=tuple(sorted(kept, key=lambda row: (row.finding.code, row.on, row.finding.refs))),
        decided=tuple(decided),
        asked=len(asked - {each.payment for each in decided}),
        waited=tuple(waited(posted, start, end)),
        residues=tuple(each for rest in rests for each in rest.days() if start <= each.on <= end),
    )
