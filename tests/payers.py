"""A payer's browser, as far as a pay page can tell: it keeps the cookie, and sends the form it was shown."""

from __future__ import annotations

import html
import re
from typing import Any, Protocol

import requests

FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class Session(Protocol):
    """requests' Session and Starlette's TestClient are both one."""

    def get(self, url: str) -> Any: ...

    def post(self, url: str, *, data: dict[str, str]) -> Any: ...


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form on a page; none where there is no form."""
    return {name: html.unescape(value) for name, value in FIELD.findall(page)}


def press(browser: Session, url: str, method: str | None = None, **typed: str) -> Any:
    """Open the page, then press one of its buttons; `typed` is what is entered before. Returns the answer as it is."""
    shown = browser.get(url)
    return send(browser, url, fields(shown.text), method, **typed)


def send(browser: Session, url: str, form: dict[str, str], method: str | None = None, **typed: str) -> Any:
    """Send a form that was shown before, without following where it leads."""
    chosen = {"method": method} if method is not None else {}
    options: dict[str, Any] = {_no_following(browser): False}
    return browser.post(url, data={**form, **chosen, **typed}, **options)


def _no_following(browser: Session) -> str:
    return "allow_redirects" if isinstance(browser, requests.Session) else "follow_redirects"
