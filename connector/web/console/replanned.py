"""What another setting would make different, shown before it is stored: lines of the plan that waits, and entries that
are in the books and stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from connector import canonical
from connector.app.replanning import under
from connector.model.firm import Connection, MatchingRules
from connector.web.console.drawing import page
from connector.web.console.ways import Visit

SHOWN_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody has chosen and not confirmed yet.

    `what`: of what, what it was, what it is to be. `fields` are those of the form as they were sent; `mark` names
    exactly the setting before and after.
    """

    to: str
    title: str
    what: Sequence[tuple[str, str, str]]
    fields: Mapping[str, str | tuple[str, ...]]
    mark: str


def mark(before: object, after: object) -> str:
    """Exactly this change of exactly what stood there."""
    return canonical.digest(canonical.encode([before, after]))


def ask(
    visit: Visit, choice: Choice, *, connection: Connection | None = None, rules: MatchingRules | None = None
) -> Response | None:
    """The page that shows what would be different, with the button that stores it; None where nothing is."""
    changes = under(visit.desk, connection=connection, rules=rules)
    if not changes.any:
        return None
    fields = [(name, each) for name, value in choice.fields.items() for each in _each(value)]
    runs = list(dict.fromkeys(str(each.row.plan_id) for each in changes.posted))
    return page(
        visit,
        "replanned.html",
        "What would be different",
        room="setup",
        tab=choice.to,
        choice=choice,
        fields=fields,
        changes=changes,
        lines=changes.lines[:SHOWN_MAX],
        posted=changes.posted[:SHOWN_MAX],
        runs=runs,
        shown_max=SHOWN_MAX,
    )


def _each(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
