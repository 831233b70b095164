"""adapters.stripe.board: notes over real sockets, against recorded answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.errors import Refused
from connector.model.source import ConnectionId, Kind, Ref
from tests.clocks import FakeClock
from tests.stripe_rig import NOTE, NOTE_METADATA, OP, connected, example, ref, text
from tests.unit.stripe_ground import WRITE_KEY, Serve, ok, serving


@pytest.fixture
def serve(clock: FakeClock) -> Iterator[Serve]:
    with serving(clock) as start:
        yield start


@pytest.mark.req("S28")
@pytest.mark.parametrize(("kind", "path"), [(Kind.INVOICE, "invoices/in_1"), (Kind.CUSTOMER, "customers/cus_1")])
def test_a_note_sends_four_metadata_keys_and_nothing_else(serve: Serve, kind: Kind, path: str) -> None:
    name = str(kind)
    vendor_id = path.partition("/")[2]
    before = example(name, id=vendor_id, metadata={"theirs": "1"})
    held = {"theirs": "1", "receivables_note": NOTE.text}
    adapter, vendor, _ = serve(
        {f"GET /v1/{path}": [ok(text(before))], f"POST /v1/{path}": [ok(text({**before, "metadata": held}))]}
    )
    written = adapter.push_note(replace(NOTE, target=ref(kind, vendor_id)), WRITE_KEY)
    assert vendor.sent() == {"metadata": NOTE_METADATA}
    assert vendor.heard[-1].headers["idempotency-key"] == OP
    assert (written.ref, written.text, written.amount) == (ref(kind, vendor_id), NOTE.text, None)


@pytest.mark.req("S28")
def test_a_note_that_already_stands_sends_nothing_and_is_found(serve: Serve) -> None:
    held = example("invoice", id="in_1", metadata=NOTE_METADATA)
    adapter, vendor, _ = serve({"GET /v1/invoices/in_1": [ok(text(held))]})
    assert adapter.push_note(NOTE, WRITE_KEY).text == NOTE.text
    assert [found.text for found in adapter.find_notes(NOTE, WRITE_KEY)] == [NOTE.text]
    assert adapter.find_notes(replace(NOTE, reference="contact-8"), WRITE_KEY) == ()
    assert {call.method for call in vendor.heard} == {"GET"}


@pytest.mark.req("S28")
def test_a_record_without_room_is_reported_and_nothing_is_sent(serve: Serve) -> None:
    full = example("invoice", id="in_1", metadata={f"theirs_{number}": "x" for number in range(48)})
    adapter, vendor, _ = serve({"GET /v1/invoices/in_1": [ok(text(full))]})
    with pytest.raises(Refused):
        adapter.push_note(NOTE, WRITE_KEY)
    assert [call.method for call in vendor.heard] == ["GET"]


@pytest.mark.req("S28")
def test_a_note_belongs_on_the_invoice_and_its_customer_when_they_live_in_this_account(clock: FakeClock) -> None:
    adapter = connected("http://127.0.0.1:9", clock)
    invoice, customer = ref(Kind.INVOICE, "in_1"), ref(Kind.CUSTOMER, "cus_1")
    elsewhere = Ref(ConnectionId("quickbooks"), Kind.INVOICE, "130")
    assert adapter.note_targets(invoice, customer) == (invoice, customer)
    assert adapter.note_targets(invoice, None) == (invoice,)
    assert adapter.note_targets(invoice, Ref(ConnectionId("quickbooks"), Kind.CUSTOMER, "9")) == (invoice,)
    assert adapter.note_targets(elsewhere, customer) == ()
    assert (adapter.note_limits().characters_max, adapter.note_limits().parts) == (500, False)


def test_a_note_on_anything_else_is_refused(serve: Serve) -> None:
    adapter, _, _ = serve({})
    with pytest.raises(Refused):
        adapter.push_note(replace(NOTE, target=ref(Kind.PAYMENT, "ch_1")), WRITE_KEY)
