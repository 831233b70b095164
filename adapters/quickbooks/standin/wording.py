"""What every JSON document of Intuit has in common: exact numbers, times with the company's offset, references.

Amounts are plain numbers without trailing zeros (387, 460.4), and a float is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from json.encoder import JSONEncoder, encode_basestring

from adapters.quickbooks.standin.ledger import Company
from adapters.quickbooks.standin.records import NameRecord, Record
from connector.dates import Instant
from connector.money import Currency, Money, to_decimal

Document = dict[str, object]

CURRENCY_NAMES = {
    "AUD": "Australian Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "JPY": "Japanese Yen",
    "MXN": "Mexican Peso",
    "USD": "United States Dollar",
}


def render(value: object) -> str:
    """JSON text; a Decimal as a plain number, a float as a TypeError."""
    match value:
        case str():
            written = encode_basestring(value)
        case bool():
            written = "true" if value else "false"
        case int():
            written = str(value)
        case None:
            written = "null"
        case Decimal():
            written = format(value, "f")
        case Mapping():
            written = "{" + ",".join(f"{encode_basestring(key)}:{render(one)}" for key, one in value.items()) + "}"
        case list() | tuple():
            written = "[" + ",".join(map(render, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no place in JSON that holds money.")
    return written


def _marked(value: object) -> str:
    """A Decimal for the fast writer, between marks that make a plain number of it afterwards."""
    if isinstance(value, Decimal):
        return f"\0{value:f}\0"
    raise TypeError(f"{type(value).__name__} has no place in JSON that holds money.")


_FAST = JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, default=_marked)


def render_own(document: Document) -> str:
    """The same text as `render`, several times as fast, for documents of our own making: they hold no float."""
    return _FAST.encode(document).replace('"\\u0000', "").replace('\\u0000"', "")


def moment_text(moment: Instant, company: Company, timespec: str = "seconds") -> str:
    """A moment with the company's offset on that day."""
    return moment.astimezone(company.facts.zone).isoformat(timespec=timespec)


def currency_document(code: Currency) -> Document:
    """A CurrencyRef."""
    return {"value": code, "name": CURRENCY_NAMES.get(code, code)}


def number(money: Money) -> Decimal:
    """An amount without trailing zeros."""
    return trimmed(to_decimal(money))


def trimmed(amount: Decimal) -> Decimal:
    """Without trailing zeros, and without an exponent."""
    return Decimal(format(amount.normalize(), "f"))


def identity(company: Company, record: Record, *, modifier: bool = False) -> Document:
    """The keys that every object has."""
    times: Document = {"CreateTime": moment_text(record.created, company)}
    if modifier:
        times["LastModifiedByRef"] = {"value": company.facts.realm}
    times["LastUpdatedTime"] = moment_text(record.updated, company)
    return {
        "domain": "QBO",
        "sparse": False,
        "Id": record.id,
        "SyncToken": str(record.sync_token),
        "MetaData": times,
    }


def picked(record: Record, *names: str) -> Document:
    """Those of the fields kept for the record that it has."""
    return {name: record.kept[name] for name in names if name in record.kept}


def reference(company: Company, kind: type[NameRecord], vendor_id: str) -> Document:
    """A reference to a name, with the name."""
    return {"value": vendor_id, "name": company.get(kind, vendor_id).name}
