"""One PayPal account: what the house may ask of it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.paypal import checks
from adapters.paypal.calls import Calls
from adapters.paypal.checkout import Checkout
from adapters.paypal.reading import STREAMS, Reader
from adapters.paypal.refunds import Refunds
from adapters.paypal.settings import Settings
from adapters.paypal.translate import Where
from adapters.paypal.webhooks import Webhooks
from connector.dates import zone
from connector.errors import SettingsError
from connector.model.source import Ref
from connector.ports import Check, Page, Surroundings


def connect(surroundings: Surroundings) -> PayPal:
    """The adapter of one connection. Nothing is sent yet."""
    settings = surroundings.settings
    if not isinstance(settings, Settings):
        raise SettingsError("The settings of a PayPal connection were not parsed by the PayPal adapter.")
    return PayPal(surroundings, settings)


class PayPal(Checkout, Refunds, Webhooks):
    """One PayPal account. Readable, Lookable, Checkable, Permitted, PayPages, Captures, GivesBack and HookDesk."""

    def __init__(self, surroundings: Surroundings, settings: Settings) -> None:
        where = Where(connection=surroundings.connection, zone=zone(surroundings.zone), live=settings.live)
        calls = Calls(surroundings, settings)
        super().__init__(surroundings, settings, calls, where)
        self._reader = Reader(surroundings, settings, calls, where)

    def streams(self) -> tuple[str, ...]:
        return STREAMS

    def pull(self, stream: str, cursor: str | None) -> Page:
        return self._reader.pull(stream, cursor)

    def look(self, refs: Sequence[Ref]) -> Page:
        return self._reader.look(refs)

    def check(self) -> tuple[Check, ...]:
        return checks.all_well(self._calls, self._reports, self._settings)

    def may_read(self) -> tuple[Check, ...]:
        return checks.may_read(self._reports, self._settings)

    def may_write(self) -> tuple[Check, ...]:
        return checks.may_write(self._calls)
