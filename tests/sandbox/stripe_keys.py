"""The key to a Stripe test account, from the environment. Nothing here opens live data: a live key is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from adapters.stripe.settings import API, Settings

KEY = "RECEIVABLES_STRIPE_TEST_KEY"
URL = "RECEIVABLES_STRIPE_TEST_URL"
"""For a rehearsal against a stand-in on this computer; otherwise left out."""

_TEST_KEY = re.compile(r"(rk|sk)_test_[A-Za-z0-9_]+")


class NotATest(Exception):
    """The key or the address is one that this suite does not write to."""


def missing(environ: Mapping[str, str]) -> str:
    """One sentence on what has to be set before a test account can be asked; "" when it is there."""
    if environ.get(KEY):
        return ""
    return f"No Stripe test account is asked: {KEY} is not set (a key that begins with rk_test_ or sk_test_)."


def account_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of the test account. Errors: NotATest."""
    if not _TEST_KEY.fullmatch(environ[KEY]):
        raise NotATest(f"{KEY} holds no test key. This suite makes records; it writes to test accounts alone.")
    base = (environ.get(URL) or API).rstrip("/")
    if base != API and urlsplit(base).hostname != "127.0.0.1":
        raise NotATest(f"{URL} is neither Stripe nor this computer.")
    return Settings.parse({"api_key": environ[KEY], "base_url": base, "retry_seconds": "180"})
