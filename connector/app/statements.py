"""Files that a person brings: a bank's statements, taken in by whichever connection is read from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.app.books import sync_all
from connector.app.house import Desk
from connector.app.keeping import all_kept
from connector.app.proof import MoneyRow, money_rows
from connector.errors import UserError
from connector.model.firm import Connection
from connector.model.money_in import Payment
from connector.model.source import Ref
from connector.ports import TakenFile, TakesFiles
from connector.reconcile.arrivals import banks, told
from connector.reconcile.match import reconcile
from connector.sync import Progress, Synced


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The files that were taken in, and what the reading of all of them together brought."""

    connection: Connection
    files: tuple[TakenFile, ...]
    synced: Synced


def bring(desk: Desk, paths: Sequence[str], wanted: str | None, progress: Progress) -> Imported:
    """Take files in and read what is new. All are checked before the first is kept: UserError, and nothing was taken
    in, where one of them cannot be read whole."""
    connection, taker = _taker(desk, wanted)
    for path in paths:
        taker.take(path, keep=False)
    files = tuple(taker.take(path, keep=True) for path in paths)
    synced = sync_all(desk, progress, only=connection.connection_id)[connection.connection_id]
    return Imported(connection=connection, files=files, synced=synced)


def _taker(desk: Desk, wanted: str | None) -> tuple[Connection, TakesFiles]:
    at_banks = (each for each in desk.connections() if desk.spec(each).is_bank)
    found = [(each, adapter) for each in at_banks if isinstance(adapter := desk.adapter(each), TakesFiles)]
    if wanted is not None:
        found = [pair for pair in found if pair[0].connection_id == wanted]
    if len(found) != 1:
        names = ", ".join(each.connection_id for each, _ in found)
        raise UserError(
            "Several connections are read from files." if found else "No connection is read from files.",
            next_step=f"Say which with --connection: {names}."
            if found
            else "Connect your bank account: receivables connect bankfile --set folder=FOLDER --set account=IBAN "
            "--set currency=EUR",
        )
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLine:
    """Money that a bank shows, and what it is: `fate` as for all money, or "payout" where a processor sent it."""

    ref: Ref
    on: str
    payer: str
    amount: str
    reference: str
    fate: str
    because: str
    next_step: str


def bank_lines(desk: Desk) -> tuple[BankLine, ...]:
    """Every line of every bank that brought money, the newest first, with what became of it."""
    seen = desk.snapshot()
    reading = banks(seen)
    outcome = reconcile(seen)
    rows: dict[Ref, MoneyRow] = {row.ref: row for row in money_rows(seen, outcome, all_kept(desk))}
    found = []
    for ref, payment in seen.payments.items():
        if ref.connection not in reading:
            continue
        row, payouts = rows.get(ref), outcome.arrived.get(ref)
        if payouts is not None and row is None:
            found.append(_line(ref, payment, ("payout", f"It is {told(seen, payouts)}.", "")))
        elif row is not None:
            found.append(_line(ref, payment, (row.fate, row.because, row.next_step)))
    return tuple(sorted(found, key=lambda each: (each.on, each.ref), reverse=True))


def _line(ref: Ref, payment: Payment, became: tuple[str, str, str]) -> BankLine:
    fate, because, next_step = became
    return BankLine(
        ref=ref,
        on=str(payment.received_on),
        payer=payment.payer or "",
        amount=str(payment.gross),
        reference=payment.reference or payment.memo or "",
        fate=fate,
        because=because,
        next_step=next_step,
    )
