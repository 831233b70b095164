"""What `doctor` says of the way in to QuickBooks: the app's keys, the way back from the browser, the environment."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from adapters.quickbooks import checks, wire
from adapters.quickbooks.settings import Settings
from connector.errors import NeedsReconnect, VendorError
from connector.ports import Check, SecretPair
from tests.unit.quickbooks_ground import settings, still_clock

SANDBOX = "https://sandbox-quickbooks.api.intuit.com"
UNKNOWN = NeedsReconnect("QuickBooks does not know this app.", next_step="Copy both again.", code="401")


class Shut:
    """A company that does not let us in, for that reason; `app` is what Intuit says of the app itself."""

    def __init__(self, fault: VendorError, app: VendorError | None = None) -> None:
        self._fault = fault
        self._app = app

    def knock(self) -> None:
        if self._app is not None:
            raise self._app

    def company(self) -> wire.Received[wire.CompanyInfo]:
        raise self._fault

    def preferences(self) -> wire.Received[wire.Preferences]:
        raise self._fault

    def receivables(self) -> Sequence[wire.Received[wire.Account]]:
        raise self._fault

    def payments(self) -> Sequence[object]:
        raise self._fault

    def pair(self) -> SecretPair | None:
        return None


def lines(asked: Shut, given: Settings) -> dict[str, Check]:
    return {line.name: line for line in checks.run(asked, given, still_clock().now())}


def turned_away(code: str) -> NeedsReconnect:
    return NeedsReconnect("QuickBooks does not let this connection do that.", next_step="As it says.", code=code)


@pytest.mark.parametrize("code", ["3100", "403"])
def test_a_key_of_the_other_environment_is_told_which_keys_to_take(code: str) -> None:
    real = lines(Shut(turned_away(code)), settings())["connection"]
    assert not real.ok
    assert "Production keys" in real.next_step
    assert "receivables connect quickbooks" in real.next_step
    sandbox = lines(Shut(turned_away(code)), settings(base_url=SANDBOX))["connection"]
    assert "Development keys" in sandbox.next_step


def test_another_fault_keeps_its_own_next_step() -> None:
    assert lines(Shut(turned_away("3200")), settings())["connection"].next_step == "As it says."


def test_an_app_that_intuit_does_not_know_is_told_apart_from_a_dead_grant() -> None:
    known, unknown = Shut(turned_away("3200")), Shut(turned_away("3200"), UNKNOWN)
    assert lines(known, settings())["app keys"].ok
    line = lines(unknown, settings())["app keys"]
    assert (line.ok, line.sentence, line.next_step) == (False, UNKNOWN.sentence, UNKNOWN.next_step)


def test_without_a_grant_the_next_step_is_the_command_that_makes_one() -> None:
    line = lines(Shut(turned_away("3200")), settings())["grant"]
    assert (line.ok, "receivables connect quickbooks" in line.next_step) == (False, True)


def test_a_way_back_that_intuit_would_not_take_fails_its_check() -> None:
    local = "http://localhost:8767/connected"
    assert lines(Shut(UNKNOWN), settings(base_url=SANDBOX, redirect=local))["way back"].ok
    wrong = lines(Shut(UNKNOWN), settings(redirect=local))["way back"]
    assert (wrong.ok, "only for development keys" in wrong.sentence) == (False, True)
    assert wrong.next_step
