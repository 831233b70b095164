"""How often decisions and proposals of each kind are right on worlds whose truth is known: the table of `measured`.

`python -m tests.bench.cash.calibrate [RECEIPTS]` prints how good the proposals are; with `--write` it fits the table
anew, on settings that tuning may use. `--held-back` measures on those that it may not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from connector.app.folder import read_cases
from connector.cli.matching import BANK_FEE_MINOR_MAX, FX_MARGIN_BP_MAX
from connector.reconcile.cash import measured
from connector.reconcile.cash.case import Case, Policy
from connector.reconcile.cash.nextsteps import PROPOSED_MAX
from connector.reconcile.cash.payers import NOBODY
from connector.reconcile.cash.proposals import Proposals
from connector.reconcile.cash.questions import question
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.standing import Standing
from connector.reconcile.cash.verdict import Share
from tests.bench.cash import files
from tests.bench.cash.records import Link, Receipt, Tenant
from tests.bench.cash.scoring import agrees, share
from tests.bench.cash.settings import HELD_BACK, PROFILES
from tests.bench.cash.world import world

PPM = 1_000_000
TUNED_ON = (101, 102, 103)
"""Seeds that nothing is measured on."""
BINS = 10
ROUND_MINOR = 1_000
WIDTH = 118
KEPT_MIN = 8
"""A kind that was seen more seldom is counted with its like."""
TWINS = replace(
    PROFILES["smb"], name="twins", median_minor=5_000, spread=0.4, payer_spread=0.1, rounded=1.0, bursts=0.5,
    batch=0.05, no_text=0.5, by_key=0.2,
)  # fmt: skip
"""Invoices of one day and one amount, which the other worlds have none of: neither is likelier than the other."""
TWINS_SHARE = 4
"""They are so much fewer."""
POLICY = Policy(bank_fee=BANK_FEE_MINOR_MAX, terms=True, fx_margin_bp=FX_MARGIN_BP_MAX)


@dataclass(slots=True)
class Seen:
    """What was right how often, by kind; and the confidence said of each, with whether it was right."""

    ideas: dict[tuple[str, ...], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    decisions: dict[tuple[str, ...], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    said_of_decisions: list[tuple[int, bool]] = field(default_factory=list)
    said_of_proposals: list[tuple[int, bool]] = field(default_factory=list)
    with_truth: int = 0
    first: int = 0
    within: int = 0
    proposable: int = 0
    open: int = 0
    first_of_open: int = 0
    within_of_open: int = 0
    by_sort: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    missed: Counter[str] = field(default_factory=Counter)

    @property
    def first_right(self) -> float:
        """Of abstained receipts that have a true allocation and for which anything was proposed, the best is right."""
        return share(self.first, self.proposable)

    @property
    def within_right(self) -> float:
        """The same for any of the three."""
        return share(self.within, self.proposable)

    @property
    def first_of_all(self) -> float:
        """The same of all that have a true allocation of which everything is still open, proposed or not."""
        return share(self.first_of_open, self.open)

    @property
    def within_of_all(self) -> float:
        return share(self.within_of_open, self.open)


def look(tenants: Iterable[Tenant], seen: Seen) -> None:
    """Decide a world, propose for the rest, and count."""
    known = [_with_round_strangers(tenant) for tenant in tenants]
    receipts = {receipt.id: receipt for tenant in known for receipt in tenant.receipts}
    with tempfile.TemporaryDirectory() as folder:
        files.write(Path(folder), known)
        for _, case in read_cases(Path(folder), POLICY):
            _look(case, receipts, seen)


def _with_round_strangers(tenant: Tenant) -> Tenant:
    """Of the money that is nobody's, every other is a round amount, as invoices are."""
    receipts = list(tenant.receipts)
    strange = [place for place, receipt in enumerate(receipts) if not receipt.ours and receipt.amount > ROUND_MINOR]
    for place in strange[::2]:
        receipts[place] = replace(receipts[place], amount=receipts[place].amount // ROUND_MINOR * ROUND_MINOR)
    return replace(tenant, receipts=receipts)


def _look(case: Case, receipts: Mapping[str, Receipt], seen: Seen) -> None:
    rounds = Rounds(case)
    verdicts = rounds.run()
    for place, verdict in verdicts.items():
        receipt = receipts[case.receipts[place].id]
        truths = [one.truth for one in (receipt, receipts.get(receipt.twin)) if one is not None]
        right = any(agrees(receipt, truth, _links(case, verdict.shares)) for truth in truths)
        payer = verdict.payer if verdict.payer != NOBODY else rounds.at.payer[place]
        known = payer.group >= 0
        for key in measured.decision_keys(verdict.kind.value, verdict.adjustment, known=known):
            seen.decisions[key][0] += right
            seen.decisions[key][1] += 1
        seen.said_of_decisions.append(
            (measured.decision_ppm(verdict.kind.value, verdict.adjustment, known=known), right)
        )
    advice = Proposals(rounds.at)
    for place in range(len(case.receipts)):
        if place not in verdicts:
            _count(case, place, receipts, advice, seen)


def _count(case: Case, place: int, receipts: Mapping[str, Receipt], advice: Proposals, seen: Seen) -> None:
    receipt = receipts[case.receipts[place].id]
    code = question(advice.at, place).code
    ranked = advice.ranked(place, code)
    rights = [bool(agrees(receipt, receipt.truth, _links(case, idea.shares))) for idea, _ in ranked]
    for (idea, _), right in zip(ranked, rights, strict=True):
        for key in measured.proposal_keys(idea, code):
            seen.ideas[key][0] += right
            seen.ideas[key][1] += 1
    shown = [confidence for _, confidence in ranked[:PROPOSED_MAX]]
    seen.said_of_proposals += list(zip(shown, rights, strict=False))
    for (idea, confidence), right in zip(ranked[:PROPOSED_MAX], rights, strict=False):
        by_sort = seen.by_sort[idea.sort.value]
        by_sort[:] = by_sort[0] + 1, by_sort[1] + right, by_sort[2] + confidence
    if not receipt.truth:
        return
    seen.with_truth += 1
    seen.proposable += any(idea.shares for idea, _ in ranked)
    seen.first += rights[:1] == [True]
    seen.within += any(rights[:PROPOSED_MAX])
    if _is_open(advice.at, receipt):
        seen.open += 1
        seen.first_of_open += rights[:1] == [True]
        seen.within_of_open += any(rights[:PROPOSED_MAX])
    if rights[:1] != [True]:
        where = next((place for place, right in enumerate(rights) if right), -1)
        seen.missed[f"{code} {receipt.category} " + ("no idea" if where < 0 else f"at {min(where, PROPOSED_MAX)}")] += 1


def _is_open(at: Standing, receipt: Receipt) -> bool:
    """Whether everything that a receipt really settles could still be settled."""
    lefts = [(at.left[at.item_of[link.item]], link.applied) for link in receipt.truth]
    return receipt.amount < 0 or all(abs(applied) <= abs(left) and left * applied > 0 for left, applied in lefts)


def _links(case: Case, shares: Sequence[Share]) -> list[Link]:
    return [Link(case.items[one.item].id, one.pay, one.applied) for one in shares]


def expected_error(said: Sequence[tuple[int, bool]]) -> float:
    """How far confidences are from what was right, weighed by how often they were said, in bins of equal width."""
    bins: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for ppm, right in said:
        bins[min(ppm * BINS // PPM, BINS - 1)].append((ppm, right))
    return sum(abs(sum(ppm for ppm, _ in one) / PPM - sum(right for _, right in one)) for one in bins.values()) / max(
        len(said), 1
    )


def main(words: Sequence[str] | None = None) -> None:
    """Print the figures, or write the table."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("receipts", nargs="?", type=int, default=3_000)
    ask.add_argument("--only", action="append", choices=[*PROFILES, "twins"])
    ask.add_argument("--held-back", action="store_true")
    ask.add_argument("--seed", type=int, default=7)
    ask.add_argument("--write", action="store_true")
    ask.add_argument("--missed", type=int, default=0)
    given = ask.parse_args(words)
    settings = HELD_BACK if given.held_back and not given.write else {**PROFILES, "twins": TWINS}
    chosen = {name: profile for name, profile in settings.items() if name in (given.only or settings)}
    total = Seen()
    for name, profile in chosen.items():
        for seed in TUNED_ON if given.write else (given.seed,):
            seen = Seen()
            receipts = given.receipts // (TWINS_SHARE if profile is TWINS else 1)
            tenants = list(world(profile, receipts, seed))
            look(tenants, seen)
            _add(total.ideas, seen.ideas)
            if profile is not TWINS:  # Its decisions stand on what no firm's books are.
                _add(total.decisions, seen.decisions)
                total.said_of_decisions += seen.said_of_decisions
                total.said_of_proposals += seen.said_of_proposals
        sys.stdout.write(told(name, seen))
        for what, count in seen.missed.most_common(given.missed):
            sys.stdout.write(f"    {count:5} {what}\n")
        for sort, (all_, right, said) in sorted(seen.by_sort.items()) if given.missed else ():
            sys.stdout.write(f"    {sort:16} shown {all_:5} right {right / all_:.3f} said {said / PPM / all_:.3f}\n")
    sys.stdout.write(
        f"together expected error: decisions {expected_error(total.said_of_decisions):.4f}"
        f" proposals {expected_error(total.said_of_proposals):.4f}\n"
    )
    if given.write:
        path = Path(measured.__file__).with_name("frequencies.py")
        path.write_text("".join(table(total)), encoding="utf-8")


def _add(mine: dict[tuple[str, ...], list[int]], yours: Mapping[tuple[str, ...], Sequence[int]]) -> None:
    for key, (right, all_) in yours.items():
        mine[key][0] += right
        mine[key][1] += all_


def told(name: str, seen: Seen) -> str:
    """One line of figures."""
    return (
        f"{name:8} abstained with truth {seen.with_truth:5} first right {seen.first_right:.4f}"
        f" within three {seen.within_right:.4f} of all {seen.open:5} first {seen.first_of_all:.4f}"
        f" within three {seen.within_of_all:.4f}"
        f"  expected error: decisions {expected_error(seen.said_of_decisions):.4f}"
        f" proposals {expected_error(seen.said_of_proposals):.4f}\n"
    )


def table(seen: Seen) -> Iterator[str]:
    """The source of the module that holds the table."""
    yield '"""How many decisions and proposals of a kind were seen where the truth is known, and how many were right.\n'
    yield '\nWritten by `python -m tests.bench.cash.calibrate --write`; not by hand.\n"""\n\n'
    yield "from __future__ import annotations\n\nfrom collections.abc import Mapping\n\n"
    for name, found in (("DECISIONS", seen.decisions), ("PROPOSALS", seen.ideas)):
        yield f"{name}: Mapping[tuple[str, ...], tuple[int, int]] = {{\n"
        line = "   "
        for key, (right, all_) in sorted(_telling(found).items()):
            entry = f" {key!r}: ({right}, {all_}),".replace("'", '"')
            if len(line) + len(entry) > WIDTH:
                yield f"{line}\n"
                line = "   "
            line += entry
        yield f"{line}\n"
        yield "}  # fmt: skip\n"


def _telling(found: Mapping[tuple[str, ...], Sequence[int]]) -> dict[tuple[str, ...], tuple[int, int]]:
    """Those of which enough was seen, and which are right more or less often than the kind they are of."""
    kept: dict[tuple[str, ...], tuple[int, int]] = {}
    for key in sorted(found, key=len):
        right, all_ = found[key]
        coarser = next((kept[key[:end]] for end in range(len(key) - 1, 0, -1) if key[:end] in kept), None)
        usual = coarser[0] / coarser[1] if coarser else 0.0
        apart = (right - usual * all_) ** 2 > max(usual * (1 - usual) * all_, 1)
        if coarser is None or (all_ >= KEPT_MIN and apart):
            kept[key] = right, all_
    return kept


if __name__ == "__main__":
    main()
