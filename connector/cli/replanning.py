"""What another setting would make different, told before it is stored, and a question where it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli.output import confirm, say, table

if TYPE_CHECKING:
    from connector.app.house import Desk
    from connector.app.replanning import Changes
    from connector.model.firm import Connection, MatchingRules

SHOWN_MAX = 40


def agreed_to(
    at: Desk,
    *,
    connection: Connection | None = None,
    rules: MatchingRules | None = None,
    yes: bool,
    quiet: bool,
) -> None:
    """Show what would be different, and ask. Silent where nothing is. `quiet`: ask only."""
    from connector.app.replanning import under

    changes = under(at, connection=connection, rules=rules)
    if not changes.any:
        return
    if not quiet:
        _show(changes)
    confirm("Change the setting?", yes=yes, otherwise="Nothing was changed")


def _show(changes: Changes) -> None:
    if changes.lines:
        rows = [(str(each.number), each.before.sentence, each.then) for each in changes.lines[:SHOWN_MAX]]
        more = f" (the first {SHOWN_MAX})" if len(changes.lines) > SHOWN_MAX else ""
        title = f"{len(changes.lines)} lines of {changes.plan_id} would be different{more}"
        table(title, ("#", "now", "then"), rows, right=(0,))
    if changes.added:
        say(f"A new plan would have {changes.added} lines that there are none for now.")
    if changes.lines:
        say(f"{changes.plan_id} itself does not change. Make a new one afterwards: receivables plan")
    if changes.posted:
        shown = [
            (str(each.row.plan_id), str(each.row.line), each.row.subject, each.why)
            for each in changes.posted[:SHOWN_MAX]
        ]
        more = f" (the first {SHOWN_MAX})" if len(changes.posted) > SHOWN_MAX else ""
        title = f"{len(changes.posted)} entries of the books would be others now{more}"
        table(title, ("plan", "#", "entry", "why"), shown, right=(1,))
        runs = list(dict.fromkeys(str(each.row.plan_id) for each in changes.posted))
        named = f"receivables undo {runs[0]}" + (f" (and {len(runs) - 1} plans more)" if len(runs) > 1 else "")
        say(f"They stay as they are. To take them back: {named}")
