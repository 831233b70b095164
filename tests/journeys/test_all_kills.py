"""A process is killed (SIGKILL) at every boundary, in the middle of calls and at any moment, again and again; in the
end both systems hold what one undisturbed run would have left: nothing twice, nothing lost, the same to the cent.

`kill_scenes` makes the firms. Together the work of the scenes is every kind of write there is but a pay page, which a
payer's click opens, and the taking of what a payer approved: `test_link` and `test_link_captures` kill whoever does
that.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.app.house import ALL_BOUNDARIES
from connector.model.intent import IntentKind
from tests.journeys.kill_scenes import PREPARED, Kill, Scene, drawn, opened, passed

ELSEWHERE = frozenset({"log.contact-stored", "review.ruling-stored"}) | {
    f"link.{each}" for each in ("attempt-stored", "page-opened", "receipt-stored", "capture-stored", "captured")
}
"""Boundaries that other commands pass: each is killed in a journey of its own."""

FAULTED = frozenset({"post.faulted", "post.unsure", "post.looked-up"})
"""Boundaries that are passed only where something went wrong before."""

POSTED = ("payment", "purchase", "transfer", "deposit", "journalentry", "attachable")
FAULTS = ("drop-after", "drop-before", "truncate", "status-after 502", "status-before 503")
IN_A_ROW_MAX = 12
SHARES, QUOTA, FEW = 3, 85, 3
SWEPT = tuple(name for name in PREPARED if name != "hooks")


@contextmanager
def measured(folder: Path, name: str) -> Iterator[tuple[Scene, dict[str, object]]]:
    """A scene, and what an undisturbed run leaves."""
    with opened(folder, name) as scene:
        scene.until_quiet()
        reference = scene.left()
        scene.begin_anew()
        yield scene, reference


def ends_the_same(scene: Scene, reference: dict[str, object], story: object) -> None:
    """Run it until it is quiet: nothing is there twice, and nothing is lost."""
    scene.until_quiet()
    assert scene.left() == reference, story
    with scene.firm.desk() as desk:
        assert desk.store.verify(desk.id) == (), story


def disturb(scene: Scene, chance: random.Random) -> str:
    """Let some answer be lost, or some request."""
    kind = chance.choice(FAULTS)
    if scene.command[0] == "hooks":
        scene.firm.faults("stripe", f"POST /v1/webhook_endpoints 1 {kind}")
    else:
        lines = [f"POST /v3/company/*/{each} {chance.choice((1, 2))} {kind}" for each in chance.sample(POSTED, 2)]
        scene.firm.faults("quickbooks", "\n".join(lines))
        scene.firm.faults("stripe", f"POST /v1/invoices/* 1 {kind}")
    return kind


def kill_often(scene: Scene, reference: dict[str, object], chance: random.Random) -> None:
    """One story: some faults, several kills in a row of what goes on, and the end of it."""
    scene.begin_anew()
    story: list[object] = [disturb(scene, chance)] if chance.random() < 0.6 else []
    own = ("post.", "apply.") if scene.command[0] == "apply" else ("post.",)
    points = sorted(each for each in ALL_BOUNDARIES if each.startswith(own) and (story or each not in FAULTED))
    for _ in range(chance.randint(2, IN_A_ROW_MAX)):
        kill = drawn(chance, points, scene.rows)
        story.append(kill)
        if not scene.killed(kill):
            break
    ends_the_same(scene, reference, story)


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.gate if each == "small" else ()) for each in PREPARED]
)
def test_killed_anywhere_and_run_again_it_leaves_what_an_undisturbed_run_leaves(tmp_path: Path, name: str) -> None:
    with measured(tmp_path, name) as (scene, reference):
        chance = random.Random(f"{name} few")  # noqa: S311 - a seed, so that a failure can be looked into
        while scene.kills.total() < FEW:
            kill_often(scene, reference, chance)


@pytest.mark.req("F3")
@pytest.mark.parametrize(
    ("name", "share"),
    [
        pytest.param(name, share, marks=pytest.mark.long if share or name == "small" else pytest.mark.gate)
        for name in PREPARED
        for share in range(SHARES)
    ],
)
def test_killed_a_thousand_times_nothing_is_there_twice_and_nothing_is_lost(
    tmp_path: Path, name: str, share: int
) -> None:
    with measured(tmp_path, name) as (scene, reference):
        chance = random.Random(f"{name} {share}")  # noqa: S311 - a seed, so that a failure can be looked into
        while scene.kills.total() < QUOTA:
            kill_often(scene, reference, chance)
    told = dict(scene.kills.most_common())
    sys.stdout.write(f"{name}, seed {share}: {scene.kills.total()} kills: {told}\n")
    assert {"in a call"} <= set(scene.kills)


@pytest.mark.req("E18")
@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=pytest.mark.gate if each == "returned" else pytest.mark.long) for each in SWEPT]
)
def test_killed_at_each_passing_of_each_boundary_it_leaves_the_same(tmp_path: Path, name: str) -> None:
    with measured(tmp_path, name) as (scene, reference):
        points, seen = passed(scene), Counter[str]()
        for point in points:
            seen[point] += 1
            scene.begin_anew()
            kill = Kill(point=f"{point}:{seen[point]}")
            assert scene.killed(kill), kill
            ends_the_same(scene, reference, kill)
        sys.stdout.write(f"{name}: {len(seen)} boundaries, passed {len(points)} times, {scene.kills.total()} kills\n")
        assert scene.kills.total() == len(points)
        assert set(ALL_BOUNDARIES) - ELSEWHERE - FAULTED - seen.keys() == {
            each for each in ALL_BOUNDARIES if each.startswith("keys.")
        }


@pytest.mark.gate
def test_the_scenes_write_every_kind_of_write_there_is(tmp_path: Path) -> None:
    written: set[IntentKind] = set()
    for name in PREPARED:
        (tmp_path / name).mkdir()
        with opened(tmp_path / name, name) as scene:
            scene.until_quiet()
            with scene.firm.desk() as desk:
                written |= {row.kind for row in desk.store.outbox(desk.id)}
    # Pages, captures, links on invoices and refunds are killed in stories of their own.
    own = {IntentKind.PAY_PAGE, IntentKind.CAPTURE, IntentKind.LINK, IntentKind.REFUND}
    assert set(IntentKind) - written == own
