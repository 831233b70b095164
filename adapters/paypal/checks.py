"""Whether a connection to PayPal is well: what `doctor` and `connect` show, a line each, every fault a failed line."""

from __future__ import annotations

from collections.abc import Callable

from adapters.paypal import wire
from adapters.paypal.calls import Calls
from adapters.paypal.reports import Reports
from adapters.paypal.settings import Settings
from connector.errors import NotFound, ReceivablesError
from connector.ports import Check

NO_SUCH_ORDER = "0AA00000AA000000A"


def may_read(reports: Reports, settings: Settings) -> tuple[Check, ...]:
    """The environment, and the one permission that nothing can be read without."""
    return (
        Check(name="environment", ok=True, sentence=f"The credentials are for {settings.environment} data."),
        _tried("transaction search", "The app may read transactions and balances.", reports.balances),
    )


def all_well(calls: Calls, reports: Reports, settings: Settings) -> tuple[Check, ...]:
    """The same, and what reading goes on without: disputes. One line where the credentials themselves are refused."""
    lines = may_read(reports, settings)
    if not lines[-1].ok:
        return lines
    disputes = _tried(
        "disputes",
        "The app may read disputes.",
        lambda: calls.read(wire.DISPUTES, {"page_size": 1}, lambda body: wire.decode(body, wire.DisputeList)),
    )
    return (*lines, disputes)


def may_write(calls: Calls) -> tuple[Check, ...]:
    """That orders can be asked for: nothing is opened to find out."""

    def ask() -> object:
        try:
            return calls.read(f"{wire.ORDERS}/{NO_SUCH_ORDER}", {}, lambda body: wire.decode(body, wire.Order))
        except NotFound:
            return None

    return (_tried("orders", "The app may open orders and capture them.", ask),)


def _tried(name: str, sentence: str, ask: Callable[[], object]) -> Check:
    try:
        ask()
    except ReceivablesError as fault:
        return Check(name=name, ok=False, sentence=fault.sentence, next_step=fault.next_step)
    return Check(name=name, ok=True, sentence=sentence)
