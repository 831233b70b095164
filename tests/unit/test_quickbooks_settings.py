"""The settings of a QuickBooks company."""

from __future__ import annotations

from pathlib import Path

import pytest

import adapters.quickbooks
from adapters.quickbooks import spec
from adapters.quickbooks.settings import Settings
from connector.errors import SettingsError
from tests.unit.quickbooks_ground import settings

NEEDED = {"client_id": "abc", "client_secret": "s3cret", "realm_id": "9130001"}
WHOLE = {**NEEDED, "refresh_token": "r3fresh"}


def test_three_values_are_enough_and_the_rest_has_defaults() -> None:
    parsed = Settings.parse(NEEDED)
    assert parsed.refresh_token.get_secret_value() == ""
    assert parsed.base_url == "https://quickbooks.api.intuit.com"
    assert parsed.token_url == "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"
    assert (parsed.page_size_max, parsed.connect_seconds, parsed.read_seconds) == (1000, 5, 65)


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_setting_is_named_in_one_sentence(name: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.parse({key: value for key, value in WHOLE.items() if key != name})
    assert error.value.sentence == f"The QuickBooks setting {name} is missing."
    assert error.value.next_step


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("realm_id", "Harbor Supply", id="a name instead of the company id"),
        pytest.param("base_url", "http://quickbooks.api.intuit.com", id="no encryption"),
        pytest.param("token_url", "https://", id="an address without a computer"),
        pytest.param("page_size_max", "1001", id="more rows than Intuit gives"),
        pytest.param("page_size_max", "many", id="not a number"),
        pytest.param("connect_seconds", "0", id="no time at all"),
        pytest.param("client_id", "", id="an empty client id"),
        pytest.param("client_secret", " ", id="an empty secret"),
        pytest.param("refresh_token", " ", id="an empty token"),
        pytest.param("redirect", "http://books.harbor.example/back", id="a way back without encryption"),
        pytest.param("redirect", "https://books.harbor.example/back?to=us", id="a way back with a question in it"),
        pytest.param("redirect", "http://localhost:99999/back", id="a port that cannot be"),
        pytest.param("redirect", "https://[/back", id="no address at all"),
        pytest.param("redirect", "/connected", id="a way back to nowhere"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.parse(WHOLE | {name: value})
    assert error.value.sentence.startswith(f"The QuickBooks setting {name} is wrong")
    assert "Harbor" not in str(error.value)


def test_a_setting_that_does_not_exist_is_named() -> None:
    with pytest.raises(SettingsError, match="There is no QuickBooks setting relm_id"):
        Settings.parse(WHOLE | {"relm_id": "1"})


def test_the_loopback_needs_no_encryption() -> None:
    assert settings(base_url="http://127.0.0.1:8800/").base_url == "http://127.0.0.1:8800"


def test_no_secret_shows_in_the_repr_or_in_an_error() -> None:
    shown = repr(Settings.parse(WHOLE)) + str(Settings.parse(WHOLE))
    assert "s3cret" not in shown
    assert "r3fresh" not in shown
    with pytest.raises(SettingsError) as error:
        Settings.parse(WHOLE | {"realm_id": "s3cret"})
    assert "s3cret" not in repr(error.value)


def test_the_browser_comes_back_to_this_computer_only_from_a_sandbox() -> None:
    assert settings().way_back == "https://developer.intuit.com/v2/OAuth2Playground/RedirectUrl"
    assert settings(base_url="https://sandbox-quickbooks.api.intuit.com").way_back == "http://localhost:8767/connected"
    assert settings(redirect="https://harbor.example/back").way_back == "https://harbor.example/back"


def test_only_the_production_address_is_live() -> None:
    assert settings().live
    assert not settings(base_url="https://sandbox-quickbooks.api.intuit.com").live
    assert not settings(base_url="http://127.0.0.1:8800").live


def test_the_table_for_the_documents_names_every_field() -> None:
    table = {row.name: row for row in Settings.names()}
    assert set(table) == set(Settings.model_fields)
    assert {name for name, row in table.items() if row.required} == set(NEEDED)
    assert {name for name, row in table.items() if row.secret} == {"client_secret", "refresh_token", "webhook_verifier"}
    assert table["page_size_max"].default == "1000"
    assert all(row.what for row in table.values())


def test_the_declaration_names_its_rooms_by_path() -> None:
    assert spec.name == "quickbooks"
    assert spec.settings == "adapters.quickbooks.settings:Settings"
    assert spec.connect == "adapters.quickbooks.client:connect"
    assert spec.standin == "adapters.quickbooks.standin:build"


def test_the_readme_has_the_same_table() -> None:
    readme = (Path(adapters.quickbooks.__file__).parent / "README.md").read_text()
    for row in Settings.names():
        marks = " | ".join("yes" if mark else "" for mark in (row.required, row.secret))
        default = f"`{row.default}`" if row.default else ""
        line = " ".join(f"| `{row.name}` | {marks} | {default} | {row.what} |".split())
        assert line in " ".join(readme.split()), row.name
