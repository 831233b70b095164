"""adapters.stripe.notes: four keys of ours on the merchant's record, and nothing of theirs touched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stripe.notes import NOTE, NOTE_COUNT, NOTE_KEYS, NOTE_REF, changes, cut, note_metadata
from connector.errors import Refused
from connector.model.intent import WriteKey
from tests.stripe_rig import NOTE as PUSHED
from tests.stripe_rig import NOTE_METADATA, OP

KEY = WriteKey(op_id=OP)


@pytest.mark.req("S28")
def test_a_note_is_exactly_four_keys_under_our_prefix() -> None:
    assert note_metadata(PUSHED, KEY) == NOTE_METADATA
    assert NOTE_METADATA.keys() == NOTE_KEYS


@pytest.mark.req("S28")
def test_only_what_changed_is_written() -> None:
    assert changes({}, PUSHED, KEY) == NOTE_METADATA
    assert changes({**NOTE_METADATA, NOTE_COUNT: "2"}, PUSHED, KEY) == {NOTE_COUNT: "3"}


@pytest.mark.req("S28")
def test_a_note_that_already_stands_is_not_written_again() -> None:
    assert changes({"theirs": "1", **NOTE_METADATA}, PUSHED, KEY) == {}


@pytest.mark.req("S28")
def test_the_merchants_own_keys_are_never_among_what_is_written() -> None:
    theirs = {f"theirs_{number}": "x" for number in range(46)}
    assert changes(theirs, PUSHED, KEY).keys() == NOTE_KEYS


@pytest.mark.req("S28")
def test_a_record_without_room_for_four_keys_is_reported_and_left_alone() -> None:
    theirs = {f"theirs_{number}": "x" for number in range(47)}
    with pytest.raises(Refused) as caught:
        changes(theirs, PUSHED, KEY)
    assert "47 metadata keys" in caught.value.sentence


def test_a_full_record_that_already_holds_our_keys_takes_the_next_note() -> None:
    held = {**{f"theirs_{number}": "x" for number in range(46)}, **NOTE_METADATA}
    following = replace(PUSHED, text="No answer.", reference="contact-8", count=4)
    assert changes(held, following, WriteKey(op_id=OP)).keys() == {NOTE, NOTE_REF, NOTE_COUNT}


def test_an_older_note_does_not_take_the_place_of_a_newer_one() -> None:
    newer = note_metadata(replace(PUSHED, reference="contact-9", count=4), KEY)
    with pytest.raises(Refused):
        changes(newer, PUSHED, KEY)


@pytest.mark.req("S28")
@pytest.mark.parametrize(
    ("kept_to", "text"),
    [
        ("plain letters", "x" * 501),
        ("an accent set on its letter", "x" * 498 + "e\u0301" + "yyy"),
        ("a family of four joined into one picture", "x" * 497 + "\U0001f468\u200d\U0001f469\u200d\U0001f467 tail"),
        ("a thumb with its skin tone", "x" * 498 + "\U0001f44d\U0001f3fd" + "yyy"),
        ("a flag of two letters", "x" * 498 + "\U0001f1e8\U0001f1e6" + "yyy"),
    ],
)
def test_a_long_note_is_cut_between_two_characters_and_says_so(kept_to: str, text: str) -> None:
    short = cut(text)
    assert len(short) <= 500, kept_to
    assert short.endswith("…")
    assert text.startswith(short[:-1])
    following = text[len(short) - 1]
    assert following not in "\u0301\u200d\U0001f3fd\U0001f1e6"
    assert not short[:-1].endswith("\u200d")


@pytest.mark.req("S28")
def test_a_note_of_exactly_500_characters_is_kept_whole() -> None:
    assert cut("ü" * 500) == "ü" * 500


@given(st.text(max_size=1200))
def test_a_cut_note_is_a_beginning_of_the_note(text: str) -> None:
    short = cut(text)
    assert len(short) <= 500
    assert short == text or text.startswith(short.removesuffix("…"))


def test_a_count_that_somebody_typed_over_is_no_reason_to_fail() -> None:
    assert changes({NOTE_COUNT: "many"}, PUSHED, KEY) == NOTE_METADATA
