"""Stripe's webhooks at the door: taken as hints, and never needed: the mirror ends as Stripe does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from adapters.stripe.standin.endpoints import THIN
from adapters.stripe.standin.events import Telling
from adapters.stripe.standin.hooks import STRANGER, TAMPERED, UNSIGNED, Delivering, HookSender
from adapters.stripe.standin.life import Merchant
from connector.app.books import sync_all
from connector.dates import epoch_seconds
from connector.model.intent import WriteKey
from connector.model.source import Kind
from connector.ports import Hint, NoteBoard
from connector.store.inbox import Addressed
from tests.journeys.stripe_hooks_ground import ACCOUNT, ELSEWHERE, PAUSE_SECONDS, STRIPE, Firm, MirrorOf, connected
from tests.stripe_rig import NOTE, OP

ROUNDS = 2
ROUND_SECONDS = 3 * 3600


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with connected(tmp_path / "home") as made:
        yield made


@pytest.fixture
def mirrored(firm: Firm) -> Firm:
    """Read once."""
    firm.sync()
    firm.clock.pass_seconds(PAUSE_SECONDS)
    return firm


@pytest.mark.req("S27")
def test_a_delivery_is_stored_and_answered_before_anything_is_asked_of_stripe(mirrored: Firm) -> None:
    mirrored.ask()
    sender = HookSender(mirrored.stripe)
    mirrored.rename("Acme Corp")
    found = mirrored.parcels(sender)
    before = len(mirrored.server.calls)
    assert mirrored.knock(found) == [200]
    assert len(mirrored.server.calls) == before
    assert [(hint.kind, hint.vendor_id) for hint in mirrored.hints()] == [(Kind.CUSTOMER, "cus_acme")]
    assert mirrored.name() == "Acme"
    mirrored.sync()
    assert (mirrored.name(), mirrored.hints()) == ("Acme Corp", ())


@pytest.mark.parametrize("forged", [STRANGER, TAMPERED, UNSIGNED])
def test_what_is_forged_is_turned_away(firm: Firm, forged: str) -> None:
    firm.ask()
    firm.rename("Acme Corp")
    sender = HookSender(firm.stripe, Delivering(forged=forged))
    assert firm.knock(firm.parcels(sender)) == [401]
    assert firm.hints() == ()


@pytest.mark.req("S27")
@pytest.mark.parametrize(("shift", "status"), [(-300, 200), (300, 200), (-301, 401), (301, 401)])
def test_a_delivery_signed_too_long_ago_or_too_far_ahead_is_turned_away(firm: Firm, shift: int, status: int) -> None:
    firm.ask()
    firm.rename("Acme Corp")
    sender = HookSender(firm.stripe, Delivering(clock_shift_seconds=shift))
    assert firm.knock(firm.parcels(sender)) == [status]


def test_while_the_secret_is_rolled_in_stripe_deliveries_go_on_being_believed(firm: Firm) -> None:
    firm.ask()
    old = firm.secret()
    (endpoint_id,) = [str(one.document["id"]) for one in firm.stripe.endpoints(ACCOUNT)]
    new = firm.server.behind(lambda: firm.stripe.endpoints(ACCOUNT).roll(endpoint_id))
    assert firm.works()
    firm.house.store.put_secrets(firm.desk.id, STRIPE, {"webhook_secret": f"{new},{old}"})
    assert firm.works()
    firm.server.behind(lambda: firm.stripe.endpoints(ACCOUNT).roll(endpoint_id, keep_old=False))
    assert not firm.works()


@pytest.mark.req("S27")
def test_a_thin_event_and_a_snapshot_of_the_same_are_both_taken_and_stored_once(firm: Firm) -> None:
    firm.ask()

    def thin_too() -> None:
        wanted = {"url": ELSEWHERE, "enabled_events": ["v1.customer.updated"]}
        made = firm.stripe.endpoints(ACCOUNT).create(wanted, payload=THIN)
        firm.house.store.put_secrets(firm.desk.id, STRIPE, {"webhook_secret": f"{firm.secret()},{made['secret']}"})

    firm.server.behind(thin_too)
    firm.rename("Acme Corp")
    found = firm.parcels(HookSender(firm.stripe))
    assert len({parcel.delivery.body for parcel in found}) == 2
    assert firm.knock(found) == [200, 200]
    assert len(firm.hints()) == 1


WAYS: dict[str, Delivering] = {
    "in time": Delivering(),
    "doubled, out of order": Delivering(doubled=True, shuffle_seed=11),
    "in another version": Delivering(version="2020-03-02"),
    "late, doubled, out of order, half of them lost": Delivering(
        keep_back=5, doubled=True, shuffle_seed=5, dropped_percent=50, seed=3
    ),
}


def lived(folder: Path, how: Delivering | None) -> MirrorOf:
    """The mirror after some rounds of business, read after each; None drops every delivery, and then everything is read
    from its beginning: it must be no news."""
    with connected(folder) as firm:
        firm.sync()
        firm.ask()
        ledger = firm.stripe.ledger(ACCOUNT)
        sender = HookSender(firm.stripe, how)
        begins = epoch_seconds(firm.clock.now())
        merchant = firm.server.behind(lambda: Merchant(ledger, 27, wait=firm.clock.pass_seconds, charges_a_year=9_000))
        for number in range(1, ROUNDS + 1):
            firm.server.behind(partial(merchant.until, begins + number * ROUND_SECONDS))
            if how is not None:
                assert set(firm.knock(firm.parcels(sender))) == {200}
                assert firm.hints()
            firm.sync()
        if how is not None:
            sender.delivering = replace(how, keep_back=0)
            firm.knock(firm.parcels(sender))
            firm.sync()
            assert firm.hints() == ()
        found = firm.mirror()
        if how is None:
            sync_all(firm.desk, lambda *_: None, again=True)
            assert firm.mirror() == found
        return found


@pytest.mark.gate
@pytest.mark.req("E21")
def test_the_mirror_ends_the_same_with_every_delivery_dropped_doubled_late_or_out_of_order(tmp_path: Path) -> None:
    dropped = lived(tmp_path / "dropped", None)
    assert len(dropped) > 20
    for number, (name, how) in enumerate(WAYS.items()):
        assert lived(tmp_path / str(number), how) == dropped, name


@pytest.mark.req("E21")
def test_an_event_that_is_delivered_again_and_again_is_stored_once_and_looked_at_once(mirrored: Firm) -> None:
    mirrored.ask()
    mirrored.stripe.telling = Telling(late_seconds=86_400)
    mirrored.rename("Acme Corp")
    found = mirrored.parcels(HookSender(mirrored.stripe))
    assert mirrored.knock(found * 3) == [200] * 3
    assert len(mirrored.hints()) == 1
    mirrored.sync()
    assert mirrored.name() == "Acme Corp"
    assert mirrored.knock(found) == [200]
    assert mirrored.hints() == ()
    assert mirrored.looks() == 1


def test_what_a_body_says_is_not_believed_the_record_is_asked_for(mirrored: Firm) -> None:
    mirrored.ask()
    mirrored.rename("Acme Corp")
    mirrored.stripe.telling = Telling(misleading=True, late_seconds=86_400)
    found = mirrored.parcels(HookSender(mirrored.stripe))
    assert all(b"Acme Corp" not in parcel.delivery.body for parcel in found)
    mirrored.knock(found)
    mirrored.sync()
    assert mirrored.name() == "Acme Corp"


def test_a_hint_at_what_cannot_be_looked_at_by_itself_fails_no_reading(mirrored: Firm) -> None:
    odd = Hint(account="", key="evt_odd", kind=Kind.CASH_ENTRY, vendor_id="ccsbtxn_1", at="")
    mirrored.house.store.add_hints([Addressed(mirrored.desk.id, STRIPE, odd)])
    mirrored.clock.pass_seconds(PAUSE_SECONDS)
    mirrored.sync()
    assert mirrored.hints() == ()


def test_our_own_note_that_comes_back_as_a_webhook_makes_no_second_note_and_nothing_new(mirrored: Firm) -> None:
    mirrored.ask()
    note = replace(NOTE, written_at=mirrored.clock.now())
    adapter = mirrored.desk.adapter(mirrored.desk.store.connection(mirrored.desk.id, STRIPE))
    assert isinstance(adapter, NoteBoard)
    adapter.push_note(note, WriteKey(op_id=OP))
    sender = HookSender(mirrored.stripe)
    assert mirrored.knock(mirrored.parcels(sender)) == [200]
    mirrored.sync()
    seen, calls = mirrored.mirror(), len(mirrored.server.calls)
    for _ in range(2):
        mirrored.clock.pass_seconds(PAUSE_SECONDS)
        assert mirrored.parcels(sender) == []
        mirrored.sync()
    assert mirrored.mirror() == seen
    later = [path for method, path, _ in mirrored.server.calls[calls:] if method == "POST" or path.count("/") > 2]
    assert later == []


@pytest.mark.req("E21")
def test_with_every_delivery_lost_the_next_reading_brings_everything(mirrored: Firm) -> None:
    mirrored.ask()
    mirrored.rename("Acme Corp")
    mirrored.sync()
    assert (mirrored.name(), mirrored.hints()) == ("Acme Corp", ())
