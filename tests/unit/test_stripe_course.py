"""adapters.stripe.course and sweep: which part of an account is read next, from the first page on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.stripe import course
from adapters.stripe.course import Course, Feed, Met, Phase, Window
from adapters.stripe.sweep import LOT, NIGHT_MAX, Sweep

NAMES = ("customer", "invoice", "payment")
DAY = 86_400
NOW = 1_780_000_000


def event(ago: int, name: str) -> Met:
    return Met(at=NOW - ago, id=name)


def resting(**changed: object) -> Course:
    """An account that was read a minute ago, and swept an hour ago."""
    feed = Feed(anchor=event(4_000, "evt_a"), since=NOW - 660, polled=NOW - 60)
    at = Course(phase=Phase.REST, feed=feed, ledger=NOW - 5_000, swept=NOW - 3_600, swept_wide=NOW - 3_600)
    return replace(at, **changed)  # type: ignore[arg-type]


def test_a_walk_begins_with_every_list_up_to_the_mark_and_remembers_where_events_go_on() -> None:
    at = course.begun(NAMES, NOW, event(700, "evt_a"), mirrored=False)
    assert at.phase is Phase.WALK
    assert at.windows == tuple(Window(name=name, until=NOW) for name in NAMES)
    assert (at.feed.anchor, at.feed.polled) == (event(700, "evt_a"), NOW)


def test_the_phases_of_a_first_reading_are_walk_follow_ledger_and_rest() -> None:
    at = course.begun(NAMES, NOW, event(700, "evt_a"), mirrored=False)
    phases = [at.phase]
    at = course.read_on(at, ())
    phases.append(at.phase)
    at = course.followed(at, course.polled_on(at.feed, (), NOW + 5, more=False))
    phases.append(at.phase)
    at = course.tied(at, NOW - 50, NOW + 6)
    phases.append(at.phase)
    assert phases == [Phase.WALK, Phase.FOLLOW, Phase.LEDGER, Phase.REST]


def test_after_a_walk_of_what_was_mirrored_before_a_sweep_looks_for_what_has_vanished() -> None:
    at = course.read_on(course.begun(NAMES, NOW, None, mirrored=True), ())
    at = course.followed(at, course.polled_on(at.feed, (), NOW + 5, more=False))
    assert at.phase is Phase.SWEEP
    swept = course.sweeping(at, NAMES, NOW + 5)
    assert swept.windows == (
        *(Window(name="invoice", status=status) for status in ("draft", "open", "uncollectible")),
        Window(name="customer"),
    )


def test_a_page_and_its_window_go_and_a_walk_ends_with_its_last_window() -> None:
    at = course.begun(NAMES, NOW, None, mirrored=False)
    assert course.read_on(at, at.windows[1:]).phase is Phase.WALK
    assert course.read_on(at, at.windows[1:]).windows == at.windows[1:]
    assert course.read_on(at, ()).phase is Phase.FOLLOW


def test_a_window_goes_on_after_its_last_row() -> None:
    window = Window(name="invoice", since=100, until=900)
    assert course.parts(window, "in_5", 500, cut=False) == (
        Window(name="invoice", since=100, until=900, after="in_5", at=500),
    )


def test_what_is_left_of_a_window_is_cut_in_halves_that_miss_no_second_and_share_none() -> None:
    upper, lower = course.parts(Window(name="invoice", since=100, until=900), "in_5", 500, cut=True)
    assert upper == Window(name="invoice", since=301, until=900, after="in_5", at=500)
    assert lower == Window(name="invoice", since=100, until=300)


def test_a_window_without_a_beginning_keeps_none_in_its_older_half() -> None:
    upper, lower = course.parts(Window(name="invoice", until=NOW), "in_5", NOW - 10, cut=True)
    assert lower.since is None
    assert upper.since is not None
    assert lower.until == upper.since - 1


def test_a_window_of_one_second_is_not_cut() -> None:
    window = Window(name="invoice", since=500, until=900)
    assert len(course.parts(window, "in_5", 501, cut=True)) == 1


def test_a_window_whose_row_has_vanished_goes_on_with_the_second_in_which_that_was_created() -> None:
    window = Window(name="invoice", since=100, until=900, after="in_5", at=500)
    assert course.restarted(window) == Window(name="invoice", since=100, until=500)


def test_events_of_the_overlap_are_kept_and_the_newest_before_it_is_the_anchor() -> None:
    feed = Feed(anchor=event(5_000, "evt_a"), polled=NOW - 300)
    page = (event(10, "evt_e"), event(599, "evt_d"), event(600, "evt_c"), event(2_000, "evt_b"))
    after = course.polled_on(feed, page, NOW, more=False)
    assert after.anchor == event(600, "evt_c")
    assert [met.id for met in after.seen] == ["evt_d", "evt_e"]
    assert (after.polled, after.place) == (NOW, None)


def test_an_event_that_was_handed_over_is_not_handed_over_again() -> None:
    feed = Feed(anchor=event(5_000, "evt_a"), seen=(event(10, "evt_e"),), polled=NOW)
    page = (event(5, "evt_f"), event(10, "evt_e"))
    assert [met.id for met in course.fresh(feed, page)] == ["evt_f"]
    assert [met.id for met in course.polled_on(feed, page, NOW, more=False).seen] == ["evt_e", "evt_f"]


def test_a_poll_of_several_pages_goes_on_with_the_newest_event_and_is_as_old_as_its_first_page() -> None:
    feed = Feed(anchor=event(9_000, "evt_a"), polled=NOW - 9_000)
    first = course.polled_on(feed, (event(8_000, "evt_c"), event(8_500, "evt_b")), NOW, more=True)
    assert (first.place, first.polling, first.polled) == ("evt_c", NOW, NOW - 9_000)
    last = course.polled_on(first, (event(5, "evt_d"),), NOW + 30, more=False)
    assert (last.place, last.polling, last.polled) == (None, None, NOW)
    assert last.anchor == event(8_000, "evt_c")


def test_without_an_anchor_pages_go_back_in_time_and_the_next_poll_has_one() -> None:
    feed = Feed(since=NOW - 2_000, polled=NOW - 1_400)
    first = course.polled_on(feed, (event(5, "evt_d"), event(700, "evt_c")), NOW, more=True)
    assert (first.place, first.anchor, first.since) == ("evt_c", None, NOW - 2_000)
    last = course.polled_on(first, (event(900, "evt_b"), event(901, "evt_a")), NOW + 2, more=False)
    assert last.anchor == event(700, "evt_c")
    assert [met.id for met in last.seen] == ["evt_d"]


def test_a_quiet_account_asks_by_time_before_stripe_forgets_its_newest_event() -> None:
    feed = Feed(anchor=Met(at=NOW - 19 * DAY, id="evt_a"), since=NOW - 660, polled=NOW - 60)
    assert course.polled_on(feed, (), NOW, more=False).anchor is not None
    later = course.polled_on(feed, (), NOW + 2 * DAY, more=False)
    assert later.anchor is None
    assert later.since == NOW + 2 * DAY - course.OVERLAP_SECONDS


def test_an_anchor_that_is_old_when_a_walk_begins_is_not_taken() -> None:
    at = course.begun(NAMES, NOW, Met(at=NOW - 25 * DAY, id="evt_a"), mirrored=False)
    assert at.feed.anchor is None
    assert at.feed.since == NOW - course.OVERLAP_SECONDS


@pytest.mark.parametrize(("days", "missed"), [(28, False), (29, False), (30, True)])
def test_events_are_missed_after_more_than_29_days(days: int, *, missed: bool) -> None:
    assert course.gap(Feed(polled=NOW - days * DAY), NOW) is missed


def test_a_sweep_is_due_after_twenty_hours_and_a_wide_one_after_a_week() -> None:
    at = resting()
    assert not course.due(at)
    night = replace(at, swept=NOW - 21 * 3_600)
    assert course.due(night)
    lately = course.sweeping(night, NAMES, NOW)
    assert not lately.wide
    assert Window(name="payment", since=NOW - 21 * 3_600 - DAY, until=NOW) in lately.windows
    week = course.sweeping(replace(night, swept_wide=NOW - 7 * DAY), NAMES, NOW)
    assert week.wide
    assert Window(name="payment", since=NOW - 120 * DAY, until=NOW) in week.windows
    assert [window for window in week.windows if window.name == "customer"] == [Window(name="customer")]


def test_a_sweep_is_followed_by_another_poll_and_is_not_due_then() -> None:
    at = course.sweeping(resting(swept=NOW - 30 * 3_600), NAMES, NOW)
    at = course.read_on(at, ())
    assert at.phase is Phase.CONFIRM
    at = course.swept(at, {"attempt": "pi_9"})
    assert (at.phase, at.swept, at.swept_wide) == (Phase.FOLLOW, NOW, NOW - 3_600)
    assert not course.due(at)
    assert at.turns == {"attempt": "pi_9"}


def test_a_reading_that_was_interrupted_for_long_polls_once_more_before_it_rests() -> None:
    at = replace(resting(), phase=Phase.LEDGER)
    assert course.tied(at, None, NOW).phase is Phase.REST
    assert course.tied(at, None, NOW + 3_600).phase is Phase.FOLLOW


def test_a_ledger_that_is_far_behind_is_read_in_windows_and_then_the_balance_again() -> None:
    at = course.behind(replace(resting(), phase=Phase.LEDGER), "balance_entry", NOW)
    assert at.windows == (Window(name="balance_entry", since=NOW - 5_600, until=NOW),)
    after = course.caught_up(at, ())
    assert (after.phase, after.windows, after.ledger) == (Phase.LEDGER, (), NOW)


@pytest.mark.parametrize("cursor", [None, "", "{", "[]", '{"phase": "dance"}', '{"windows": [{"name": "stranger"}]}'])
def test_a_cursor_that_cannot_be_read_is_the_beginning(cursor: str | None) -> None:
    assert course.read(cursor, NAMES) == Course()


def test_a_course_survives_being_a_cursor() -> None:
    at = course.begun(NAMES, NOW, event(700, "evt_a"), mirrored=True)
    assert course.read(course.write(at), NAMES) == at
    assert course.read(course.write(resting(turns={"attempt": "pi_1"})), NAMES) == resting(turns={"attempt": "pi_1"})


def test_a_sweep_looks_at_what_is_here_and_was_not_met() -> None:
    sweep = Sweep(NOW, {})
    sweep.meet("invoice", ["in_1", "in_3"])
    sweep.compare({"invoice": {"in_1", "in_2"}, "refund": {"re_1"}})
    assert sweep.lot() == (("invoice", "in_2"), ("refund", "re_1"))
    assert sweep.over


def test_a_sweep_looks_at_what_changed_with_what_it_met_unless_that_was_met_too() -> None:
    sweep = Sweep(NOW, {})
    sweep.meet("payment", ["ch_1"])
    sweep.want("payment", ["ch_1", "ch_2"])
    sweep.compare({"refund": {"re_1"}})
    assert sweep.lot() == (("payment", "ch_2"), ("refund", "re_1"))


def test_a_sweep_looks_at_what_is_doubted_although_it_was_met() -> None:
    sweep = Sweep(NOW, {})
    sweep.meet("customer", ["cus_1", "cus_2"])
    sweep.compare({"customer": {"cus_1", "cus_2"}}, doubted={"customer": {"cus_2"}})
    assert sweep.lot() == (("customer", "cus_2"),)


def test_a_sweep_hands_out_lots_until_nothing_is_left() -> None:
    sweep = Sweep(NOW, {})
    sweep.compare({"refund": {f"re_{number}" for number in range(LOT + 1)}})
    assert len(sweep.lot()) == LOT
    assert not sweep.over
    assert len(sweep.lot()) == 1
    assert sweep.over


def test_of_too_many_unfinished_ones_each_night_takes_its_turn_and_all_are_looked_at() -> None:
    carts = {f"pi_{number:05}" for number in range(2 * NIGHT_MAX + 10)}
    looked: set[str] = set()
    turns: dict[str, str] = {}
    for _ in range(3):
        sweep = Sweep(NOW, turns)
        sweep.compare({"attempt": carts})
        night = []
        while not sweep.over:
            night += [vendor_id for _, vendor_id in sweep.lot()]
        assert len(night) == NIGHT_MAX
        looked.update(night)
        turns = dict(sweep.turns)
    assert looked == carts


def test_kinds_that_must_be_looked_at_whole_are_not_taken_in_turns() -> None:
    sweep = Sweep(NOW, {})
    sweep.compare({"customer": {f"cus_{number}" for number in range(NIGHT_MAX + 1)}}, whole=("customer",))
    count = 0
    while not sweep.over:
        count += len(sweep.lot())
    assert count == NIGHT_MAX + 1
