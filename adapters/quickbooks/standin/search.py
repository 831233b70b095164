"""Answering queries: which fields filter and sort, in which order rows come, and how the answer is wrapped.

Without ORDERBY transactions come last-updated first and names by name, as recorded. A field that is not listed here is
fault 4001, as Payment.PrivateNote is at Intuit. Inactive names hide unless the filter mentions Active.
"""

from __future__ import annotations

import operator
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, overload

from adapters.quickbooks.standin import documents, faults, lists
from adapters.quickbooks.standin.ledger import Company
from adapters.quickbooks.standin.query import SINGLE, Condition, Query, parse
from adapters.quickbooks.standin.records import Attachable, Customer, NameRecord, Record
from adapters.quickbooks.standin.shelves import Place, id_order
from adapters.quickbooks.standin.wording import render
from connector.money import Money, to_decimal

Read = Callable[[Company, Record], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """How a field is read, and as what its literals are: text, id, moment, day, amount, flag, name of an entity."""

    kind: str
    read: Read


def _own(kind: str, attribute: str) -> Field:
    return Field(kind=kind, read=lambda _, record: getattr(record, attribute))


def _amount(attribute: str) -> Field:
    def read(_: Company, record: Record) -> object:
        held = getattr(record, attribute)
        return to_decimal(held) if isinstance(held, Money) else None

    return Field(kind="amount", read=read)


def _kept(name: str, inner: str = "") -> Field:
    def read(_: Company, record: Record) -> object:
        held = record.kept.get(name)
        return held.get(inner) if isinstance(held, Mapping) else held

    return Field(kind="text", read=read)


def _full_name(company: Company, record: Record) -> object:
    return lists.full_name(company, record) if isinstance(record, Customer) else getattr(record, "name", "")


def _held(company: Company, record: Record) -> object:
    return to_decimal(company.balances()[record.id])


def _owed(company: Company, record: Record) -> object:
    return to_decimal(company.owed()[record.id])


def _attached(kind: str, attribute: str) -> Field:
    def read(_: Company, record: Record) -> object:
        held = [getattr(one, attribute) for one in record.about] if isinstance(record, Attachable) else []
        return held[0].lower() if held else None

    return Field(kind=kind, read=read)


CHANGED = "metadata.lastupdatedtime"
_EVERY = {
    "id": Field(kind="id", read=lambda _, record: id_order(record.id)),
    "metadata.createtime": _own("moment", "created"),
    CHANGED: _own("moment", "updated"),
}
_NAMED = _EVERY | {"name": _own("text", "name"), "active": _own("flag", "active")}
_DATED = _EVERY | {"txndate": _own("day", "on")}
_SALE = _DATED | {
    "docnumber": _own("text", "number"),
    "totalamt": _amount("total"),
    "balance": _amount("open"),
    "customerref": _own("text", "customer"),
}
_RECEIPT = _DATED | {
    "docnumber": _own("text", "number"),
    "totalamt": _amount("total"),
    "customerref": _own("text", "customer"),
}
FIELDS: Mapping[str, Mapping[str, Field]] = {
    "Account": _NAMED
    | {
        "fullyqualifiedname": _own("text", "name"),
        "accounttype": _own("text", "kind"),
        "accountsubtype": _own("text", "sub_kind"),
        "currentbalance": Field(kind="amount", read=_held),
    },
    "Customer": _EVERY
    | {
        "active": _own("flag", "active"),
        "displayname": _own("text", "name"),
        "fullyqualifiedname": Field(kind="text", read=_full_name),
        "companyname": _kept("CompanyName"),
        "givenname": _kept("GivenName"),
        "familyname": _kept("FamilyName"),
        "primaryemailaddr": _kept("PrimaryEmailAddr", "Address"),
        "balance": Field(kind="amount", read=_owed),
    },
    "Item": _NAMED,
    "PaymentMethod": _NAMED,
    "Invoice": _SALE | {"duedate": _own("day", "due")},
    "CreditMemo": _SALE,
    "Payment": _DATED
    | {
        "paymentrefnum": _kept("PaymentRefNum"),
        "totalamt": _amount("total"),
        "customerref": _own("text", "customer"),
    },
    "Deposit": _DATED | {"totalamt": _amount("total")},
    "Purchase": _DATED
    | {
        "docnumber": _kept("DocNumber"),
        "totalamt": _amount("total"),
        "paymenttype": _own("text", "payment_type"),
    },
    "Transfer": _DATED,
    "SalesReceipt": _RECEIPT,
    "RefundReceipt": _RECEIPT,
    "JournalEntry": _DATED | {"docnumber": _kept("DocNumber")},
    "Attachable": _EVERY
    | {
        "filename": _kept("FileName"),
        "attachableref.entityref.type": _attached("entity", "target"),
        "attachableref.entityref.value": _attached("text", "target_id"),
    },
}
"""What filters and sorts, per entity, in lower case. Not every field does: notes do not."""

_NAMES = frozenset({"Account", "Customer", "Item", "PaymentMethod"})
"""Entities that can be inactive."""

COUNTED = frozenset({"Invoice", "Deposit", "JournalEntry"})
"""Entities whose recorded answers carry totalCount; the others leave it out."""

_SIGNS: Mapping[str, Callable[..., bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def respond(company: Company, text: str) -> str:
    """The QueryResponse of a query, as JSON text."""
    query = parse(text)
    if query.entity in SINGLE:
        rows = [render(_single(company, query))]
    else:
        found = matching(company, query)
        if query.count:
            return render({"totalCount": len(found)})
        shown = found[query.start - 1 : query.start - 1 + query.rows_max]
        rows = [_bare(one) if query.bare else documents.text(company, one) for one in shown]
    if not rows:
        return "{}"
    counted = f',"totalCount":{len(found)}' if query.entity in COUNTED else ""
    body = f'"{query.entity}":[{",".join(rows)}],"startPosition":{query.start},"maxResults":{len(rows)}'
    return f"{{{body}{counted}}}"


def _bare(record: Record) -> str:
    """A row of which only the id was wanted."""
    return render({"domain": "QBO", "sparse": False, "Id": record.id})


def _single(company: Company, query: Query) -> Mapping[str, object]:
    if query.conditions:
        raise faults.bad_query(f"{query.entity} cannot be filtered here")
    return lists.company_info(company) if query.entity == "CompanyInfo" else lists.preferences(company)


class _Stretch(Sequence[Record]):
    """Records of a shelf from one place to another, looked up only when they are cut out."""

    def __init__(self, shelf: Mapping[str, Record], places: Sequence[Place], *, newest_first: bool) -> None:
        self._shelf = shelf
        self._places = places[::-1] if newest_first else places

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> list[Record]: ...
    def __getitem__(self, at: int | slice) -> Record | list[Record]:
        if isinstance(at, int):
            return self._shelf[self._places[at].id]
        return [self._shelf[place.id] for place in self._places[at]]


def matching(company: Company, query: Query) -> Sequence[Record]:
    """Every record the query asks for, in its order, before STARTPOSITION and MAXRESULTS."""
    fields = FIELDS.get(query.entity, _EVERY)
    shelf = company.records.get(query.entity, {})
    places = company.shelves[query.entity].places() if query.entity in company.shelves else ()
    first, beyond = 0, len(places)
    tests = []
    for condition in query.conditions:
        field = _field(fields, condition.field)
        test = _test(company, field, condition)
        if condition.field.lower() != CHANGED or condition.sign not in _SIGNS:
            tests.append(test)
            continue
        low, high = _window(places, moment_of_text(company, condition.literals[0]), condition.sign)
        first, beyond = max(first, low), min(beyond, high)
    if query.entity in _NAMES and not any(one.field.lower() == "active" for one in query.conditions):
        tests.append(_is_shown)
    shown_from = company.shown_through()
    if shown_from is not None:
        tests.append(lambda record: record.created <= shown_from)
    stretch = places[first:beyond]
    if not tests and (query.order == ((CHANGED, False),) or (not query.order and query.entity not in _NAMES)):
        return _Stretch(shelf, stretch, newest_first=not query.order)
    records = [shelf[place.id] for place in stretch]
    for test in tests:
        records = [record for record in records if test(record)]
    _sort(company, records, query, fields)
    return records


def _is_shown(record: Record) -> bool:
    return not isinstance(record, NameRecord) or record.active


def moment_of_text(company: Company, literal: str) -> datetime:
    """A time as a caller writes it; fault 4001 for what is none."""
    try:
        return _moment(company, literal)
    except ValueError:
        raise faults.bad_query(f"'{literal[:40]}' is no value of this property") from None


def _window(places: Sequence[Place], moment: datetime, sign: str) -> tuple[int, int]:
    """From where to where the places fit the comparison."""
    before = bisect_left(places, moment, key=_changed)
    behind = bisect_right(places, moment, key=_changed)
    return {
        "=": (before, behind),
        ">=": (before, len(places)),
        ">": (behind, len(places)),
        "<=": (0, behind),
        "<": (0, before),
    }[sign]


def _changed(place: Place) -> datetime:
    return place.at


def _field(fields: Mapping[str, Field], name: str) -> Field:
    field = fields.get(name.lower())
    if field is None:
        raise faults.bad_query(f"property '{name}' is not queryable")
    return field


def _test(company: Company, field: Field, condition: Condition) -> Callable[[Record], bool]:
    if condition.sign == "like":
        pattern = re.compile(".*".join(map(re.escape, condition.literals[0].split("%"))), re.DOTALL)
        return lambda record: pattern.fullmatch(str(field.read(company, record) or "")) is not None
    values = [_value(company, field, literal) for literal in condition.literals]
    if condition.sign == "in":
        return lambda record: field.read(company, record) in values
    compare, [value] = _SIGNS[condition.sign], values

    def test(record: Record) -> bool:
        held = field.read(company, record)
        return held is not None and compare(held, value)

    return test


def _value(company: Company, field: Field, literal: str) -> object:
    """A literal as the kind of value the field holds; fault 4001 when it is none."""
    try:
        return _KINDS[field.kind](company, literal)
    except (ValueError, InvalidOperation, KeyError):
        raise faults.bad_query(f"'{literal[:40]}' is no value of this property") from None


def _moment(company: Company, literal: str) -> datetime:
    """A time; without an offset it is the company's."""
    moment = datetime.fromisoformat(literal)
    return moment if moment.tzinfo else moment.replace(tzinfo=company.facts.zone)


_KINDS: Mapping[str, Callable[[Company, str], object]] = {
    "text": lambda _, literal: literal,
    "entity": lambda _, literal: literal.lower(),
    "id": lambda _, literal: id_order(literal),
    "moment": _moment,
    "day": lambda _, literal: date.fromisoformat(literal),
    "amount": lambda _, literal: Decimal(literal),
    "flag": lambda _, literal: {"true": True, "false": False}[literal.lower()],
}


def _sort(company: Company, records: list[Record], query: Query, fields: Mapping[str, Field]) -> None:
    """Sort in place, from the oldest change on; ties in the order of ids, or downwards where the newest comes first."""
    if query.order == ((CHANGED, False),):
        return
    named = "Name" if query.entity == "Account" else "FullyQualifiedName"
    default = fields.get(named.lower()) or fields.get("name")
    if not query.order and default is None:
        records.reverse()
        return
    records.sort(key=lambda record: id_order(record.id))
    if not query.order and default is not None:
        records.sort(key=lambda record: str(default.read(company, record)).lower())
    for name, down in reversed(query.order):
        _sort_by(company, records, _field(fields, name), down=down)


def _sort_by(company: Company, records: list[Record], field: Field, *, down: bool) -> None:
    def key(record: Record) -> tuple[bool, Any]:
        held = field.read(company, record)
        return held is not None, held if held is not None else 0

    records.sort(key=key, reverse=down)
