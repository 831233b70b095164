"""Whether a statement adds up: what was there before, and all its lines, come to what was there after. Pure."""

from __future__ import annotations

from adapters.bankfile.statement import Statement
from connector.errors import UserError
from connector.money import Money, grouped


def refuse_what_does_not_add_up(statement: Statement) -> None:
    """UserError that says by how much, and which line is of exactly that, where one is. What has no balances passes."""
    if statement.opening is None or statement.closing is None:
        return
    off = statement.closing - statement.opening - sum(line.amount for line in statement.lines)
    if not off:
        return

    def told(minor: int) -> str:
        return grouped(Money(minor, statement.currency))

    same = [line.place for line in statement.lines if abs(line.amount) == abs(off) or line.amount * 2 == -off]
    where = f" Look at line {same[0]}, which is of that sum." if len(same) == 1 else ""
    raise UserError(
        f"{statement.file}, line {same[0] if len(same) == 1 else 1}: it does not add up. {told(statement.opening)} "
        f"before and its {len(statement.lines)} lines come to {told(statement.closing - off)}, and it says "
        f"{told(statement.closing)}: {told(off)} apart.{where}",
        next_step="Download the statement again, unedited; nothing was taken in.",
    )
