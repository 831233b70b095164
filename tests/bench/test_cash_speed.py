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
from connector.reconcile.cash.case import Case, Item, Party, Policy, Receipt, ReceiptKind
from connector.reconcile.cash.cashbook import CashBook
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


DAY = 739_000
OPEN, CUSTOMERS, NEW = 100_000, 5_000, 1_000


def ledger() -> CashBook:
    """A company with very many open items, nothing of which was paid."""
    parties = [Party(f"c{one}", f"Customer {one:05} Ltd", account=f"DE{one:08}") for one in range(CUSTOMERS)]
    items = [
        Item(
            f"i{one}", f"INV-{one + 100_000}", f"c{one * 7_919 % CUSTOMERS}", "USD",
            10_000 + (one * one * 31 + one * 17) % 900_000, DAY + one % 300, DAY + one % 300 + 30,
        )
        for one in range(OPEN)
    ]  # fmt: skip
    return CashBook(Case(parties=parties, items=items, receipts=(), policy=POLICY))


def one_day(book: CashBook, day: int) -> list[Receipt]:
    """Payments by number, by amount alone, and some that nothing explains."""
    found = []
    for one in range(day * NEW, (day + 1) * NEW):
        item = book.at.items[one * 104_729 % OPEN]
        amount = item.amount + (12_345 if one % 10 == 0 else 0)
        text = f"Invoice {item.number}" if one % 10 > 3 else ""
        account = f"DE{int(item.party[1:]):08}"
        kind, on = ReceiptKind.PAYMENT, DAY + 310 + day
        found.append(Receipt(f"p{one}", kind, on, "USD", amount, payer_account=account, text=text))
    return found


@pytest.mark.gate
@pytest.mark.req("R7")
def test_a_thousand_receipts_against_a_hundred_thousand_open_items_touch_only_their_customers() -> None:
    """What it takes is printed. Counted are receipts looked at and items walked through; no number is learned again."""
    book = ledger()
    book.run()
    learned = book.at.numbers.times_learned
    for day in range(3):
        new = one_day(book, day)
        steps = sum(heap.steps for heap in book.at.heaps.values())
        began = time.process_time()
        book.enter(receipts=new)
        ran = book.run()
        spent = time.process_time() - began
        sys.stderr.write(f"\n{NEW} receipts against {OPEN} open items: {spent:.2f} s CPU, {len(ran.decided)} decided\n")
        paying = {one.payer_account for one in new}
        theirs = sum(one.payer_account in paying for one in book.at.receipts)
        assert NEW <= ran.looked_at <= theirs
        assert len(ran.decided) > NEW // 2
        assert sum(heap.steps for heap in book.at.heaps.values()) - steps <= OPEN * 2
        assert book.at.numbers.times_learned == learned
        book.keep(book.at.receipts[place].id for place in ran.decided)
