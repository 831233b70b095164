"""What a processor paid out, with what each payout consists of to the cent; and where its money stands."""

from __future__ import annotations

from fastapi.responses import Response

from connector.app.payouts import Payouts
from connector.app.payouts import payout as look_up
from connector.reconcile.clearing import IN_WORDS
from connector.reconcile.payouts import Verdict
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, look

SHOWN_MAX = 100
LINES_MAX = 500
VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.TIES: ("good", "adds up"),
    Verdict.DOES_NOT_TIE: ("bad", "does not add up"),
    Verdict.INCOMPLETE: ("bad", "a line is missing"),
    Verdict.NOT_YET: ("wait", "not said yet"),
    Verdict.NEVER: ("wait", "never said"),
}
"""How an explanation is shown, and in which words."""


def show(visit: Visit) -> Response:
    """The list, the latest first, and where the money of each connection stands."""
    everything: Payouts = visit.guest.tools.glass.payouts(visit.desk)
    titles = {each.connection_id: visit.desk.spec(each).title for each in visit.desk.connections()}
    return page(
        visit,
        "payouts.html",
        "Payouts",
        room="proof",
        rows=[(each, *VERDICTS[each.verdict]) for each in everything.explanations[:SHOWN_MAX]],
        count=len(everything.explanations),
        standings=[(each, titles.get(each.connection, each.connection)) for each in everything.standings],
        rest_words=IN_WORDS,
        findings=everything.findings,
    )


def one(visit: Visit) -> Response:
    """One payout, line by line."""
    told, names = look_up(visit.desk, visit.guest.asked("id"))
    tone, verdict = VERDICTS[told.verdict]
    return page(
        visit,
        "payout.html",
        f"Payout {told.payout.vendor_id}",
        room="proof",
        told=told,
        names=names,
        tone=tone,
        verdict=verdict,
        lines_max=LINES_MAX,
    )


WAYS = (look("payouts", show), look("payout", one))
