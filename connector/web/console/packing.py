"""Archives that are made in the background, as errands: the audit pack with its page, and everything of a company."""

from __future__ import annotations

from collections.abc import Mapping

from connector.app.archives import pack_audit, pack_everything
from connector.app.errands import Outcome, Work
from connector.app.house import Desk
from connector.model.person import ErrandKind
from connector.sync import Progress
from connector.web.audit import render
from connector.web.words import counted


def _audit(desk: Desk, about: str, progress: Progress) -> Outcome:
    progress("collecting and checking", 0)
    made = pack_audit(desk, about, render)
    found, writes = made.found, sum(len(run.receipts) for run in made.found.runs)
    decisions = counted(len(found.evidence), "decision")
    return Outcome(
        said=(
            f"{counted(len(found.runs), 'plan')}, {counted(writes, 'write')}, {decisions} with evidence.",
            f"Signed by {made.signature.public_key}." if made.signature is not None else _UNSIGNED,
            f"The journal ended then at {found.head}.",
            *(f"The journal is not whole: {each}" for each in found.problems),
        ),
        leads_to=made.path.name,
        left=bool(found.problems),
    )


_UNSIGNED = "Every file in it is hashed; it is not signed, because this installation has no key yet."


def _export(desk: Desk, _about: str, progress: Progress) -> Outcome:
    progress("writing everything", 0)
    path, made = pack_everything(desk)
    rows = sum(each.rows for each in made.files)
    return Outcome(
        said=(
            f"{counted(len(made.files), 'file')}, {counted(rows, 'line')}; contents.json lists them with their sums.",
            f"The journal ended then at {made.head}.",
        ),
        leads_to=path.name,
    )


PACKING: Mapping[ErrandKind, Work] = {ErrandKind.AUDIT: _audit, ErrandKind.EXPORT: _export}
"""How they are made."""
