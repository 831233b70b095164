"""The engine beside its peers on labelled worlds: right, wrong, silent, and what it costs.

`python -m tests.bench.bench_cash [RECEIPTS] [--only PROFILE] [--held-back] [--seed N]` prints a row for every world and
contestant, each run as a process of its own from the files to the written decisions. `--quick` runs the engine alone
in this process and prints every class and category; `--show N` also the first N wrong and missed receipts.
`--giants` runs it on one customer with 5,000 equal items, and on one with 200 items and no references.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.app.folder import read_cases
from connector.cli.matching import BANK_FEE_MINOR_MAX
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
HEADER = (
    f"{'world':12} {'who':13} {'decided':>7} {'precision':>9} {'low 95':>7} {'through':>7} {'recall':>6} {'guess':>6}"
    f" {'false':>6} {'money':>7} {'customer':>8} {'links':>6} {'broken':>6}"
    f" {'wall s':>6} {'CPU s':>6} {'MiB':>5} {'x floor':>7}"
)


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
    given = ask.parse_args(words)
    if not given.quick:
        sys.stdout.write(HEADER + "\n")
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
                _contest(name, tenants, Path(folder), ("floor", "engine") if given.giants else CONTESTANTS)


def _contest(world_name: str, tenants: Sequence[Tenant], folder: Path, who_runs: Iterable[str]) -> None:
    base = 0.0
    for who in who_runs:
        words = CONTESTANTS[who]
        if who == "engine" and (folder / "payouts.csv").exists():
            words = (*words, "--payouts", "{folder}/landed.csv")
        out = folder / f"{who}.csv"
        cost = run([word.format(folder=folder, out=out) for word in words])
        base = base or cost.cpu
        found = score(tenants, read_answers(out))
        sys.stdout.write(f"{row(world_name, who, found)} {costs(cost, base)}\n")
        sys.stdout.flush()
    if (folder / "payouts.csv").exists():
        sys.stdout.write(f"{world_name:12} {told_of_payouts(tenants, folder)}\n")


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


def run(words: Sequence[str]) -> Cost:
    """The cost of `python -m` these words. CalledProcessError where it fails."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.cash.meter", sys.executable, "-m", *words],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    wall, cpu, mib = map(float, told.stdout.split())
    return Cost(wall, cpu, mib)


def row(world_name: str, who: str, found: Score) -> str:
    """One line of the table, without what it cost."""
    return (
        f"{world_name:12} {who:13} {found.decided:7} {found.precision:9.5f} {found.precision_low:7.5f}"
        f" {found.straight_through:7.4f} {found.recall:6.4f} {found.guess_rate:6.4f} {found.false_apply:6.4f}"
        f" {found.money_precision:7.5f} {found.customer_money_precision:8.6f} {found.link_recall:6.4f} {found.broken:6}"
    )


def costs(cost: Cost, base: float) -> str:
    """The end of a line of the table."""
    return f"{cost.wall:6.2f} {cost.cpu:6.2f} {cost.mib:5.0f} {cost.cpu / base:7.1f}"


def engine(folder: Path) -> tuple[dict[str, list[Link]], dict[str, str], float]:
    """The engine's links, the class of each decision, and the CPU seconds of deciding."""
    cases = read_cases(folder, Policy(bank_fee=BANK_FEE_MINOR_MAX, terms=True))
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
