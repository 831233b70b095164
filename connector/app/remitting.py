"""Whether payers are sent to the account whose statements are read: money that is sent elsewhere is never seen."""

from __future__ import annotations

from collections.abc import Iterator

from connector.app.house import Desk
from connector.app.selling import seller_of
from connector.errors import ReceivablesError, SettingsError
from connector.model.firm import Connection
from connector.model.party import Profile
from connector.model.source import Kind
from connector.ports import AtABank, Check
from connector.remit import BankAccount


def remit_to(desk: Desk) -> Iterator[Check]:
    """A line for each account that the pay page shows in a currency in which statements are read, and one for details
    that it cannot show."""
    try:
        shown = seller_of(desk.house.config, desk.company).accounts
    except SettingsError as fault:
        yield Check(name="pay page", ok=False, sentence=fault.sentence, next_step=fault.next_step)
        return
    for connection in desk.connections():
        at = _adapter(desk, connection)
        if isinstance(at, AtABank):
            profiles = desk.store.records(desk.id, Kind.PROFILE, connection=connection.connection_id)
            codes = {each.record.home_currency for each in profiles if isinstance(each.record, Profile)}
            for code in sorted(codes & shown.keys()):
                yield _check(connection, shown[code], own=at.is_number(_number(shown[code])))


def _check(connection: Connection, account: BankAccount, *, own: bool) -> Check:
    which = "the account whose statements are read" if own else "an account whose statements are not read"
    step = f"Correct [transfer_{account.currency.lower()}] in settings.toml, or connect the statements of that account."
    return Check(
        name=f"{connection.connection_id} account",
        ok=own,
        sentence=f"The pay page sends transfers in {account.currency} to {which}.",
        next_step="" if own else step,
    )


def _adapter(desk: Desk, connection: Connection) -> object:
    try:
        return desk.adapter(connection)
    except ReceivablesError:
        return None  # told by its own check


def _number(account: BankAccount) -> str:
    return account.iban or next((each.copied for each in account.details if each.code == "account"), "")
