"""Which event told of a record: the latest, of that connection alone, found by its record and not by its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.store import Store
from connector.store.inbox import Addressed
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, BOOKS, OTHER, STRIPE, found, ready
from tests.unit.test_inbox import addressed, hint


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        found(made, OTHER)
        yield made


def test_the_latest_event_about_any_of_the_records_is_named(store: Store, clock: FakeClock) -> None:
    store.add_hints(addressed(1, 2))
    clock.pass_seconds(1)
    store.add_hints([Addressed(ACME, BOOKS, replace(hint(1), key="event-later"))])
    assert store.event_about(ACME, BOOKS, ["1", "2"]) == "event-later"
    assert store.event_about(ACME, BOOKS, ["2"]) == "event-002"
    assert store.event_about(ACME, BOOKS, []) is None


def test_an_event_about_another_record_connection_or_company_or_about_everything_is_not(store: Store) -> None:
    store.add_hints(
        [
            Addressed(ACME, BOOKS, replace(hint(11), merged_into="1")),
            Addressed(ACME, BOOKS, replace(hint(3), kind=None, vendor_id=None)),
            Addressed(ACME, STRIPE, hint(1)),
            Addressed(OTHER, BOOKS, hint(1)),
        ]
    )
    assert store.event_about(ACME, BOOKS, ["1"]) is None
