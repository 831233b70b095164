"""Companies that are shared out to several processes are decided as by one, whatever becomes of the others."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from connector.app.folder import read_cases
from connector.app.matching import Wanted, decided
from connector.reconcile.cash.case import Policy
from tests.bench.cash import files
from tests.bench.cash.settings import PROFILES
from tests.bench.cash.world import world

CHILDREN = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")


def children() -> set[int]:
    """The processes that this one has begun."""
    return set(map(int, CHILDREN.read_text(encoding="utf-8").split()))


def nobody(_what: str, _done: int, _expected: int | None = None) -> None:
    """Is not told."""


@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_write_what_one_writes(tmp_path: Path, processes: int) -> None:
    files.write(tmp_path, world(PROFILES["smb"], 1_400, 3))
    cases = read_cases(tmp_path, Policy(terms=True))
    everything = Wanted(findings=True, evidence=True, proposals=True)
    assert len(cases) > 1
    assert decided(cases, everything, nobody, processes) == decided(cases, everything, nobody, 1)


@pytest.mark.skipif(not CHILDREN.exists(), reason="this system does not list a process's children")
def test_what_a_process_that_was_ended_has_not_done_is_done_all_the_same(tmp_path: Path) -> None:
    files.write(tmp_path, world(PROFILES["smb"], 1_400, 3))
    cases = read_cases(tmp_path, Policy(terms=True))
    others, ended = children(), set[int]()

    def ends_them(_what: str, _done: int, _expected: int | None = None) -> None:
        if not ended:
            ended.update(children() - others)
            for one in ended:
                os.kill(one, signal.SIGKILL)

    found = decided(cases, Wanted(), ends_them, 2)
    assert len(ended) == 1
    assert found == decided(cases, Wanted(), nobody, 1)
