"""Where a payer may be sent: to the computers that adapters and settings name, and to nobody else's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

LOCAL = ("http://127.0.0.1:*", "http://localhost:*")
"""What a demo on this computer adds: its doubles have no TLS."""


def is_local(host: str | None) -> bool:
    """Whether a host name means this computer."""
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def may_go_to(address: str, hosts: Iterable[str], *, local: bool) -> bool:
    """Whether that is a page of one of these hosts ("*.example.com": of all below it); `local`: or of this computer."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    if local and parts.scheme in ("http", "https") and is_local(host):
        return True
    return parts.scheme == "https" and port in (None, 443) and any(_fits(host, each) for each in hosts)


def _fits(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return host == pattern


def form_action(hosts: Sequence[str], *, local: bool) -> str:
    """The Content-Security-Policy sources of a form that may lead there: browsers hold its redirects to them too."""
    return " ".join(["'self'", *(f"https://{host}" for host in sorted(set(hosts))), *(LOCAL if local else ())])
