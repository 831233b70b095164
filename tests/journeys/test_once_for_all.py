"""Whatever is read again, applied again, lost, restored or run twice at once, the books hold everything once."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from connector.app.books import apply_plan, make_plan, sync_all
from tests.journeys import warm
from tests.journeys.firm import COMMAND_SECONDS, Firm, nothing, open_firm

WORLDS = Path(__file__).parent / "worlds"
REPLAYS, POSTED = 5, 5
APPLY = ("apply", "--yes")


def post_everything(firm: Firm, *, again: bool = False) -> int:
    """Read (from the beginning), plan and apply until a plan has no line; so many lines were planned."""
    planned = 0
    with firm.desk() as desk:
        sync_all(desk, nothing, again=again)
        while (made := make_plan(desk)).lines:
            planned += len(made.lines)
            apply_plan(desk, made, nothing, nothing)
    return planned


def held(firm: Firm) -> dict[str, object]:
    """What stands in both systems."""
    return {name: double.stand_in.dump(normalised=False) for name, double in firm.doubles.items()}


def asked(firm: Firm) -> list[str]:
    """Every write to the books that was asked for so far, by the address and our key of it."""
    return [
        f"{call.path} {call.first('requestid')}"
        for call in firm.heard
        if call.method == "POST" and call.path.startswith("/v3/company/")
    ]


@pytest.mark.req("F1")
@pytest.mark.parametrize("world", ["walk", "currencies", "till"])
def test_a_history_that_is_replayed_five_times_adds_nothing_to_the_books(tmp_path: Path, world: str) -> None:
    with open_firm(tmp_path, (WORLDS / f"{world}.world").read_text(encoding="utf-8")) as firm:
        firm.connect_quickly()
        assert post_everything(firm)
        before, written = held(firm), asked(firm)
        assert [post_everything(firm, again=True) for _ in range(REPLAYS)] == [0] * REPLAYS
        assert (held(firm), asked(firm)) == (before, written)


@pytest.mark.req("F5")
def test_a_plan_that_is_applied_again_changes_nothing_and_says_so(firm: Firm) -> None:
    firm.do("plan")
    firm.do(*APPLY)
    before, written = held(firm), asked(firm)
    again = firm.do(*APPLY)
    assert "0 written and read back, 5 were written before" in again.out
    assert (held(firm), asked(firm)) == (before, written)


@pytest.mark.req("F4")
def test_what_carries_our_mark_is_adopted_by_whoever_knows_nothing_of_having_written_it(
    firm: Firm, tmp_path: Path
) -> None:
    firm.do("plan")
    shutil.copytree(firm.home, tmp_path / "yesterday")
    firm.do(*APPLY)
    before, written = held(firm), asked(firm)
    assert len(written) == POSTED
    shutil.rmtree(firm.home)
    shutil.copytree(tmp_path / "yesterday", firm.home)  # a backup from before it was written
    firm.run(*APPLY)
    assert post_everything(firm) == 0
    assert (held(firm), asked(firm)) == (before, written)


@pytest.mark.req("F4")
def test_an_entry_whose_answer_never_came_is_adopted_by_the_next_run(firm: Firm) -> None:
    firm.do("plan")
    firm.run(*APPLY, crash_at="post.sent:3")
    written = asked(firm)
    firm.do(*APPLY)
    assert asked(firm)[: len(written)] == written
    assert max(Counter(asked(firm)).values()) == 1
    assert {each["TotalAmt"] for each in firm.marked("Payment", "PrivateNote")} == {"120", "250.5"}


@pytest.mark.req("F2")
@pytest.mark.parametrize("kind", ["drop-after", "drop-before", "status-after 502", "status-before 503", "truncate"])
def test_an_uncertain_entry_is_looked_for_by_our_key_before_it_is_repeated_and_nothing_is_deleted(
    firm: Firm, kind: str
) -> None:
    firm.faults("quickbooks", f"POST /v3/company/*/payment 1 {kind}")
    firm.do("plan")
    firm.heard.clear()
    firm.run(*APPLY)
    firm.do(*APPLY)
    with firm.desk() as desk:
        keys = [row.op_id for row in desk.store.outbox(desk.id) if row.kind == "payment"]
    uncertain = keys[0]
    about = [call for call in firm.heard if uncertain in call.target or uncertain in call.body.decode()]
    looked = [place for place, call in enumerate(about) if uncertain in call.first("query")]
    sent = [place for place, call in enumerate(about) if call.method == "POST"]
    assert looked
    assert all(looked[0] < place for place in sent[1:])
    assert not any("operation" in call.query and call.first("operation") != "update" for call in firm.heard)
    assert Counter(each["TotalAmt"] for each in firm.marked("Payment", "PrivateNote")) == {"120": 1, "250.5": 1}


@pytest.mark.req("F9")
def test_of_two_that_apply_at_once_one_waits_its_turn_and_no_entry_is_asked_for_by_both(firm: Firm) -> None:
    firm.do("plan")
    firm.heard.clear()
    firm.faults("quickbooks", "POST /v3/company/*/payment 0 slow-answer 0.3")
    given = {**os.environ, **firm.environment, "RECEIVABLES_HOME": str(firm.home), "RECEIVABLES_ACTOR": "dana"}
    with closing(warm.begin(APPLY, given)) as one, closing(warm.begin(APPLY, given)) as other:
        codes = sorted(each.wait(COMMAND_SECONDS) for each in (one, other))
        said = one.said()[1] + other.said()[1]
    assert codes[0] == 0
    assert codes[1] == 0 or "Another process works on" in said
    assert max(Counter(asked(firm)).values()) == 1
    assert len(asked(firm)) == POSTED
    firm.do(*APPLY)
    assert len(asked(firm)) == POSTED
