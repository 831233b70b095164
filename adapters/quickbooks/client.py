"""The connection to one QuickBooks company. The only file that knows the SDK, whose models are never used: they send
fields that nobody meant. It is imported with the first write, for a program that reads needs no more memory for it."""

from __future__ import annotations

from functools import cache

from adapters.quickbooks.auth import Grant, IntuitSession
from adapters.quickbooks.board import Board
from adapters.quickbooks.calls import MINOR_VERSION, Calls, Writer
from adapters.quickbooks.papers import Papers
from adapters.quickbooks.posting import Bookkeeping
from adapters.quickbooks.reading import Reading
from adapters.quickbooks.settings import Settings
from connector.errors import SettingsError
from connector.ports import Surroundings


def connect(surroundings: Surroundings) -> QuickBooksOnline:
    """The connection of one company. Nothing is sent yet."""
    if not isinstance(surroundings.settings, Settings):
        raise SettingsError("These are not settings of QuickBooks.", next_step="Connect the company again.")
    return QuickBooksOnline(surroundings, surroundings.settings)


class QuickBooksOnline(Reading, Bookkeeping, Board, Papers):
    """Readable, Checkable, Books, NoteBoard and Documents for one company. One per worker thread."""

    def __init__(self, surroundings: Surroundings, settings: Settings) -> None:
        grant = Grant(settings, surroundings.tokens, surroundings.clock)
        session = IntuitSession(settings, grant, surroundings.budget)
        calls = Calls(settings, session, cache(lambda: _writer(settings, session)), surroundings.clock)
        super().__init__(surroundings, settings, grant, calls)


def _writer(settings: Settings, session: IntuitSession) -> Writer:
    """The SDK's client over our session."""
    from quickbooks.client import QuickBooks
    from quickbooks.exceptions import QuickbooksException

    sdk = QuickBooks(company_id=settings.realm_id, minorversion=MINOR_VERSION, use_decimal=True)
    sdk.api_url_v3 = f"{settings.base_url}/v3"
    sdk.session = session
    return Writer(sdk=sdk, unreadable=QuickbooksException)
