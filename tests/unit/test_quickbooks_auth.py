"""The rotating grant: one refresh for everybody, stored before use, and a dead network is no dead grant."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
import requests
import responses
from responses import matchers

from adapters.quickbooks import checks
from adapters.quickbooks.auth import RENEW_CONNECT_SECONDS, RENEW_SECONDS, Grant, IntuitSession
from connector.dates import instant_from_iso
from connector.errors import (
    MalformedAnswer,
    NeedsReconnect,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
    VendorError,
)
from connector.ports import SecretPair
from tests.clocks import FakeClock
from tests.surroundings import OpenBudget
from tests.unit.quickbooks_ground import COMPANY, TOKENS, MemoryTokens, good_pair, settings, still_clock

EXPIRED = b'{"Fault":{"Error":[{"Message":"token expired","code":"3200"}],"type":"AUTHENTICATION"}}'
INVALID = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
INVOICE = f"{COMPANY}/invoice/1"


@pytest.fixture
def intuit() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def renewal(number: int, **changed: object) -> dict[str, object]:
    return {
        "token_type": "bearer",
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        "expires_in": 3600,
        "x_refresh_token_expires_in": 8640000,
    } | changed


def sent_refresh_tokens(intuit: responses.RequestsMock) -> list[str]:
    bodies = [call.request.body for call in intuit.calls if call.request.url == TOKENS]
    return [parse_qs(body.decode() if isinstance(body, bytes) else str(body))["refresh_token"][0] for body in bodies]


def test_the_first_token_comes_from_the_pasted_one(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, json=renewal(2))
    clock, tokens = still_clock(), MemoryTokens()
    assert Grant(settings(), tokens, clock).access() == "access-2"
    assert sent_refresh_tokens(intuit) == ["refresh-9130001-1"]
    sent = intuit.calls[0].request
    assert sent.headers["Authorization"] == "Basic " + base64.b64encode(b"standin-client:standin-secret").decode()
    assert tokens.pair is not None
    assert tokens.pair.refresh == "refresh-2"
    assert instant_from_iso(tokens.pair.access_expires_at) == clock.now() + timedelta(hours=1)
    assert instant_from_iso(tokens.pair.refresh_expires_at) == clock.now() + timedelta(days=100)


def test_the_hard_end_is_asked_for_and_counts_when_it_comes_first(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, json=renewal(2, x_refresh_token_hard_expires_in=86400 * 20))
    clock, tokens = still_clock(), MemoryTokens()
    Grant(settings(), tokens, clock).access()
    assert intuit.calls[0].request.headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert tokens.pair is not None
    assert instant_from_iso(tokens.pair.refresh_expires_at) == clock.now() + timedelta(days=20)


@pytest.mark.req("Q9")
def test_both_ends_of_a_grant_are_kept(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, json=renewal(2, x_refresh_token_hard_expires_in=86400 * 900))
    clock, tokens = still_clock(), MemoryTokens()
    Grant(settings(), tokens, clock).access()
    assert tokens.pair is not None
    assert instant_from_iso(tokens.pair.refresh_expires_at) == clock.now() + timedelta(days=100)
    assert instant_from_iso(tokens.pair.hard_expires_at) == clock.now() + timedelta(days=900)


def test_a_hard_end_that_was_told_once_is_not_forgotten_when_it_is_not_told_again(
    intuit: responses.RequestsMock,
) -> None:
    intuit.post(TOKENS, json=renewal(2))
    clock = still_clock()
    hard = (clock.now() + timedelta(days=900)).isoformat()
    tokens = MemoryTokens(replace(good_pair(clock, seconds=-1), hard_expires_at=hard))
    Grant(settings(), tokens, clock).access()
    assert tokens.pair is not None
    assert tokens.pair.hard_expires_at == hard


@pytest.mark.req("Q9")
@pytest.mark.parametrize(
    ("rolling_days", "hard_days", "verdict", "days_told"),
    [
        pytest.param(100, 900, "well", (100, 900), id="both far"),
        pytest.param(29, 900, "warned", (29, 900), id="not renewed for long"),
        pytest.param(29, 29, "warned", (29, 29), id="the five years are over soon"),
        pytest.param(30, 900, "well", (30, 900), id="just in time"),
        pytest.param(100, None, "well", (100,), id="no hard end told"),
        pytest.param(29, None, "warned", (29,), id="no hard end told and soon"),
    ],
)
def test_the_check_shows_both_ends_and_warns_thirty_days_before_either(
    rolling_days: int, hard_days: int | None, verdict: str, days_told: tuple[int, ...]
) -> None:
    clock = still_clock()

    def in_days(days: int) -> str:
        return (clock.now() + timedelta(days=days)).isoformat()

    pair = replace(
        good_pair(clock),
        refresh_expires_at=in_days(rolling_days),
        hard_expires_at=in_days(hard_days) if hard_days is not None else "",
    )
    line = checks.grant(pair, clock.now())
    assert line.ok is (verdict == "well")
    for days in days_told:
        assert in_days(days)[:10] in line.sentence
    assert bool(line.next_step) is (verdict == "warned")
    if hard_days == 29:
        assert "receivables connect quickbooks" in line.next_step


def test_a_token_that_still_lasts_is_used_as_it_is(intuit: responses.RequestsMock) -> None:
    clock = still_clock()
    grant = Grant(settings(), MemoryTokens(good_pair(clock)), clock)
    assert [grant.access(), grant.access()] == ["access-1", "access-1"]
    assert len(intuit.calls) == 0


def test_a_token_is_renewed_before_it_ends_on_the_way(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, json=renewal(2))
    clock = still_clock()
    grant = Grant(settings(), MemoryTokens(good_pair(clock, seconds=59)), clock)
    assert grant.access() == "access-2"


@pytest.mark.req("Q7")
def test_the_new_pair_is_stored_before_it_is_used(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, json=renewal(2))
    clock, tokens = still_clock(), MemoryTokens()
    stored_at_first_use: list[str] = []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        stored_at_first_use.extend(tokens.stored)
        assert request.headers["Authorization"] == "Bearer access-2"
        return 200, {}, '{"Invoice":{"Id":"1"}}'

    intuit.add_callback("GET", INVOICE, callback=answer)
    session(tokens, clock).request("GET", INVOICE)
    assert stored_at_first_use == ["refresh-2"]


def test_two_threads_that_find_the_token_refused_renew_it_once(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, json=renewal(2))
    clock = still_clock()
    tokens = MemoryTokens(good_pair(clock))
    grants = [Grant(settings(), tokens, clock) for _ in range(4)]
    assert {grant.access() for grant in grants} == {"access-1"}
    got: list[str] = []
    threads = [threading.Thread(target=lambda grant=grant: got.append(grant.replace("access-1"))) for grant in grants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["access-2"] * 4
    assert sent_refresh_tokens(intuit) == ["refresh-1"]


class Overtaken(MemoryTokens):
    """Another process of ours stores a newer pair while our refresh is under way, after the second look."""

    def __init__(self, pair: SecretPair, newer: SecretPair) -> None:
        super().__init__(pair)
        self._later = [pair, newer]

    def read(self) -> SecretPair | None:
        pair = self.pair
        if self._later:
            self.pair = self._later.pop(0)
        return pair


@pytest.mark.req("Q8")
def test_a_refused_refresh_token_is_followed_by_the_newer_one_that_somebody_stored(
    intuit: responses.RequestsMock,
) -> None:
    intuit.post(TOKENS, status=400, json=INVALID)
    intuit.post(TOKENS, json=renewal(8))
    clock = still_clock()
    old = good_pair(clock, seconds=-1)
    tokens = Overtaken(old, replace(old, refresh="refresh-7", version=1))
    assert Grant(settings(), tokens, clock).access() == "access-8"
    assert sent_refresh_tokens(intuit) == ["refresh-1", "refresh-7"]
    assert tokens.stored == ["refresh-8"]


@pytest.mark.req("Q8")
def test_a_grant_that_is_dead_everywhere_needs_a_person(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, status=400, json=INVALID)
    clock = still_clock()
    with pytest.raises(NeedsReconnect) as error:
        Grant(settings(), MemoryTokens(good_pair(clock, seconds=-1)), clock).access()
    assert error.value.code == "invalid_grant"
    assert "receivables connect quickbooks" in error.value.next_step
    assert sent_refresh_tokens(intuit) == ["refresh-1", "refresh-9130001-1"], "the newly pasted one is tried too"


def test_the_token_before_is_kept_until_the_new_one_has_proved_good(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, json=renewal(2))
    clock = still_clock()
    tokens = MemoryTokens(good_pair(clock, seconds=-1))
    Grant(settings(), tokens, clock).access()
    assert tokens.pair is not None
    assert (tokens.pair.refresh, tokens.pair.previous) == ("refresh-2", "refresh-1")
    intuit.reset()
    intuit.post(TOKENS, json=renewal(3, refresh_token="refresh-2"))  # the same one again, as Intuit does within a day
    clock.pass_seconds(3600)
    Grant(settings(), tokens, clock).access()
    assert (tokens.pair.refresh, tokens.pair.previous) == ("refresh-2", "")


def test_a_new_token_that_never_came_into_force_is_followed_by_the_one_before(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, status=400, json=INVALID)
    intuit.post(TOKENS, json=renewal(8))
    clock = still_clock()
    tokens = MemoryTokens(replace(good_pair(clock, seconds=-1), previous="refresh-0"))
    assert Grant(settings(), tokens, clock).access() == "access-8"
    assert sent_refresh_tokens(intuit) == ["refresh-1", "refresh-0"]


def test_a_renewal_that_hangs_ends_before_others_may_take_its_turn() -> None:
    """The turn lasts a minute (`connector.store.secrets`): three tries must fit, however patient the settings are."""
    assert 3 * (RENEW_CONNECT_SECONDS + RENEW_SECONDS) < 60
    patient = settings(connect_seconds="60", read_seconds="300")
    limits = {"timeout": (RENEW_CONNECT_SECONDS, RENEW_SECONDS)}
    with responses.RequestsMock() as mock:
        mock.post(TOKENS, json=renewal(2), match=[matchers.request_kwargs_matcher(limits)])
        assert Grant(patient, MemoryTokens(), still_clock()).access() == "access-2"


def broken_line(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
    raise requests.exceptions.ConnectionError("connection reset")


@pytest.mark.req("Q8")
@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        pytest.param(lambda mock: mock.add_callback("POST", TOKENS, broken_line), Unreachable, id="no network"),
        pytest.param(lambda mock: mock.post(TOKENS, status=503, body="<html>"), Unreachable, id="out of order"),
        pytest.param(lambda mock: mock.post(TOKENS, status=429), RateLimited, id="throttled"),
        pytest.param(lambda mock: mock.post(TOKENS, body='{"access_token":'), MalformedAnswer, id="half an answer"),
    ],
)
def test_trouble_on_the_way_is_never_a_dead_grant(
    intuit: responses.RequestsMock,
    prepare: Callable[[responses.RequestsMock], object],
    expected: type[VendorError],
) -> None:
    prepare(intuit)
    clock = still_clock()
    tokens = MemoryTokens(good_pair(clock, seconds=-1))
    with pytest.raises(expected) as error:
        Grant(settings(), tokens, clock).access()
    assert not isinstance(error.value, NeedsReconnect)
    assert tokens.stored == []


def test_a_wrong_client_secret_is_named_as_such(intuit: responses.RequestsMock) -> None:
    intuit.post(TOKENS, status=401, json={"error": "invalid_client"})
    with pytest.raises(NeedsReconnect, match="client_id or client_secret"):
        Grant(settings(), MemoryTokens(), still_clock()).access()


def session(tokens: MemoryTokens, clock: FakeClock, budget: OpenBudget | None = None) -> IntuitSession:
    return IntuitSession(settings(), Grant(settings(), tokens, clock), budget or OpenBudget())


def test_a_refused_token_is_renewed_once_and_the_call_repeated(intuit: responses.RequestsMock) -> None:
    intuit.get(INVOICE, status=401, body=EXPIRED)
    intuit.get(INVOICE, body='{"Invoice":{"Id":"1"}}')
    intuit.post(TOKENS, json=renewal(2))
    clock = still_clock()
    answer = session(MemoryTokens(good_pair(clock)), clock).request("GET", INVOICE)
    assert answer.content == b'{"Invoice":{"Id":"1"}}'
    bearers = [call.request.headers["Authorization"] for call in intuit.calls if call.request.url == INVOICE]
    assert bearers == ["Bearer access-1", "Bearer access-2"]


def test_a_token_refused_twice_needs_a_person(intuit: responses.RequestsMock) -> None:
    intuit.get(INVOICE, status=401, body=EXPIRED)
    intuit.post(TOKENS, json=renewal(2))
    clock = still_clock()
    with pytest.raises(NeedsReconnect):
        session(MemoryTokens(good_pair(clock)), clock).request("GET", INVOICE)
    assert sent_refresh_tokens(intuit) == ["refresh-1"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(429, b'{"Fault":{"Error":[{"code":"3001"}],"type":"SERVICE"}}', id="JSON"),
        pytest.param(429, b'{"fault":{"error":[{"message":"m","code":"003001"}],"type":"SERVICE"}}', id="padded"),
        pytest.param(
            429, b'<IntuitResponse><Fault type="SERVICE"><Error code="3001"/></Fault></IntuitResponse>', id="XML"
        ),
        pytest.param(403, b'<IntuitResponse><Fault><Error code="3001"></Error></Fault></IntuitResponse>', id="XML 403"),
    ],
)
def test_a_throttle_pauses_the_whole_company_for_a_minute(
    intuit: responses.RequestsMock, status: int, body: bytes
) -> None:
    intuit.get(INVOICE, status=status, body=body)
    clock, budget = still_clock(), OpenBudget()
    with pytest.raises(RateLimited) as error:
        session(MemoryTokens(good_pair(clock)), clock, budget).request("GET", INVOICE)
    assert (error.value.retry_after_seconds, budget.pauses) == (60, [60])


@pytest.mark.req("Q3")
@pytest.mark.parametrize(("wish", "seconds"), [("5", 60), ("90", 90), ("soon", 60)])
def test_the_pause_is_intuits_minute_or_longer_where_it_asks_for_that(
    intuit: responses.RequestsMock, wish: str, seconds: int
) -> None:
    intuit.get(INVOICE, status=429, headers={"Retry-After": wish})
    clock, budget = still_clock(), OpenBudget()
    with pytest.raises(RateLimited) as error:
        session(MemoryTokens(good_pair(clock)), clock, budget).request("GET", INVOICE)
    assert (error.value.retry_after_seconds, budget.pauses) == (seconds, [seconds])


@pytest.mark.parametrize(
    ("method", "expected"),
    [pytest.param("GET", MalformedAnswer, id="read"), pytest.param("POST", OutcomeUnknown, id="write")],
)
@pytest.mark.parametrize("body", [b"<html>welcome</html>", b"", b"OK"])
def test_success_that_is_not_data_is_no_success(
    intuit: responses.RequestsMock, method: str, expected: type[VendorError], body: bytes
) -> None:
    intuit.add(method, INVOICE, body=body)
    clock = still_clock()
    with pytest.raises(expected):
        session(MemoryTokens(good_pair(clock)), clock).request(method, INVOICE)


@pytest.mark.req("Q4")
def test_a_fault_inside_success_is_a_refusal(intuit: responses.RequestsMock) -> None:
    intuit.get(INVOICE, body=b'{"Fault":{"Error":[{"code":"6000"},{"code":"2010"}],"type":"ValidationFault"}}')
    clock = still_clock()
    with pytest.raises(Rejected) as error:
        session(MemoryTokens(good_pair(clock)), clock).request("GET", INVOICE)
    assert error.value.code == "6000"


def test_the_trace_of_intuit_travels_with_the_error(intuit: responses.RequestsMock) -> None:
    intuit.get(INVOICE, status=400, body=b'{"Fault":{"Error":[{"code":"2010"}]}}', headers={"intuit_tid": "1-5f3a"})
    clock = still_clock()
    with pytest.raises(Rejected) as error:
        session(MemoryTokens(good_pair(clock)), clock).request("GET", INVOICE)
    assert error.value.trace == "1-5f3a"


def test_no_token_reaches_the_log_or_an_error(intuit: responses.RequestsMock, caplog: pytest.LogCaptureFixture) -> None:
    intuit.get(INVOICE, status=401, body=EXPIRED)
    intuit.post(TOKENS, status=400, json=INVALID)
    clock = still_clock()
    with caplog.at_level(logging.DEBUG), pytest.raises(NeedsReconnect) as error:
        session(MemoryTokens(good_pair(clock)), clock).request("GET", INVOICE)
    logged = " ".join(str(vars(record)) for record in caplog.records)
    for secret in ("access-1", "refresh-1", "standin-secret", "refresh-9130001-1"):
        assert secret not in logged + str(error.value) + repr(error.value)
