"""The two companies every test here is run in, and the last lines that say what was found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.quickbooks_desk import Desk, at_sandbox, at_stand_in


@pytest.fixture(params=["stand-in", "sandbox"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A company to write to: the stand-in's always, Intuit's sandbox when the environment has its keys."""

    def record(name: str, value: object) -> None:
        request.node.user_properties.append((name, str(value)))

    opened = at_stand_in(tmp_path, record) if request.param == "stand-in" else at_sandbox(record)
    with opened as found:
        yield found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each thing found."""
    reports = [one for many in terminalreporter.stats.values() for one in many if isinstance(one, pytest.TestReport)]
    lines = sorted({str(value) for one in reports for name, value in one.user_properties if name == "quickbooks"})
    if lines:
        terminalreporter.section("What was found of QuickBooks")
        for line in lines:
            terminalreporter.write_line(line)
