"""The engine beside its peers on labelled worlds: right, wrong, silent, and what it costs.

`python -m tests.bench.bench_cash [RECEIPTS] [--only PROFILE] [--held-back] [--seed N]` prints a row for every world and
contestant, each run as a process of its own from the files to the written decisions. `--quick` runs the engine alone
in this process and prints every class and category; `--show N` also the first N wrong and missed receipts.
`--giants` runs it on one customer with 5,000 equal items, and on one with 200 items and no references. `--outside
PYTHON` names a Python in which somebody installed bankstatementparser, splink and polars: they are no part of this
project, and what is not there is left out with a sentence. `--markdown` prints the table as it stands in the README.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.app.folder import read_cases
from connector.cli.matching import BANK_FEE_MINOR_MAX, FX_MARGIN_BP_MAX
from connector.reconcile.cash.case import Policy
from connector.reconcile.cash.rounds import decide
from tests.bench.cash import files
from tests.bench.cash.giants import GIANTS
from tests.bench.cash.payout_scoring import read_pairs, score_payouts
from tests.bench.cash.records import Link, Receipt, Tenant
from tests.bench.cash.scoring import Score, read_answers, score
from tests.bench.cash.settings import HELD_BACK, PROFILES
from tests.bench.cash.world import world

RECEIPTS = 2_000
SEED = 7
CONTESTANTS: Mapping[str, Sequence[str]] = {
    "floor": ("tests.bench.cash.floor", "{folder}", "{out}"),
    "oldest-first": ("tests.bench.cash.peers", "oldest-first", "{folder}", "{out}"),
    "odoo-like": ("tests.bench.cash.peers", "odoo-like", "{folder}", "{out}"),
    "rapidfuzz": ("tests.bench.cash.peers", "rapidfuzz", "{folder}", "{out}"),
    "engine": ("connector", "match", "--in", "{folder}", "--out", "{out}"),
}
OUTSIDE = {"bankstatementparser": "bankstatementparser", "splink": "splink", "floor in polars": "polars"}
"""Contestants that others publish, and the package that each needs."""
HEADER = (
    f"{'world':14} {'who':19} {'decided':>7} {'precision':>9} {'low 95':>7} {'through':>7} {'recall':>6} {'ambig':>6}"
    f" {'guess':>6} {'wrong/10k':>9} {'false':>6} {'money':>8} {'customer':>8} {'links':>6} {'broken':>6}"
    f" {'wall s':>6} {'CPU s':>6} {'MiB':>5} {'x floor':>7}"
)
MARKDOWN = (
    "| world | who | precision | low 95 | straight-through | recall | ambiguous | guessed | false apply"
    " | customer money |"
    "\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)
"""What stands in the README of the room, for people: without what a machine takes for it."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took."""

    wall: float
    cpu: float
    mib: float


def main(words: Sequence[str] | None = None) -> None:
    """Print the table, or the engine's figures in full. The words are those of the command line."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("receipts", nargs="?", type=int, default=RECEIPTS)
    ask.add_argument("--only", action="append", choices=list(PROFILES))
    ask.add_argument("--held-back", action="store_true")
    ask.add_argument("--seed", type=int, default=SEED)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--show", type=int, default=0)
    ask.add_argument("--giants", action="store_true", help="One customer with very many items; nobody but the engine.")
    ask.add_argument("--outside", type=Path, default=Path(sys.executable), help="A Python with others' packages.")
    ask.add_argument("--markdown", action="store_true")
    given = ask.parse_args(words)
    who_runs = dict(CONTESTANTS) if not given.giants else {who: CONTESTANTS[who] for who in ("floor", "engine")}
    if not given.quick and not given.giants:
        who_runs |= _installed(given.outside)
    if not given.quick:
        sys.stdout.write((MARKDOWN if given.markdown else HEADER) + "\n")
    settings = HELD_BACK if given.held_back else PROFILES
    chosen = {name: profile for name, profile in settings.items() if name in (given.only or settings)}
    worlds = (
        {name: [make()] for name, make in GIANTS.items()}.items()
        if given.giants
        else ((name, list(world(profile, given.receipts, given.seed))) for name, profile in chosen.items())
    )
    for name, tenants in worlds:
        with tempfile.TemporaryDirectory() as folder:
            files.write(Path(folder), tenants)
            if given.quick:
                _quick(name, tenants, Path(folder), given.show)
            else:
                contest(World(name, tenants, Path(folder), given.outside), who_runs, markdown=given.markdown)


@dataclass(frozen=True, slots=True)
class World:
    """A world, the folder in which its files are, and the Python of those from outside."""

    name: str
    tenants: Sequence[Tenant]
    folder: Path
    outside: Path = Path(sys.executable)


def _installed(python: Path) -> dict[str, Sequence[str]]:
    """Those from outside whose package that Python has; a sentence for each other."""
    found: dict[str, Sequence[str]] = {}
    for who, package in OUTSIDE.items():
        if subprocess.run([python, "-c", f"import {package}"], check=False, capture_output=True).returncode:
            sys.stderr.write(f"{who} is left out: {python.name} has no package {package}.\n")
        else:
            found[who] = ("tests.bench.cash.outside", who, "{folder}", "{out}")
    return found


def contest(one: World, who_runs: Mapping[str, Sequence[str]], *, markdown: bool = False) -> None:
    """A row for everybody."""
    base = 0.0
    landed = (one.folder / "payouts.csv").exists()
    for who, known in who_runs.items():
        words = (*known, "--payouts", "{folder}/landed.csv") if who == "engine" and landed else known
        out = one.folder / f"{who}.csv"
        python = one.outside if who in OUTSIDE else Path(sys.executable)
        cost = run([word.format(folder=one.folder, out=out) for word in words], python)
        base = base or cost.cpu
        found = score(one.tenants, read_answers(out))
        printed = marked(one.name, who, found) if markdown else f"{row(one.name, who, found)} {costs(cost, base)}"
        sys.stdout.write(printed + "\n")
        sys.stdout.flush()
    if landed and not markdown:
        sys.stdout.write(f"{one.name:14} {told_of_payouts(one.tenants, one.folder)}\n")


def told_of_payouts(tenants: Sequence[Tenant], folder: Path) -> str:
    """What was found of the payouts, from the two files that `match` wrote."""
    landed = read_pairs(folder / "landed.csv", "deposit_id", "payout_id")
    composed = read_pairs(folder / "landed-lines.csv", "txn_id", "payout_id")
    found = score_payouts(tenants, landed, composed)
    return (
        f"payouts: deposits {found.deposits_right} of {found.deposits}, wrong {found.deposits_wrong}; composed:"
        f" automatic {found.automatic_right} of {found.automatic}, manual {found.manual_right} of {found.manual},"
        f" wrong {found.composed_wrong}"
    )


def run(words: Sequence[str], python: Path = Path(sys.executable)) -> Cost:
    """The cost of `python -m` these words. CalledProcessError where it fails."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.cash.meter", python, "-m", *words],
        check=True, stdout=subprocess.PIPE, stderr=None if python == Path(sys.executable) else subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    wall, cpu, mib = map(float, told.stdout.split())
    return Cost(wall, cpu, mib)


def marked(world_name: str, who: str, found: Score) -> str:
    """One line of the table in the README."""
    return (
        f"| {world_name} | {who} | {found.precision:.5f} | {found.precision_low:.5f} | {found.straight_through:.4f}"
        f" | {found.recall:.4f} | {found.ambiguity:.4f} | {found.guess_rate:.4f} | {found.false_apply:.4f}"
        f" | {found.customer_money_precision:.6f} |"
    )


def row(world_name: str, who: str, found: Score) -> str:
    """One line of the table, without what it cost."""
    return (
        f"{world_name:14} {who:19} {found.decided:7} {found.precision:9.5f} {found.precision_low:7.5f}"
        f" {found.straight_through:7.4f} {found.recall:6.4f} {found.ambiguity:6.4f} {found.guess_rate:6.4f}"
        f" {found.wrong_guesses:9.2f} {found.false_apply:6.4f} {found.money_precision:8.6f}"
        f" {found.customer_money_precision:8.6f} {found.link_recall:6.4f} {found.broken:6}"
    )


def costs(cost: Cost, base: float) -> str:
    """The end of a line of the table."""
    return f"{cost.wall:6.2f} {cost.cpu:6.2f} {cost.mib:5.0f} {cost.cpu / base:7.1f}"


def engine(folder: Path) -> tuple[dict[str, list[Link]], dict[str, str], float]:
    """The engine's links, the class of each decision, and the CPU seconds of deciding."""
    cases = read_cases(folder, Policy(bank_fee=BANK_FEE_MINOR_MAX, terms=True, fx_margin_bp=FX_MARGIN_BP_MAX))
    began = time.process_time()
    found = [(case, decide(case)) for _, case in cases]
    spent = time.process_time() - began
    links: dict[str, list[Link]] = {}
    classes: dict[str, str] = {}
    for case, verdicts in found:
        for place, verdict in verdicts.items():
            name = case.receipts[place].id
            links[name] = [Link(case.items[one.item].id, one.pay, one.applied) for one in verdict.shares]
            classes[name] = verdict.kind.value
    return links, classes, spent


def _quick(world_name: str, tenants: Sequence[Tenant], folder: Path, shown: int) -> None:
    links, classes, spent = engine(folder)
    found = score(tenants, links, classes)
    sys.stdout.write(
        f"{world_name}: decided {found.decided} of {found.receipts}, wrong {len(found.wrong)},"
        f" deciding {spent:.2f} s CPU\n"
        f"  precision {found.precision:.5f} (low {found.precision_low:.5f}), recall on decidable {found.recall:.4f},"
        f" through {found.straight_through:.4f}, decidable {1 - found.ambiguity:.4f}\n"
        f"  guess rate {found.guess_rate:.4f} ({found.guessed_wrong} wrong), false apply {found.false_apply:.4f},"
        f" link recall {found.link_recall:.4f}, money {found.money_precision:.6f}, customer"
        f" {found.customer_money_precision:.6f}, split otherwise {found.split_otherwise}, broken {found.broken}\n"
    )
    for line in _details(found):
        sys.stdout.write(line)
    receipts = {receipt.id: receipt for tenant in tenants for receipt in tenant.receipts}
    for name in found.wrong[:shown]:
        sys.stdout.write(f"  WRONG {classes[name]} {_told(receipts[name])}\n    got {links[name]}\n")
    for name in found.missed[:shown]:
        sys.stdout.write(f"  MISSED {_told(receipts[name])}\n")


def _details(found: Score) -> Iterator[str]:
    for name, tally in sorted(found.by_class.items()):
        yield f"    {name:20} right {tally.right:6} wrong {tally.wrong:4} low {tally.low:.4f}\n"
    for name, (got, all_) in sorted(found.recall_by_category.items()):
        if got < all_:
            yield f"    recall of {name:20} {got:6} of {all_:6}\n"


def _told(receipt: Receipt) -> str:
    return (
        f"{receipt.category}/{receipt.style} {receipt.id} {receipt.on} {receipt.amount} {receipt.payer_name!r}"
        f" account {receipt.payer_account!r} key {receipt.key!r} text {receipt.text!r} truth {list(receipt.truth)}"
    )


if __name__ == "__main__":
    main()
