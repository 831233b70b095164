"""Replays, shuffles, duplicates, two workers and kills at random points, all at once and over real processes: in the
end both systems hold what one undisturbed run would have left."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.journeys.all_at_once import opened

FEW, MANY = 6, 200


@pytest.mark.req("M3")
@pytest.mark.parametrize(
    "kills", [pytest.param(FEW, marks=pytest.mark.gate), pytest.param(MANY, marks=pytest.mark.long)]
)
def test_whatever_comes_at_once_nothing_is_there_twice_and_nothing_is_lost(tmp_path: Path, kills: int) -> None:
    with opened(tmp_path, f"all at once {kills}") as story:
        story.begin()
        reference = story.end()
        while story.kills < kills:
            story.begin()
            story.disturbed()
            assert story.end() == reference, story.counted
    sys.stdout.write(f"{dict(story.counted)}\n")
    assert {"two at once", "received", "sync --again", "events told twice and shuffled"} <= set(story.counted)
    assert kills < MANY or story.counted["the server killed"]
