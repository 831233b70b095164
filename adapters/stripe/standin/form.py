"""Stripe's bracketed form encoding, and the shape each operation wants its parameters in.

What Stripe knows and this double does not simulate is refused as unknown: a request that passes here passes there,
not the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from adapters.stripe.standin.refusals import Refusal

Rule = str | frozenset[str] | list["Rule"] | dict[str, "Rule"]
"""TEXT, INTEGER, RANGE, METADATA, a choice of words, a list of a rule, or an object of named rules."""

TEXT, INTEGER, RANGE, METADATA = "text", "integer", "range", "metadata"

METADATA_KEYS_MAX = 50
METADATA_KEY_CHARACTERS_MAX = 40
METADATA_VALUE_CHARACTERS_MAX = 500
_INTEGER = re.compile(r"-?\d+")
_BOUNDS = frozenset({"gt", "gte", "lt", "lte"})


def decode(text: str) -> dict[str, Any]:
    """The nested objects of a query or body; leaves are strings, lists are objects with numbers for names."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, *rest = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name) or [name]
        _put(tree, [head, *rest], value)
    return tree


def _put(tree: dict[str, Any], names: list[str], value: str) -> None:
    for name in names[:-1]:
        inner = tree.setdefault(name or str(len(tree)), {})
        if not isinstance(inner, dict):
            raise Refusal("Invalid request: a parameter is both a value and an object.", param=name)
        tree = inner
    tree[names[-1] or str(len(tree))] = value


def read(given: Mapping[str, Any], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """The parameters in Python's types; Refusal (400) for one that is unknown, empty or mistyped."""
    return _object(given, rules, "")


def _object(given: Mapping[str, Any], rules: Mapping[str, Rule], within: str) -> dict[str, Any]:
    taken = {}
    for name, value in given.items():
        full = f"{within}[{name}]" if within else name
        if name not in rules:
            raise Refusal(f"Received unknown parameter: {full}", code="parameter_unknown", param=full)
        taken[name] = _value(value, rules[name], full)
    return taken


def _value(value: Any, rule: Rule, name: str) -> Any:
    match rule:
        case dict():
            return _object(_tree(value, name), rule, name)
        case list():
            return [_value(one, rule[0], f"{name}[{place}]") for place, one in _tree(value, name).items()]
        case frozenset():
            return _choice(value, rule, name)
        case "metadata":
            return _metadata(value, name)
        case "range" if isinstance(value, dict):
            return {bound: _integer(one, f"{name}[{bound}]") for bound, one in _bounds(value, name).items()}
    return _text(value, name) if rule == TEXT else _integer(value, name)


def _tree(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refusal(f"Invalid {name}: expected an object or a list.", param=name)
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise Refusal(f"Invalid string: {name}", param=name)
    if not value:
        message = f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter"
        raise Refusal(f"{message}; however '{name}' cannot be unset.", code="parameter_invalid_empty", param=name)
    return value


def _integer(value: Any, name: str) -> int:
    text = _text(value, name)
    if not _INTEGER.fullmatch(text):
        raise Refusal(f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
    return int(text)


def _choice(value: Any, words: frozenset[str], name: str) -> str:
    text = _text(value, name)
    if text not in words:
        raise Refusal(f"Invalid {name}: must be one of {', '.join(sorted(words))}", param=name)
    return text


def _bounds(value: dict[str, Any], name: str) -> dict[str, Any]:
    for bound in value:
        if bound not in _BOUNDS:
            full = f"{name}[{bound}]"
            raise Refusal(f"Received unknown parameter: {full}", code="parameter_unknown", param=full)
    return value


def _metadata(value: Any, name: str) -> dict[str, str]:
    """Names and values as sent; {"": ""} stands for an empty `metadata`, which clears it."""
    if value == "":
        return {"": ""}
    for key, text in _tree(value, name).items():
        full = f"{name}[{key}]"
        if not isinstance(text, str):
            raise Refusal(f"Invalid string: {full}", param=full)
        if len(key) > METADATA_KEY_CHARACTERS_MAX:
            raise Refusal(f"Metadata keys can have up to 40 characters, but {key} has {len(key)}.", param=name)
        if len(text) > METADATA_VALUE_CHARACTERS_MAX:
            message = f"Metadata values can have up to 500 characters, but you passed in a value that is {len(text)}"
            raise Refusal(f"{message} characters.", param=full)
    return dict(value)


def merge_metadata(stored: Mapping[str, str], sent: Mapping[str, str]) -> dict[str, str]:
    """What metadata becomes: names sent are set, or removed when empty; the rest stays. Refusal over 50 names."""
    if "" in sent:
        return {}
    merged = {name: text for name, text in {**stored, **sent}.items() if text}
    if len(merged) > METADATA_KEYS_MAX:
        raise Refusal("Metadata can have up to 50 keys, and this request would leave more.", param="metadata")
    return merged
