"""The two companies every test here is run in, and the last lines that say what was found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox import stripe_desk
from tests.sandbox.quickbooks_desk import Desk, at_sandbox, at_stand_in


@pytest.fixture(params=["stand-in", "sandbox"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A company to write to: the stand-in's always, Intuit's sandbox when the environment has its keys."""

    def record(name: str, value: object) -> None:
        request.node.user_properties.append((name, str(value)))

    opened = at_stand_in(tmp_path, record) if request.param == "stand-in" else at_sandbox(record)
    with opened as found:
        yield found


@pytest.fixture(params=["stand-in", "test-account"])
def account(request: pytest.FixtureRequest) -> Iterator[stripe_desk.Desk]:
    """A Stripe account to write to: the stand-in's always, a real test account when the environment has its key."""

    def record(name: str, value: object) -> None:
        request.node.user_properties.append((name, str(value)))

    opened = stripe_desk.at_stand_in if request.param == "stand-in" else stripe_desk.at_account
    with opened(record) as found:
        yield found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each thing found."""
    reports = [one for many in terminalreporter.stats.values() for one in many if isinstance(one, pytest.TestReport)]
    for name, title in (("quickbooks", "QuickBooks"), ("stripe", "Stripe")):
        lines = sorted({str(value) for one in reports for told, value in one.user_properties if told == name})
        if lines:
            terminalreporter.section(f"What was found of {title}")
            for line in lines:
                terminalreporter.write_line(line)
