"""What a match costs at several sizes, in seconds and in proportion to the floor of the same run; each receipt alone;
and one customer of very many items.
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
from connector.reconcile.cash.questions import question
from connector.reconcile.cash.rounds import LAST, STRONGEST, WEAKER, Rounds
from tests.bench import bench_cash
from tests.bench.cash import files
from tests.bench.cash.giants import GIANTS
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

SEED = 7
FLOORS = 20
"""So many times what the floor takes may the engine take."""
POLICY = Policy(bank_fee=BANK_FEE_MINOR_MAX, terms=True, fx_margin_bp=FX_MARGIN_BP_MAX)


TIMES = 3
"""Others' work on the same machine only adds to what something takes: the least of so many counts."""
RECEIPT_MS_MAX = 50


def cost_of(folder: Path, who: str, times: int = 1) -> bench_cash.Cost:
    words = [word.format(folder=folder, out=folder / f"{who}.csv") for word in bench_cash.CONTESTANTS[who]]
    costs = [bench_cash.run(words) for _ in range(times)]
    return bench_cash.Cost(*(min(getattr(one, name) for one in costs) for name in ("wall", "cpu", "mib")))


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program as it is once installed: what it is compiled to is kept, whatever this machine does elsewhere."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "compiled"))


def started(folder: Path) -> bench_cash.Cost:
    """What the same command takes where there is next to nothing to do."""
    few = folder / "few"
    few.mkdir()
    for name in ("invoices.csv", "payments.csv"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (few / name).write_text("".join(lines[:2]), encoding="utf-8")
    cost_of(few, "engine")
    return cost_of(few, "engine", TIMES)


@pytest.mark.req("R8")
@pytest.mark.long
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize(
    ("receipts", "times", "cpu", "wall", "mib"),
    [(10_000, TIMES, 0.8, 0.4, 400), (100_000, TIMES, 6.0, 5.0, 400), (1_000_000, 1, 150.0, 75.0, 3_072)],
)
def test_a_match_keeps_to_its_seconds_its_memory_and_its_ratio_to_the_floor(
    receipts: int, times: int, cpu: float, wall: float, mib: int
) -> None:
    """From reading the files to what is written: what starting a program takes is measured apart. To be run where
    nothing else runs; the ratio holds anywhere."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        files.write(folder, world(PROFILES["smb"], receipts, SEED))
        begun = started(folder)
        floor, engine = cost_of(folder, "floor", times), cost_of(folder, "engine", times)
    spent = engine.cpu - begun.cpu
    sys.stderr.write(
        f"\n{receipts} receipts: {engine.wall - begun.wall:.2f} s wall, {spent:.2f} s CPU and {begun.cpu:.2f} s to"
        f" start, {engine.mib:.0f} MiB; floor {floor.cpu:.2f} s CPU, {floor.mib:.0f} MiB;"
        f" {spent / floor.cpu:.1f} times the floor\n"
    )
    assert spent <= FLOORS * floor.cpu
    assert engine.mib <= mib
    assert (spent, engine.wall - begun.wall) <= (cpu, wall)


@pytest.mark.req("R8")
@pytest.mark.long
@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("name", list(GIANTS))
def test_one_customer_of_very_many_items_takes_no_longer_than_as_many_of_others(name: str) -> None:
    """Per receipt and item, beside a world of ten thousand."""
    giant = GIANTS[name]()
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        files.write(Path(one), iter([giant]))
        files.write(Path(other), world(PROFILES["smb"], 10_000, SEED))
        begun = started(Path(one))
        spent = cost_of(Path(one), "engine", TIMES).cpu - begun.cpu
        usual = cost_of(Path(other), "engine", TIMES).cpu - begun.cpu
    sys.stderr.write(f"\n{name}: {spent:.2f} s CPU; ten thousand receipts of many customers {usual:.2f} s\n")
    assert spent <= usual


@pytest.mark.req("R8")
@pytest.mark.long
def test_no_receipt_takes_longer_than_is_asked_in_any_world() -> None:
    """Each look at each receipt as it came, and again at what is left at the end, with why it was not decided."""
    worlds = {name: world(profile, 10_000, SEED) for name, profile in PROFILES.items()}
    for name, tenants in (worlds | {name: iter([make()]) for name, make in GIANTS.items()}).items():
        slowest, whole, looked_at = 0.0, 0.0, 0
        with TemporaryDirectory() as folder:
            files.write(Path(folder), tenants)
            for _, case in read_cases(Path(folder), POLICY):
                rounds = Rounds(case)
                for is_over in (False, True):
                    for place in list(rounds.at.waiting):
                        began = time.process_time()
                        for look in (*STRONGEST, *WEAKER, *LAST):
                            look(rounds.at, place)
                        if is_over:
                            question(rounds.at, place)
                        spent = time.process_time() - began
                        slowest, whole, looked_at = max(slowest, spent), whole + spent, looked_at + 1
                    rounds.run()
        sys.stderr.write(f"\n{name}: {looked_at} looks, the slowest {slowest * 1000:.1f} ms, all {whole:.2f} s CPU\n")
        assert looked_at > 0
        assert slowest * 1000 <= RECEIPT_MS_MAX


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
