"""Walks QuickBooks JSON along Intuit's XSD: names, types, enums and dates, not required or read-only.

How Intuit turns its XML into JSON (measured on recorded answers): elements and attributes are keys; what may
occur more than once is an array; simple content with attributes is an object with `value` beside the
attributes; a decimal is a number, an id a string. In strings for numbers the XSD is stricter than the server,
which suits a judge.

`Finance.xsd` holds the entities; `IntuitRestServiceDef.xsd` includes it and adds the envelopes around them.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import chain

import xmlschema
from xmlschema.validators import XsdAtomic, XsdComplexType, XsdElement, XsdType

from tests.vendor.where import schemas

Check = Callable[[object, str, list[str]], None]
"""Judges one JSON value found at a path and appends what is wrong to the list."""

_INTEGER_RANGES: Mapping[str, tuple[int | None, int | None]] = {
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "integer": (None, None),
    "positiveInteger": (1, None),
    "nonNegativeInteger": (0, None),
}
_ZONE = re.compile(r"(Z|[+-]\d\d:\d\d)$")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(Z|[+-]\d\d:\d\d)?")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


def parse(body: bytes) -> object:
    """The JSON document, every fraction a `Decimal`; raises ValueError on bad JSON, NaN and doubled keys."""
    return json.loads(
        body, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_object_without_doubles
    )


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _object_without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"a key occurs twice among {[key for key, _ in pairs]}")
    return found


def type_errors(name: str, value: object, path: str) -> list[str]:
    """What the XSD type or entity of this name has against a JSON value; KeyError for an unknown name."""
    errors: list[str] = []
    _check(_schema().types[name])(value, path, errors)
    return errors


@cache
def entity_names() -> Mapping[str, str]:
    """Every entity of the API: from its spelling in addresses ("creditmemo") to its name ("CreditMemo")."""
    schema = _schema()
    entities = schema.elements["IntuitObject"].iter_substitutes()
    return {name.lower(): name for name in (entity.local_name for entity in entities)}


@cache
def _schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(schemas("quickbooks") / "xsd" / "IntuitRestServiceDef.xsd"))


@cache
def _check(kind: XsdType) -> Check:
    """The check for an XSD type, built once. Fields are looked up when used: types contain themselves."""
    match kind:
        case XsdComplexType():
            return _valued(kind) if kind.has_simple_content() else _Object(kind)
        case XsdAtomic():
            return _simple(kind)
    return _unheard_of


@dataclass(frozen=True, slots=True)
class _Field:
    kind: XsdType
    repeated: bool


def _attributes(kind: XsdComplexType) -> Iterator[tuple[str, _Field]]:
    for name, attribute in kind.attributes.items():
        if name is not None and attribute.type is not None:
            yield name, _Field(attribute.type, repeated=False)


def _elements(kind: XsdComplexType) -> Iterator[tuple[str, _Field]]:
    for element in kind.content.iter_elements():  # type: ignore[union-attr]
        if not isinstance(element, XsdElement):
            continue
        repeated = element.max_occurs is None or element.max_occurs > 1
        for one in chain([element], element.iter_substitutes()):
            if not one.abstract:
                yield one.local_name, _Field(one.type, repeated)


class _Object:
    """Checks a JSON object against a complex type: only known keys, arrays where elements repeat."""

    def __init__(self, kind: XsdComplexType) -> None:
        self._fields = dict(chain(_attributes(kind), _elements(kind)))
        self._open = kind.name is not None and kind.local_name == "IntuitAnyType"

    def __call__(self, value: object, path: str, errors: list[str]) -> None:
        if not isinstance(value, Mapping):
            errors.append(f"{path}: {_seen(value)} where an object belongs")
        elif not self._open:
            for key, inner in value.items():
                self._member(key, inner, f"{path}.{key}", errors)

    def _member(self, key: str, value: object, path: str, errors: list[str]) -> None:
        field = self._fields.get(key)
        if field is None:
            errors.append(f"{path}: unknown field")
        elif not field.repeated:
            _check(field.kind)(value, path, errors)
        elif isinstance(value, list):
            for index, one in enumerate(value):
                _check(field.kind)(one, f"{path}[{index}]", errors)
        else:
            errors.append(f"{path}: {_seen(value)} where an array belongs")


def _valued(kind: XsdComplexType) -> Check:
    """Simple content plus attributes: `{"value": "1", "name": "Acme"}`, the value always there, a string."""
    inner = {name: _check(field.kind) for name, field in _attributes(kind)}
    inner["value"] = _text

    def check(value: object, path: str, errors: list[str]) -> None:
        if not isinstance(value, Mapping):
            errors.append(f'{path}: {_seen(value)} where an object with "value" belongs')
            return
        if "value" not in value:
            errors.append(f'{path}: no "value"')
        for key, one in value.items():
            if key in inner:
                inner[key](one, f"{path}.{key}", errors)
            else:
                errors.append(f"{path}.{key}: unknown field")

    return check


def _simple(kind: XsdAtomic) -> Check:
    if kind.enumeration:
        return _enum(frozenset(str(member) for member in kind.enumeration))
    name = kind.local_name or ""
    if name in _INTEGER_RANGES:
        return _integer(name)
    primitive = kind.primitive_type.local_name if kind.primitive_type is not None else None
    return _PRIMITIVES.get(primitive or "", _unheard_of)


def _enum(members: frozenset[str]) -> Check:
    shown = ", ".join(sorted(members)[:8]) + (" ..." if len(members) > 8 else "")

    def check(value: object, path: str, errors: list[str]) -> None:
        if not isinstance(value, str) or value not in members:
            errors.append(f"{path}: {_seen(value)} is none of {shown}")

    return check


def _integer(name: str) -> Check:
    low, high = _INTEGER_RANGES[name]

    def check(value: object, path: str, errors: list[str]) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            errors.append(f"{path}: {_seen(value)} where a whole number belongs")
        elif (low is not None and value < low) or (high is not None and value > high):
            errors.append(f"{path}: {value} is out of the range of {name}")

    return check


def _text(value: object, path: str, errors: list[str]) -> None:
    if not isinstance(value, str):
        errors.append(f"{path}: {_seen(value)} where a string belongs")


def _number(value: object, path: str, errors: list[str]) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        hint = "; parse JSON with Decimal" if isinstance(value, float) else ""
        errors.append(f"{path}: {_seen(value)} where a decimal number belongs{hint}")


def _flag(value: object, path: str, errors: list[str]) -> None:
    if not isinstance(value, bool):
        errors.append(f"{path}: {_seen(value)} where true or false belongs")


def _date(value: object, path: str, errors: list[str]) -> None:
    if not isinstance(value, str) or not _DATE.fullmatch(value) or not _exists(date, value[:10]):
        errors.append(f"{path}: {_seen(value)} where a date belongs")


def _date_time(value: object, path: str, errors: list[str]) -> None:
    text = value if isinstance(value, str) and _DATE_TIME.fullmatch(value) else ""
    if not _exists(datetime, _ZONE.sub("", text)):
        errors.append(f"{path}: {_seen(value)} where a date and time belongs")


def _exists(kind: type[date], text: str) -> bool:
    try:
        kind.fromisoformat(text)
    except ValueError:
        return False
    return True


def _unheard_of(value: object, path: str, errors: list[str]) -> None:
    errors.append(f"{path}: the walker does not know this XSD type, so it cannot judge {_seen(value)}")


def _seen(value: object) -> str:
    shown = repr(value)
    return f"{type(value).__name__} {shown if len(shown) <= 60 else shown[:57] + '...'}"


_PRIMITIVES: Mapping[str, Check] = {
    "string": _text,
    "anyURI": _text,
    "decimal": _number,
    "boolean": _flag,
    "date": _date,
    "dateTime": _date_time,
}
