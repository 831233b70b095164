"""The person in front of the browser: opens the page of the double that was asked for, and clicks.

As a program (`python person.py ACT ADDRESS`) it stands in for the browser of a command: ACT is the realm of the company
to connect, or one of the other acts below.
"""

from __future__ import annotations

import html
import re
import sys
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

CANCEL = "cancel"
FORGE = "forge"
"""Comes back with another state, as from an attempt of somebody else."""
SECONDS = 30


def clicked(address: str, company: str) -> str:
    """Where the browser is sent back to when that company's button is clicked; "" cancels."""
    page = requests.get(address, timeout=SECONDS)
    assert page.status_code == 200, page.text
    form = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)">', page.text)}
    asked = {name: value for name, value in form.items() if name != "company"}
    answer = requests.post(
        urljoin(address, urlsplit(address).path),
        data={**asked, "company": company},
        allow_redirects=False,
        timeout=SECONDS,
    )
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def forged(address: str) -> str:
    """The same address with another state."""
    head, _, query = address.partition("?")
    return f"{head}?{urlencode({**dict(parse_qsl(query)), 'state': 'somebody-elses'})}"


def main(act: str, address: str) -> None:
    """Open, click, and follow to the end."""
    cancels = act in (CANCEL, FORGE)
    back = clicked(address, "" if cancels else act)
    requests.get(forged(back) if act == FORGE else back, timeout=SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
