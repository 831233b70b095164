"""One token for everybody: fetched once, kept, and fetched again when PayPal says that it is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Barrier, Lock, Thread

import pytest

from connector.errors import NeedsReconnect
from connector.ports import Check, SecretPair
from tests.paypal_rig import Desk, Purse, open_desk

TOKEN = "/v1/oauth2/token"


class SharedPurse(Purse):
    """A store that lets one renew at a time, as the real one does."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = Lock()

    def locked(self, action: Callable[[], SecretPair]) -> SecretPair:
        with self._turn:
            return action()


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as opened:
        yield opened


@pytest.mark.req("Y2")
def test_twenty_threads_of_several_processes_fetch_one_token(desk: Desk) -> None:
    desk.tokens = SharedPurse()
    adapters = [desk.adapter() for _ in range(4)]  # each with a grant of its own, as in another process
    ready = Barrier(20)
    wrong: list[Check] = []

    def ask(number: int) -> None:
        ready.wait(timeout=10)
        wrong.extend(line for line in adapters[number % 4].may_write() if not line.ok)

    threads = [Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert wrong == []
    assert desk.asked("POST", TOKEN) == 1


@pytest.mark.req("Y2")
def test_a_token_that_is_refused_is_fetched_once_more_and_the_call_made_again(desk: Desk) -> None:
    adapter = desk.adapter()
    adapter.pull("profile", None)
    desk.stand_in.expire()
    assert adapter.pull("profile", None).records
    assert desk.asked("POST", TOKEN) == 2


def test_a_token_that_goes_on_being_refused_is_told_after_one_more(desk: Desk) -> None:
    desk.faults("GET  /v1/reporting/balances  0  answer-before  unauthorized")
    with pytest.raises(NeedsReconnect):
        desk.adapter().pull("profile", None)
    assert desk.asked("POST", TOKEN) == 2


@pytest.mark.req("Y2")
def test_a_missing_permission_for_transaction_search_is_said_clearly(desk: Desk) -> None:
    desk.people.conduct(reports=False)
    with pytest.raises(NeedsReconnect, match="lacks the permission for Transaction Search") as caught:
        desk.adapter().pull("profile", None)
    assert "9 hours" in caught.value.next_step


def test_a_write_that_was_turned_away_for_its_token_is_made_once(desk: Desk) -> None:
    adapter = desk.adapter()
    adapter.pull("profile", None)
    desk.stand_in.expire()
    desk.opened(adapter)
    assert len(desk.books.orders) == 1


def test_a_token_is_used_until_minutes_before_it_ends(desk: Desk) -> None:
    adapter = desk.adapter()
    adapter.pull("profile", None)
    desk.clock.pass_seconds(32_400 - 301)
    adapter.pull("profile", None)
    assert desk.asked("POST", TOKEN) == 1
    desk.clock.pass_seconds(2)
    adapter.pull("profile", None)
    assert desk.asked("POST", TOKEN) == 2


def test_a_stored_token_of_other_credentials_is_never_used(desk: Desk) -> None:
    desk.adapter().pull("profile", None)
    with pytest.raises(NeedsReconnect, match="does not know these credentials") as caught:
        desk.adapter(client_secret="secret-of-somebody-else").pull("profile", None)
    assert "those of live do not work here" in caught.value.next_step
    assert caught.value.code == "invalid_client"


def test_no_token_or_secret_shows(desk: Desk) -> None:
    adapter = desk.adapter()
    adapter.pull("profile", None)
    assert desk.tokens.pair is not None
    assert desk.tokens.pair.access not in repr(desk.tokens.pair)
    assert "secret-" not in desk.tokens.pair.refresh


@pytest.mark.parametrize("fault", ["answer-before  throttled", "status-before  503", "drop-before"])
def test_a_token_call_that_fails_is_made_again(desk: Desk, fault: str) -> None:
    desk.faults(f"POST  {TOKEN}  1  {fault}")
    assert desk.adapter().pull("profile", None).records
