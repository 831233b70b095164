"""Pages are saved whole or not at all, once, and a page that brings nothing costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.errors import LeaseLost, StoreCorrupt, StoreError, UnknownRecord
from connector.model.mirror import Gone, GoneState, Mirrored
from connector.model.source import CompanyId, ConnectionId, Kind, Ref
from connector.store import Author, Counts, Store
from tests.clocks import FakeClock
from tests.unit.store_ground import (
    ACME,
    ANN,
    OTHER,
    STRIPE,
    by_hand,
    found,
    gone,
    invoice,
    page,
    ready,
    ref,
    save,
    seen,
    statements,
)  # fmt: skip


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        yield made


def test_a_page_says_what_was_new_changed_unchanged_and_gone(store: Store) -> None:
    assert save(store, page(seen(1), seen(2), seen(3), seen(4))) == Counts(new=4)
    again = save(store, page(seen(1), seen(2, still_open=50), gone(3), seen(5), cursor="c2"))
    assert again == Counts(new=1, changed=1, unchanged=1, gone=1)


def test_a_record_comes_back_as_it_was_handed_over(store: Store) -> None:
    save(store, page(seen(1)))
    held = store.record(ACME, ref(1))
    assert held is not None
    assert (held.ref, held.record, held.version, held.gone) == (ref(1), invoice(1), "1", None)
    assert store.raw(ACME, ref(1)) == seen(1).raw


def test_what_was_never_seen_is_none(store: Store) -> None:
    assert store.record(ACME, ref(9)) is None
    assert store.raw(ACME, ref(9)) is None
    assert store.cursor(ACME, STRIPE, "invoices") is None


def test_a_record_stored_after_the_question_was_asked_is_left_alone(store: Store) -> None:
    save(store, page(seen(1), seen(2)))
    asked = Author(ACME, ANN, asked_at=store.head(ACME)[0])
    save(store, page(seen(1, still_open=50), cursor="c2"))
    late = page(seen(1), seen(2, still_open=70))
    assert store.save_pages(asked, STRIPE, None, [late]) == Counts(changed=1, overtaken=1)
    assert [held.record for number in (1, 2) if (held := store.record(ACME, ref(number)))] == [
        invoice(1, still_open=50),
        invoice(2, still_open=70),
    ]
    again = replace(asked, asked_at=store.head(ACME)[0])
    assert store.save_pages(again, STRIPE, None, [page(seen(1, still_open=40))]) == Counts(changed=1)


def test_a_cursor_is_that_of_the_last_page(store: Store) -> None:
    save(store, page(seen(1), cursor="c1", more=True), page(seen(2), cursor="c2"))
    assert store.cursor(ACME, STRIPE, "invoices") == "c2"


def test_a_document_whose_keys_moved_replaces_the_document_and_is_no_change(store: Store) -> None:
    save(store, page(seen(1, raw=b'{"a":1,"b":2}')))
    assert save(store, page(seen(1, raw=b'{"b":2,"a":1}'))) == Counts(unchanged=1)
    assert store.raw(ACME, ref(1)) == b'{"b":2,"a":1}'


def test_the_same_document_is_the_same_record_and_is_not_looked_at(store: Store) -> None:
    save(store, page(seen(1, raw=b"{}")))
    assert save(store, page(seen(1, 50, raw=b"{}"))) == Counts(unchanged=1)
    assert save(store, page(seen(1, raw=b"{}")), again=True) == Counts(unchanged=1)


def test_read_again_a_change_of_the_model_alone_keeps_the_document_where_it_is(store: Store) -> None:
    save(store, page(seen(1, raw=b"{}")))
    assert save(store, page(seen(1, 50, raw=b"{}")), again=True) == Counts(changed=1)
    assert store.raw(ACME, ref(1)) == b"{}"
    assert store.verify(ACME) == ()


def test_two_records_of_one_document_share_it(store: Store) -> None:
    document = b'{"id":"both"}' * 50
    charge = Mirrored(ref=ref(1, Kind.PAYMENT), version="1", raw=document, record=Gone(state=GoneState.MERGED))
    save(store, page(seen(1, raw=document), charge))
    assert store.raw(ACME, ref(1)) == store.raw(ACME, ref(1, Kind.PAYMENT)) == document
    assert store.verify(ACME) == ()


def test_the_same_record_twice_in_a_page_counts_once_and_the_last_wins(store: Store) -> None:
    assert save(store, page(seen(1, 100), seen(1, 40), seen(1, 40))) == Counts(new=1, changed=1, unchanged=1)
    held = store.record(ACME, ref(1))
    assert held is not None
    assert held.record == invoice(1, 40)
    assert store.verify(ACME) == ()


def test_a_tombstone_hides_a_record_until_it_comes_back(store: Store) -> None:
    save(store, page(seen(1), seen(2)))
    save(store, page(gone(1)))
    assert [each.ref for each in store.records(ACME, Kind.INVOICE)] == [ref(2)]
    hidden = [each for each in store.records(ACME, Kind.INVOICE, include_gone=True) if each.gone]
    assert [(each.ref, each.gone) for each in hidden] == [(ref(1), GoneState.DELETED)]
    assert save(store, page(gone(1))) == Counts(unchanged=1)
    assert save(store, page(seen(1))) == Counts(changed=1)
    assert len(list(store.records(ACME, Kind.INVOICE))) == 2


def test_records_come_in_order_of_their_keys_however_many(store: Store) -> None:
    save(store, page(*(seen(number) for number in reversed(range(2500)))))
    assert [each.ref.vendor_id for each in store.records(ACME, Kind.INVOICE)] == [
        ref(number).vendor_id for number in range(2500)
    ]


def test_records_can_be_those_of_one_connection(store: Store) -> None:
    save(store, page(seen(1)))
    theirs = replace(seen(1), ref=Ref(ConnectionId("second"), Kind.INVOICE, "x"))
    store.save_pages(Author(ACME, ANN), ConnectionId("second"), "invoices", [page(theirs)])
    assert [each.ref for each in store.records(ACME, Kind.INVOICE, STRIPE)] == [ref(1)]
    assert len(list(store.records(ACME, Kind.INVOICE))) == 2


def test_two_companies_hold_equal_ids_apart(store: Store) -> None:
    found(store, OTHER)
    save(store, page(seen(1, 100)))
    save(store, page(seen(1, 7)), company=OTHER)
    mine, theirs = store.record(ACME, ref(1)), store.record(OTHER, ref(1))
    assert mine is not None
    assert theirs is not None
    assert (mine.record, theirs.record) == (invoice(1, 100), invoice(1, 7))
    assert (store.verify(ACME), store.verify(OTHER)) == ((), ())


def test_the_time_of_the_last_look_is_known_even_when_it_brought_nothing(store: Store, clock: FakeClock) -> None:
    save(store, page(seen(1)))
    clock.pass_seconds(60)
    save(store, page(seen(1)))
    assert store.freshness(ACME) == {(STRIPE, "invoices"): clock.now()}


def test_a_page_takes_six_statements_at_most_with_a_lease_and_without(store: Store) -> None:
    lease = store.acquire(ACME, "books:acme", "test", 60)
    for held, first in ((None, 0), (lease, 500)):
        with statements(store) as heard:
            save(store, page(*(seen(first + number) for number in range(300))), lease=held)
        assert len(heard) <= 6, heard


def test_an_unchanged_page_writes_nothing_but_its_cursor(store: Store) -> None:
    pages = page(*(seen(number) for number in range(100)))
    save(store, pages)
    before = store.head(ACME)
    with statements(store) as heard:
        assert save(store, pages) == Counts(unchanged=100)
    assert [each.split()[2] for each in heard if each.startswith(("INSERT", "UPDATE", "DELETE"))] == ["cursor"]
    assert store.head(ACME) == before


def test_no_page_is_no_statement(store: Store) -> None:
    with statements(store) as heard:
        assert save(store) == Counts()
    assert heard == []


def test_a_process_that_lost_its_lease_stores_nothing(store: Store) -> None:
    lost = store.acquire(ACME, "books:acme", "first", 0)
    taken = store.acquire(ACME, "books:acme", "second", 60)
    assert taken is not None
    with pytest.raises(LeaseLost):
        save(store, page(seen(1)), lease=lost)
    assert store.record(ACME, ref(1)) is None
    assert store.cursor(ACME, STRIPE, "invoices") is None
    assert save(store, page(seen(1)), lease=taken) == Counts(new=1)


def test_a_page_for_a_company_that_is_not_here_is_refused_in_words(store: Store) -> None:
    with pytest.raises(UnknownRecord, match="no company 'nobody'"):
        save(store, page(seen(1)), company=CompanyId("nobody"))


def test_a_record_of_another_connection_in_a_page_is_refused(store: Store) -> None:
    foreign = replace(seen(1), ref=Ref(ConnectionId("quickbooks"), Kind.INVOICE, "1"))
    with pytest.raises(StoreError, match="not its own"):
        save(store, page(foreign))


def test_text_that_a_database_cannot_hold_survives_in_the_record(store: Store) -> None:
    odd = replace(seen(1), record=replace(invoice(1), number="A\0B\U0001f600"))
    save(store, page(odd))
    held = store.record(ACME, ref(1))
    assert held is not None
    assert held.record == odd.record
    assert store.verify(ACME) == ()


def test_columns_altered_by_hand_are_counted_and_computed_again(store: Store) -> None:
    save(store, page(*(seen(number) for number in range(20))))
    assert store.rebuild(ACME) == 0
    by_hand(store, "UPDATE mirror SET open_minor = 1 WHERE vendor_id IN ('invoice_000003', 'invoice_000004')")
    assert store.rebuild(ACME) == 2
    assert store.rebuild(ACME) == 0
    assert store.verify(ACME) == ()


def test_a_document_that_was_altered_is_not_handed_out(store: Store) -> None:
    save(store, page(seen(1)))
    by_hand(store, "UPDATE mirror SET content_hash = record_hash")
    with pytest.raises(StoreCorrupt, match="altered"):
        store.raw(ACME, ref(1))


def test_a_record_that_was_altered_beyond_reading_is_refused_in_words(store: Store) -> None:
    save(store, page(seen(1)))
    by_hand(store, "UPDATE mirror SET record = content_hash")
    with pytest.raises(StoreCorrupt, match="cannot be read"):
        store.record(ACME, ref(1))
