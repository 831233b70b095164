"""Whether a connection to QuickBooks is well: what `doctor` shows, one line each, every fault as a failed line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from adapters.quickbooks import wire
from adapters.quickbooks.authorise import checked
from adapters.quickbooks.faults import CONNECT_AGAIN
from adapters.quickbooks.settings import Settings
from connector.dates import Instant, instant_from_iso
from connector.errors import ReceivablesError, VendorError
from connector.ports import Check, SecretPair

RECEIVABLES = "SELECT * FROM Account WHERE AccountType = 'Accounts Receivable' STARTPOSITION 1 MAXRESULTS 100"
A_PAYMENT = "SELECT * FROM Payment STARTPOSITION 1 MAXRESULTS 1"
_OTHER_WORLD = frozenset({"3100", "403"})
"""Codes with which a sandbox key is turned away from real books, and the other way round; also a lack of rights."""

_OTHER_KEYS = {
    True: f"{CONNECT_AGAIN}, with Production keys and as an administrator; for a sandbox set its base_url.",
    False: f"{CONNECT_AGAIN}, with Development keys and a sandbox company; for real books leave base_url out.",
}

WARN_DAYS = 30
"""A grant that ends sooner than that is a failed check."""


class Asked(Protocol):
    """What the checks ask of the connection. Errors: ReceivablesError."""

    def knock(self) -> None:
        """Whether Intuit knows the app at all."""

    def company(self) -> wire.Received[wire.CompanyInfo]:
        """The company's description."""

    def preferences(self) -> wire.Received[wire.Preferences]:
        """The company's preferences."""

    def receivables(self) -> Sequence[wire.Received[wire.Account]]:
        """Its accounts receivable."""

    def payments(self) -> Sequence[object]:
        """Some payments, to see whether they may be read."""

    def pair(self) -> SecretPair | None:
        """The grant in force."""


def run(asked: Asked, settings: Settings, now: Instant) -> tuple[Check, ...]:
    """Every line, in the order in which things are put right. Where not even the company answers, nothing is asked of
    it."""
    before = (
        *_tried("app keys", lambda: (_app(asked),)),
        *_tried("way back", lambda: (_way_back(settings),)),
    )
    connection = _connection(asked, settings)
    rest: tuple[Check, ...] = ()
    if all(line.ok for line in connection):
        rest = (
            *_tried("rights", lambda: _rights(asked.payments())),
            *_tried("preferences", lambda: _preferences(asked.preferences().row)),
            *_tried("receivables", lambda: (_receivables([one.row for one in asked.receivables()]),)),
        )
    return (*before, *connection, *rest, *_tried("grant", lambda: (grant(asked.pair(), now),)))


def _tried(name: str, look: Callable[[], tuple[Check, ...]]) -> tuple[Check, ...]:
    try:
        return look()
    except ReceivablesError as fault:
        return (Check(name=name, ok=False, sentence=fault.sentence, next_step=fault.next_step),)


def _app(asked: Asked) -> Check:
    asked.knock()
    return Check(name="app keys", ok=True, sentence="Intuit knows the client id and secret.")


def _way_back(settings: Settings) -> Check:
    """Whether connecting again in the browser could work; Intuit alone knows whether the address is listed there."""
    redirect = checked(settings.way_back, live=settings.live)
    sentence = f"Connecting again sends the browser to {redirect}, which must be listed with the app."
    return Check(name="way back", ok=True, sentence=sentence)


def _connection(asked: Asked, settings: Settings) -> tuple[Check, ...]:
    try:
        name = asked.company().row.company_name
    except ReceivablesError as fault:
        foreign = isinstance(fault, VendorError) and fault.code in _OTHER_WORLD
        step = _OTHER_KEYS[settings.live] if foreign else fault.next_step
        return (Check(name="connection", ok=False, sentence=fault.sentence, next_step=step),)
    where = "real books" if settings.live else "no real books"
    return (Check(name="connection", ok=True, sentence=f"QuickBooks answers for the company {name} ({where})."),)


def _rights(payments: Sequence[object]) -> tuple[Check, ...]:
    seen = "some" if payments else "no"
    sentence = f"The connection may read transactions; there are {seen} payments yet."
    return (Check(name="rights", ok=True, sentence=sentence),)


def _preferences(preferences: wire.Preferences) -> tuple[Check, ...]:
    currencies, closed = preferences.currency_prefs, preferences.accounting_info_prefs.book_close_date
    home = currencies.home_currency.value if currencies.home_currency else None
    several = "and others" if currencies.multi_currency_enabled else "only"
    applies = preferences.sales_forms_prefs.auto_apply_credit is True
    spends = preferences.sales_forms_prefs.auto_apply_payments is True
    return (
        Check(
            name="currencies",
            ok=home is not None,
            sentence=f"The books are kept in {home} {several}." if home else "The books name no home currency.",
            next_step="" if home else "Set the home currency in QuickBooks.",
        ),
        Check(
            name="closed books",
            ok=True,
            sentence=f"The books are closed through {closed}." if closed else "No period is closed.",
        ),
        Check(
            name="automatic credits",
            ok=not applies,
            sentence="QuickBooks applies open credits to invoices by itself."
            if applies
            else "QuickBooks applies no credits by itself.",
            next_step="Switch off 'Automatically apply credits' in its settings, or an over-payment may settle an "
            "invoice that nobody decided on."
            if applies
            else "",
        ),
        Check(
            name="automatic payments",
            ok=not spends,
            sentence="QuickBooks applies payments to the oldest invoices by itself."
            if spends
            else "QuickBooks applies no payments by itself.",
            next_step="Switch off 'Automatically apply payments' in its settings. What is posted from here says itself "
            "what it settles; what people record may settle an invoice that nobody decided on."
            if spends
            else "",
        ),
    )


def _receivables(accounts: Sequence[wire.Account]) -> Check:
    """One account per currency is normal: with two, a payment and its invoice can stand in different ones."""
    active = [account for account in accounts if account.active is not False]
    per_currency = Counter(account.currency_ref.value if account.currency_ref else "" for account in active)
    double = sorted(code for code, number in per_currency.items() if number > 1)
    if not active:
        return Check(
            name="receivables",
            ok=False,
            sentence="The books have no active account for receivables.",
            next_step="QuickBooks makes one with the first invoice.",
        )
    if double:
        return Check(
            name="receivables",
            ok=False,
            sentence=f"There is more than one account for receivables in {', '.join(double)}.".replace(" in .", "."),
            next_step="Merge them in QuickBooks; else payments and invoices may stand in different accounts.",
        )
    return Check(name="receivables", ok=True, sentence=f"There are {len(active)} accounts for receivables, one each.")


def grant(pair: SecretPair | None, now: Instant) -> Check:
    """When it ends: by itself unless it is renewed, and for good."""
    if pair is None:
        return Check(name="grant", ok=False, sentence="There is no grant yet.", next_step=CONNECT_AGAIN)
    renewable = f"The grant ends on {_day(pair.refresh_expires_at)} unless it is renewed; each use renews it."
    if not pair.hard_expires_at:
        return _ending(renewable, pair.refresh_expires_at, now, "Sync before that day, or connect the company again.")
    hard = f"On {_day(pair.hard_expires_at)} it ends however often it is renewed, and a person must connect again."
    if _soon(pair.hard_expires_at, now):
        return _ending(f"{renewable} {hard}", pair.hard_expires_at, now, CONNECT_AGAIN)
    return _ending(
        f"{renewable} {hard}", pair.refresh_expires_at, now, "Sync before the first day; that renews the grant."
    )


def _ending(sentence: str, at: str, now: Instant, next_step: str) -> Check:
    """A line about something that ends: failed when that is soon."""
    soon = _soon(at, now)
    return Check(name="grant", ok=not soon, sentence=sentence, next_step=next_step if soon else "")


def _soon(at: str, now: Instant) -> bool:
    return instant_from_iso(at) - now < timedelta(days=WARN_DAYS)


def _day(at: str) -> str:
    return instant_from_iso(at).date().isoformat()
