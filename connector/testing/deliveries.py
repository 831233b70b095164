"""One webhook on its way from a stand-in to whoever listens on this computer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

from connector.errors import UserError

__all__ = ("Delivery", "deliver")

_SECONDS_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One POST: the raw bytes and the headers, the signature among them."""

    body: bytes
    headers: Mapping[str, str]


def deliver(url: str, delivery: Delivery) -> int:
    """One POST over loopback, and the status it was received with, 0 for none; UserError for any other address."""
    parts = urlsplit(url)
    if parts.hostname not in ("127.0.0.1", "localhost") or parts.scheme != "http":
        raise UserError("A stand-in sends webhooks to this computer only.", next_step="Use http://127.0.0.1:PORT/...")
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=_SECONDS_MAX)
    try:
        connection.request("POST", target, body=delivery.body, headers=dict(delivery.headers))
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
