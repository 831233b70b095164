"""What a match costs at several sizes: printed for whoever runs it by hand, judged only in proportion to the floor of
the same run, as seconds are another matter on every machine.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connector.app.folder import read_cases
from connector.cli.matching import BANK_FEE_MINOR_MAX, FX_MARGIN_BP_MAX
from connector.reconcile.cash.case import Policy
from connector.reconcile.cash.rounds import LAST, STRONGEST, WEAKER
from connector.reconcile.cash.standing import Standing
from tests.bench import bench_cash
from tests.bench.cash import files
from tests.bench.cash.giants import GIANTS
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

SEED = 7
FLOORS = 20
"""So many times what the floor takes may the engine take."""
POLICY = Policy(bank_fee=BANK_FEE_MINOR_MAX, terms=True, fx_margin_bp=FX_MARGIN_BP_MAX)


def cost_of(folder: Path, who: str) -> bench_cash.Cost:
    words = [word.format(folder=folder, out=folder / f"{who}.csv") for word in bench_cash.CONTESTANTS[who]]
    return bench_cash.run(words)


@pytest.mark.long
@pytest.mark.parametrize("receipts", [10_000, 100_000, 1_000_000])
def test_a_match_takes_at_most_so_many_times_what_the_floor_takes(receipts: int) -> None:
    with TemporaryDirectory() as folder:
        files.write(Path(folder), world(PROFILES["smb"], receipts, SEED))
        floor, engine = cost_of(Path(folder), "floor"), cost_of(Path(folder), "engine")
    sys.stderr.write(
        f"\n{receipts} receipts: {engine.wall:.2f} s wall, {engine.cpu:.2f} s CPU, {engine.mib:.0f} MiB;"
        f" floor {floor.cpu:.2f} s CPU, {floor.mib:.0f} MiB; {engine.cpu / floor.cpu:.1f} times\n"
    )
    assert engine.cpu <= FLOORS * floor.cpu


@pytest.mark.long
def test_the_slowest_receipt_of_every_world_and_of_the_giants_is_printed() -> None:
    worlds = {name: world(profile, 20_000, SEED) for name, profile in PROFILES.items()}
    for name, tenants in (worlds | {name: iter([make()]) for name, make in GIANTS.items()}).items():
        slowest, whole, looked_at = 0.0, 0.0, 0
        with TemporaryDirectory() as folder:
            files.write(Path(folder), tenants)
            for _, case in read_cases(Path(folder), POLICY):
                at = Standing(case)
                for place in range(len(case.receipts)):
                    began = time.process_time()
                    for look in (*STRONGEST, *WEAKER, *LAST):
                        look(at, place)
                    spent = time.process_time() - began
                    slowest, whole, looked_at = max(slowest, spent), whole + spent, looked_at + 1
        sys.stderr.write(
            f"\n{name}: {looked_at} receipts, the slowest {slowest * 1000:.1f} ms, all {whole:.2f} s CPU\n"
        )
        assert looked_at > 0
