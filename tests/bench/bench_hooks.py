"""How long a webhook waits for its answer: signed deliveries at the door of a running `receivables serve`.

Run it by hand: `python -m tests.bench.bench_hooks [DELIVERIES]`. The server is a process of its own with an idle SQLite
database, as its user starts it. Each delivery is a new event, one after another over a kept connection, and is answered
only after its hint is stored. Beside it the floor of the same run: an empty POST to the same server, which is answered
without a look at anything; and each delivery once more, which is known and stored no second time.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.app.house import House
from connector.config import Config
from connector.model.firm import Actor, Company, Connection
from connector.model.source import ActorId, CompanyId, ConnectionId
from connector.money import currency
from tests.bench.page_server import PROJECT

DELIVERIES = 1_000
PATIENCE_SECONDS = 30
SECRET = "whsec_0123456789abcdefghijklmnopqrstuv"
COMPANY, STRIPE = CompanyId("bench"), ConnectionId("stripe")
PADDING = "x" * 3_000
"""An invoice in an event is some kilobytes long."""


def prepared(home: Path) -> None:
    """A company whose processor sends webhooks."""
    with House(_config(home)) as house:
        house.store.add_company(
            Company(company_id=COMPANY, name="Bench", home_currency=currency("USD"), zone="America/New_York"),
            Actor(company_id=COMPANY, actor_id=ActorId("bench"), name="bench"),
        )
        house.store.put_secrets(COMPANY, STRIPE, {"api_key": "rk_test_bench", "webhook_secret": SECRET})
        house.store.save_connection(
            Connection(company_id=COMPANY, connection_id=STRIPE, system="stripe", account="acct_bench", live=False),
            ActorId("bench"),
        )


def stored(home: Path) -> int:
    """How many hints wait there."""
    with House(_config(home)) as house:
        return len(house.store.open_hints(COMPANY, STRIPE))


def _config(home: Path) -> Config:
    return Config(home=home, database=str(home / "receivables.db"), actor="bench")


@contextmanager
def serving(home: Path) -> Iterator[int]:
    """The port of `receivables serve` in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "connector", "serve", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=PROJECT, env={**os.environ, "RECEIVABLES_HOME": str(home)}, stdout=subprocess.DEVNULL
    ) as process:
        try:
            _answers(port)
            yield port
        finally:
            process.kill()


def _answers(port: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def delivery(number: int) -> tuple[bytes, dict[str, str]]:
    """One snapshot event about an invoice, signed now."""
    about = {"id": f"in_{number}", "object": "invoice", "status": "paid", "description": PADDING}
    body = json.dumps(
        {
            "id": f"evt_{number}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(time.time()),
            "data": {"object": about},
            "livemode": False,
            "type": "invoice.paid",
        }
    ).encode()
    at = int(time.time())
    mac = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={at},v1={mac}", "Content-Type": "application/json"}


def timed(
    line: http.client.HTTPConnection,
    count: int,
    call: Callable[[int], tuple[bytes, dict[str, str]]],
    path: str,
    status: int,
) -> list[float]:
    """Milliseconds of each POST, sorted; every one must be answered with that status."""
    found = []
    for number in range(count):
        body, headers = call(number)
        began = time.perf_counter()
        line.request("POST", path, body, headers)
        answer = line.getresponse()
        answer.read()
        found.append((time.perf_counter() - began) * 1000)
        if answer.status != status:
            raise RuntimeError(f"{path} was answered {answer.status}")
    return sorted(found)


def measured(deliveries: int) -> dict[str, float]:
    """Milliseconds: the median and the 99th of a hundred, of deliveries, of their repeats, and of the floor; and how
    many hints are stored in the end."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o700)
        prepared(home)
        with serving(home) as port:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            nothing: tuple[bytes, dict[str, str]] = (b"", {})
            timed(line, 20, lambda _: nothing, "/hooks/nobody", 404)
            rows = {
                "floor": timed(line, deliveries, lambda _: nothing, "/hooks/nobody", 404),
                "first": timed(line, deliveries, delivery, "/hooks/stripe", 200),
                "again": timed(line, deliveries, delivery, "/hooks/stripe", 200),
            }
            line.close()
        figures = {
            f"{name}_{label}": found[min(len(found) - 1, int(len(found) * share))]
            for name, found in rows.items()
            for label, share in (("p50", 0.5), ("p99", 0.99))
        }
        return figures | {"stored": stored(home)}


def shown(deliveries: int, figures: dict[str, float]) -> str:
    """The figures as lines."""
    words = {"floor": "an empty POST (floor)", "first": "a delivery, stored", "again": "the same again, known"}
    lines = [f"{deliveries} webhooks to `receivables serve`, idle SQLite, milliseconds until answered:"]
    lines += [
        f"  {what:<24} p50 {figures[f'{name}_p50']:7.2f}   p99 {figures[f'{name}_p99']:7.2f}"
        for name, what in words.items()
    ]
    return "\n".join([*lines, f"  hints stored: {figures['stored']:.0f}"])


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else DELIVERIES
    sys.stdout.write(shown(asked, measured(asked)) + "\n")
