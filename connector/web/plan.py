"""The page of a plan: one file that can be sent to whoever has to agree, with nothing to load and nothing to run.

It says what would be written, what that does to the accounts, what each line stands on and what is left out. Every
amount is one that the plan or `connector.plan.groups` gave. What one page cannot hold is counted, with where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connector.app.approving import HASH_SHOWN
from connector.app.plans import PlanStanding, PlanState
from connector.model.finding import Finding
from connector.money import Money
from connector.plan import Effect, PlanLine
from connector.plan.groups import account_effects, amount_of, left_out_groups, line_groups
from connector.plan.lines import RECEIVABLE
from connector.web import words
from connector.web.sheets import sheets, style_source

STYLE = "plan.css"
LINES_SHOWN = 200
FINDINGS_SHOWN = 50
CUSTOMERS_SHOWN = 100
"""How many lines of a kind, findings of a reason, and customers the page holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A line as the template shows it."""

    number: int
    line: PlanLine
    amount: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """The lines of one processor and kind: as many as the page holds, and how many more there are."""

    connection: str
    title: str
    count: int
    sums: tuple[Money, ...]
    lines: tuple[_Line, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _LeftOut:
    """What is left out for one reason, likewise."""

    title: str
    count: int
    sums: tuple[Money, ...]
    findings: tuple[Finding, ...]
    more: int


def render_plan(company: str, standing: PlanStanding) -> str:
    """The whole page as one HTML text."""
    return (
        sheets()
        .get_template("plan.html")
        .render(company=company, style_source=style_source(STYLE), **plan_shown(standing))
    )


def plan_shown(standing: PlanStanding) -> dict[str, Any]:
    """What is shown of a plan, on whatever page."""
    made = standing.plan
    customers = [each for each in made.effects() if each.account.startswith(f"{RECEIVABLE}: ")]
    return {
        "made": made,
        "standing": standing,
        "headline": _headline(standing),
        "open": standing.state in (PlanState.MADE, PlanState.APPROVED, PlanState.PARTLY),
        "groups": _groups(made.lines),
        "effects": account_effects(made),
        "customers": [(_name(each), each.amount) for each in customers[:CUSTOMERS_SHOWN]],
        "customers_more": max(0, len(customers) - CUSTOMERS_SHOWN),
        "left_out": _left_out(made.left_out),
        "short_hash": standing.consent.plan_hash[:HASH_SHOWN],
    }


def _headline(standing: PlanStanding) -> str:
    count = words.counted(len(standing.plan.lines), "entry", "entries")
    match standing.state:
        case PlanState.EMPTY:
            return "Nothing to write"
        case PlanState.APPLIED:
            return f"Written: {count}"
        case PlanState.PARTLY:
            return f"Written in part: {standing.written} of {count}"
        case PlanState.UNDONE:
            return f"Written and taken back: {words.counted(standing.written, 'entry', 'entries')}"
        case PlanState.UNDONE_PARTLY:
            return f"Taken back in part: {standing.taken_back} of {words.counted(standing.written, 'entry', 'entries')}"
        case _:
            return f"{count} would be written"


def _name(effect: Effect) -> str:
    return effect.account.removeprefix(f"{RECEIVABLE}: ")


def _groups(lines: Sequence[PlanLine]) -> tuple[_Group, ...]:
    return tuple(
        _Group(
            connection=each.connection,
            title=words.opening(each.title),
            count=len(each.lines),
            sums=each.sums,
            lines=tuple(
                _Line(number=number, line=line, amount=amount_of(line)) for number, line in each.lines[:LINES_SHOWN]
            ),
            more=max(0, len(each.lines) - LINES_SHOWN),
        )
        for each in line_groups(lines)
    )


def _left_out(findings: Sequence[Finding]) -> tuple[_LeftOut, ...]:
    return tuple(
        _LeftOut(
            title=words.reason(each.code),
            count=len(each.findings),
            sums=each.sums,
            findings=each.findings[:FINDINGS_SHOWN],
            more=max(0, len(each.findings) - FINDINGS_SHOWN),
        )
        for each in left_out_groups(findings)
    )
