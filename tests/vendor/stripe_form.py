"""Reads Stripe's bracketed form encoding back into nested data, with the types the schema asks for.

A form has only strings. What a string stands for is found along the schema: the first alternative that fits
wins, the empty string (Stripe's "clear this field") before all others. What fits nothing stays as it came,
for the validator to complain about.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.vendor.stripe_spec import Schema

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def decode(text: str) -> dict[str, Any]:
    """The nested objects of a form or query string: leaves are strings, arrays objects with number keys.

    Raises ValueError for a name that is no bracket notation and for a value given twice.
    """
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        found = _NAME.fullmatch(name)
        if found is None:
            raise ValueError(f"{name!r} is no parameter name")
        _put(tree, [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])], value, name)
    return tree


def _put(tree: dict[str, Any], keys: list[str], value: str, name: str) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise ValueError(f"{name!r} is both a value and an object")  # noqa: TRY004 - the text is at fault
    last = keys[-1] or str(len(tree))
    if last in tree:
        raise ValueError(f"{name!r} is given twice")
    tree[last] = value


def coerce(value: Any, schema: Schema) -> Any:
    """Decoded form data with numbers, booleans and arrays where the schema has them."""
    return _coerce(value, schema)[0]


def _coerce(value: Any, schema: Schema) -> tuple[Any, bool]:
    """The value as the schema wants it, and whether it fits."""
    if "anyOf" in schema:
        return _first_fitting(value, schema["anyOf"])
    match schema.get("type"), value:
        case "object", dict():
            return _coerce_object(value, schema)
        case "array", dict():
            return _coerce_array(value, schema)
        case (("object" | "array"), _):
            return value, False
        case kind, str():
            return _coerce_text(value, str(kind), schema)
    return value, False


def _first_fitting(value: Any, alternatives: list[Schema]) -> tuple[Any, bool]:
    empty_first = sorted(alternatives, key=lambda one: one.get("enum") != [""])
    results = [_coerce(value, one) for one in empty_first]
    fitting = [result for result in results if result[1]]
    changed = [result for result in results if result[0] is not value]
    return (fitting or changed or results)[0]


def _coerce_object(value: dict[str, Any], schema: Schema) -> tuple[Any, bool]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    done: dict[str, Any] = {}
    fits = all(name in value for name in schema.get("required", []))
    for key, inner in value.items():
        known = properties.get(key, others)
        done[key], inner_fits = _coerce(inner, known) if isinstance(known, dict) else (inner, known)
        fits = fits and inner_fits
    return done, fits


def _coerce_array(value: dict[str, Any], schema: Schema) -> tuple[Any, bool]:
    if not all(key.isdecimal() for key in value):
        return value, False
    ordered = [value[key] for key in sorted(value, key=int)]
    results = [_coerce(one, schema.get("items", {})) for one in ordered]
    return [result[0] for result in results], all(result[1] for result in results)


def _coerce_text(value: str, kind: str, schema: Schema) -> tuple[Any, bool]:
    match kind:
        case "integer" if _INTEGER.fullmatch(value):
            return int(value), True
        case "number" if _NUMBER.fullmatch(value):
            return float(value), True
        case "boolean" if value in ("true", "false"):
            return value == "true", True
        case "string":
            return value, value in schema.get("enum", [value])
    return value, False
