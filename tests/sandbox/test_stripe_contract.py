"""What the Stripe adapter relies on, held against two accounts: the stand-in's, and a real test account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from adapters.stripe.wire import VERSION
from connector.errors import NotFound, Refused, Rejected
from connector.model.mirror import Mirrored
from connector.model.money_in import AttemptState, Payment
from connector.model.party import Profile
from connector.model.source import Kind, Ref
from tests.sandbox.desk import new_key
from tests.sandbox.stripe_desk import MARK_KEY, Desk, may_write
from tests.stripe_rig import CONNECTION


def of_kind(records: Mapping[Ref, Mirrored], kind: Kind) -> dict[str, Mirrored]:
    return {ref.vendor_id: one for ref, one in records.items() if ref.kind is kind}


def test_the_account_says_who_it_is_and_that_its_money_is_not_real(account: Desk) -> None:
    records, _, _ = account.read("profile")
    profiles = [one.record for one in records.values() if isinstance(one.record, Profile)]
    assert [profile.live for profile in profiles] == [False]


def test_every_answer_names_our_version_its_own_time_and_a_request_id(account: Desk) -> None:
    headers = {name.lower(): text for name, text in account.send("GET", "balance").headers.items()}
    assert headers["stripe-version"] == VERSION
    assert headers["date"].endswith("GMT")
    assert headers["request-id"].startswith("req_")


def test_the_probes_of_permissions_change_nothing_and_find_the_reads_allowed(account: Desk) -> None:
    assert [line.sentence for line in account.adapter.check() if not line.ok] == []
    for line in account.adapter.may_write():
        if not line.ok:
            account.report(f"Write permission {line.name}:", line.sentence)


def test_everything_is_read_to_the_end_and_a_second_reading_brings_nothing_new(account: Desk) -> None:
    records, cursor, pages = account.read("books")
    for sentence in sorted({found.sentence for page in pages for found in page.findings}):
        account.report("While everything was read:", sentence)
    assert of_kind(records, Kind.BALANCE_ENTRY) or not of_kind(records, Kind.PAYMENT)
    calls = account.budget.taken
    again, _, _ = account.read("books", cursor)
    changed = {ref: one for ref, one in again.items() if ref not in records or records[ref].raw != one.raw}
    assert changed == {}
    account.report("A reading without news took", f"{account.budget.taken - calls} calls.")


def test_a_payments_fee_and_net_come_with_it(account: Desk) -> None:
    charge = account.payment()
    page = account.adapter.look([Ref(CONNECTION, Kind.PAYMENT, charge)])
    [payment] = [one.record for one in page.records if one.ref.vendor_id == charge]
    assert isinstance(payment, Payment)
    assert payment.gross.minor == 3000
    assert payment.fee is not None
    assert payment.net == payment.gross - payment.fee


@pytest.mark.parametrize("kind", [Kind.CUSTOMER, Kind.INVOICE])
def test_a_note_stands_once_touches_no_other_key_and_is_found(account: Desk, kind: Kind) -> None:
    may_write(account)
    vendor_id = account.customer() if kind is Kind.CUSTOMER else account.invoice()
    path = f"{kind}s/{vendor_id}"
    account.made(path, {"metadata[theirs]": "1"})
    note, key = account.note(kind, vendor_id, f"{account.mark}: pays on Friday."), new_key()
    account.adapter.push_note(note, key)
    assert [one.text for one in account.adapter.find_notes(note, key)] == [note.text]
    calls = account.budget.taken
    account.adapter.push_note(note, key)
    assert account.budget.taken == calls + 1, "a note that stands is read and not written again"
    held = account.send("GET", path).json["metadata"]
    assert held["theirs"] == "1"
    assert held["receivables_note"] == note.text
    longer = replace(note, text="\u00e9" * 600, reference="contact-2", count=2)
    account.adapter.push_note(longer, new_key())
    assert len(account.send("GET", path).json["metadata"]["receivables_note"]) == 500


def test_what_we_wrote_is_among_what_changed_since(account: Desk) -> None:
    may_write(account)
    customer = account.customer()
    _, cursor, _ = account.read("books")
    account.made(f"customers/{customer}", {f"metadata[{MARK_KEY}]": account.mark})
    ref = Ref(CONNECTION, Kind.CUSTOMER, customer)
    found = account.eventually(lambda: account.read("books", cursor)[0], lambda seen: ref in seen)
    if account.stand_in and ref not in found:
        pytest.skip("The stand-in tells of a customer only when it is changed by its own moves.")
    assert account.mark.encode() in found[ref].raw


def test_one_key_opens_one_page_which_is_found_by_our_mark_and_closed(account: Desk) -> None:
    may_write(account)
    intent, key = account.page(), new_key()
    assert account.adapter.find_pages(intent, key) == ()
    first, again = account.adapter.open_page(intent, key), account.adapter.open_page(intent, key)
    account.to_close(first.ref.vendor_id)
    assert first.ref == again.ref
    assert (first.amount, first.methods) == (intent.amount, ("card",))
    found = account.eventually(lambda: account.adapter.find_pages(intent, key), bool)
    assert [page.ref for page in found] == [first.ref]
    assert account.adapter.page_state(first.ref.vendor_id).state is AttemptState.OFFERED
    closed = account.adapter.expire_page(first.ref.vendor_id)
    assert (closed.state, closed.url) == (AttemptState.EXPIRED, None)
    assert account.adapter.expire_page(first.ref.vendor_id).state is AttemptState.EXPIRED


def test_a_key_that_was_used_for_something_else_is_refused(account: Desk) -> None:
    may_write(account)
    key = new_key()
    account.to_close(account.adapter.open_page(account.page(), key).ref.vendor_id)
    with pytest.raises(Rejected):
        account.adapter.open_page(account.page("99.00"), key)


def test_what_is_not_there_is_not_found(account: Desk) -> None:
    with pytest.raises(NotFound):
        account.adapter.find_notes(account.note(Kind.CUSTOMER, "cus_nobodyatall", "x"), new_key())
    with pytest.raises(NotFound):
        account.adapter.page_state("cs_test_nothingatall")


def test_what_must_not_be_sent_is_not_sent(account: Desk) -> None:
    calls = account.budget.taken
    with pytest.raises(Refused):
        account.adapter.page_state("")
    assert account.budget.taken == calls
