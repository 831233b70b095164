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
def test_the_same_holds_on_all_settings_that_were_held_back_together() -> None:
    """Of every receipt with a true allocation whose items are still open, whether anything came to mind or not."""
    found = Seen()
    for profile in HELD_BACK.values():
        look(world(profile, 10_000, 8), found)
    assert found.first_of_all >= 0.80
    assert found.within_of_all >= 0.93
    assert expected_error(found.said_of_decisions) <= 0.01
    assert expected_error(found.said_of_proposals) <= 0.05


@pytest.mark.long
@pytest.mark.parametrize("profile", HELD_BACK)
def test_on_each_of_them_the_first_is_mostly_right(profile: str) -> None:
    found = seen(HELD_BACK[profile], 10_000, 8)
    assert found.first_of_all >= 0.80
    assert expected_error(found.said_of_decisions) <= 0.01


def test_the_table_counts_no_more_right_than_seen() -> None:
    assert all(0 <= right <= all_ for right, all_ in (*DECISIONS.values(), *PROPOSALS.values()))


def test_every_sort_of_idea_was_measured() -> None:
    never_seen = {sort.value for sort in Sort if (sort.value,) not in PROPOSALS}
    assert never_seen <= {"named-some", "key-over"}
