"""connector.config: environment over file over defaults; whatever is wrong is named, and never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector import registry
from connector.config import TABLE, Config, load
from connector.errors import SettingsError
from connector.model.intent import IntentKind

SECRET = "s3cret-canary"
README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


def given(home: Path, file: str = "", **environment: str) -> Config:
    (home / "settings.toml").write_text(file, encoding="utf-8")
    return load({"RECEIVABLES_HOME": str(home), **{f"RECEIVABLES_{name}": text for name, text in environment.items()}})


def test_without_any_setting_the_defaults_of_the_readme_hold(home: Path) -> None:
    config = load({"RECEIVABLES_HOME": str(home), "USER": "dana"})
    assert (config.database, config.actor) == (str(home / "receivables.db"), "dana")
    assert config.link_base == "http://127.0.0.1:8765"
    assert (config.settle_payment_seconds, config.settle_note_seconds) == (21_600, 900)
    assert (config.calls_per_minute, config.lock_wait_seconds, config.crash_at) == (0, 30, "")
    assert (config.adapters, config.companies) == ({}, {})


def test_a_home_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    load({"RECEIVABLES_HOME": str(home)})
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o701, 0o777])
def test_a_home_that_others_can_enter_is_refused_with_the_command_that_closes_it(home: Path, mode: int) -> None:
    home.chmod(mode)
    with pytest.raises(SettingsError) as caught:
        load({"RECEIVABLES_HOME": str(home)})
    assert caught.value.next_step == f"Run: chmod 700 {home}"


FILE = """
database = "books.db"
actor = "robin"
link_base = "https://pay.example.com"
settle_payment = 60
settle_note = 61
calls_per_minute = 62
lock_wait = 63
"""
FIELDS = {
    "database": "books.db",
    "actor": "robin",
    "link_base": "https://pay.example.com",
    "settle_payment_seconds": 60,
    "settle_note_seconds": 61,
    "calls_per_minute": 62,
    "lock_wait_seconds": 63,
}


def test_the_file_stands_over_the_defaults(home: Path) -> None:
    config = given(home, FILE)
    assert {name: getattr(config, name) for name in FIELDS} == FIELDS


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("DATABASE", "other.db", "database", "other.db"),
        ("ACTOR", "dana", "actor", "dana"),
        ("LINK_BASE", "http://127.0.0.1:1", "link_base", "http://127.0.0.1:1"),
        ("SETTLE_PAYMENT", "0", "settle_payment_seconds", 0),
        ("SETTLE_NOTE", "0", "settle_note_seconds", 0),
        ("CALLS_PER_MINUTE", "7", "calls_per_minute", 7),
        ("LOCK_WAIT", "8", "lock_wait_seconds", 8),
        ("CRASH_AT", "post.sent", "crash_at", "post.sent"),
    ],
)
def test_the_environment_stands_over_the_file(home: Path, name: str, text: str, field: str, value: object) -> None:
    config = given(home, FILE, **{name: text})
    assert getattr(config, field) == value


def test_an_empty_variable_is_none(home: Path) -> None:
    assert given(home, FILE, ACTOR="").actor == "robin"


def test_the_adapters_values_come_from_all_three_and_the_company_s_own_stand_first(home: Path) -> None:
    config = given(
        home,
        '[adapters.stripe]\napi_key = "a"\nread_seconds = 9\n[companies.maple.stripe]\napi_key = "m"\n',
        STRIPE_READ_SECONDS="10",
        QUICKBOOKS_REALM_ID="9130001",
    )
    assert config.adapter_values("stripe", "harbor") == {"api_key": "a", "read_seconds": "10"}
    assert config.adapter_values("stripe", "maple") == {"api_key": "m", "read_seconds": "10"}
    assert config.adapter_values("quickbooks", "harbor") == {"realm_id": "9130001"}
    assert config.adapter_values("paypal", "harbor") == {}


def test_values_of_adapters_do_not_show_in_a_repr(home: Path) -> None:
    config = given(home, f'[companies.main.stripe]\napi_key = "{SECRET}"\n', STRIPE_API_KEY=SECRET)
    assert SECRET not in repr(config)
    assert SECRET not in str(config)


def test_every_kind_of_write_has_its_settle_time(home: Path) -> None:
    settle = given(home, FILE).settle()
    assert settle == {
        IntentKind.PAYMENT: 60,
        IntentKind.EXPENSE: 60,
        IntentKind.TRANSFER: 60,
        IntentKind.JOURNAL: 60,
        IntentKind.CREDIT: 60,
        IntentKind.DEPOSIT: 60,
        IntentKind.VOID: 60,
        IntentKind.REFUND: 60,
        IntentKind.NOTE: 61,
        IntentKind.LINK: 61,
        IntentKind.PAY_PAGE: 0,
        IntentKind.CAPTURE: 0,
        IntentKind.HOOK: 0,
    }


WRONG = [
    ("", {"SETTLE_PAYMENT": "-1"}, "The setting RECEIVABLES_SETTLE_PAYMENT is wrong: it should be greater than"),
    ("", {"SETTLE_NOTE": "2592001"}, "The setting RECEIVABLES_SETTLE_NOTE is wrong: it should be less than"),
    ("", {"CALLS_PER_MINUTE": SECRET}, "The setting RECEIVABLES_CALLS_PER_MINUTE is wrong: it should be a valid"),
    ("", {"LOCK_WAIT": "1.5"}, "The setting RECEIVABLES_LOCK_WAIT is wrong"),
    ("", {"ACTOR": "x" * 201}, "The setting RECEIVABLES_ACTOR is wrong"),
    ("", {"ACTOR": "\udcff"}, "The setting RECEIVABLES_ACTOR is wrong"),
    ("", {"LINK_BASE": f"https://{SECRET}@"}, "The setting RECEIVABLES_LINK_BASE is wrong: it should be an address"),
    ("", {"LINK_BASE": "https://pay.example.com/?x"}, "The setting RECEIVABLES_LINK_BASE is wrong"),
    ("", {"SETTLE_PAYMENTS": SECRET}, "There is no setting RECEIVABLES_SETTLE_PAYMENTS."),
    ("", {"LINKBASE_URL": SECRET}, "There is no setting RECEIVABLES_LINKBASE_URL."),
    ("", {"DATABASE_URL": SECRET}, "There is no setting RECEIVABLES_DATABASE_URL."),
    (f"settle_note = '{SECRET}'", {}, "The setting RECEIVABLES_SETTLE_NOTE is wrong"),
    (f"actor = ['{SECRET}']", {}, "The setting RECEIVABLES_ACTOR is wrong"),
    ("home = '/'", {}, "There is no setting 'home' for settings.toml."),
    ("crash_at = 'post.sent'", {}, "There is no setting 'crash_at' for settings.toml."),
    (f"[stripe]\napi_key = '{SECRET}'", {}, "There is no setting 'stripe' for settings.toml."),
    (f"adapters = '{SECRET}'", {}, "[adapters] in settings.toml is not a table"),
    (f"adapters.stripe = '{SECRET}'", {}, "[adapters.stripe] in settings.toml is not a table"),
    (f"adapters.stripe.api_key = ['{SECRET}']", {}, "[adapters.stripe] in settings.toml is not a table"),
    (f"companies.main = '{SECRET}'", {}, "[companies.main] in settings.toml is not a table"),
    (f"api_key = {SECRET}", {}, "settings.toml is not a TOML file."),
]


@pytest.mark.parametrize(("file", "environment", "words"), WRONG, ids=[row[2][:60] for row in WRONG])
def test_what_is_wrong_is_named_and_not_shown(home: Path, file: str, environment: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        given(home, file, **environment)
    assert words in caught.value.sentence
    assert caught.value.next_step
    assert caught.value.__cause__ is None
    assert SECRET not in str(caught.value)


def test_a_slip_in_a_name_is_told_with_the_name_that_was_meant(home: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        given(home, SETTLE_PAYMNT="9")
    assert caught.value.next_step == "Was RECEIVABLES_SETTLE_PAYMENT meant?"


def test_no_setting_of_an_adapter_is_taken_for_a_slip(home: Path) -> None:
    for system, spec in registry.specs().items():
        names = [row[0] for row in registry.setting_names(spec)]
        config = given(home, "", **{f"{system}_{name}".upper(): "x" for name in names})
        assert config.adapters[system].keys() == set(names)


def test_a_variable_of_another_program_is_let_be(home: Path) -> None:
    assert load({"RECEIVABLES_HOME": str(home), "RECEIVABLE_ACTOR": "x", "HOME": "/"}).adapters == {}


def test_the_readme_has_the_same_table() -> None:
    rows = re.findall(
        r"^\| `(RECEIVABLES_\w+)` \|([^|]*)\|([^|]*)\|$", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {name: (default.strip(), what.strip()) for name, default, what in rows}
    assert told.pop("RECEIVABLES_DEBUG")
    assert told == {name: (default, what) for name, default, what in TABLE}
