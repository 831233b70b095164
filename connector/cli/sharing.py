"""Giving a payment out share by share: what each leaves open, and what remains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from connector.cli.output import complain, say, say_json, table

if TYPE_CHECKING:
    from connector.app.house import Desk
    from connector.app.reviewing import Trial

OWED_SHOWN_MAX = 12


def pairs_of(shares: Sequence[str]) -> list[tuple[str, str]]:
    """`INV-7=120.00` as its number and amount."""
    from connector.errors import UserError

    pairs = [(number, amount) for share in shares for number, _, amount in (share.rpartition("="),)]
    if any(not number or not amount for number, amount in pairs):
        raise UserError("A share is not written as INVOICE=AMOUNT.", next_step="For example: INV-7=120.00")
    return pairs


def ask_shares(at: Desk, payment: str, typed: TextIO) -> list[tuple[str, str]]:
    """One share after the other, as a person types them, until nothing remains or nothing more is said. What cannot be
    is told and asked for again."""
    from connector.app.reviewing import try_out
    from connector.errors import UserError
    from connector.money import grouped

    pairs: list[tuple[str, str]] = []
    trial = try_out(at, payment, pairs)
    tell_trial(trial, as_json=False)
    say("One share at a time, as INVOICE=AMOUNT; an empty line ends.")
    while trial.left:
        share = typed.readline().strip()
        if not share:
            break
        try:
            more = [*pairs, *pairs_of([share])]
            trial = try_out(at, payment, more)
        except UserError as fault:
            complain(fault.sentence, fault.next_step)
            continue
        pairs = more
        number, given, still = trial.shares[-1]
        say(f"{grouped(given)} to {number}, of which {grouped(still)} stays open. {_remains(trial)}")
    return pairs


def tell_trial(trial: Trial, *, as_json: bool) -> None:
    """What was given out so far, what it leaves open, and what remains."""
    from connector.money import grouped

    if as_json:
        say_json(trial)
        return
    if trial.shares:
        rows = [(number, grouped(given), grouped(still)) for number, given, still in trial.shares]
        table(f"{trial.payment.vendor_id} of {grouped(trial.gross)}", ("pays", "amount", "still open"), rows, (1, 2))
    if trial.owed:
        owed = [(number, grouped(amount)) for number, amount in trial.owed[:OWED_SHOWN_MAX]]
        more = f" (the first {OWED_SHOWN_MAX})" if len(trial.owed) > OWED_SHOWN_MAX else ""
        table(f"Also open{more}", ("invoice", "open"), owed, (1,))
    say(_remains(trial))


def _remains(trial: Trial) -> str:
    from connector.money import grouped

    if not trial.left:
        return f"All of the {grouped(trial.gross)} is given out."
    return f"{grouped(trial.left)} of the {grouped(trial.gross)} remains to be given out."
