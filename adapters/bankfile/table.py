"""A bank's CSV or XLSX by its mapping, as one statement. Without a column of balances nothing of it can be added up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from adapters.bankfile.codes import nature_of_text
from adapters.bankfile.statement import Format, Line, Statement
from connector.errors import UserError
from connector.exports.bank import bookings
from connector.exports.mapping import BankMapping, read_mapping
from connector.money import Currency


def statement(path: Path, mapping: str, code: Currency) -> Statement:
    """The statement of a file. UserError where the mapping is missing, does not fit, or a line cannot be read."""
    if not mapping:
        raise UserError(
            f"{path.name} is read by a mapping, and this connection has none.",
            next_step=f"See a proposal: receivables bank map {path.name}; save it, and name it with "
            "receivables connect bankfile --set mapping=FILE",
        )
    how: BankMapping = read_mapping(Path(mapping))
    found = bookings(path, how)
    for line in found.lines:
        if line.currency != code:
            found.file.grid.refuse(line.line, "", f"it is in {line.currency}, and the account in {code}")
    ordered = list(reversed(found.lines)) if found.newest_first else found.lines
    balances = list(reversed(found.balances)) if found.newest_first else found.balances
    lines = tuple(
        Line(
            on=date.fromordinal(each.on),
            amount=each.amount,
            nature=nature_of_text(f"{each.payer} {each.text}", each.amount),
            other=each.payer,
            account=each.account.upper(),
            text=each.text,
            bank_ref=each.id if each.id != f"{path.name}:{each.line}" else "",
            place=each.line,
        )
        for each in ordered
        if each.amount
    )
    days = [date.fromordinal(each.on) for each in ordered]
    return Statement(
        file=path.name,
        format=Format.TABLE,
        account="",
        currency=code,
        first=min(days),
        last=max(days),
        lines=lines,
        opening=balances[0] - ordered[0].amount if balances else None,
        closing=balances[-1] if balances else None,
    )
