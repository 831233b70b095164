"""The settings of a PayPal account: live and sandbox never mix, and no secret is shown."""

from __future__ import annotations

import pytest

from adapters.paypal.settings import CERTIFICATE_HOSTS, HOSTS, PAYER_HOSTS, SIGNERS, Settings
from connector.errors import SettingsError

GIVEN = {"client_id": "AeA1QIZXiflr1_abc-def", "client_secret": "EGnHDxD_qRPdaLdZz8iCr8N7"}


def settings(**more: str) -> Settings:
    return Settings.parse({**GIVEN, **more})


def test_each_environment_has_an_address_of_its_own_and_live_is_what_is_meant() -> None:
    assert (settings().url, settings().live) == ("https://api-m.paypal.com", True)
    sandbox = settings(environment="sandbox")
    assert (sandbox.url, sandbox.live) == ("https://api-m.sandbox.paypal.com", False)


@pytest.mark.req("Y1")
@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ("live", "https://api-m.sandbox.paypal.com"),
        ("sandbox", "https://api-m.paypal.com"),
        ("live", "http://127.0.0.1:8080"),
        ("live", "https://paypal.example"),
        ("sandbox", "https://api-m.paypal.com.evil.example"),
    ],
)
def test_an_address_of_another_environment_is_refused(environment: str, address: str) -> None:
    with pytest.raises(SettingsError, match="setting base_url is wrong"):
        settings(environment=environment, base_url=address)


@pytest.mark.req("Y1")
@pytest.mark.parametrize(("one", "other"), [("live", "sandbox"), ("sandbox", "live")])
def test_nothing_that_one_environment_trusts_is_trusted_by_the_other(one: str, other: str) -> None:
    own, foreign = settings(environment=one), settings(environment=other)
    assert not own.certificate_hosts & foreign.certificate_hosts
    assert not own.payer_hosts & foreign.payer_hosts
    assert own.signer != foreign.signer
    assert own.url != foreign.url


def test_every_table_of_hosts_knows_both_environments() -> None:
    assert HOSTS.keys() == CERTIFICATE_HOSTS.keys() == PAYER_HOSTS.keys() == SIGNERS.keys() == {"live", "sandbox"}


def test_the_double_on_this_computer_is_its_own_payers_page_and_its_own_certificates() -> None:
    here = settings(environment="sandbox", base_url="http://127.0.0.1:8080")
    assert here.payer_hosts == here.certificate_hosts == {"127.0.0.1:8080"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_id", "has spaces in it"),
        ("client_secret", "short"),
        ("environment", "production"),
        ("webhook_id", "not a webhook"),
        ("read_from", "last year"),
        ("reports_per_minute", "51"),
        ("webhook_roots", "-----BEGIN CERTIFICATE-----"),
        ("page_size_max", "501"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"setting {name} is wrong"):
        settings(**{name: value})


def test_no_secret_shows() -> None:
    assert GIVEN["client_secret"] not in repr(settings())
    assert {each.name for each in Settings.names() if each.secret} == {"client_secret"}
    assert {each.name for each in Settings.names() if each.required} == {"client_id", "client_secret"}
