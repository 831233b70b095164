"""What the XSD cannot say about a write: required, read-only and deprecated fields, lengths, amount formats.

The facts come from Intuit's API reference by way of `entity-field-facts.json`. They are applied to requests
only; Intuit's own answers are full of read-only and deprecated fields.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum, auto
from functools import cache
from typing import TypedDict, cast

from tests.vendor.where import schemas


class Write(Enum):
    """What a request body is meant to do, which decides the fields it must carry."""

    CREATE = auto()
    FULL_UPDATE = auto()
    SPARSE_UPDATE = auto()


class _Fact(TypedDict, total=False):
    tsType: str
    required: bool
    requiredForUpdate: bool
    readOnly: bool
    deprecated: bool
    maxChars: int
    amountFormat: str


_ALWAYS_WRITABLE = frozenset({"Id", "SyncToken", "sparse"})
_TEXT_KEYS = ("value", "Address", "FreeFormNumber", "URI")
"""The key that carries the text of a reference, an e-mail address, a telephone number and a web address."""

_REFUTED = frozenset(
    {
        ("Item", "ItemCategoryType"),
        ("JournalEntry_Line_JournalEntryLineDetail", "JournalCodeRef"),
    }
)
"""Said to be required, yet recorded writes without them were accepted (they are for some countries only)."""


def write_errors(entity: str, body: Mapping[str, object], write: Write) -> list[str]:
    """What the field facts have against the body of a write; an entity without facts passes."""
    errors: list[str] = []
    if entity in _facts():
        _check_object(entity, body, entity, errors, write)
    return errors


@cache
def _facts() -> Mapping[str, Mapping[str, _Fact]]:
    text = (schemas("quickbooks") / "entity-field-facts.json").read_text()
    return cast("Mapping[str, Mapping[str, _Fact]]", json.loads(text))


def _check_object(
    name: str, body: Mapping[str, object], path: str, errors: list[str], write: Write | None = None
) -> None:
    """Checks one object; `write` is None below the top, where lines and references are always sent whole."""
    facts = _facts()[name]
    needed = (key for key in facts if (name, key) not in _REFUTED and _must_be_there(facts[key], write))
    missing = (key for key in needed if body.get(key) in (None, "", []))
    errors += [f"{path}.{key}: required, but missing or empty" for key in missing]
    for key, value in body.items():
        fact = facts.get(key)
        if fact is not None:
            _check_field(key, fact, value, f"{path}.{key}", errors)


def _must_be_there(fact: _Fact, write: Write | None) -> bool:
    if write in (Write.FULL_UPDATE, Write.SPARSE_UPDATE) and fact.get("requiredForUpdate", False):
        return True
    return write is not Write.SPARSE_UPDATE and fact.get("required", False)


def _check_field(key: str, fact: _Fact, value: object, path: str, errors: list[str]) -> None:
    if fact.get("readOnly", False) and key not in _ALWAYS_WRITABLE:
        errors.append(f"{path}: read-only, must not be sent")
    if fact.get("deprecated", False):
        errors.append(f"{path}: deprecated, must not be sent")
    limit, text = fact.get("maxChars"), _text_of(value)
    if limit is not None and text is not None and len(text) > limit:
        errors.append(f"{path}: {len(text)} characters, at most {limit} are allowed")
    if "amountFormat" in fact and isinstance(value, (int, Decimal)) and not _fits_10_5(Decimal(value)):
        errors.append(f"{path}: {value} does not fit ten digits before the point and five after it")
    for index, one in enumerate(value if isinstance(value, list) else [value]):
        where = f"{path}[{index}]" if isinstance(value, list) else path
        if isinstance(one, Mapping):
            _check_member(fact.get("tsType", ""), one, where, errors)


def _text_of(value: object) -> str | None:
    if isinstance(value, Mapping):
        value = next((value[key] for key in _TEXT_KEYS if key in value), None)
    return value if isinstance(value, str) else None


def _fits_10_5(amount: Decimal) -> bool:
    return abs(amount) < 10**10 and amount == round(amount, 5)


def _check_member(declared: str, value: Mapping[str, object], path: str, errors: list[str]) -> None:
    """Checks a nested object; where it may be of several shapes, its DetailType says which."""
    names = _shapes(declared)
    if len(names) == 1:
        _check_object(names[0], value, path, errors)
    elif names:
        detail = value.get("DetailType")
        fitting = [name for name in names if _detail_type(name) == detail]
        if fitting:
            _check_object(fitting[0], value, path, errors)
        else:
            known = [_detail_type(name) for name in names]
            errors.append(f"{path}.DetailType: {detail!r} is none of {known}")


def _shapes(declared: str) -> list[str]:
    """The shapes a type names. The facts cut a long choice off after 60 characters; its siblings complete it."""
    names = [name for name in re.findall(r"\w+", declared) if name in _facts()]
    if names and declared.startswith("(") and not declared.endswith((")", ")[]")):
        family = names[0].rpartition("_")[0] + "_"
        names += [name for name in _facts() if name.startswith(family) and "_" not in name[len(family) :]]
    return names


def _detail_type(name: str) -> str | None:
    """The DetailType that marks a line shape; None for one without, such as a deposit's linked payment."""
    declared = _facts()[name].get("DetailType", {}).get("tsType")
    return declared.strip('"') if declared is not None else None
