"""The viewer of an audit pack: one page beside the data, with nothing to load, to run or to install.

It says who asked for what, what was written, what was read back, what each line stands on, and what vouches for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.app.auditing import Audit, Run, evidence_file, plan_file
from connector.app.keeping import Kept
from connector.model.source import Ref
from connector.money import grouped
from connector.plan import PlanLine
from connector.store import OutboxRow
from connector.web.sheets import sheets, style_source

STYLE = "audit.css"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A line of a plan with its receipt, in words. `evidence` are pairs of where it says so and what it says."""

    number: int
    sentence: str
    effects: tuple[tuple[str, str], ...]
    evidence: tuple[tuple[str, str], ...]
    kept: str
    kept_in: str
    receipt: OutboxRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A run as the template shows it."""

    run: Run
    file: str
    parts: tuple[_Part, ...]
    done: int


def render(audit: Audit) -> str:
    """The whole page as one HTML text."""
    return (
        sheets()
        .get_template("audit.html")
        .render(
            audit=audit,
            sections=[_section(run, audit.evidence) for run in audit.runs],
            style_source=style_source(STYLE),
        )
    )


def _section(run: Run, evidence: Mapping[Ref, Kept]) -> _Section:
    receipts = {row.op_id: row for row in run.receipts}
    return _Section(
        run=run,
        file=plan_file(run.plan.plan_id),
        parts=tuple(
            _part(number, line, evidence, receipts.get(line.op_id))
            for number, line in enumerate(run.plan.lines, start=1)
        ),
        done=sum(row.answer is not None for row in run.receipts),
    )


def _part(number: int, line: PlanLine, evidence: Mapping[Ref, Kept], receipt: OutboxRow | None) -> _Part:
    about = line.intent.about
    kept = evidence.get(about)
    return _Part(
        number=number,
        sentence=line.sentence,
        effects=tuple((effect.account, grouped(effect.amount)) for effect in line.effects),
        evidence=tuple((f"{each.ref} {each.field}", each.says) for each in line.evidence),
        kept=kept.line.sentence if kept is not None else "",
        kept_in=evidence_file(about) if kept is not None else "",
        receipt=receipt,
    )
