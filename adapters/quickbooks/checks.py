"""Whether a connection to QuickBooks is well: what `doctor` shows, one line each, every fault as a failed line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

from adapters.quickbooks import wire
from connector.dates import Instant, instant_from_iso
from connector.errors import ReceivablesError
from connector.ports import Check, SecretPair

RECEIVABLES = "SELECT * FROM Account WHERE AccountType = 'Accounts Receivable' STARTPOSITION 1 MAXRESULTS 100"
A_PAYMENT = "SELECT * FROM Payment STARTPOSITION 1 MAXRESULTS 1"
WARN_DAYS = 30
"""A grant that ends sooner than that is a failed check."""


class Asked(Protocol):
    """What the checks ask of the connection. Errors: ReceivablesError."""

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


def run(asked: Asked, now: Instant) -> tuple[Check, ...]:
    """Every line. Where not even the company answers, only that and the grant are looked at."""
    connection = _tried("connection", lambda: (_connection(asked.company().row),))
    rest: tuple[Check, ...] = ()
    if all(line.ok for line in connection):
        rest = (
            *_tried("rights", lambda: _rights(asked.payments())),
            *_tried("preferences", lambda: _preferences(asked.preferences().row)),
            *_tried("receivables", lambda: (_receivables([one.row for one in asked.receivables()]),)),
        )
    return (*connection, *rest, *_tried("grant", lambda: (_grant(asked.pair(), now),)))


def _tried(name: str, look: Callable[[], tuple[Check, ...]]) -> tuple[Check, ...]:
    try:
        return look()
    except ReceivablesError as fault:
        return (Check(name=name, ok=False, sentence=fault.sentence, next_step=fault.next_step),)


def _connection(company: wire.CompanyInfo) -> Check:
    return Check(name="connection", ok=True, sentence=f"QuickBooks answers for the company {company.company_name}.")


def _rights(payments: Sequence[object]) -> tuple[Check, ...]:
    seen = "some" if payments else "no"
    sentence = f"The connection may read transactions; there are {seen} payments yet."
    return (Check(name="rights", ok=True, sentence=sentence),)


def _preferences(preferences: wire.Preferences) -> tuple[Check, ...]:
    currencies, closed = preferences.currency_prefs, preferences.accounting_info_prefs.book_close_date
    home = currencies.home_currency.value if currencies.home_currency else None
    several = "and others" if currencies.multi_currency_enabled else "only"
    applies = preferences.sales_forms_prefs.auto_apply_credit is True
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


def _grant(pair: SecretPair | None, now: Instant) -> Check:
    if pair is None:
        return Check(
            name="grant", ok=False, sentence="There is no grant yet.", next_step="Connect the company to QuickBooks."
        )
    ends = instant_from_iso(pair.refresh_expires_at)
    sentence = f"The grant ends on {ends.date().isoformat()} unless it is renewed; each use renews it."
    if ends - now < timedelta(days=WARN_DAYS):
        return Check(name="grant", ok=False, sentence=sentence, next_step="Connect the company again before that day.")
    return Check(name="grant", ok=True, sentence=sentence)
