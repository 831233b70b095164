"""What a key must be allowed: every permission tried without a change, every missing one named, nothing connected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.stripe.permissions import OPTIONAL, READS, WRITE_PROBES, WRITES, needed
from adapters.stripe.standin.conduct import permission
from connector.app import setup
from connector.app.house import House
from connector.app.setup import Wish
from connector.app.standing import doctor
from connector.config import Config
from connector.errors import NeedsReconnect, Refused
from connector.model.source import CompanyId, ConnectionId, Kind
from connector.testing.standin import Fault
from tests.clocks import FakeClock
from tests.contract.test_stripe_against_standin import WORLD
from tests.stripe_desk import Desk, open_desk
from tests.stripe_rig import NOTE, connected, ref
from tests.unit.stripe_ground import WRITE_KEY

READING = [one.name for one in READS]
WRITING = [one.name for one in WRITES]
FAST = 100_000


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk(WORLD) as opened:
        yield opened


def key_without(desk: Desk, *lacking: str) -> str:
    return desk.stand_in.issue("acct_harbor", lacking=lacking)


def checks(desk: Desk, key: str) -> dict[str, str]:
    """The failed lines of a check: name to sentence."""
    adapter = connected(desk.server.url, desk.clock, api_key=key)
    return {line.name: line.sentence for line in (*adapter.check(), *adapter.may_write()) if not line.ok}


def test_the_check_of_a_key_that_may_do_everything_finds_nothing_and_changes_nothing(desk: Desk) -> None:
    key = key_without(desk)
    before = desk.stand_in.dump(normalised=False)
    assert checks(desk, key) == {}
    assert desk.stand_in.dump(normalised=False) == before
    assert {path for method, path, _ in desk.server.calls if method == "POST"} == set(WRITE_PROBES.values())
    assert {status for method, _, status in desk.server.calls if method == "POST"} == {404}


@pytest.mark.req("S11")
@pytest.mark.parametrize("lacking", [*READING, *WRITING])
def test_each_missing_permission_is_named_by_the_line_of_its_own(desk: Desk, lacking: str) -> None:
    failed = checks(desk, key_without(desk, lacking))
    assert list(failed) == [lacking]
    assert f"The Stripe key lacks the permission {lacking} (" in failed[lacking]


def test_a_probe_that_finds_no_clear_answer_says_so_and_claims_no_permission(desk: Desk) -> None:
    path = WRITE_PROBES["rak_customer_write"]
    desk.server.add_faults(Fault(method="POST", path=path, nth=0, kind="status-before", argument="500"))
    assert list(checks(desk, key_without(desk))) == ["rak_customer_write"]


def test_every_write_that_needs_a_permission_has_a_probe_and_the_double_agrees_who_needs_what(desk: Desk) -> None:
    assert set(WRITE_PROBES) == set(WRITING)
    for one in (*READS, *WRITES, *OPTIONAL):
        for path in one.calls:
            method = "POST" if one.write else "GET"
            assert permission(method, tuple(path.removeprefix("/v1/").split("/"))) == one.name
            assert needed(path, write=one.write) == one
    assert desk.server.problems == []


@pytest.mark.req("S11")
def test_a_write_without_its_permission_names_it_and_where_to_add_it(desk: Desk) -> None:
    adapter = connected(desk.server.url, desk.clock, api_key=key_without(desk, "rak_customer_write"))
    with pytest.raises(NeedsReconnect) as caught:
        adapter.push_note(replace(NOTE, target=ref(Kind.CUSTOMER, "cus_acme")), WRITE_KEY)
    assert "rak_customer_write (Customers: Write)" in caught.value.sentence
    assert "dashboard" in caught.value.next_step


# At connect


@pytest.fixture
def house(tmp_path: Path, desk: Desk) -> Iterator[House]:
    config = Config(home=tmp_path, database=str(tmp_path / "store.db"), actor="dana", calls_per_minute=FAST)
    with House(config, FakeClock("2026-06-01T12:00:00Z")) as opened:
        yield opened


def connect(house: House, desk: Desk, key: str, *, writes: bool = False) -> None:
    values = {"api_key": key, "base_url": desk.server.url}
    wish = Wish(system="stripe", company=None, zone="America/New_York", values=values, allow_writes=writes)
    setup.connect(house, wish)


@pytest.mark.req("S11")
def test_connect_names_everything_that_is_missing_at_once_and_connects_nothing(house: House, desk: Desk) -> None:
    lacking = ("rak_charge_read", "rak_event_read", "rak_invoice_read")
    with pytest.raises(NeedsReconnect) as caught:
        connect(house, desk, key_without(desk, *lacking))
    assert all(f"lacks the permission {name}" in caught.value.sentence for name in lacking)
    assert "_write" not in caught.value.sentence
    assert not house.store.connections(CompanyId("main"))


@pytest.mark.req("S11")
def test_connect_names_them_all_even_when_not_even_the_account_may_be_read(house: House, desk: Desk) -> None:
    lacking = ("rak_connected_account_read", "rak_payout_read")
    with pytest.raises(NeedsReconnect) as caught:
        connect(house, desk, key_without(desk, *lacking))
    assert all(f"lacks the permission {name}" in caught.value.sentence for name in lacking)


def test_a_key_that_is_not_accepted_is_told_once(house: House, desk: Desk) -> None:
    with pytest.raises(NeedsReconnect) as caught:
        connect(house, desk, "rk_test_nobody")
    assert caught.value.sentence.count("does not accept the key") == 1
    assert "permission" not in caught.value.sentence


def test_a_key_that_may_only_read_is_connected_read_only_and_well(house: House, desk: Desk) -> None:
    connect(house, desk, key_without(desk, *WRITING))
    connection = house.company(None).connections()[0]
    assert not connection.writes_allowed
    lines = {line.name: line for line in doctor(house.company(None))}
    assert all(lines[name].ok for name in READING)
    assert not lines.keys() & set(WRITING)
    assert {method for method, _, _ in desk.server.calls} == {"GET"}


@pytest.mark.req("S11")
def test_a_key_that_may_only_read_is_refused_where_writes_are_wanted(house: House, desk: Desk) -> None:
    with pytest.raises(NeedsReconnect) as caught:
        connect(house, desk, key_without(desk, *WRITING), writes=True)
    assert all(f"lacks the permission {name}" in caught.value.sentence for name in WRITING)


@pytest.mark.req("S11")
def test_a_permission_taken_away_later_is_what_doctor_finds(house: House, desk: Desk) -> None:
    connect(house, desk, key_without(desk), writes=True)
    key_without(desk, "rak_invoice_write")
    lines = {line.name: line for line in doctor(house.company(None))}
    assert [name for name, line in lines.items() if name.startswith("rak_") and not line.ok] == ["rak_invoice_write"]


@pytest.mark.req("S11")
def test_a_live_key_never_takes_the_place_of_a_test_key_of_the_same_account(house: House, desk: Desk) -> None:
    test_key = key_without(desk)
    connect(house, desk, test_key)
    with pytest.raises(Refused, match="to test data of account acct_harbor, and these keys are for live data"):
        connect(house, desk, desk.stand_in.issue("acct_harbor", live=True))
    assert house.store.secrets(CompanyId("main"), ConnectionId("stripe"))["api_key"] == test_key


@pytest.mark.req("S11")
def test_keys_of_the_other_mode_than_the_connection_open_nothing(house: House, desk: Desk) -> None:
    connect(house, desk, key_without(desk))
    live = {"api_key": desk.stand_in.issue("acct_harbor", live=True), "base_url": desk.server.url}
    house.store.put_secrets(CompanyId("main"), ConnectionId("stripe"), live)
    asked = len(desk.server.calls)
    opened = house.company(None)
    with pytest.raises(Refused, match="for live data"):
        opened.adapter(opened.connections()[0])
    assert len(desk.server.calls) == asked
