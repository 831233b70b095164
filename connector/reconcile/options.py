"""What a payment that waits for a person may be for, the likeliest first; nothing here is ever applied by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from connector.model.allocation import Allocation
from connector.model.finding import Decision, Finding
from connector.model.ruling import Option, Waiting
from connector.model.source import Ref
from connector.money import Money
from connector.reconcile.applying import Applied
from connector.reconcile.cash.proposals import Proposal, Proposals, confidence_of
from connector.reconcile.cash.record import Line
from connector.reconcile.cash.verdict import Class
from connector.reconcile.deciding import ON_ACCOUNT, adjustments_of, evidence_of
from connector.reconcile.match import Reconciliation
from connector.reconcile.rulings import in_force, same_allocations
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One payment that the engine looked at: what its last word stands on, and what it may be for."""

    line: Line
    options: tuple[Option, ...]


class Review:
    """Looks at what a reconciliation left to people."""

    def __init__(self, snapshot: Snapshot, outcome: Reconciliation) -> None:
        if outcome.applied is None:
            raise ValueError("a reconciliation without its engine cannot be reviewed")
        self._snapshot = snapshot
        self._outcome = outcome
        self._applied: Applied = outcome.applied
        self._rejected = in_force(snapshot.rulings).rejected
        self._proposals = Proposals(self._applied.at)

    def waiting(self) -> tuple[Waiting, ...]:
        """Everything that can be confirmed, rejected or allocated."""
        by_payment = {finding.refs[0]: finding for finding in self._outcome.findings if finding.refs}
        decided = {decision.payment for decision in self._outcome.decisions}
        return tuple(
            self._waiting(ref, by_payment[ref])
            for ref in self._applied.payments
            if ref not in decided and ref in by_payment
        )

    def _waiting(self, ref: Ref, finding: Finding) -> Waiting:
        verdict = self._applied.verdict(ref)
        return Waiting(
            payment=ref,
            gross=self._snapshot.payments[ref].gross,
            code=finding.code,
            reason=verdict.kind.value if verdict is not None else finding.code.value,
            sentence=finding.sentence,
            next_step=finding.next_step,
            options=self.options(ref),
        )

    def options(self, ref: Ref) -> tuple[Option, ...]:
        """What it may be for, without what a person rejected. One that is decided has that one only."""
        return tuple(
            option
            for option in self._all(ref)
            if not any(same_allocations(ruling, _amounts(option)) for ruling in self._rejected.get(ref, ()))
        )

    def _all(self, ref: Ref) -> Iterator[Option]:
        place = self._applied.places[ref]
        verdict = self._applied.at.verdicts.get(place)
        if verdict is not None and verdict.kind not in ON_ACCOUNT:
            yield self._option(
                ref,
                Proposal(
                    kind=verdict.kind.value,
                    shares=verdict.shares,
                    unapplied=verdict.unapplied,
                    confidence_ppm=confidence_of(verdict.kind),
                    sentence=self.lines[ref].sentence,
                    adjustment=verdict.adjustment,
                ),
            )
            return
        yield from (
            self._option(ref, each)
            for each in (self._proposals.of(place, self._applied.question(place)) if verdict is None else ())
            if each.shares
        )

    def _option(self, ref: Ref, proposed: Proposal) -> Option:
        code = self._snapshot.payments[ref].gross.currency
        return Option(
            kind=proposed.kind,
            allocations=tuple(
                Allocation(
                    payment=ref,
                    target=self._applied.items[share.item],
                    amount=Money(share.pay, code),
                    adjustments=adjustments_of(share.applied - share.pay, proposed.adjustment, code),
                )
                for share in proposed.shares
            ),
            unapplied=Money(proposed.unapplied, code),
            sentence=proposed.sentence,
            confidence_ppm=proposed.confidence_ppm,
        )

    @cached_property
    def lines(self) -> Mapping[Ref, Line]:
        """What every payment's last word stands on: decisions, proposals and questions."""
        return evidence_of(self._applied, self._proposals)

    def examined(self) -> dict[Ref, Examined]:
        """All of it, to be kept."""
        return {ref: Examined(line=line, options=self.options(ref)) for ref, line in self.lines.items()}


def _amounts(option: Option) -> dict[Ref, int]:
    return {each.target: each.amount.minor for each in option.allocations}


def by_policy(outcome: Reconciliation) -> tuple[Decision, ...]:
    """What a rule of the company decided now: it stays so from now on."""
    return tuple(each for each in outcome.decisions if each.kind == Class.IDENTICAL.value)
