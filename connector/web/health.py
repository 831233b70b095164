"""How the unattended work goes, for machines that watch: /healthz and /metrics, on this computer alone.

/healthz answers 200 while every company whose turns come by themselves is well, else 503 with the ids of those that are
not. /metrics is in Prometheus' format. Neither holds a name, an amount or a secret.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from connector.app.house import House
from connector.app.switching import Stands, queue, stands
from connector.errors import ReceivablesError, SettingsError

HOST = "127.0.0.1"
SOCKET_SECONDS = 10


class _Metrics(Collector):
    """What the store says at the moment somebody asks."""

    def __init__(self, open_house: Callable[[], House]) -> None:
        self._open_house = open_house

    def collect(self) -> Iterable[Metric]:
        with self._open_house() as house:
            found, waiting = stands(house), queue(house)
            now = house.clock.now()
        yield GaugeMetricFamily("receivables_due_companies", "Companies whose turn is due.", value=waiting.due)
        yield GaugeMetricFamily(
            "receivables_oldest_due_seconds", "For how long the oldest of them is due.", value=waiting.oldest_seconds
        )
        for name, meaning, read in _PER_COMPANY:
            family = GaugeMetricFamily(name, meaning, labels=["company"])
            for each in found:
                family.add_metric([each.company.company_id], read(each))
            yield family
        well = GaugeMetricFamily(
            "receivables_since_well_seconds", "Seconds since a turn last went well.", labels=["company"]
        )
        for each in found:
            if each.turn.well_at is not None:
                well.add_metric([each.company.company_id], (now - each.turn.well_at).total_seconds())
        yield well


_PER_COMPANY: tuple[tuple[str, str, Callable[[Stands], float]], ...] = (
    ("receivables_autosync", "1 while the company's turns come by themselves.", lambda each: each.company.autosync.on),
    ("receivables_paused", "1 while nothing is written for it.", lambda each: each.company.paused),
    ("receivables_turn_failures", "Turns that failed in a row.", lambda each: each.turn.failures),
    (
        "receivables_failed",
        "What waits for a person: refused and unsure writes, unread rows.",
        lambda each: each.failed,
    ),
    ("receivables_stale", "1 while some of its data is older than it may be.", lambda each: each.stale),
)


class _Door(ThreadingHTTPServer):
    daemon_threads = True
    open_house: Callable[[], House]


class _Answers(BaseHTTPRequestHandler):
    server: _Door
    timeout = SOCKET_SECONDS

    def do_GET(self) -> None:
        try:
            if self.path == "/metrics":
                registry = CollectorRegistry(auto_describe=False)
                registry.register(_Metrics(self.server.open_house))
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/healthz":
                with self.server.open_house() as house:
                    unwell = [each.company.company_id for each in stands(house) if not each.well]
                status = HTTPStatus.SERVICE_UNAVAILABLE if unwell else HTTPStatus.OK
                self._answer(status, "application/json", json.dumps({"ok": not unwell, "unwell": unwell}).encode())
            else:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"")
        except ReceivablesError:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "application/json", b'{"ok": false}')

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Who watches every few seconds fills no log."""


@contextmanager
def watched(open_house: Callable[[], House], port: int) -> Iterator[str]:
    """Answer there while the block runs; the address. Errors: SettingsError when the port is taken."""
    try:
        door = _Door((HOST, port), _Answers)
    except (OSError, OverflowError):
        raise SettingsError(
            f"Port {port} on this computer is in use.", next_step="Stop what uses it, or choose another with --health."
        ) from None
    door.open_house = open_house
    threading.Thread(target=door.serve_forever, name="health", daemon=True).start()
    try:
        yield f"http://{HOST}:{door.server_address[1]}"
    finally:
        door.shutdown()
        door.server_close()
