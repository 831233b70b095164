"""The engine over several companies, in one process or two, and its decisions as lines of files.

What is written depends on neither the number of processes nor the order in which they finish: every company's lines
are made whole by one process, and they are put together in the order of the companies' names.
"""

from __future__ import annotations

import csv
import gc
import io
import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connector import canonical
from connector.app.folder import Purse
from connector.app.sheets import little_collecting
from connector.reconcile.cash import payouts
from connector.reconcile.cash.case import Case
from connector.reconcile.cash.evidence import lines_of
from connector.reconcile.cash.questions import Question, question
from connector.reconcile.cash.rounds import Rounds
from connector.reconcile.cash.verdict import Verdict

if TYPE_CHECKING:
    from connector.sync import Progress

ALLOCATIONS = ("payment_id", "invoice_id", "pay_minor", "applied_minor")
FINDINGS = ("payment_id", "code", "sentence", "next_step")
LANDED = ("deposit_id", "payout_id")
COMPOSED = ("payout_id", "txn_id")

PROCESSES = 2
WORTH_A_PROCESS = 20_000
"""From so many receipts on a second process gains more than it costs."""

Row = Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be made besides the allocations."""

    findings: bool = False
    evidence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One company's lines of every file, and how many of its receipts were decided."""

    allocations: bytes
    findings: bytes
    evidence: bytes
    decided: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidOut:
    """The lines of both files of payouts, and how many of how many could be told."""

    landed: bytes
    composed: bytes
    payouts: int
    found: int
    explained: int

    def files(self, path: Path, lines: Path) -> dict[Path, list[bytes]]:
        """What stands in both files."""
        return {path: [as_csv([LANDED]), self.landed], lines: [as_csv([COMPOSED]), self.composed]}


Cases = Sequence[tuple[str, Case]]


def decided(cases: Cases, wanted: Wanted, progress: Progress, processes: int | None = 1) -> list[Written]:
    """Every company decided for itself, in their order. None: as many processes as are worth it."""
    with little_collecting():
        count = processes or (PROCESSES if is_worth_it(cases) else 1)
        if count > 1 and len(cases) > 1 and "fork" in multiprocessing.get_all_start_methods():
            return _shared_out(cases, wanted, progress, count)
        found = []
        for done, (tenant, case) in enumerate(cases):
            progress("companies", done, len(cases))
            found.append(written(tenant, case, wanted))
        return found


def files_of(
    found: Sequence[Written], out: Path, findings: Path | None, evidence: Path | None
) -> dict[Path, list[bytes]]:
    """What stands in every file that was asked for."""
    files = {out: [as_csv([ALLOCATIONS]), *(each.allocations for each in found)]}
    if findings is not None:
        files[findings] = [as_csv([FINDINGS]), *(each.findings for each in found)]
    if evidence is not None:
        files[evidence] = [each.evidence for each in found]
    return files


def lines_beside(path: Path) -> Path:
    """The file that says what each payout consists of stands beside the one that says where it arrived."""
    return path.with_name(f"{path.stem}-lines{path.suffix}")


def is_worth_it(cases: Cases) -> bool:
    """Whether there are two companies at least and enough to do."""
    return len(cases) > 1 and sum(len(case.receipts) for _, case in cases) >= WORTH_A_PROCESS


def written(tenant: str, case: Case, wanted: Wanted) -> Written:
    """One company's lines."""
    rounds = Rounds(case)
    verdicts = rounds.run()
    asked: dict[int, Question] = {}
    if wanted.findings or wanted.evidence:
        asked = {place: question(rounds.at, place) for place in range(len(case.receipts)) if place not in verdicts}
    return Written(
        allocations=as_csv(_allocations(case, verdicts)),
        findings=as_csv(_findings(case, asked)) if wanted.findings else b"",
        evidence=b"".join(canonical.encode(line) + b"\n" for line in lines_of(tenant, rounds.at, asked))
        if wanted.evidence
        else b"",
        decided=len(verdicts),
    )


def paid_out(purses: Sequence[Purse], cases: Cases) -> PaidOut:
    """Which deposit is which payout, and what each payout consists of."""
    currencies = {tenant: {receipt.id: receipt.currency for receipt in case.receipts} for tenant, case in cases}
    landed: list[Row] = []
    composed: list[Row] = []
    count = found = explained = 0
    for purse in purses:
        sent, lines = purse.payouts, purse.transactions
        pairs = payouts.landed(sent, purse.deposits)
        landed += sorted((purse.deposits[deposit].id, sent[payout].id) for deposit, payout in pairs)
        told = payouts.composed(sent, lines, currencies.get(purse.tenant, {}))
        composed += sorted((sent[each.payout].id, lines[at].id) for each in told for at in each.lines)
        count, found = count + len(sent), found + len(pairs)
        explained += sum(bool(each.lines) for each in told)
    return PaidOut(landed=as_csv(landed), composed=as_csv(composed), payouts=count, found=found, explained=explained)


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
        for share in sorted(verdict.shares, key=lambda share: items[share.item].id):
            yield receipts[place].id, items[share.item].id, share.pay, share.applied
        if not verdict.shares:
            yield receipts[place].id, "", 0, 0


def _findings(case: Case, asked: dict[int, Question]) -> Iterator[Row]:
    """A row for every receipt that was not decided."""
    for place in sorted(asked, key=lambda at: case.receipts[at].id):
        yield case.receipts[place].id, asked[place].reason, asked[place].sentence, asked[place].next_step


_shared: tuple[Cases, Wanted] = (), Wanted()


def _by_place(place: int) -> tuple[int, Written]:
    cases, wanted = _shared
    return place, written(*cases[place], wanted)


def _shared_out(cases: Cases, wanted: Wanted, progress: Progress, processes: int) -> list[Written]:
    """The same by several processes, the largest companies first. They see the cases without a copy."""
    global _shared  # noqa: PLW0603 - what a forked process finds there is the only thing that need not be carried
    _shared = cases, wanted
    gc.freeze()
    order = sorted(range(len(cases)), key=lambda place: -len(cases[place][1].receipts))
    found: dict[int, Written] = {}
    try:
        with multiprocessing.get_context("fork").Pool(min(processes, len(cases))) as pool:
            for place, each in pool.imap_unordered(_by_place, order):
                found[place] = each
                progress("companies", len(found), len(cases))
    finally:
        _shared = (), Wanted()
        gc.unfreeze()
    return [found[place] for place in range(len(cases))]
