"""The bank account by its statements: files taken in, and what each line of money is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi.responses import Response

from connector.app.house import Desk
from connector.app.statements import Imported, bring
from connector.dates import business_date
from connector.errors import ReceivablesError, UserError
from connector.model.firm import Connection
from connector.model.person import Role
from connector.web.console.drawing import page
from connector.web.console.ways import Upload, Visit, act, look, shown_again
from connector.web.words import counted

SHOWN_MAX = 300
FILES_MAX = 24
SETTLED = frozenset({"applied", "payout"})
FATES: dict[str, tuple[str, str]] = {
    "applied": ("good", "in the books"),
    "payout": ("good", "a payout"),
    "decided": ("wait", "a plan writes it"),
    "listed": ("bad", "needs you"),
    "lost": ("bad", "unexplained"),
}
"""What became of a line: how it is shown, and in which words."""

_UNSAFE = re.compile(r"[^\w.-]+")


def show(visit: Visit, fault: ReceivablesError | None = None, done: Imported | None = None) -> Response:
    """What came in, the newest first: what is not settled; by `?all=yes` everything."""
    desk = visit.desk
    every = visit.guest.asked("all") == "yes"
    accounts = at_bank(desk)
    found = visit.guest.tools.glass.bank(desk) if accounts else ()
    shown = [each for each in found if every or each.fate not in SETTLED]
    return page(
        visit,
        "bank.html",
        "Bank",
        wrong=fault,
        accounts=[(each, desk.spec(each).title) for each in accounts],
        rows=[(each, business_date(each.on), *FATES.get(each.fate, ("wait", each.fate))) for each in shown[:SHOWN_MAX]],
        count=len(shown),
        settled=sum(each.fate in SETTLED for each in found),
        every=every,
        done=done,
    )


def at_bank(desk: Desk) -> tuple[Connection, ...]:
    """The connections that are read from statements."""
    return tuple(each for each in desk.connections() if desk.spec(each).is_bank)


def take(visit: Visit) -> Response:
    """Take statements in, all or none, and read what is new in them."""
    done = _brought(visit, chosen(visit, "Choose a statement as your bank gave it, unedited."))
    if done.synced.findings:
        return show(visit, done=done)
    new = done.synced.counts.get("payment")
    came = counted(new.new if new is not None else 0, "new payment")
    said = f"{counted(len(done.files), 'statement')} taken in: {came}."
    return visit.to("bank", said=said)


def chosen(visit: Visit, what: str) -> list[Upload]:
    """The files that were sent. UserError: there are none, with what to choose, or too many."""
    sent = [each for each in visit.guest.files if each.body]
    if not sent:
        raise UserError("No file was chosen.", next_step=what)
    if len(sent) > FILES_MAX:
        raise UserError(f"{len(sent)} files are too many at once.", next_step=f"Choose at most {FILES_MAX}.")
    return sent


def one_chosen(visit: Visit, what: str, bytes_max: int) -> Upload:
    """The one file that was sent. UserError: there is none, there are several, or it is too large."""
    sent = chosen(visit, what)
    if len(sent) > 1 or len(sent[0].body) > bytes_max:
        raise UserError(f"One file of at most {bytes_max >> 20} MB is looked at.", next_step="Choose one.")
    return sent[0]


def _brought(visit: Visit, sent: list[Upload]) -> Imported:
    with on_disk(sent) as paths:
        wanted = visit.guest.given("account", 60) or None
        return bring(visit.desk, [str(each) for each in paths], wanted, lambda *_: None)


@contextmanager
def on_disk(sent: Sequence[Upload]) -> Iterator[list[Path]]:
    """What was sent as the readers of files want it, in a folder of its own, for as long as they look at it. Two of one
    name, such as the exports of two systems, are told apart by a number."""
    with TemporaryDirectory(prefix="receivables-") as outside:
        folder, paths = Path(outside) / "what you sent", list[Path]()
        folder.mkdir()
        for place, each in enumerate(sent, start=1):
            path = folder / safe(each.name)
            paths.append(folder / f"{place}-{path.name}" if path.exists() else path)
            paths[-1].write_bytes(each.body)
        yield paths


def safe(name: str) -> str:
    """The end of a file's name, which says what it is, with nothing in it that leads elsewhere."""
    return _UNSAFE.sub("-", Path(name.replace("\\", "/")).name)[-80:].lstrip(".-") or "statement"


WAYS = (
    look("bank", show),
    act("bank", Role.PREPARE, shown_again(take, show), takes_files=True),
)
