"""How often one may come, where one may be sent, whose forms are taken, and which colours can be read."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from connector.app.selling import LOGO_BYTES_MAX, seller_of
from connector.config import Config
from connector.errors import SettingsError
from connector.model.firm import Company
from connector.model.source import CompanyId
from connector.money import Currency
from connector.web import forgery
from connector.web.brand import check_colour, contrast_with_white, style
from connector.web.destinations import form_action, may_go_to
from connector.web.turnstile import VISITORS_MAX, Turnstile, visitor_of
from tests.clocks import FakeClock

COMPANY = Company(company_id=CompanyId("main"), name="Walkabout Tools", home_currency=Currency("USD"), zone="UTC")
PNG = b"\x89PNG\r\n\x1a\n"


def test_so_many_pass_in_any_minute_and_no_turn_of_the_minute_doubles_it() -> None:
    clock = FakeClock()
    stile = Turnstile(3, 60, clock.monotonic)
    waits = []
    for _ in range(4):
        waits.append(stile.wait_seconds("a"))
        clock.pass_seconds(20)
    assert waits == [0, 0, 0, 0]
    assert [stile.wait_seconds("a"), stile.wait_seconds("a")] == [0, 20]
    assert stile.wait_seconds("b") == 0
    assert (stile.left_seconds("a"), stile.left_seconds("b"), stile.left_seconds("c")) == (20, 0, 0)
    clock.pass_seconds(20)
    assert stile.wait_seconds("a") == 0


def test_visitors_without_end_are_not_remembered_without_end() -> None:
    stile = Turnstile(1, 60, FakeClock().monotonic)
    for number in range(VISITORS_MAX + 1):
        assert stile.wait_seconds(f"v{number}") == 0
    assert stile.wait_seconds(f"v{VISITORS_MAX}") > 0
    assert stile.wait_seconds("v0") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("testclient", "testclient", True),
    ],
)
def test_a_visitor_is_an_address_or_a_network_of_the_size_one_household_has(
    one: str, other: str, *, same: bool
) -> None:
    assert (visitor_of(one) == visitor_of(other)) is same


HOSTS = ("checkout.example.com", "*.pay.example.com")


@pytest.mark.req("P9")
@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("https://checkout.example.com/c/pay/cs_1#x", True),
        ("https://CHECKOUT.example.com/", True),
        ("https://checkout.example.com:443/", True),
        ("https://a.pay.example.com/", True),
        ("https://a.b.pay.example.com/", True),
        ("https://pay.example.com/", False),
        ("https://xpay.example.com/", False),
        ("https://.pay.example.com/", False),
        ("https://checkout.example.com:8443/", False),
        ("https://checkout.example.com.evil.example/", False),
        ("https://checkout.example.com@evil.example/", False),
        ("https://user:word@checkout.example.com/", False),
        ("https://evil.example/checkout.example.com", False),
        ("http://checkout.example.com/", False),
        ("http://127.0.0.1:9/", False),
        ("javascript:alert(1)", False),
        ("//checkout.example.com/", False),
        ("https://[::1", False),
        ("https://checkout.example.com:99999/", False),
        ("", False),
    ],
)
def test_a_payer_is_sent_to_computers_that_were_named_and_to_no_other(address: str, *, may: bool) -> None:
    assert may_go_to(address, HOSTS, local=False) is may


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x", "http://localhost/x", "https://[::1]:9/"])
def test_only_a_house_on_this_computer_sends_payers_to_doubles_on_it(address: str) -> None:
    assert may_go_to(address, HOSTS, local=True)
    assert not may_go_to(address, HOSTS, local=False)
    assert not may_go_to("http://192.0.2.1/", HOSTS, local=True)
    assert form_action(HOSTS, local=False) == "'self' https://*.pay.example.com https://checkout.example.com"
    assert "http://127.0.0.1:*" in form_action(HOSTS, local=True)


def test_a_form_is_taken_from_the_browser_it_was_shown_to_for_its_link_and_not_for_ever() -> None:
    key, nonce = b"secret of the link", forgery.new_nonce()
    signed = forgery.sign(key, "l-1", nonce)
    assert forgery.fits(key, "l-1", nonce, signed)
    others = [
        (b"another secret", "l-1", nonce, signed),
        (key, "l-2", nonce, signed),
        (key, "l-1", forgery.new_nonce(), signed),
        (key, "l-1", None, signed),
        (key, "l-1", "", signed),
        (key, "l-1", "é" * 20, signed),
        (key, "l-1", nonce, ""),
        (key, "l-1", nonce, signed[:-2]),
        (key, "l-1", nonce, nonce),
    ]
    assert not any(forgery.fits(*other) for other in others)
    assert forgery.new_nonce() != forgery.new_nonce()


@pytest.mark.parametrize(
    ("colour", "contrast"), [("#000000", "21"), ("#ffffff", "1"), ("#767676", "4.54"), ("#0b5563", "8.42")]
)
def test_the_contrast_of_a_colour_is_that_of_the_published_formula(colour: str, contrast: str) -> None:
    assert abs(contrast_with_white(colour) - Decimal(contrast)) < Decimal("0.01")


def test_a_colour_on_which_white_letters_cannot_be_read_is_refused() -> None:
    check_colour("#767676")
    with pytest.raises(SettingsError, match=r"contrast is 4\.5"):
        check_colour("#777777")
    with pytest.raises(SettingsError, match="darker"):
        check_colour("#ffdd00")
    assert "--accent: #1d4ed8; --accent-dark: #173eac;" in style("#1d4ed8")


def told(tmp_path: Path, **tables: dict[str, str]) -> Config:
    return Config(
        home=tmp_path,
        database="x",
        actor="dana",
        adapters={"seller": {"name": "Everybody"}},
        companies={"main": tables},
    )


def test_the_seller_is_told_by_the_companys_own_table_over_everybodys(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(PNG + b"x")
    seller = seller_of(
        told(
            tmp_path,
            seller={"address": "1 Harbour St; Springfield", "logo": "logo.png", "colour": "#1D4ED8"},
            transfer_eur={"holder": "W", "iban": "DE89370400440532013000"},
            cheque={"payee": "W", "address": "PO Box 1"},
        ),
        COMPANY,
    )
    assert (seller.name, seller.address, seller.colour) == ("Everybody", ("1 Harbour St", "Springfield"), "#1d4ed8")
    assert seller.logo is not None
    assert (seller.logo.kind, list(seller.accounts), seller.cheque is not None) == ("image/png", ["EUR"], True)
    bare = seller_of(Config(home=tmp_path, database="x", actor="dana"), COMPANY)
    assert (bare.name, bare.address, bare.accounts, bare.cheque, bare.logo) == ("Walkabout Tools", (), {}, None, None)


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"seller": {"nmae": "x"}}, "no setting 'nmae'"),
        ({"seller": {"colour": "blue"}}, "colour"),
        ({"seller": {"name": "a\nb"}}, "control"),
        ({"seller": {"website": "javascript:alert(1)"}}, "https://"),
        ({"seller": {"logo": "missing.png"}}, "cannot be read"),
        ({"seller": {"logo": "drawing.svg"}}, "PNG or JPEG"),
        ({"seller": {"logo": "large.png"}}, "256 kilobytes"),
        ({"transfer_xxx": {"holder": "W"}}, "names no currency"),
        ({"transfer_eur": {"holder": "W", "iban": "DE00"}}, "IBAN"),
        ({"cheque": {"payee": "W"}}, "address"),
    ],
)
def test_what_payers_would_see_is_checked_when_it_is_read(
    tmp_path: Path, tables: dict[str, dict[str, str]], says: str
) -> None:
    (tmp_path / "drawing.svg").write_text("<svg onload='alert(1)'/>", encoding="utf-8")
    (tmp_path / "large.png").write_bytes(PNG + bytes(LOGO_BYTES_MAX))
    with pytest.raises(SettingsError, match=says):
        seller_of(told(tmp_path, **tables), COMPANY)
