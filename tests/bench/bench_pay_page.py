"""How long the pay page takes to answer while payments settle, and whether any payment is lost.

Run it by hand: `python -m tests.bench.bench_pay_page [SECONDS] [VIEWS_PER_SECOND] [PAYMENTS_PER_SECOND]`. The server is
`receivables serve`, a process of its own over SQLite; the doubles of the books and of the processors run in this one;
views come from a third at their own times, whether or not earlier ones were answered, so that a wait is never hidden
by waiting. A payment is a payer's whole way: open the link, press a button, pay on the processor's page, come back.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from connector.app.house import House
from connector.app.linking import make_link
from connector.model.source import CompanyId
from tests.bench.page_server import PROJECT
from tests.journeys.firm import Firm, open_firm
from tests.journeys.till import Till, link_quickly, open_till, payer
from tests.payers import fields, send

SECONDS, VIEWS_PER_SECOND, PAYMENTS_PER_SECOND = 20, 100, 10
LOOKED_AT = 40
"""So many other invoices are looked at while payments settle."""

PAYERS = 24
COMPANY = CompanyId("main")
HEADING = """\
company  Bench  home USD  zone America/New_York  country US  realm 9140009  stripe acct_bench
account  Checking  bank USD
account  Stripe Clearing  bank USD
account  Stripe Fees  expense USD
account  Undeposited Funds  undeposited USD
account  Accounts Receivable  receivable USD
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_bench_acme
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Milliseconds of views, sorted; and what became of the payments."""

    views: list[float]
    refused: int
    payments: list[float]
    asked: int
    received: int
    shown_as_paid: int
    seconds: int
    busy_seconds: float

    def view_at(self, per_thousand: int) -> float:
        return self.views[min(len(self.views) - 1, len(self.views) * per_thousand // 1000)]

    def lines(self) -> str:
        payments = sorted(self.payments)
        middle = payments[len(payments) // 2] if payments else 0
        return "\n".join(
            [
                f"{len(self.views)} views of the pay page, {self.refused} not answered with 200, milliseconds:",
                *(f"  p{name:<5} {self.view_at(at):8.1f}" for name, at in (("50", 500), ("99", 990), ("99.9", 999))),
                f"{self.asked} payments, a payer's whole way in the middle {middle:.0f} ms",
                f"receipts {self.received}, pages that say so {self.shown_as_paid}",
                f"the server used {self.busy_seconds:.1f} seconds of one core in {self.seconds}",
            ]
        )


def world(invoices: int) -> str:
    lines = (f"2026-03-02  invoice  B-{n}  Acme  {100 + n}.00 USD  due 2026-04-01\n" for n in range(invoices))
    return HEADING + "".join(lines)


def pay(till: Till, path: str) -> float:
    """One payer's whole way; seconds it took."""
    began = time.monotonic()
    with requests.Session() as browser:
        shown = browser.get(till.base + path, timeout=60)
        went = send(browser, till.base + path, fields(shown.text), "card")
        if went.status_code != 303:
            raise RuntimeError(f"a click was answered {went.status_code}")
        payer(went.headers["Location"], method="card")
        came = browser.get(f"{till.base}{path}/back", timeout=60)
        if came.status_code != 200:
            raise RuntimeError(f"a payer who came back was answered {came.status_code}")
    return time.monotonic() - began


def paid(till: Till, paths: list[str], per_second: int) -> list[float]:
    """Every link is paid, so many in a second; each begins at its time even while others are still at it."""
    began = time.monotonic()

    def at_its_time(number: int) -> float:
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        return pay(till, paths[number]) * 1000

    with ThreadPoolExecutor(PAYERS) as pool:
        return list(pool.map(at_its_time, range(len(paths))))


def measured(seconds: int, views_per_second: int, payments_per_second: int) -> Figures:
    """The whole run."""
    payments = seconds * payments_per_second
    with tempfile.TemporaryDirectory() as folder, open_firm(Path(folder), world(payments + LOOKED_AT)) as firm:
        firm.environment |= {
            "RECEIVABLES_VIEWS_PER_MINUTE": "100000",
            "RECEIVABLES_COMPANY_TRIES_PER_HOUR": "1000000",
        }
        firm.connect_quickly()
        paths = linked(firm, payments + LOOKED_AT)
        with open_till(firm) as till:
            busy = busy_seconds(till.process.pid)
            viewer = viewing(till.base, paths[payments:], seconds, views_per_second)
            durations = paid(till, paths[:payments], payments_per_second)
            said, _ = viewer.communicate(timeout=seconds + 120)
            told = json.loads(said)
            busy = busy_seconds(till.process.pid) - busy
            shown = sum("We have received your payment." in till.look(path).text for path in paths[:payments])
        with House(firm.config()) as house:
            received = {receipt.debt for receipt in house.store.receipts(COMPANY)}
        return Figures(
            views=sorted(told["milliseconds"]),
            refused=told["refused"],
            payments=durations,
            asked=payments,
            received=len(received),
            shown_as_paid=shown,
            seconds=seconds,
            busy_seconds=busy,
        )


def busy_seconds(pid: int) -> float:
    """How long a process has had a core: on a machine that others use too, that says more than how long it waited."""
    fields_after_name = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields_after_name[11]) + int(fields_after_name[12])) / os.sysconf("SC_CLK_TCK")


def linked(firm: Firm, invoices: int) -> list[str]:
    """The path of every invoice's link."""
    link_quickly(firm, "B-0")
    base = firm.environment["RECEIVABLES_LINK_BASE"]
    with firm.desk() as desk:
        return [make_link(desk, f"B-{n}").url.removeprefix(base) for n in range(invoices)]


def viewing(base: str, paths: list[str], seconds: int, per_second: int) -> subprocess.Popen[str]:
    """A process that looks at these links so often, and prints what it measured."""
    asked = json.dumps({"base": base, "paths": paths, "seconds": seconds, "per_second": per_second})
    command = [sys.executable, "-m", "tests.bench.bench_pay_page", "--view", asked]
    return subprocess.Popen(command, cwd=PROJECT, env=dict(os.environ), stdout=subprocess.PIPE, text=True)


class Viewer:
    """Looks at links over connections that are kept."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._where = (str(parts.hostname), int(parts.port or 80))
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.milliseconds: list[float] = []
        self.refused = 0

    async def look(self, path: str, at_seconds: float) -> None:
        """One view, counted from when it was due."""
        await asyncio.sleep(max(0.0, at_seconds - time.monotonic()))
        head = b""
        while not head:
            kept = bool(self._idle)
            line = self._idle.pop() if kept else await asyncio.open_connection(*self._where)
            try:
                head = await self._answered(line, path)
            except (asyncio.IncompleteReadError, ConnectionError):
                # The server closes a connection that nobody used for a while; a browser opens another.
                if not kept:
                    raise
        self.milliseconds.append((time.monotonic() - at_seconds) * 1000)
        self.refused += not head.startswith(b"HTTP/1.1 200")
        self._idle.append(line)

    async def _answered(self, line: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str) -> bytes:
        """The head of the answer; its body is read too."""
        reader, writer = line
        writer.write(f"GET {path} HTTP/1.1\r\nHost: pay.bench\r\nAccept-Language: de\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(row[15:]) for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:"))
        await reader.readexactly(length)
        return head

    async def run(self, paths: list[str], seconds: int, per_second: int) -> None:
        """All of them, each at its time."""
        began = time.monotonic() + 0.5
        looks = (
            self.look(paths[number % len(paths)], began + number / per_second) for number in range(seconds * per_second)
        )
        await asyncio.gather(*looks)


def view(asked: str) -> None:
    """What the process of `viewing` does."""
    told = json.loads(asked)
    viewer = Viewer(told["base"])
    asyncio.run(viewer.run(told["paths"], told["seconds"], told["per_second"]))
    sys.stdout.write(json.dumps({"milliseconds": viewer.milliseconds, "refused": viewer.refused}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--view"]:
        view(sys.argv[2])
    else:
        given = [int(each) for each in sys.argv[1:4]]
        wanted = [*given, *(SECONDS, VIEWS_PER_SECOND, PAYMENTS_PER_SECOND)[len(given) :]]
        sys.stdout.write(measured(wanted[0], wanted[1], wanted[2]).lines() + "\n")
