"""How long the pay page takes to answer while payments settle, and whether any payment is lost.

Run it by hand: `python -m tests.bench.bench_pay_page [SECONDS] [VIEWS_PER_SECOND] [PAYMENTS_PER_SECOND]`. The server is
`receivables serve`, a process of its own over SQLite; the doubles of the books and of the processors run in this one;
views come from a third at their own times, whether or not earlier ones were answered, so that a wait is never hidden
by waiting. A payment is a payer's whole way: open the link, press a button, pay on the processor's page, come back.

First the links are only looked at, then looked at while payments settle, then as often a page of the same size of a
server that does nothing else (`tests.bench.bare_page`): what a view costs at the least on this machine, now.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import requests

from connector.app.house import House
from connector.app.linking import make_link
from connector.model.source import CompanyId
from tests.accounts import ACCOUNTS
from tests.bench.page_server import PROJECT
from tests.journeys.firm import Firm, open_firm
from tests.journeys.till import Till, free_port, link_quickly, open_till, payer
from tests.payers import fields, send

SECONDS, VIEWS_PER_SECOND, PAYMENTS_PER_SECOND = 20, 100, 10
LOOKED_AT = 40
"""So many other invoices are looked at while payments settle."""

PAYERS = 24
COMPANY = CompanyId("main")
HEADING = f"""\
company  Bench  home USD  zone America/New_York  country US  realm 9140009  stripe acct_bench
{ACCOUNTS}
customer  Acme  email ap@acme.example  in quickbooks and stripe as cus_bench_acme
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """Milliseconds of views, sorted, and how long a core was busy with them and with whatever else was asked."""

    waits: list[float]
    refused: int
    busy_seconds: float

    def at(self, per_thousand: int) -> float:
        return self.waits[min(len(self.waits) - 1, len(self.waits) * per_thousand // 1000)]

    @property
    def busy_milliseconds(self) -> float:
        """Of one view, where nothing else was asked."""
        return self.busy_seconds * 1000 / len(self.waits)

    def line(self, name: str) -> str:
        return (
            f"{name:<28} {len(self.waits):6} views, {self.refused} not answered with 200: "
            f"p50 {self.at(500):6.1f} ms, p99 {self.at(990):6.1f} ms, p99.9 {self.at(999):6.1f} ms"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was seen alone, while payments settled, and of the bare page; and what became of the payments."""

    alone: Views
    both: Views
    bare: Views
    payments: list[float]
    received: int
    shown_as_paid: int

    @property
    def payment_milliseconds(self) -> float:
        """How long a core was busy with one payment, its views among it."""
        of_views = self.alone.busy_milliseconds * len(self.both.waits)
        return (self.both.busy_seconds * 1000 - of_views) / max(len(self.payments), 1)

    def lines(self) -> str:
        payments = sorted(self.payments)
        middle = payments[len(payments) // 2] if payments else 0
        floor = self.bare.busy_milliseconds
        return "\n".join(
            [
                self.alone.line("pay page"),
                self.both.line("pay page, payments settling"),
                self.bare.line("bare page"),
                (
                    f"{len(payments)} payments, a payer's whole way in the middle {middle:.0f} ms; "
                    f"receipts {self.received}, pages that say so {self.shown_as_paid}"
                ),
                (
                    f"busy per view {self.alone.busy_milliseconds:.2f} ms, bare {floor:.2f} ms "
                    f"({self.alone.busy_milliseconds / floor:.1f} times); "
                    f"per payment {self.payment_milliseconds:.1f} ms"
                ),
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
            looks = Looks(paths[payments:], seconds, views_per_second)
            till.look(paths[-1])
            alone, _ = seen(till.base, till.process.pid, looks)
            both, durations = seen(
                till.base, till.process.pid, looks, lambda: paid(till, paths[:payments], payments_per_second)
            )
            shown = sum("We have received your payment." in till.look(path).text for path in paths[:payments])
            with bare_page(len(till.look(paths[-1]).content)) as (base, pid):
                bare, _ = seen(base, pid, looks)
        with House(firm.config()) as house:
            received = {receipt.debt for receipt in house.store.receipts(COMPANY)}
        return Figures(
            alone=alone, both=both, bare=bare, payments=durations, received=len(received), shown_as_paid=shown
        )


class Looks(NamedTuple):
    """Which links are looked at, how long and how often."""

    paths: list[str]
    seconds: int
    per_second: int


def seen(base: str, pid: int, looks: Looks, meanwhile: Callable[[], list[float]] = list) -> tuple[Views, list[float]]:
    """What a process that only looks measures of that server, while something else is done, and what that gives."""
    busy = busy_seconds(pid)
    viewer = viewing(base, *looks)
    done = meanwhile()
    said, _ = viewer.communicate(timeout=looks.seconds + 120)
    told = json.loads(said)
    return Views(
        waits=sorted(told["milliseconds"]), refused=told["refused"], busy_seconds=busy_seconds(pid) - busy
    ), done


@contextmanager
def bare_page(size: int) -> Iterator[tuple[str, int]]:
    """A server of its own with one page of that size: its address and its process."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.bare_page", str(port), str(size)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            for _ in range(600):
                with suppress(requests.ConnectionError):
                    requests.get(base, timeout=5)
                    break
                time.sleep(0.05)
            yield base, process.pid
        finally:
            process.terminate()


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
