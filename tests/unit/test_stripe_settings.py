"""adapters.stripe.settings: one sentence that names the setting, and never a secret in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.stripe.settings import API, Settings
from connector.errors import SettingsError
from connector.ports import Pace

KEY = "rk_test_harbor"


def test_a_key_is_all_that_is_needed() -> None:
    settings = Settings.parse({"api_key": KEY})
    assert settings.base_url == API
    assert (settings.connect_seconds, settings.read_seconds, settings.page_size_max) == (5, 30, 100)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "The Stripe setting api_key is missing."),
        ({"api_key": KEY, "base_ulr": "x"}, "There is no Stripe setting base_ulr."),
        ({"api_key": "pk_test_1"}, "The Stripe setting api_key is wrong"),
        ({"api_key": "sk_test_"}, "The Stripe setting api_key is wrong"),
        ({"api_key": KEY, "base_url": "http://api.stripe.com"}, "The Stripe setting base_url is wrong"),
        ({"api_key": KEY, "base_url": "ftp://127.0.0.1"}, "The Stripe setting base_url is wrong"),
        ({"api_key": KEY, "read_seconds": "0"}, "The Stripe setting read_seconds is wrong"),
        ({"api_key": KEY, "read_seconds": "soon"}, "The Stripe setting read_seconds is wrong"),
        ({"api_key": KEY, "page_size_max": "101"}, "The Stripe setting page_size_max is wrong"),
    ],
)
def test_a_missing_or_wrong_setting_is_named_in_one_sentence(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.parse(values)
    assert caught.value.sentence.startswith(sentence)
    assert caught.value.sentence.count(". ") == 0
    assert caught.value.next_step


def test_neither_an_error_nor_a_repr_shows_the_key() -> None:
    wrong = "sk_live_4242-secret"
    with pytest.raises(SettingsError) as caught:
        Settings.parse({"api_key": wrong})
    assert "4242" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert KEY not in repr(Settings.parse({"api_key": KEY}))
    assert KEY not in str(Settings.parse({"api_key": KEY}))


@pytest.mark.parametrize(
    ("key", "live"), [("sk_live_1", True), ("rk_live_1", True), ("sk_test_1", False), ("rk_test_1", False)]
)
def test_the_key_says_whether_the_money_is_real(key: str, live: bool) -> None:  # noqa: FBT001  a row of the table
    assert Settings.parse({"api_key": key}).live is live


def test_plain_http_is_only_for_this_computer() -> None:
    assert Settings.parse({"api_key": KEY, "base_url": "http://127.0.0.1:8080/"}).base_url == "http://127.0.0.1:8080"


def test_the_table_of_names_has_every_setting_with_its_default_and_marks_the_secret() -> None:
    rows = {row.name: row for row in Settings.names()}
    assert {name for name, row in rows.items() if row.secret} == {"api_key", "webhook_secret"}
    assert [name for name, row in rows.items() if row.required] == ["api_key"]
    assert {name: row.default for name, row in rows.items() if not row.secret} == {
        "base_url": "https://api.stripe.com",
        "connect_seconds": "5",
        "read_seconds": "30",
        "page_size_max": "100",
        "calls_per_second": "0",
        "in_flight": "4",
        "retry_seconds": "120",
    }
    assert all(row.what for row in rows.values())


def test_the_readme_lists_every_setting() -> None:
    readme = (Path(__file__).resolve().parents[2] / "adapters" / "stripe" / "README.md").read_text()
    for row in Settings.names():
        assert f"| `{row.name}` |" in readme


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("key", "said", "per_second"),
    [
        ("rk_live_1", {}, 10),
        ("rk_test_1", {}, 5),
        ("rk_live_1", {"calls_per_second": "100"}, 100),
        ("rk_test_1", {"calls_per_second": "25"}, 25),
        ("rk_live_1", {"calls_per_second": "1"}, 1),
    ],
)
def test_the_pace_is_a_small_share_unless_somebody_says_otherwise(
    key: str, said: dict[str, str], per_second: int
) -> None:
    settings = Settings.parse({"api_key": key, **said})
    assert isinstance(settings, Pace)
    assert (settings.calls_per_second, settings.calls_per_minute) == (per_second, 60 * per_second)
    assert (settings.calls_burst, settings.metered_per_month, settings.in_flight) == (1, None, 4)


@pytest.mark.parametrize(("key", "calls", "most"), [("rk_live_1", "101", 100), ("rk_test_1", "26", 25)])
def test_a_pace_beyond_what_stripe_allows_is_refused_with_the_limit(key: str, calls: str, most: int) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.parse({"api_key": key, "calls_per_second": calls})
    assert caught.value.sentence.startswith("The Stripe setting calls_per_second is wrong: it must be at most")
    assert f"at most {most} with a" in caught.value.sentence


def test_a_pace_beside_a_wrong_key_does_not_hide_the_key() -> None:
    with pytest.raises(SettingsError, match="api_key is wrong"):
        Settings.parse({"api_key": "pk_1", "calls_per_second": "999"})
