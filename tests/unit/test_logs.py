"""No log line and no traceback says a secret, whoever writes it."""

from __future__ import annotations

import io
import logging
import subprocess
import sys

import pytest

from connector import logs
from tests.house.reading import ROOT

CANARY = "canary/c0ffee+&=secret"

SAYS = """
import logging, sys, threading
from connector import logs
logs.install(debugging={debugging})
logs.hide("canary-c0ffee")
{code}
"""


def said(code: str, *, debugging: bool = False) -> str:
    """What a process of its own says."""
    told = subprocess.run(
        [sys.executable, "-c", SAYS.format(code=code, debugging=debugging)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return told.stdout + told.stderr


FORMS = [
    ("as it is", CANARY),
    ("in an address", "canary%2Fc0ffee%2B%26%3Dsecret"),
    ("in quotes", repr({"x": CANARY})),
    ("glued to others", f"x{CANARY}y{CANARY}"),
]


@pytest.mark.parametrize("text", [row[1] for row in FORMS], ids=[row[0] for row in FORMS])
def test_a_known_secret_is_hidden_in_every_form(text: str) -> None:
    logs.hide(CANARY)
    shown = logs.safe(text)
    assert "c0ffee" not in shown
    assert logs.HIDDEN in shown


def test_a_secret_within_another_leaves_nothing_of_the_longer_one() -> None:
    logs.hide("shorter-one", "shorter-one-and-longer")
    assert logs.safe("shorter-one-and-longer shorter-one") == "*** ***"


def test_what_is_too_short_to_be_told_from_other_words_is_left() -> None:
    logs.hide("a", "yes", "")
    assert logs.safe("a yes or a no") == "a yes or a no"


PATTERNS = [
    # what is said, and what stays of it
    ("key sk_live_abcDEF123 rk_test_9 whsec_9x", "key *** *** ***"),
    ("Authorization: Bearer eyJhbGciOi.J9.x-_y", "Authorization: Bearer ***"),
    ("{'Authorization': 'Basic dXNlcjpwYXNzd29yZA=='}", "{'Authorization': 'Basic ***'}"),
    ("token eyJhbGciOiJkaXIi.abc.def.ghi.jkl ended", "token *** ended"),
    ("grant_type=refresh_token&refresh_token=AB11x0", "grant_type=refresh_token&refresh_token=***"),
    ('{"access_token":"AB.c","expires_in":3600}', '{"access_token":"***","expires_in":3600}'),
    ("{'client_secret': 'hush', 'client_id': 'known'}", "{'client_secret': '***', 'client_id': 'known'}"),
    ("postgresql+psycopg://books:hush@host/books", "postgresql+psycopg://***@host/books"),
    ("GET /v3/query?query=select%20x&minorversion=75 HTTP/1.1", "GET /v3/query?query=***&minorversion=*** HTTP/1.1"),
]


@pytest.mark.parametrize(("text", "left"), PATTERNS)
def test_what_looks_like_a_secret_is_hidden_too(text: str, left: str) -> None:
    assert logs.safe(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "The QuickBooks setting client_secret is wrong: it must not be empty.",
        "QuickBooks does not know this app: client_id or client_secret is wrong.",
        "Connect it at https://developer.intuit.com/app/developer/playground and paste the new refresh token.",
        "Run: chmod 600 /home/dana/receivables-key/receivables.key",
        "Payment 12 of 80.00 USD (basic plan) is neither applied nor listed. Was RECEIVABLES_KEY meant?",
    ],
)
def test_sentences_of_ours_stay_as_they_are(text: str) -> None:
    assert logs.safe(text) == text


def test_a_record_says_no_secret_under_any_handler_and_format() -> None:
    logs.hide("canary-c0ffee")
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.setFormatter(logging.Formatter("%(message)s"))
    try:
        int("canary-c0ffee")
    except ValueError:
        told = sys.exc_info()
    for message, arguments in (
        ("to %s", ("canary-c0ffee",)),
        ("canary-c0ffee", ()),
        ("%r", ({"x": "canary-c0ffee"},)),
        ("%(x)s", ({"x": "canary-c0ffee"},)),
    ):
        handler.handle(logs.SafeRecord("x", logging.INFO, "x.py", 1, message, arguments, told))
    assert "c0ffee" not in heard.getvalue()
    assert heard.getvalue().count("***") >= 8
    assert heard.getvalue().count("ValueError: ") == 4


ENDINGS = [
    ("an exception", "raise ValueError('canary-c0ffee')"),
    (
        "its cause",
        "try:\n    raise ValueError('canary-c0ffee')\nexcept ValueError as e:\n    raise KeyError('x') from e",
    ),
    ("a thread", "t = threading.Thread(target=lambda: int('canary-c0ffee')); t.start(); t.join()"),
    ("a finalizer", "class X:\n    def __del__(self):\n        raise ValueError('canary-c0ffee')\nx = X()\ndel x"),
    (
        "a logged exception",
        "try:\n    int('canary-c0ffee')\nexcept ValueError:\n    logging.exception('canary-c0ffee')",
    ),
    ("a warning nobody handles", "logging.getLogger('x').warning('ValueError %s', 'canary-c0ffee')"),
]


@pytest.mark.parametrize("code", [row[1] for row in ENDINGS], ids=[row[0] for row in ENDINGS])
def test_no_way_for_a_process_to_end_shows_a_secret(code: str) -> None:
    shown = said(code)
    assert "c0ffee" not in shown
    assert "***" in shown
    assert "ValueError" in shown


def test_with_debugging_calls_are_told_by_address_and_outcome_without_their_questions() -> None:
    code = (
        "logging.getLogger('receivables.http').info('call', extra={'system': 'books', 'method': 'GET', "
        "'path': '/v3/x', 'status': 200})\n"
        "logging.getLogger('urllib3.connectionpool').debug('%s \"%s %s\" %s', 'http://h', 'GET', "
        "'/v3/query?query=canary&access=x', 200)\n"
        "logging.getLogger('sqlalchemy.engine').info('canary')\n"
        "logging.getLogger('stripe').debug('canary')\n"
    )
    shown = said(code, debugging=True)
    assert "call system=books method=GET path=/v3/x status=200" in shown
    assert "GET /v3/query?query=***&access=***" in shown
    assert "canary" not in shown
    assert said(code) == ""
