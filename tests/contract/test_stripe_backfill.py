"""A first reading of many invoices: nothing is missed or read twice, how much memory it takes, and that it is not what
holds Stripe up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from connector.model.source import Kind
from connector.testing.standin import Answer, Call, Server
from connector.testing.worlds import World
from tests.clocks import FakeClock
from tests.stripe_desk import judged
from tests.stripe_mirror import Mirrors, reader
from tests.stripe_rig import example, listed, text

PROJECT = Path(__file__).resolve().parents[2]
ROWS = 100
MEGABYTE = 1024
MEMORY_MB_MAX = 250
IN_FLIGHT = 4
PAGES_PER_SECOND_MIN = 25
"""What Stripe allows on one endpoint: 25 calls a second."""
OLDEST = 1_700_000_000
STEP_SECONDS = 97

READ_ALL = """
# ru_maxrss of a child counts what its parent had before the exec, so on Linux the process's own mark is read.
import json, re, resource, sys, time
from pathlib import Path
from connector.clock import SystemClock
from tests.stripe_rig import connected
adapter = connected(sys.argv[1], SystemClock())
cursor, more, records, minor, numbers = None, True, 0, 0, set()
began = time.monotonic()
while more:
    page = adapter.pull("books", cursor)
    invoices = [one for one in page.records if one.ref.kind == "invoice"]
    records += len(invoices)
    minor += sum(one.record.open.minor for one in invoices)
    numbers.update(int(one.ref.vendor_id.split("_")[1]) for one in invoices)
    cursor, more = page.cursor, page.more
    del page, invoices
seconds = time.monotonic() - began
status = Path("/proc/self/status")
own = re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text()) if status.exists() else None
peak = int(own[1]) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said = {"records": records, "minor": minor, "different": len(numbers), "ms": int(seconds * 1000), "peak_kb": peak}
print(json.dumps(said))
"""


class ManyInvoices:
    """Serves so many invoices, newest first, by window and by last id; every other list is empty."""

    system = "stripe"

    def __init__(self, count: int) -> None:
        self.count = count
        self.served: Counter[int] = Counter()
        numbered = {"id": "in_NUMBER", "number": "INV-NUMBER", "created": 111, "amount_remaining": 222}
        row = example("invoice", status="open", amount_paid_off_stripe=0, **numbered)
        self._row = text(row)

    def answer(self, call: Call) -> Answer:
        if call.path == "/v1/balance":
            return Answer(body=text(example("balance", available=[], pending=[])))
        if call.path != "/v1/invoices" or call.first("status"):
            return Answer(body=listed(url=call.path))
        newest, oldest = self.count - 1, 0
        if call.first("created[lte]"):
            newest = min(newest, (int(call.first("created[lte]")) - OLDEST) // STEP_SECONDS)
        if call.first("created[gte]"):
            oldest = max(oldest, -((OLDEST - int(call.first("created[gte]"))) // STEP_SECONDS))
        if call.first("starting_after"):
            newest = min(newest, int(call.first("starting_after").split("_")[1]) - 1)
        numbers = range(newest, max(newest - int(call.first("limit")), oldest - 1), -1)
        self.served.update(numbers)
        body = listed(more=len(numbers) > 0 and numbers[-1] > oldest, url="/v1/invoices")
        return Answer(body=body.replace(b"[]", b"[" + b",".join(self._invoice(one) for one in numbers) + b"]", 1))

    def settings(self, world: World, url: str) -> dict[str, str]:
        return {"base_url": url, "api_key": f"rk_test_{world.name.lower()}"}

    def dump(self, *, normalised: bool) -> object:
        return {"count": self.count, "normalised": normalised}

    def corrupt(self, seed: int) -> str:
        return f"Nothing to corrupt with {seed}."

    def _invoice(self, number: int) -> bytes:
        created = b'"created": %d' % (OLDEST + STEP_SECONDS * number)
        row = self._row.replace(b"NUMBER", b"%d" % number).replace(b'"created": 111', created)
        return row.replace(b'"amount_remaining": 222', b'"amount_remaining": %d' % (number + 1))


def read_all(count: int) -> dict[str, int]:
    """Read that many in a process of its own, and what it said of itself."""
    with Server(ManyInvoices(count), inspectors=(judged,)) as server:
        answer = subprocess.run(
            [sys.executable, "-c", READ_ALL, server.url],
            cwd=PROJECT,
            env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert server.problems == []
    said: dict[str, int] = json.loads(answer.stdout)
    assert said["records"] == said["different"] == count
    assert said["minor"] == count * (count + 1) // 2
    return said


def test_three_thousand_invoices_are_all_read_once_and_add_up() -> None:
    said = read_all(3_000)
    assert said["peak_kb"] <= MEMORY_MB_MAX * MEGABYTE


@pytest.mark.parametrize("in_flight", [1, IN_FLIGHT, 8])
def test_whatever_is_under_way_at_once_every_invoice_comes_once(in_flight: int) -> None:
    invoices, mirror = ManyInvoices(2_345), Mirrors()
    with Server(invoices, inspectors=(judged,)) as server:
        mirror.sync(reader(server.url, FakeClock(), mirror, in_flight=str(in_flight)))
    assert server.problems == []
    assert len(mirror.nouns(Kind.INVOICE)) == 2_345
    assert set(invoices.served.values()) == {1}


@pytest.mark.parametrize("pages", [1, 9, 20, 33])
def test_a_reader_killed_in_the_walk_reads_again_only_what_was_under_way(pages: int) -> None:
    invoices, mirror = ManyInvoices(2_345), Mirrors()
    with Server(invoices, inspectors=(judged,)) as server:
        mirror.sync(reader(server.url, FakeClock(), mirror), pages_max=pages)
        mirror.sync(reader(server.url, FakeClock(), mirror))
    assert server.problems == []
    assert len(mirror.nouns(Kind.INVOICE)) == 2_345
    again = [number for number, times in invoices.served.items() if times > 1]
    assert max(invoices.served.values()) <= 2
    assert len(again) <= IN_FLIGHT * ROWS


@pytest.mark.long
@pytest.mark.req("S14")
def test_a_hundred_thousand_invoices_take_at_most_250_megabytes_and_no_longer_than_stripes_own_limit() -> None:
    said = read_all(100_000)
    sys.stdout.write(f"100,000 invoices: {said['ms']} ms, {said['peak_kb'] / MEGABYTE:.0f} MB\n")
    assert said["peak_kb"] <= MEMORY_MB_MAX * MEGABYTE
    assert said["ms"] <= 1_000 * 1_000 // PAGES_PER_SECOND_MIN
