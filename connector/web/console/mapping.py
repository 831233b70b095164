"""How a bank's own CSV or XLSX is read: a file is sent, its columns are chosen, what that makes of it is seen, and then
it is kept. The statements that are taken in on the page Bank are read so from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.responses import Response

from connector.app.bank_mapping import Sheet, Tried, keep_mapping, mapped, sheet_of, tried
from connector.errors import ReceivablesError, UserError
from connector.exports.days import ORDERS
from connector.exports.mapping import BankMapping
from connector.model.firm import Connection
from connector.model.person import Role
from connector.web.console.bank import on_disk, one_chosen
from connector.web.console.drawing import page
from connector.web.console.ways import Upload, Visit, act, look

SAMPLE_BYTES_MAX = 4 * 1024 * 1024
TEXTS_MAX = 3
_WORDS_MAX = 200
SINGLE: tuple[tuple[str, str, str], ...] = (
    ("date", "The day", "of the booking"),
    ("amount", "The amount", "with its sign; or the two below instead"),
    ("credit", "Money in", "where in and out have a column each"),
    ("debit", "Money out", "where in and out have a column each"),
    ("sign", "In or out", "a column with a word for it, such as C and D"),
    ("payer", "Who paid", ""),
    ("account", "Their account", "an IBAN"),
    ("id", "The bank's own number", "of the booking"),
    ("balance", "The balance after it", "with it every amount is checked"),
    ("currency_column", "The currency", "where it has a column"),
)
"""What a column may be: the mapping's name for it, and in words."""

_TRY_AGAIN = "Choose other columns, and look again."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """The choice as the page shows it: by the names of a mapping."""

    single: Mapping[str, str]
    text: tuple[str, ...]
    money_in: str
    money_out: str
    currency: str
    decimal: str
    dates: str


def show(visit: Visit) -> Response:
    """Send a file first."""
    return _show(visit)


def _show(
    visit: Visit,
    sample: Upload | None = None,
    form: _Form | None = None,
    seen: Tried | None = None,
    fault: ReceivablesError | None = None,
) -> Response:
    sheet: Sheet | None = None
    if sample is not None:
        with on_disk([sample]) as (path,):
            sheet = sheet_of(path, _home(visit))
        form = form or _proposed(sheet, _home(visit))
    return page(
        visit,
        "mapping.html",
        "How a bank's file is read",
        room="bank",
        wrong=fault,
        sample=sample,
        sheet=sheet,
        unknown=[each.partition(": write ")[0] for each in sheet.open_questions] if sheet is not None else [],
        chosen=form,
        seen=seen,
        single=SINGLE,
        texts=range(TEXTS_MAX),
        orders=ORDERS,
        accounts=[(each, visit.desk.spec(each).title) for each in mapped(visit.desk)],
    )


def _home(visit: Visit) -> str:
    """The currency that lines have which do not say it: the account's, where there is one account."""
    found = mapped(visit.desk)
    held = visit.desk.store.secrets(visit.desk.id, found[0].connection_id) if len(found) == 1 else {}
    return held.get("currency", str(visit.desk.company.home_currency))


def take(visit: Visit) -> Response:
    """Keep the file in mind, and show its first lines with what they might be."""
    try:
        sent = one_chosen(visit, "Choose a CSV or XLSX as your bank gave it, unedited.", SAMPLE_BYTES_MAX)
        with on_disk([sent]) as (path,):
            sheet_of(path, _home(visit))
    except UserError as fault:
        return _show(visit, fault=fault)
    visit.guest.tools.samples.leave(visit.guest.session, sent)
    return visit.to("bank/map/columns")


def columns(visit: Visit) -> Response:
    """The columns to be chosen, as they are proposed; without a file in mind one is asked for."""
    return _show(visit, _sample(visit))


def _sample(visit: Visit) -> Upload | None:
    return visit.guest.tools.samples.held(visit.guest.session)


def choose(visit: Visit) -> Response:
    """What the choice makes of the file; or keep it, as it was seen."""
    sample, form = _sample(visit), _sent(visit)
    if sample is None:
        return visit.to("bank/map", said="The file is not in mind any more: send it again.")
    keeping = visit.guest.given("do", 10) == "keep"
    try:
        with on_disk([sample]) as (path,):
            sheet = sheet_of(path, _home(visit))
            wanted = _mapping(form, sheet)
            seen = tried(path, wanted)
    except UserError as fault:
        return _show(visit, sample, form, fault=UserError(fault.sentence, next_step=_TRY_AGAIN))
    if not keeping:
        return _show(visit, sample, form, seen)
    try:
        return _kept(visit, wanted)
    except ReceivablesError as fault:
        return _show(visit, sample, form, seen, fault)


def _kept(visit: Visit, wanted: BankMapping) -> Response:
    of = _account(visit)
    with visit.guest.tools.open_house() as house:
        house.actor = visit.desk.actor
        path = keep_mapping(house, visit.desk, wanted, of)
    if of is None:
        said = f"Kept as {path}. Connect the bank account now, and name that file there as its mapping."
        return visit.to("connections", said=said)
    return visit.to("bank", said=f"Kept. Statements of {of.account} are read so from now on: take them in here.")


def _account(visit: Visit) -> Connection | None:
    """Which account it is for: the one named, or the only one."""
    found, wanted = mapped(visit.desk), visit.guest.given("of", 60)
    if not found:
        return None
    if not wanted and len(found) == 1:
        return found[0]
    for each in found:
        if each.connection_id == wanted:
            return each
    raise UserError("It is not said which account the file is of.", next_step="Choose one.")


def _sent(visit: Visit) -> _Form:
    guest = visit.guest
    texts = (guest.given(f"text-{place}", _WORDS_MAX) for place in range(TEXTS_MAX))
    return _Form(
        single={name: guest.given(name, _WORDS_MAX) for name, *_ in SINGLE},
        text=tuple(dict.fromkeys(each for each in texts if each)),
        money_in=guest.given("money_in", _WORDS_MAX),
        money_out=guest.given("money_out", _WORDS_MAX),
        currency=guest.given("currency", 3).upper(),
        decimal=guest.given("decimal", 1),
        dates=guest.given("dates", 3),
    )


def _proposed(sheet: Sheet, home: str) -> _Form:
    found = sheet.proposed
    if found is None:
        return _Form(single={}, text=(), money_in="", money_out="", currency=home, decimal="", dates="")
    return _Form(
        single={name: str(getattr(found, name)) for name, *_ in SINGLE},
        text=found.text[:TEXTS_MAX],
        money_in=", ".join(found.money_in),
        money_out=", ".join(found.money_out),
        currency=found.currency,
        decimal=found.decimal,
        dates=found.dates,
    )


def _mapping(form: _Form, sheet: Sheet) -> BankMapping:
    """The choice as a mapping, read as the file itself is written."""
    return BankMapping(
        **form.single,
        text=form.text,
        money_in=_apart(form.money_in),
        money_out=_apart(form.money_out),
        # A column of currencies says more than one for all.
        currency="" if form.single.get("currency_column") else form.currency,
        decimal=form.decimal,
        dates=form.dates,
        delimiter=sheet.delimiter,
        encoding=sheet.encoding,
    )


def _apart(text: str) -> tuple[str, ...]:
    return tuple(word for each in text.split(",") if (word := each.strip()))


WAYS = (
    look("bank/map", show, Role.ADMIN),
    act("bank/map", Role.ADMIN, take, takes_files=True),
    look("bank/map/columns", columns, Role.ADMIN),
    act("bank/map/columns", Role.ADMIN, choose),
)
