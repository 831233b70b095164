"""What is said of decisions and proposals is so: on worlds that the table was not fitted on."""

from __future__ import annotations

import pytest

from connector.reconcile.cash.frequencies import DECISIONS, PROPOSALS
from connector.reconcile.cash.sorts import Sort
from tests.bench.cash.calibrate import Seen, expected_error, look
from tests.bench.cash.settings import HELD_BACK, PROFILES, Profile
from tests.bench.cash.world import world


def seen(profile: Profile, receipts: int, seed: int) -> Seen:
    found = Seen()
    look(world(profile, receipts, seed), found)
    return found


@pytest.mark.parametrize("profile", ["equal", "subs"])
def test_proposals_are_mostly_right_and_as_often_as_they_say(profile: str) -> None:
    found = seen(PROFILES[profile], 1_500, 7)
    assert found.first_right >= 0.80
    assert found.within_right >= 0.93
    assert expected_error(found.said_of_decisions) <= 0.01


@pytest.mark.long
@pytest.mark.req("R11")
def test_the_same_holds_on_settings_that_were_held_back() -> None:
    """Of every receipt with a true allocation whose items are still open, whether anything came to mind or not."""
    each = [seen(profile, 10_000, 8) for profile in HELD_BACK.values()]
    assert [
        round(expected_error(one.said_of_decisions), 4) for one in each if expected_error(one.said_of_decisions) > 0.01
    ] == []
    open_ = sum(one.open for one in each)
    assert sum(one.first_of_open for one in each) >= 0.80 * open_
    assert sum(one.within_of_open for one in each) >= 0.93 * open_
    assert expected_error([said for one in each for said in one.said_of_decisions]) <= 0.01
    assert expected_error([said for one in each for said in one.said_of_proposals]) <= 0.05


def test_the_table_counts_no_more_right_than_seen() -> None:
    assert all(0 <= right <= all_ for right, all_ in (*DECISIONS.values(), *PROPOSALS.values()))


def test_every_sort_of_idea_was_measured() -> None:
    never_seen = {sort.value for sort in Sort if (sort.value,) not in PROPOSALS}
    assert never_seen <= {"named-some", "key-over"}
