"""The engine over several companies, in one process or two, and its decisions as lines of files.

What is written depends on neither the number of processes nor the order in which they finish: every company's lines
are made whole by one process, and they are put together in the order of the companies' names.
"""

from __future__ import annotations

import csv
import io
import os
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector.app.sheets import little_collecting
from connector.reconcile.cash.case import Case
from connector.reconcile.cash.rounds import Rounds

if TYPE_CHECKING:
    from connector.app.folder import Purse
    from connector.reconcile.cash.proposals import Proposal
    from connector.reconcile.cash.questions import Question
    from connector.reconcile.cash.verdict import Verdict
    from connector.sync import Progress

ALLOCATIONS = ("payment_id", "invoice_id", "pay_minor", "applied_minor")
FINDINGS = ("payment_id", "code", "sentence", "next_step", "rivals", "proposal", "confidence_ppm")
PROPOSALS = (
    "payment_id", "rank", "kind", "confidence_ppm", "invoice_id", "pay_minor", "applied_minor", "unapplied_minor",
    "sentence",
)  # fmt: skip
LANDED = ("deposit_id", "payout_id")
COMPOSED = ("payout_id", "txn_id")
LEFT = ("payout_id", "of", "code", "sentence", "next_step")

PROCESSES = 2
WORTH_A_PROCESS = 8_000
"""From so many receipts on a second process gains more than it costs."""

Row = Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be made besides the allocations."""

    findings: bool = False
    evidence: bool = False
    proposals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One company's lines of every file, and how many of its receipts were decided."""

    allocations: bytes
    findings: bytes
    evidence: bytes
    decided: int
    proposals: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOut:
    """The lines of the files of payouts, their evidence, and how many of how many could be told. `alike` arrived too,
    as one of several deposits of one amount."""

    landed: bytes
    composed: bytes
    left: bytes
    evidence: bytes
    payouts: int
    found: int
    alike: int
    explained: int

    @property
    def sentence(self) -> str:
        """What was told of them."""
        alike = f" ({self.alike:,} more arrived among others of one amount)" if self.alike else ""
        return (
            f"{self.found:,} of {self.payouts:,} payouts found at the bank{alike}, {self.explained:,} explained to the "
            "cent."
        )

    def files(self, path: Path) -> dict[Path, list[bytes]]:
        """What stands in each file."""
        lines, left = lines_beside(path), left_beside(path)
        return {
            path: [as_csv([LANDED]), self.landed],
            lines: [as_csv([COMPOSED]), self.composed],
            left: [as_csv([LEFT]), self.left],
        }


Cases = Sequence[tuple[str, Case]]


def decided(cases: Cases, wanted: Wanted, progress: Progress, processes: int | None = 1) -> list[Written]:
    """Every company decided for itself, in their order. None: as many processes as are worth it."""
    with little_collecting():
        count = processes or (PROCESSES if is_worth_it(cases) else 1)
        own, *others = _shares(cases, count if hasattr(os, "fork") else 1)
        helpers = [_helped(cases, share, wanted) for share in others if share]
        found: dict[int, Written] = {}
        for place in own:
            progress("companies", len(found), len(cases))
            found[place] = written(*cases[place], wanted)
        for share, helper in zip(filter(None, others), helpers, strict=True):
            brought = _brought(helper)
            for place in share:
                progress("companies", len(found), len(cases))
                # What a helper could not do, for want of memory or because somebody ended it, is done here.
                found[place] = brought[place] if place in brought else written(*cases[place], wanted)
        return [found[place] for place in range(len(cases))]


def files_of(
    found: Sequence[Written], out: Path, findings: Path | None, evidence: Path | None, proposals: Path | None = None
) -> dict[Path, list[bytes]]:
    """What stands in every file that was asked for."""
    files = {out: [as_csv([ALLOCATIONS]), *(each.allocations for each in found)]}
    if findings is not None:
        files[findings] = [as_csv([FINDINGS]), *(each.findings for each in found)]
    if evidence is not None:
        files[evidence] = [each.evidence for each in found]
    if proposals is not None:
        files[proposals] = [as_csv([PROPOSALS]), *(each.proposals for each in found)]
    return files


def lines_beside(path: Path) -> Path:
    """The file that says what each payout consists of stands beside the one that says where it arrived."""
    return path.with_name(f"{path.stem}-lines{path.suffix}")


def left_beside(path: Path) -> Path:
    """And beside both, the file of what could not be said, and why."""
    return path.with_name(f"{path.stem}-left{path.suffix}")


def is_worth_it(cases: Cases) -> bool:
    """Whether there are two companies at least and enough to do."""
    return len(cases) > 1 and sum(len(case.receipts) for _, case in cases) >= WORTH_A_PROCESS


def written(tenant: str, case: Case, wanted: Wanted) -> Written:
    """One company's lines."""
    rounds = Rounds(case)
    verdicts = rounds.run()
    asked = _asked(rounds) if wanted.findings or wanted.evidence else {}
    proposed = _proposed(rounds, asked) if wanted.findings or wanted.proposals else {}
    return Written(
        allocations=as_csv(_allocations(case, verdicts)),
        findings=as_csv(_findings(case, asked, proposed)) if wanted.findings else b"",
        proposals=as_csv(_proposals(case, proposed)) if wanted.proposals else b"",
        evidence=_evidence(tenant, rounds, asked) if wanted.evidence else b"",
        decided=len(verdicts),
    )


def _asked(rounds: Rounds) -> dict[int, Question]:
    """What is to be asked about every receipt that was not decided."""
    from connector.reconcile.cash.questions import question

    at = rounds.at
    return {place: question(at, place) for place in range(len(at.case.receipts)) if place not in at.verdicts}


def _proposed(rounds: Rounds, asked: Mapping[int, Question]) -> dict[int, Sequence[Proposal]]:
    """What a person might confirm of each."""
    from connector.reconcile.cash.proposals import Proposals

    advice = Proposals(rounds.at)
    return {place: advice.of(place, each) for place, each in asked.items()}


def _evidence(tenant: str, rounds: Rounds, asked: dict[int, Question]) -> bytes:
    """A line for every decision and every question."""
    from connector import canonical
    from connector.reconcile.cash.evidence import lines_of

    return b"".join(canonical.encode(line) + b"\n" for line in lines_of(tenant, rounds.at, asked))


def paid_out(purses: Sequence[Purse], cases: Cases, wanted: Wanted) -> PaidOut:
    """Which deposit is which payout, what each payout consists of, and why not where that cannot be said."""
    from connector import canonical
    from connector.reconcile.cash import landings, payouts
    from connector.reconcile.cash.payout_record import left as left_of
    from connector.reconcile.cash.payout_record import records

    currencies = {tenant: {receipt.id: receipt.currency for receipt in case.receipts} for tenant, case in cases}
    landed: list[Row] = []
    composed: list[Row] = []
    left: list[Row] = []
    evidence: list[bytes] = []
    alike = explained = 0
    for purse in purses:
        sent, lines, bank = purse.payouts, purse.transactions, purse.deposits
        found = landings.landed(sent, bank, lines)
        told = payouts.composed(sent, lines, currencies.get(purse.tenant, {}))
        landed += sorted((bank[each.deposit].id, sent[each.payout].id) for each in found.pairs)
        composed += sorted((sent[each.payout].id, lines[at].id) for each in told for at in each.lines)
        said = found, told
        left += (
            (each.payout, each.of, each.code, each.sentence, each.next_step)
            for each in left_of(purse.tenant, sent, bank, said)
        )
        if wanted.evidence:
            told_of = records(purse.tenant, sent, bank, lines, said)
            evidence += (canonical.encode(record) + b"\n" for record in told_of)
        alike += sum(each.why is landings.Lost.ONE_OF_SEVERAL for each in found.missing)
        explained += sum(bool(each.lines) for each in told)
    return PaidOut(
        landed=as_csv(landed),
        composed=as_csv(composed),
        left=as_csv(left),
        evidence=b"".join(evidence),
        payouts=sum(len(purse.payouts) for purse in purses),
        found=len(landed),
        alike=alike,
        explained=explained,
    )


def as_csv(rows: Iterable[Row]) -> bytes:
    """Rows as they stand in a file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _allocations(case: Case, verdicts: dict[int, Verdict]) -> Iterator[Row]:
    """A row for every allocation; one without an invoice for what stays on account."""
    receipts, items = case.receipts, case.items
    for place in sorted(verdicts, key=lambda at: receipts[at].id):
        verdict = verdicts[place]
        shares = verdict.shares
        if len(shares) > 1:
            shares = tuple(sorted(shares, key=lambda share: items[share.item].id))
        for item, pay, applied, _ in shares:
            yield receipts[place].id, items[item].id, pay, applied
        if not shares:
            yield receipts[place].id, "", 0, 0


def _findings(case: Case, asked: Mapping[int, Question], proposed: Mapping[int, Sequence[Proposal]]) -> Iterator[Row]:
    """A row for every receipt that was not decided: why, what next, which items or sets of them stood in each other's
    way, and what is most likely."""
    for place in _in_order(case, asked):
        each, best = asked[place], proposed[place][:1]
        sets = each.sets or [(item,) for item in each.rivals]
        rivals = " | ".join(" ".join(case.items[item].id for item in one) for one in sets)
        said = (best[0].sentence, best[0].confidence_ppm) if best else ("", "")
        yield case.receipts[place].id, each.code, each.sentence, each.next_step, rivals, *said


def _proposals(case: Case, proposed: Mapping[int, Sequence[Proposal]]) -> Iterator[Row]:
    """A row for every share of every proposal; one without an invoice where all would stay on account."""
    for place in _in_order(case, proposed):
        for rank, one in enumerate(proposed[place], start=1):
            head = case.receipts[place].id, rank, one.kind, one.confidence_ppm
            for share in one.shares:
                yield *head, case.items[share.item].id, share.pay, share.applied, one.unapplied, one.sentence
            if not one.shares:
                yield *head, "", 0, 0, one.unapplied, one.sentence


def _in_order(case: Case, places: Iterable[int]) -> list[int]:
    return sorted(places, key=lambda place: case.receipts[place].id)


Helper = tuple[int, int]
"""A process, and the pipe at whose end it is."""


def _shares(cases: Cases, count: int) -> list[list[int]]:
    """The places of the companies dealt out to so many processes, the largest first to whoever has least to do."""
    shares: list[list[int]] = [[] for _ in range(count)]
    load = [0] * count
    for place in sorted(range(len(cases)), key=lambda place: -len(cases[place][1].receipts)):
        least = load.index(min(load))
        shares[least].append(place)
        load[least] += len(cases[place][1].receipts)
    return shares


def _helped(cases: Cases, share: Sequence[int], wanted: Wanted) -> Helper:
    """A copy of this process that decides these companies. It sees the cases without reading them again; whatever goes
    wrong in it is not told there."""
    reads, writes = os.pipe()
    process = os.fork()
    if process:
        os.close(writes)
        return process, reads
    try:
        os.close(reads)
        with os.fdopen(writes, "wb") as pipe:
            pickle.dump({place: written(*cases[place], wanted) for place in share}, pipe)
    finally:
        os._exit(0)


def _brought(helper: Helper) -> dict[int, Written]:
    """What it has decided, when it is ready; nothing where it came to grief."""
    process, reads = helper
    try:
        with os.fdopen(reads, "rb") as pipe:
            found: dict[int, Written] = pickle.load(pipe)  # noqa: S301 - from this process's own copy
    except (EOFError, pickle.UnpicklingError):
        return {}
    finally:
        os.waitpid(process, 0)
    return found
