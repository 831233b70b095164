"""A past period looked at once more: money never applied, what stands twice, and what to do about it. Over the books
that are connected as work in the background; over files that somebody sends, at once. Nothing is written by a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from fastapi.responses import Response

from connector import registry
from connector.app.exports.gathered import Asked, Gathered, gathered
from connector.app.exports.shadowed import UNTOLD, over_files
from connector.app.looking import Found, LookedAt, days_of, looked_last, told
from connector.app.shadow import Looked, in_order
from connector.dates import BusinessDate, business_date
from connector.errors import ReceivablesError, UserError
from connector.exports.days import ORDERS
from connector.model.person import ErrandKind, Role
from connector.reconcile.cash.case import Policy
from connector.web import words
from connector.web.console.bank import chosen, on_disk
from connector.web.console.drawing import page
from connector.web.console.ways import Visit, act, look

SHOWN_OF_KIND = 100
"""So many of one kind are shown."""


def show(visit: Visit) -> Response:
    """The look before, and the form for another."""
    return _show(visit, looked_last(visit.desk))


def _show(
    visit: Visit,
    found: LookedAt | None,
    fault: ReceivablesError | None = None,
    files: Gathered | None = None,
) -> Response:
    guest = visit.guest
    sent = guest.form is not None
    return page(
        visit,
        "clean_up.html",
        "Clean-up",
        room="proof",
        wrong=fault,
        found=found,
        sums=[(words.reason(each.code), each) for each in found.sums] if found is not None else [],
        kinds=list(_kinds(found.rows)) if found is not None else [],
        files=files,
        has_books=any(visit.desk.spec(each).keeps_books for each in visit.desk.connections()),
        orders=ORDERS,
        given={name: guest.given(name, 100) if sent else "" for name in ("start", "end", "currency", "dates")},
    )


def _kinds(rows: Sequence[Found]) -> Iterator[tuple[str, list[Found], int]]:
    """What was found, by its kind: the heading, the first of them, and how many there are."""
    for code, each in groupby(sorted(rows, key=lambda row: (row.code, row.on)), key=lambda row: row.code):
        own = list(each)
        yield words.reason(code), own[:SHOWN_OF_KIND], len(own)


def look_now(visit: Visit) -> Response:
    """Look at a period of the books, in the background."""
    try:
        about = _period(visit)
    except UserError as fault:
        return _show(visit, looked_last(visit.desk), fault)
    return visit.send(ErrandKind.SHADOW, about)


def _period(visit: Visit) -> str:
    """The days of the form, as an errand names them."""
    typed = (visit.guest.given(name, 10) or "-" for name in ("start", "end"))
    about = " ".join(typed)
    days_of(about)
    return about


def propose(visit: Visit) -> Response:
    """Plan what of it is ours to put right. `wrong` names the entries of ours that are wrong of two."""
    wrong = visit.guest.given("wrong", 1_000).replace(",", " ").split()
    return visit.send(ErrandKind.CLEAN_UP, " ".join((_period(visit), *wrong)))


def over_sent(visit: Visit) -> Response:
    """The same look over exports, as they were downloaded. They are looked at, and not kept."""
    try:
        files, found = _looked(visit)
    except UserError as fault:
        return _show(visit, None, fault)
    return _show(visit, found, files=files)


def _looked(visit: Visit) -> tuple[Gathered, LookedAt]:
    guest = visit.guest
    typed = {name: guest.given(name, 10) for name in ("start", "end")}
    start, end = (business_date(each) if each else None for each in typed.values())
    last: BusinessDate = end or visit.desk.today
    in_order(start or last, last)
    dates = guest.given("dates", 3)
    if dates not in ("", *ORDERS):
        raise UserError(f"{dates!r} is no order of dates.", next_step=f"Choose one of {', '.join(ORDERS)}.")
    exports = [registry.by_path(spec.exports) for spec in registry.specs().values() if spec.exports is not None]
    with on_disk(chosen(visit, "Choose the reports and exports as you downloaded them, unedited.")) as paths:
        asked = Asked(
            folder=paths[0].parent,
            policy=Policy(terms=True),
            currency=guest.given("currency", 3).upper(),
            dates=dates,
        )
        files = gathered(asked, exports)
        if files is None:
            raise UserError(
                "What you sent is no export of books or of a processor.",
                next_step="Send the report of open invoices of your books, and the payments of your processor.",
            )
        found = over_files(files.cases, start, last)
    return files, told(Looked(company=visit.desk.company.name, shadow=found, unset=(UNTOLD,)), None)


WAYS = (
    look("clean-up", show),
    act("clean-up", Role.PREPARE, look_now),
    act("clean-up/plan", Role.PREPARE, propose),
    act("clean-up/files", Role.PREPARE, over_sent, takes_files=True),
)
