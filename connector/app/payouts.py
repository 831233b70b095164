"""The payouts of one company, explained; where its processors' money stands; what is wrong with either."""

from __future__ import annotations

from dataclasses import dataclass

from connector.app.house import Desk
from connector.errors import UnknownRecord, UserError
from connector.model.finding import Finding
from connector.model.source import Ref
from connector.reconcile.arrivals import banks, not_seen
from connector.reconcile.clearing import Standing, standings
from connector.reconcile.match import reconcile
from connector.reconcile.payouts import Explanation, Statements, Verdict, came_back, gaps
from connector.reconcile.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Payouts:
    """Every payout with its explanation, the latest first; each processor's purse; what a person has to look at."""

    explanations: tuple[Explanation, ...]
    standings: tuple[Standing, ...]
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        """Whether nothing contradicts itself. What a processor never says is no fault."""
        wrong = (Verdict.DOES_NOT_TIE, Verdict.INCOMPLETE)
        held = all(each.holds for each in self.standings)
        return held and not self.findings and all(each.verdict not in wrong for each in self.explanations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What records are called in front of people."""

    snapshot: Snapshot

    def invoice(self, ref: Ref) -> str:
        held = self.snapshot.invoices.get(ref)
        return (held.number if held is not None else None) or ref.vendor_id

    def customer(self, ref: Ref | None) -> str:
        return self.snapshot.name_of(ref) if ref is not None else ""


def payouts(desk: Desk) -> tuple[Payouts, Names]:
    """Explain everything that was read, and where each processor's money stands."""
    seen = desk.snapshot()
    told = tuple(Statements(seen, reconcile(seen).decisions).all())
    reading = banks(seen)
    every = standings(seen, desk.clearing(), desk.starts())
    purses = tuple(each for each in every if each.connection not in reading)
    return Payouts(explanations=told, standings=purses, findings=payout_findings(seen)), Names(snapshot=seen)


def payout_findings(seen: Snapshot) -> tuple[Finding, ...]:
    """What a person has to look at: gaps, payouts that came back after they were booked or that no bank shows."""
    return (*gaps(seen), *came_back(seen), *not_seen(seen))


def payout(desk: Desk, wanted: str) -> tuple[Explanation, Names]:
    """One payout by its id; UnknownRecord when it was never read, UserError when several processors have it."""
    seen = desk.snapshot()
    found = [ref for ref in seen.payouts if wanted in (ref.vendor_id, str(ref))]
    if len(found) > 1:
        named = ", ".join(str(ref) for ref in found)
        raise UserError(f"There are {len(found)} payouts {wanted[:40]!r}.", next_step=f"Say which: {named}.")
    told = Statements(seen, reconcile(seen).decisions).of(found[0]) if found else None
    if told is None:
        raise UnknownRecord(
            f"No payout {wanted[:40]!r} was read.", next_step="See which there are: receivables payouts; or sync."
        )
    return told, Names(snapshot=seen)
