"""The opening entry: what a processor held when the chosen start day began, as one entry per currency, once.

Payouts after the start contain money from before it. So the clearing account has to begin with what the processor's
balance was, or the first payouts would leave it short. The amount is the sum of the ledger before the start. The whole
ledger is read from its beginning, so that sum is whole; it is posted only while the processor's own balance agrees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connector.dates import later
from connector.model.finding import Evidence, FindingCode
from connector.model.firm import Beginning, BookingPattern
from connector.model.intent import DepositPart, IntentKind, PostDeposit, PostExpense
from connector.model.party import AccountRole
from connector.model.source import ConnectionId, Ref
from connector.money import Currency, Money, grouped
from connector.plan.gate import Gate, redated
from connector.plan.lines import Effect, PlanLine
from connector.reconcile.booked import numbered, opened, opening_subject, undone_opening
from connector.reconcile.clearing import Standing, before_start, standings
from connector.reconcile.rulings import kept_out


def openings(gate: Gate, books: ConnectionId) -> Iterator[PlanLine]:
    """One line per processor with a start and currency, unless it is booked or under way."""
    begun = {each: gate.begins(each) for each in gate.processors()}
    if not any(begun.values()):
        return
    snapshot, done = gate.snapshot, opened(gate.snapshot)
    now = {(each.connection, each.currency): each for each in standings(snapshot)}
    for connection, begins in sorted(begun.items()):
        if begins is None or gate.pattern(connection) is not BookingPattern.CLEARING:
            continue
        for code, amount in before_start(snapshot, begins.at, connection).items():
            if amount and (connection, code) not in done:
                line = _opening(gate, books, begins, amount, now[connection, code])
                if line is not None:
                    yield line


def _opening(gate: Gate, books: ConnectionId, begins: Beginning, amount: Money, now: Standing) -> PlanLine | None:
    connection, code = now.connection, now.currency
    about = _balance(gate, connection, code)
    subject = opening_subject(connection, code)
    if about is None or not gate.open_to(about) or _under_way(gate, subject, about):
        return None
    if now.said != now.ledger:
        said = grouped(now.said) if now.said is not None else "nothing"
        gate.leave(
            FindingCode.DOES_NOT_TIE,
            f"The opening entry of {connection} waits: its balance in {code} says {said}, and its lines come to "
            f"{grouped(now.ledger)}.",
            "Sync again; if it stays, ask the processor. An opening amount is only right when every line was read.",
            about,
        )
        return None
    own = later(begins.on, -1)
    on = gate.day(IntentKind.DEPOSIT, about, own, [about])
    if on is None:
        return None
    clearing, opening = gate.account(about, amount, "clearing"), gate.account(about, amount, "opening")
    if clearing is None or opening is None:
        return None
    memo = f"{connection} balance before {begins.on}"
    intent: PostDeposit | PostExpense
    if amount.minor > 0:
        part = DepositPart(account=opening, amount=amount, memo=memo)
        intent = PostDeposit(
            books=books, into=clearing, on=on, payments=(), parts=(part,), total=amount, about=about, memo=memo
        )
    else:
        intent = PostExpense(
            books=books, paid_from=clearing, account=opening, on=on, amount=-amount, about=about, memo=memo
        )
    line = gate.line(
        intent,
        f"Open {gate.name(clearing)} with {grouped(amount)}: what {connection} held when {begins.on} began."
        + redated(on, own),
        effects=(
            Effect(account=gate.name(clearing), amount=amount),
            Effect(account=gate.name(opening), amount=amount),
        ),
        evidence=(Evidence(ref=about, field="lines before the start", says=f"they come to {grouped(amount)}"),),
        expects=(),
    )
    return replace(line, subject=numbered(subject, gate.snapshot))


def _balance(gate: Gate, connection: ConnectionId, code: Currency) -> Ref | None:
    """The processor's own account of that currency, which the entry is about."""
    for ref, account in gate.snapshot.accounts.items():
        if ref.connection == connection and account.role is AccountRole.PROCESSOR and account.currency == code:
            return ref
    return None


def _under_way(gate: Gate, subject: str, about: Ref) -> bool:
    """Whether it was written, or is being written. One that somebody deleted is told, and is not made again."""
    back = undone_opening(gate.snapshot, subject)
    if back is not None and about not in kept_out(gate.snapshot.rulings):
        gate.leave(
            FindingCode.POSTING_UNDONE,
            f"The opening entry of {about.connection} was posted as {back.ref.vendor_id} and {back.how} in the books.",
            back.next_step(about),
            about,
        )
    return subject in gate.snapshot.in_flight
