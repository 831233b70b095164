"""The process is killed (SIGKILL, no farewell) at every named point, and the same command is run again."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from connector.app.house import ALL_BOUNDARIES
from tests.journeys.firm import KILLED, Firm

ELSEWHERE = frozenset({"log.contact-stored", "review.ruling-stored"}) | {
    f"link.{each}" for each in ("attempt-stored", "page-opened", "receipt-stored", "capture-stored", "captured")
}
"""Points that other commands than `apply` pass; each has its own test below."""

DOUBTFUL = frozenset({"post.faulted", "post.unsure", "post.looked-up"})
"""Points that are passed only when an answer is lost."""

APPLY_POINTS = sorted(name for name in set(ALL_BOUNDARIES) - ELSEWHERE if not name.startswith("keys."))
RUNS_MAX = 4
WRITES = {"Payment": 2, "Purchase": 2, "Transfer": 1}


def run_until_quiet(firm: Firm, *command: str) -> None:
    for _ in range(RUNS_MAX):
        if firm.run(*command).code == 0:
            return
    raise AssertionError(f"{command} is not quiet after {RUNS_MAX} runs")


def marks(firm: Firm, entity: str, field_name: str) -> Counter[str]:
    """How often each of our marks stands in the doubles' own objects."""
    texts = [str(each[field_name]) for each in firm.marked(entity, field_name)]
    return Counter(text.rpartition("receivables op=")[2].split()[0] for text in texts)


def once_each(firm: Firm) -> None:
    for entity, expected in WRITES.items():
        found = marks(firm, entity, "PrivateNote")
        assert len(found) == expected, f"{entity}: {found}"
        assert set(found.values()) == {1}, f"{entity}: {found}"
    assert firm.open_balances() == {"W-1": 0, "W-2": 80, "W-3": 0, "W-4": 0}


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("point", [each for each in APPLY_POINTS if each.startswith("post.") and each not in DOUBTFUL])
def test_apply_killed_while_posting_writes_each_object_once(firm: Firm, point: str, nth: int) -> None:
    firm.do("plan")
    assert firm.run("apply", "--yes", crash_at=f"{point}:{nth}").code == KILLED
    run_until_quiet(firm, "apply", "--yes")
    once_each(firm)
    firm.do("verify")


def test_apply_that_goes_on_after_a_kill_tells_what_was_written_before_from_what_was_not(firm: Firm) -> None:
    firm.do("plan")
    assert firm.run("apply", "--yes", crash_at="post.done:2").code == KILLED
    assert "3 written and read back, 2 were written before" in firm.do("apply", "--yes").out


@pytest.mark.parametrize("point", [each for each in APPLY_POINTS if not each.startswith("post.")])
def test_apply_killed_around_posting_writes_each_object_once(firm: Firm, point: str) -> None:
    firm.do("plan")
    assert firm.run("apply", "--yes", crash_at=point).code == KILLED
    run_until_quiet(firm, "apply", "--yes")
    once_each(firm)
    firm.do("verify")


@pytest.mark.parametrize("entity", ["payment", "purchase", "transfer"])
@pytest.mark.parametrize("point", sorted(DOUBTFUL))
def test_apply_killed_after_a_lost_answer_writes_each_object_once(firm: Firm, point: str, entity: str) -> None:
    firm.faults("quickbooks", f"POST /v3/company/*/{entity} 1 drop-after")
    firm.do("plan")
    first = firm.run("apply", "--yes", crash_at=point)
    second = firm.run("apply", "--yes", crash_at=point) if first.code != KILLED else first
    assert KILLED in (first.code, second.code)
    run_until_quiet(firm, "apply", "--yes")
    once_each(firm)


@pytest.mark.parametrize("kind", ["drop-after", "drop-before", "truncate", "status-after 502", "status-before 503"])
def test_a_lost_or_broken_answer_writes_each_object_once(firm: Firm, kind: str) -> None:
    name, _, argument = kind.partition(" ")
    for entity in ("payment", "purchase", "transfer"):
        firm.faults("quickbooks", f"POST /v3/company/*/{entity} 1 {name} {argument}")
    firm.do("plan")
    run_until_quiet(firm, "apply", "--yes")
    once_each(firm)


def test_a_logged_contact_whose_process_dies_is_noted_once_and_not_lost(firm: Firm) -> None:
    words = ("log", "W-2", "--outcome", "no-answer", "--said", "rang out", "--yes")
    assert firm.run(*words, crash_at="log.contact-stored").code == KILLED
    assert firm.books("Attachable") == []
    firm.do("plan")
    run_until_quiet(firm, "apply", "--yes")
    notes = firm.marked("Attachable", "Note")
    assert len(notes) == 1
    assert "rang out" in notes[0]["Note"]
    assert len(firm.do("contacts", "--json").json) == 1


@pytest.mark.req("Q33")
@pytest.mark.parametrize("point", ["post.before-sending", "post.sending", "post.sent", "post.read-back", "post.done"])
def test_a_note_exists_once_after_a_crash_anywhere(firm: Firm, point: str) -> None:
    words = ("log", "W-2", "--outcome", "voicemail", "--said", "left a message", "--yes")
    assert firm.run(*words, crash_at=point).code == KILLED
    firm.do("plan")
    run_until_quiet(firm, "apply", "--yes")
    run_until_quiet(firm, "apply", "--yes")
    assert len(firm.marked("Attachable", "Note")) == 1


def test_an_unsure_write_waits_for_its_settle_time_and_is_not_repeated_before(firm: Firm) -> None:
    firm.faults("quickbooks", "POST /v3/company/*/payment 1 drop-before")
    firm.do("plan")
    slow = {"RECEIVABLES_SETTLE_PAYMENT": "3600"}
    first = firm.run("apply", "--yes", **slow)
    assert first.code == 1
    assert "It is looked up before it is repeated: receivables apply, not before 2" in first.out
    posts = [path for method, path, _ in firm.doubles["quickbooks"].calls if method == "POST" and "/payment" in path]
    again = firm.run("apply", "--yes", **slow)
    assert again.code == 1
    assert [
        path for method, path, _ in firm.doubles["quickbooks"].calls if method == "POST" and "/payment" in path
    ] == posts
    status: Any = firm.run("status", "--json", **slow).json
    assert status["outbox"]["unsure"] == 1
    assert status["unsure_age_seconds"] is not None
