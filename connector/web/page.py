"""The page of the proof: one file to look at, with nothing to load and nothing to run.

It shows, for each company, what is overdue and by whom, what was received and not applied, whom to call today, and the
proof that books and connector agree. It writes no figure of its own: every amount is one that `connector.app` gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.app.figures import Proven, shown_of
from connector.app.proof import Proof
from connector.collect.worklist import WorkItem
from connector.model.finding import Finding
from connector.money import Money
from connector.web import words
from connector.web.picture import LABELS, Picture, pictures
from connector.web.questions import ASK, Group, groups, other_findings, sums
from connector.web.sheets import sheets, style_source

AGREE = "Books and connector agree to the cent"
DISAGREE = "Books and connector do not agree"
UNKNOWN = "Nothing contradicts, and not all is known"
STYLE = "page.css"
CALLS_SHOWN = 10
FIGURES_SHOWN = 4
"""How many calls of a company, and figures of a step, stand open; the rest are folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the demo's story: what was done, in a sentence, and the figures that came of it."""

    title: str
    sentence: str
    figures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """A debt to call about, in words."""

    debt: WorkItem
    why: str
    last: str
    said: str
    returns_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """One company as the template shows it; `anchor` is its place in the page."""

    anchor: str
    proof: Proof
    pictures: tuple[Picture, ...]
    overdue: tuple[Money, ...]
    groups: tuple[Group, ...]
    unsettled: tuple[Money, ...]
    unsettled_count: int
    others: tuple[Finding, ...]
    calls: tuple[_Visit, ...]
    peace: tuple[_Visit, ...]
    shown: Proven


def render(proofs: Sequence[Proof], *, steps: Sequence[Step]) -> str:
    """The whole page as one HTML text; `steps` is the story that led here, empty outside the demo."""
    sections = [_section(place, proof) for place, proof in enumerate(proofs, start=1)]
    return (
        sheets()
        .get_template("page.html")
        .render(
            sections=sections,
            steps=steps,
            holds=all(proof.holds and not proof.unknown for proof in proofs),
            agree=AGREE,
            disagree=DISAGREE if any(not proof.holds for proof in proofs) else UNKNOWN,
            unknown=UNKNOWN,
            labels=LABELS,
            fresh=_fresh(proofs),
            failed=sum(proof.failed for proof in proofs),
            calls_shown=CALLS_SHOWN,
            figures_shown=FIGURES_SHOWN,
            style_source=style_source(STYLE),
        )
    )


def _fresh(proofs: Sequence[Proof]) -> str:
    """How old the oldest of what is shown is."""
    moments = [proof.data_as_of for proof in proofs if proof.data_as_of is not None]
    return f"Data as of {words.moment(min(moments))}" if moments else ""


def _section(place: int, proof: Proof) -> _Section:
    drawn = pictures(proof.aging) if proof.aging is not None else ()
    asked = groups(proof)
    unsettled = [each for group in asked if group.stands == ASK for each in group.questions]
    return _Section(
        anchor=f"company-{place}",
        proof=proof,
        pictures=drawn,
        overdue=tuple(each.total.overdue for each in drawn if each.total.overdue.minor > 0),
        groups=asked,
        unsettled=sums(each.stake for each in unsettled),
        unsettled_count=len(unsettled),
        others=other_findings(proof),
        calls=tuple(_visit(each) for each in proof.today if each.due),
        peace=tuple(_visit(each) for each in proof.today if not each.due),
        shown=shown_of(proof),
    )


def _visit(debt: WorkItem) -> _Visit:
    return _Visit(
        debt=debt,
        why=words.why_now(debt),
        last=words.last_contact(debt.last),
        said=words.quoted(debt.last),
        returns_on=words.day(debt.returns_on) if debt.returns_on is not None else "",
    )
