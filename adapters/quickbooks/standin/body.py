"""Reading the body of a write: known fields only, exact amounts, and Intuit's fault for each thing that is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.ledger import Company
from adapters.quickbooks.standin.records import NameRecord
from connector.dates import BusinessDate
from connector.errors import UnknownCurrency
from connector.money import Currency, Money, MoneyError, currency, from_decimal

N = TypeVar("N", bound=NameRecord)

_ALWAYS = frozenset({"Id", "SyncToken", "sparse", "domain", "MetaData"})
_AMOUNT_MAX = Decimal(10) ** 10


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


class Body:
    """One JSON object of a request. `path` is how faults call it."""

    def __init__(self, fields: Mapping[str, object], path: str = "") -> None:
        self._fields = fields
        self._path = path

    @classmethod
    def of(cls, raw: bytes) -> Body:
        """The body of a request; fault 2010 when it is not a JSON object."""
        try:
            document = json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise faults.invalid("body")
        return cls(document)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def must_know(self, *known: frozenset[str]) -> None:
        """Fault 2010 for the first field that is none of these."""
        for name in self._fields:
            if name not in _ALWAYS and not any(name in names for names in known):
                raise faults.invalid(self._path + name)

    def raw(self, name: str) -> object:
        """A field as it came."""
        return self._fields.get(name)

    def text(self, name: str, length_max: int = 4000) -> str | None:
        """A text, None when it is absent; faults 2010 and 2050."""
        held = self._fields.get(name)
        if held is None:
            return None
        if not isinstance(held, str):
            raise faults.invalid(self._path + name)
        if len(held) > length_max:
            raise faults.too_long(self._path + name, len(held), length_max)
        return held

    def needed(self, name: str, length_max: int = 4000) -> str:
        """A text that must be there; fault 2020."""
        held = self.text(name, length_max)
        if not held:
            raise faults.missing(self._path + name)
        return held

    def flag(self, name: str) -> bool | None:
        """True, false or absent."""
        held = self._fields.get(name)
        if held is not None and not isinstance(held, bool):
            raise faults.invalid(self._path + name)
        return held

    def day(self, name: str) -> BusinessDate | None:
        """A plain date; fault 2010 for anything else."""
        held = self.text(name)
        try:
            return BusinessDate(date.fromisoformat(held)) if held is not None else None
        except ValueError:
            raise faults.invalid(self._path + name) from None

    def amount(self, name: str, code: Currency) -> Money | None:
        """A JSON number of at most ten digits before the point; a string for a number is fault 2010."""
        held = self._fields.get(name)
        if held is None:
            return None
        if isinstance(held, bool) or not isinstance(held, (int, Decimal)):
            raise faults.invalid(self._path + name)
        if not -_AMOUNT_MAX < held < _AMOUNT_MAX:
            raise faults.invalid(self._path + name)
        try:
            return from_decimal(held, code)
        except MoneyError:
            raise faults.invalid(self._path + name) from None

    def needed_amount(self, name: str, code: Currency) -> Money:
        """An amount that must be there; fault 2020."""
        held = self.amount(name, code)
        if held is None:
            raise faults.missing(self._path + name)
        return held

    def rate(self) -> Decimal | None:
        """The exchange rate, positive."""
        held = self._fields.get("ExchangeRate")
        if held is None:
            return None
        if isinstance(held, (int, Decimal)) and not isinstance(held, bool) and held > 0:
            return Decimal(held)
        raise faults.invalid("ExchangeRate")

    def inner(self, name: str) -> Body | None:
        """An object inside this one."""
        held = self._fields.get(name)
        if held is None:
            return None
        if not isinstance(held, dict):
            raise faults.invalid(self._path + name)
        return Body(held, f"{self._path}{name}.")

    def children(self, name: str) -> list[Body]:
        """A list of objects; empty when it is absent."""
        held = self._fields.get(name)
        if held is None:
            return []
        if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
            raise faults.invalid(self._path + name)
        return [Body(one, f"{self._path}{name}[{index}].") for index, one in enumerate(held)]

    def reference(self, name: str) -> str | None:
        """The id a reference holds."""
        held = self.inner(name)
        return held.needed("value") if held is not None else None

    def currency(self) -> Currency | None:
        """The currency of a CurrencyRef; fault 2500 for one that is none."""
        code = self.reference("CurrencyRef")
        try:
            return currency(code) if code is not None else None
        except UnknownCurrency:
            raise faults.bad_reference("CurrencyRef", code or "") from None

    def named(self, company: Company, kind: type[N], name: str) -> N | None:
        """The account or customer a reference names: fault 2500 when there is none, 610 when it is inactive."""
        vendor_id = self.reference(name)
        if vendor_id is None:
            return None
        found = company.find(kind, vendor_id)
        if found is None:
            raise faults.bad_reference(self._path + name, vendor_id)
        if not found.active:
            raise faults.not_found(self._path + name)
        return found

    def needed_named(self, company: Company, kind: type[N], name: str) -> N:
        """The same, and fault 2020 when the reference is absent."""
        found = self.named(company, kind, name)
        if found is None:
            raise faults.missing(self._path + name)
        return found
