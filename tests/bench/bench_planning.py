"""How long planning takes: what 100,000 decided payments become in the books, beside the floor of sorting and encoding.

Run it by hand: `python -m tests.bench.bench_planning [DECISIONS]`. CPU time and peak memory of one process. A tenth as
many are planned first: a plan of ten times as many should cost ten times as much, and no more.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count

from connector import canonical
from connector.dates import Instant, instant_from_iso
from connector.model.firm import Connection, PostingAccounts
from connector.model.party import AccountRole
from connector.model.source import ActorId, CompanyId, Kind, OpId, PlanId, Tag
from connector.plan import Frame, Plan, plan
from connector.reconcile.match import Reconciliation, reconcile
from connector.reconcile.snapshot import Snapshot
from tests.bench.rounds import best_seconds, peak_mb
from tests.builders import BOOKS, PROCESSOR, USD, Mirror, ref

DECISIONS = 100_000
CUSTOMERS = 2_000
A_TENTH = 10
COMPANY = CompanyId("harbor")
NOW: Instant = instant_from_iso("2026-06-10T12:00:00Z")


def firm(decisions: int) -> Snapshot:
    """Every payment carries the number of its invoice; each has a fee."""
    mirror = Mirror()
    for name, role in (("Clearing", AccountRole.BANK), ("Checking", AccountRole.BANK), ("Fees", AccountRole.EXPENSE)):
        mirror.account(name, role)
    for number in range(CUSTOMERS):
        mirror.customer(f"Customer {number}")
        mirror.customer(f"cus_{number}", at=PROCESSOR)
    for number in range(decisions):
        customer, amount, name = number % CUSTOMERS, f"{100 + number % 9000}.00", f"INV-{number}"
        mirror.invoice(name, f"Customer {customer}", amount)
        mirror.charge(
            f"ch_{number}", amount, customer=f"cus_{customer}", tags=(Tag("invoice_number", name),), fee="1.00"
        )
    return mirror.seen()


def processor() -> Connection:
    """The processor, with the accounts that its money is booked to."""
    accounts = {name: ref(Kind.ACCOUNT, name) for name in ("Clearing", "Checking", "Fees")}
    posting = PostingAccounts(
        clearing={USD: accounts["Clearing"]}, bank={USD: accounts["Checking"]}, fees=accounts["Fees"]
    )
    return Connection(
        company_id=COMPANY, connection_id=PROCESSOR, system="stripe", account="acct", live=False, posting=posting
    )


def op_ids() -> Iterator[OpId]:
    """Ids as long as real ones, without the cost of chance."""
    return (OpId(f"{number:020d}") for number in count())


def planned(seen: Snapshot, outcome: Reconciliation) -> Plan:
    """The plan of everything."""
    ids = op_ids()
    frame = Frame(
        plan_id=PlanId("plan-1"), company_id=COMPANY, made_at=NOW, made_by=ActorId("dana"), new_op_id=lambda: next(ids)
    )
    return plan(seen, outcome, [processor()], frame)


def floor(made: Plan) -> bytes:
    """The same lines sorted and encoded: what any plan has to cost."""
    return canonical.encode(sorted(made.lines, key=lambda line: line.subject))


def spent(decisions: int) -> dict[str, float]:
    """CPU seconds and lines."""
    seen = firm(decisions)
    outcome = reconcile(seen)
    if len(outcome.decisions) != decisions:
        raise SystemExit(f"{len(outcome.decisions)} of {decisions} were decided")
    before = peak_mb()
    made = planned(seen, outcome)
    after = peak_mb()
    return {
        "lines": len(made.lines),
        "plan": best_seconds(lambda: planned(seen, outcome)),
        "encode": best_seconds(lambda: canonical.encode(made)),
        "floor": best_seconds(lambda: floor(made)),
        "mb": after - before,
        "peak": after,
    }


def main() -> None:
    """Print CPU seconds, the ratio to the floor, and what ten times as many cost."""
    decisions = int(sys.argv[1]) if len(sys.argv) > 1 else DECISIONS
    few, many = spent(decisions // A_TENTH), spent(decisions)
    say = sys.stdout.write
    say(f"{decisions} decisions on {BOOKS} become {many['lines']:.0f} lines\n")
    say(f"plan    {many['plan']:8.2f} s  {many['plan'] / many['floor']:6.1f} x the floor of sorting and encoding\n")
    say(f"encode  {many['encode']:8.2f} s\nfloor   {many['floor']:8.2f} s\n")
    say(f"ten times as many cost {many['plan'] / few['plan']:.1f} times as much\n")
    say(f"memory  {many['mb']:8.0f} MB for the plan, {many['peak']:.0f} MB in all\n")


if __name__ == "__main__":
    main()
