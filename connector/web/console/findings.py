"""What waits for a person beside payments: writes that did not go through, rows that do not add up, what was seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi.responses import Response

from connector import canonical
from connector.app.books import unfinished
from connector.app.conflicting import Shown, keep
from connector.app.letters import drop, retry
from connector.app.parked import REFUSED, parked
from connector.errors import Refused, UserError
from connector.model.finding import Finding
from connector.model.person import ErrandKind, Role
from connector.model.source import OpId
from connector.money import Money, by_currency
from connector.web import words
from connector.web.console.drawing import page
from connector.web.console.steps import linked
from connector.web.console.ways import Visit, act, look

ROWS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The findings of one reason."""

    title: str
    rows: tuple[Finding, ...]
    count: int
    sums: tuple[Money, ...]


def show(visit: Visit) -> Response:
    """All of it, the most pressing first."""
    desk = visit.desk
    return page(
        visit,
        "findings.html",
        "Findings",
        parked=parked(desk.store.outbox_left(desk.id)),
        refused=REFUSED,
        unfinished=len(unfinished(desk)),
        conflicts=sum(
            each.word is None and not each.conflict.is_settled for each in visit.guest.tools.glass.conflicts(desk)
        ),
        notices=desk.store.notices(desk.id),
        untied=_groups(desk.store.quarantined(desk.id)),
        groups=_groups(desk.store.findings(desk.id)),
    )


def conflicting(visit: Visit) -> Response:
    """Money of which both sides say something else since it was posted: three values each, and one click."""
    every = visit.guest.tools.glass.conflicts(visit.desk)
    waits = [each for each in every if each.word is None and not each.conflict.is_settled]
    chosen = [each for each in every if each.word is not None]
    return page(
        visit,
        "conflicts.html",
        "Changed on both sides",
        room="findings",
        waits=[(each, _mark(each)) for each in waits],
        chosen=chosen,
        settled=len(every) - len(waits) - len(chosen),
        amount=visit.guest.given("amount", 30) if visit.guest.form is not None else "",
    )


def _mark(each: Shown) -> str:
    """Exactly what was seen."""
    return canonical.digest(each.conflict.state.encode())


def choose(visit: Visit) -> Response:
    """Say which side stands, of exactly what was shown."""
    guest = visit.guest
    about, entry, side = guest.given("about"), guest.given("entry"), guest.given("side", 20)
    every = visit.guest.tools.glass.conflicts(visit.desk)
    held = [each for each in every if (str(each.conflict.about), str(each.conflict.entry)) == (about, entry)]
    if len(held) != 1 or _mark(held[0]) != guest.given("mark"):
        raise Refused("What was shown is not what both sides say now.", next_step="Look again: receivables conflicts")
    alone = sum(str(each.conflict.about) == about for each in every) == 1
    done = keep(visit.desk, about if alone else entry, side, guest.given("amount", 30) or None)
    after = "No plan touches it any more." if side == "books" else "The next plan has it."
    by_hand = f" {done.conflict.by_hand}" if side == "processor" and done.conflict.by_hand else ""
    return visit.to("conflicts", said=f"Kept for {done.conflict.about.vendor_id}. {after}{by_hand}")


def _groups(found: Iterable[Finding]) -> list[Group]:
    by_code: dict[str, list[Finding]] = {}
    for each in found:
        by_code.setdefault(each.code, []).append(each)
    return [
        Group(
            title=words.reason(code),
            rows=tuple(rows[:ROWS_MAX]),
            count=len(rows),
            sums=tuple(by_currency(each.amount for each in rows if each.amount is not None).values()),
        )
        for code, rows in by_code.items()
    ]


def dismiss(visit: Visit) -> Response:
    """Somebody has looked at it, and needs no more."""
    number = visit.guest.given("number")
    if not number.isdecimal():
        raise UserError("Nothing was chosen.", next_step="Choose one: receivables findings")
    gone = visit.desk.store.dismiss(visit.desk.id, int(number), visit.desk.actor)
    return visit.to("findings", said=f"Dismissed: {gone.finding.sentence}")


def again(visit: Visit) -> Response:
    """A write that was refused is planned anew, or its note sent again."""
    said = retry(visit.desk, OpId(visit.guest.given("op")))
    return visit.to("findings", said=_in_words(said))


def let_be(visit: Visit) -> Response:
    """Nobody is told of it any more; its money stays listed."""
    return visit.to("findings", said=_in_words(drop(visit.desk, OpId(visit.guest.given("op")))))


def _in_words(said: str) -> str:
    """The same without the names of commands: there is a page for each."""
    return linked(said, "").striptags()


def carry_on(visit: Visit) -> Response:
    """Carry out what earlier work left unfinished: looked up first, and repeated where it is absent."""
    return visit.send(ErrandKind.APPLY)


WAYS = (
    look("findings", show),
    look("conflicts", conflicting),
    act("conflicts", Role.PREPARE, choose),
    act("findings/dismiss", Role.PREPARE, dismiss),
    act("findings/carry-on", Role.APPROVE, carry_on),
    act("findings/retry", Role.PREPARE, again),
    act("findings/drop", Role.APPROVE, let_be),
)
