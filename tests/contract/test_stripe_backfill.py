"""A first reading of many invoices: how much memory it takes, and that it is not what holds Stripe up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from connector.testing.standin import Answer, Call, Server
from connector.testing.worlds import World
from tests.stripe_rig import example, listed

PROJECT = Path(__file__).resolve().parents[2]
ROWS = 100
MEGABYTE = 1024
MEMORY_MB_MAX = 250
PAGES_PER_SECOND_MIN = 25
"""What Stripe allows on one endpoint: 25 calls a second."""

READ_ALL = """
# ru_maxrss of a child counts what its parent had before the exec, so on Linux the process's own mark is read.
import json, re, resource, sys, time
from pathlib import Path
from connector.clock import SystemClock
from tests.stripe_rig import connected
adapter = connected(sys.argv[1], SystemClock())
cursor, more, records, minor, last = None, True, 0, 0, 0
began = time.monotonic()
while more:
    page = adapter.pull("invoice", cursor)
    records += len(page.records)
    minor += sum(one.record.open.minor for one in page.records)
    cursor, more, last = page.cursor, page.more, int(page.records[-1].ref.vendor_id.split("_")[1])
seconds = time.monotonic() - began
status = Path("/proc/self/status")
own = re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text()) if status.exists() else None
peak = int(own[1]) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"records": records, "minor": minor, "last": last, "ms": int(seconds * 1000), "peak_kb": peak}))
"""


class ManyInvoices:
    """Serves pages rendered beforehand; only the page's number is filled in."""

    system = "stripe"

    def __init__(self, pages: int) -> None:
        self._pages = pages
        rows = (
            example("invoice", id=f"in_PAGE_{row}", number=f"INV-PAGE-{row}", status="open", amount_remaining=row + 1)
            for row in range(ROWS)
        )
        self._page = listed(*rows, more=True, url="/v1/invoices")

    def answer(self, call: Call) -> Answer:
        after = call.first("starting_after")
        number = int(after.split("_")[1]) + 1 if after else 0
        body = self._page.replace(b"PAGE", b"%06d" % number)
        if number == self._pages - 1:
            body = body.replace(b'"has_more": true', b'"has_more": false')
        return Answer(body=body)

    def settings(self, world: World, url: str) -> dict[str, str]:
        return {"base_url": url, "api_key": f"rk_test_{world.name.lower()}"}

    def dump(self, *, normalised: bool) -> object:
        return {"pages": self._pages, "normalised": normalised}

    def corrupt(self, seed: int) -> str:
        return f"Nothing to corrupt with {seed}."


def read_all(pages: int) -> dict[str, int]:
    """Read that many pages in a process of its own, and what it said of itself."""
    with Server(ManyInvoices(pages)) as server:
        answer = subprocess.run(
            [sys.executable, "-c", READ_ALL, server.url],
            cwd=PROJECT,
            env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
    said: dict[str, int] = json.loads(answer.stdout)
    assert said["records"] == pages * ROWS
    assert said["minor"] == pages * 5_050
    return said


def test_three_thousand_invoices_are_all_read_in_order_and_add_up() -> None:
    said = read_all(30)
    assert said["last"] == 29
    assert said["peak_kb"] <= MEMORY_MB_MAX * MEGABYTE


@pytest.mark.long
@pytest.mark.req("S14")
def test_a_hundred_thousand_invoices_take_at_most_250_megabytes_and_no_longer_than_stripes_own_limit() -> None:
    said = read_all(1_000)
    sys.stdout.write(f"100,000 invoices: {said['ms']} ms, {said['peak_kb'] / MEGABYTE:.0f} MB\n")
    assert said["peak_kb"] <= MEMORY_MB_MAX * MEGABYTE
    assert said["ms"] <= 1_000 * 1_000 // PAGES_PER_SECOND_MIN
