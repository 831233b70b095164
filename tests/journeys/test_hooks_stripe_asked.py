"""Asking Stripe for its webhooks: one endpoint in the end, whatever happens on the way, and a secret shown nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app.hooks import Opened, check_address, close_hooks, list_hooks
from connector.errors import OutcomeUnknown, ReceivablesError, Refused
from connector.model.intent import IntentKind
from connector.post import BOUNDARIES
from connector.store import OutboxState
from connector.testing.standin import parse_faults
from tests.journeys.stripe_hooks_ground import ACCOUNT, ELSEWHERE, STRIPE, URL, Firm, connected


class Died(BaseException):
    """The end of a process at a boundary."""


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with connected(tmp_path / "home") as made:
        yield made


@pytest.mark.req("S27")
def test_webhooks_are_asked_for_once_and_what_comes_then_is_believed(firm: Firm) -> None:
    assert firm.ask() == Opened(url=URL, new=True, closed=())
    assert firm.ask() == Opened(url=URL, new=False, closed=())
    assert (firm.endpoints(), firm.works()) == ([URL], True)
    assert firm.writes() == [("POST", "webhook_endpoints")]


def test_before_they_are_asked_for_the_door_is_not_there(firm: Firm) -> None:
    assert firm.client.post("/hooks/stripe", content=b"{}").status_code == 404


def test_the_secret_is_sealed_and_stands_in_no_row_and_no_answer(firm: Firm) -> None:
    opened = firm.ask()
    secret = firm.secret()
    assert secret.startswith("whsec_")
    (row,) = firm.house.store.outbox(firm.desk.id)
    assert (row.kind, row.state) == (IntentKind.HOOK, OutboxState.DONE)
    assert secret not in repr((opened, row, list_hooks(firm.desk, "stripe")))
    for file in Path(firm.house.config.home).rglob("*"):
        assert file.is_dir() or secret.encode() not in file.read_bytes(), file.name


def test_asked_for_at_another_address_they_move_there(firm: Firm) -> None:
    firm.ask()
    assert firm.ask(ELSEWHERE) == Opened(url=ELSEWHERE, new=True, closed=(URL,))
    assert (firm.endpoints(), firm.works()) == ([ELSEWHERE], True)


def test_what_others_asked_for_is_never_touched(firm: Firm) -> None:
    shop = "https://shop.example.com/orders"
    firm.others(shop)
    firm.ask()
    assert [(each.url, each.ours) for each in list_hooks(firm.desk, "stripe")] == [(URL, True), (shop, False)]
    assert close_hooks(firm.desk, "stripe") == (URL,)
    assert close_hooks(firm.desk, "stripe") == ()
    assert firm.endpoints() == [shop]


def test_asked_for_no_more_the_secret_is_forgotten_and_the_door_is_shut(firm: Firm) -> None:
    firm.ask()
    close_hooks(firm.desk, "stripe")
    assert (firm.secret(), firm.endpoints()) == ("", [])
    assert firm.client.post("/hooks/stripe", content=b"{}").status_code == 404
    assert firm.ask().new
    assert firm.works()


def test_one_that_is_switched_off_or_out_of_date_is_made_anew(firm: Firm) -> None:
    firm.ask()

    def switch_off() -> None:
        (endpoint,) = firm.stripe.endpoints(ACCOUNT)
        endpoint.document["status"] = "disabled"

    firm.server.behind(switch_off)
    assert firm.ask() == Opened(url=URL, new=True, closed=(URL,))
    assert (firm.endpoints(), firm.works()) == ([URL], True)


def until_quiet(firm: Firm) -> Opened:
    """The same command again and again, as a person would."""
    for _ in range(4):
        try:
            return firm.ask()
        except OutcomeUnknown:
            firm.clock.pass_seconds(60)
    raise AssertionError("it is never done")


DOUBTFUL = ("post.faulted", "post.unsure", "post.looked-up")


@pytest.mark.parametrize("point", [name for name in BOUNDARIES if name not in DOUBTFUL])
def test_whenever_it_dies_while_it_moves_one_endpoint_stands_in_the_end_and_its_secret_is_known(
    firm: Firm, point: str
) -> None:
    firm.ask(ELSEWHERE)

    def die(name: str) -> None:
        if name == point:
            raise Died

    firm.house.boundary = die
    with pytest.raises(Died):
        firm.ask()
    firm.house.boundary = lambda _: None
    until_quiet(firm)
    assert (firm.endpoints(), firm.works()) == ([URL], True)


@pytest.mark.parametrize(
    "fault", ["drop-after", "drop-before", "status-after 500", "status-before 503", "truncate", "late 1"]
)
def test_an_answer_that_was_lost_leaves_one_endpoint_in_the_end_whose_secret_is_known(firm: Firm, fault: str) -> None:
    kind, _, argument = fault.partition(" ")
    firm.server.add_faults(*parse_faults(f"POST /v1/webhook_endpoints 1 {kind} {argument}".strip()))
    until_quiet(firm)
    assert (firm.endpoints(), firm.works()) == ([URL], True)


def test_an_endpoint_whose_secret_was_lost_is_not_taken_for_good_because_another_secret_is_known(firm: Firm) -> None:
    firm.house.store.put_secrets(firm.desk.id, STRIPE, {"webhook_secret": "whsec_of_one_made_by_hand"})
    firm.server.add_faults(*parse_faults("POST /v1/webhook_endpoints 1 drop-after"))
    assert until_quiet(firm) == Opened(url=URL, new=True, closed=(URL,))
    assert (firm.endpoints(), firm.works()) == ([URL], True)
    assert firm.secret().endswith(",whsec_of_one_made_by_hand")


@pytest.mark.parametrize("acted", [True, False])
def test_a_fault_of_stripes_own_that_stays_under_the_key_is_got_over(firm: Firm, *, acted: bool) -> None:
    firm.stripe.break_next_write(acted=acted)
    until_quiet(firm)
    assert (firm.endpoints(), firm.works()) == ([URL], True)


def test_two_who_ask_at_once_do_not_make_two(firm: Firm) -> None:
    with firm.desk.lease("hooks:stripe"), pytest.raises(ReceivablesError) as fault:
        firm.ask()
    assert "Another process" in str(fault.value)
    assert firm.endpoints() == []


UNREACHABLE = (
    "http://pay.example.com/hooks/stripe",
    "https://localhost/hooks/stripe",
    "https://127.0.0.1/hooks/stripe",
    "https://192.168.1.5/hooks/stripe",
    "https://10.0.0.7:8765/hooks/stripe",
    "https://[::1]/hooks/stripe",
    "https://[::1/hooks/stripe",
    "https://printer/hooks/stripe",
    "https://books.local/hooks/stripe",
    "https://pay example.com/hooks/stripe",
    "https://dana:secret@pay.example.com/hooks/stripe",
    "https://pay.example.com/hooks/quickbooks",
    "https://pay.example.com/hooks/stripe?key=1",
    "https://pay.example.com",
    "nonsense",
    "",
)


def test_an_address_that_stripe_could_not_reach_is_refused_and_nothing_is_sent(firm: Firm) -> None:
    firm.house.store.put_secrets(firm.desk.id, STRIPE, {"base_url": "https://api.stripe.com"})
    before = len(firm.server.calls)
    for url in UNREACHABLE:
        with pytest.raises(Refused) as fault:
            firm.ask(url)
        assert fault.value.next_step, url
    assert len(firm.server.calls) == before
    assert firm.house.store.outbox(firm.desk.id) == ()
    for public in ("https://pay.example.com/hooks/stripe", "https://93.184.216.34:8443/books/hooks/stripe"):
        check_address(firm.desk, "stripe", public)


def test_the_command_asks_finds_lists_and_gives_up_and_never_shows_the_secret(firm: Firm) -> None:
    asked = firm.run("stripe", "--url", URL, "--yes")
    secret = firm.secret()
    said = [asked, firm.run("stripe", "--url", URL, "--yes"), firm.run("stripe", "--list")]
    said += [firm.run("stripe", "--list", "--json"), firm.run("stripe", "--remove", "--yes")]
    said += [firm.run("stripe", "--remove", "--yes", "--json"), firm.run("stripe", "--list")]
    assert [(ran.code, "Error" in ran.err) for ran in said] == [(0, False)] * 7
    words = ["now sends its webhooks to", "already sends", URL, URL, "sends nothing to", "closed", "nowhere"]
    assert [word in ran.out for word, ran in zip(words, said, strict=True)] == [True] * 7
    (listed,) = said[3].json
    assert (listed["url"], listed["ours"], listed["current"]) == (URL, True, True)
    assert secret.startswith("whsec_")
    assert all(secret not in ran.out + ran.err for ran in said)
    assert (firm.endpoints(), firm.secret()) == ([], "")


REFUSED = {
    ("stripe", "--url", URL): "nobody could be asked",
    ("stripe", "--remove"): "nobody could be asked",
    ("stripe",): "Say one of",
    ("stripe", "--list", "--remove", "--yes"): "Say one of",
    ("stripe", "--url", "https://pay.example.com", "--yes"): "/hooks/stripe",
    ("paypal", "--list"): "no connection",
}


def test_the_command_refuses_in_one_sentence_and_asks_stripe_for_nothing(firm: Firm) -> None:
    for arguments, words in REFUSED.items():
        ran = firm.run(*arguments)
        assert (ran.code, words in ran.err) == (2, True), arguments
    assert firm.writes() == []
