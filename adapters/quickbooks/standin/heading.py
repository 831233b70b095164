"""What every posting has in common when it is written: its day, its currency and rate, and the texts that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.body import Body
from adapters.quickbooks.standin.ledger import Company, rate_between
from adapters.quickbooks.standin.records import Account, Record
from connector.dates import BusinessDate
from connector.money import Currency

R = TypeVar("R", bound=Record)

HEADING = frozenset({"TxnDate", "CurrencyRef", "ExchangeRate"})
NOTE_MAX = 4000
NUMBER_MAX = 21
OBJECT = 0
"""The limit of a kept field that is an object, not a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """When, and in what."""

    on: BusinessDate
    currency: Currency
    rate: Decimal


def read_heading(company: Company, body: Body) -> Heading:
    """The heading of a new posting: 6210 in a closed period, 2020 without a currency where there are several."""
    home = company.facts.home
    code = body.currency()
    if code is None and company.multi_currency:
        raise faults.missing("CurrencyRef")
    code = code or home
    if code != home and not company.multi_currency:
        raise faults.business(f"This company keeps its books in {home} only.")
    on = body.day("TxnDate") or company.today()
    company.must_be_open(on)
    rate = Decimal(1) if code == home else body.rate() or rate_between(code, home)
    return Heading(on=on, currency=code, rate=rate)


def read_day(company: Company, body: Body, before: BusinessDate) -> BusinessDate:
    """The day of a changed posting; neither the old nor the new one may lie in a closed period."""
    after = body.day("TxnDate") or before
    company.must_be_open(before)
    company.must_be_open(after)
    return after


def read_current(company: Company, kind: type[R], body: Body) -> R:
    """The record a change is about; fault 610 when it is gone, 5010 when the token is not the current one."""
    record = company.get(kind, body.needed("Id"))
    if body.needed("SyncToken") != str(record.sync_token):
        raise faults.stale()
    return record


def is_sparse(body: Body) -> bool:
    """Whether fields left out stay as they are. A full update clears them."""
    return body.flag("sparse") is True


def keep(body: Body, limits: Mapping[str, int], before: Mapping[str, object] | None = None) -> dict[str, object]:
    """The kept fields after a write; `before` are those of a sparse update. An empty value clears its field."""
    kept = dict(before or {})
    for name, length_max in limits.items():
        if name in body:
            value = body.raw(name) if length_max == OBJECT else body.text(name, length_max)
            kept.pop(name, None)
            if value not in (None, ""):
                kept[name] = value
    return kept


def must_fit(company: Company, account: Account, code: Currency) -> None:
    """Fault 6000 when an account is neither in the home currency nor in the posting's."""
    if account.currency not in (code, company.facts.home):
        raise faults.wrong_currency("account")


def mark_void(record: Record) -> None:
    """The word that is, with zero amounts, the only trace of a void."""
    note = record.kept.get("PrivateNote")
    record.kept["PrivateNote"] = f"Voided - {note}" if note else "Voided"
