"""Stripe's OpenAPI description as data: loaded, moved to the pinned version, made plain JSON Schema.

Three things are done to it. The overlay takes it from the described version to the one the SDK pins.
OpenAPI's `nullable` becomes "or null". Objects in requests are closed, because the description closes only
their top level and would let a misspelt nested parameter pass. Objects in answers stay open: Stripe adds
fields at will.
"""

import copy
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from tests.vendor.where import schemas

Schema = dict[str, Any]
"""A JSON Schema or a part of the OpenAPI description, as JSON gives it."""

ROOT = "urn:stripe"
"""The address that `components()` must be registered under; every `$ref` starts with it."""

_V1 = "spec3.2026-08-26.dahlia.json.gz"
_V2_EVENTS = "v2-core-events.2026-05-27.dahlia.json.gz"
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path template; all schemas are plain JSON Schema, requests closed."""

    method: str
    template: str
    query: Schema
    body: Schema
    body_is_form: bool


def fixtures() -> Mapping[str, Schema]:
    """Stripe's own example object of each resource type (one month older than the description)."""
    loaded = _load(schemas("stripe") / "fixtures3.2026-07-29.dahlia.json.gz")
    return cast("Mapping[str, Schema]", loaded["resources"])


@cache
def components() -> Schema:
    """The document that the `$ref`s of all operations point into, by schema name under components/schemas."""
    named = _description()["components"]["schemas"]
    return {"components": {"schemas": {name: _plain(schema, closed=False) for name, schema in named.items()}}}


@cache
def answers() -> Mapping[str, Mapping[str, Schema]]:
    """What every operation answers, by its name and by status ("200", "default"); a schema without rules where the
    answer is not JSON."""
    return {
        f"{method.upper()} {template}": {
            status: _plain(one["content"].get(_JSON, {}).get("schema", {}), closed=False)
            for status, one in described["responses"].items()
        }
        for template, operations in _description()["paths"].items()
        for method, described in operations.items()
        if "responses" in described
    }


def find_operation(method: str, path: str) -> Operation | None:
    """The operation a request means; a literal segment goes before a placeholder (`/v1/invoices/search`)."""
    segments = path.split("/")
    fitting = [one for one in _templates(method, len(segments)) if _fits(one.split("/"), segments)]
    if not fitting:
        return None
    return _operation(method, min(fitting, key=lambda template: template.count("{")))


@cache
def _templates(method: str, length: int) -> list[str]:
    paths = _description()["paths"]
    return [path for path in paths if method.lower() in paths[path] and len(path.split("/")) == length]


def _fits(template: list[str], segments: list[str]) -> bool:
    pairs = zip(template, segments, strict=True)
    return all(found == wanted or (wanted.startswith("{") and found != "") for wanted, found in pairs)


@cache
def _operation(method: str, template: str) -> Operation:
    described = _description()["paths"][template][method.lower()]
    content = described.get("requestBody", {}).get("content", {})
    body = _request_schema(described) or {"type": "object", "properties": {}}
    return Operation(
        method=method,
        template=template,
        query=_plain(_query_schema(described.get("parameters", [])), closed=True),
        body=_plain(body, closed=True),
        body_is_form=_JSON not in content,
    )


def _request_schema(described: Schema) -> Schema | None:
    content = described.get("requestBody", {}).get("content", {})
    known = (content[kind]["schema"] for kind in (_FORM, _JSON, _MULTIPART) if kind in content)
    return next(known, None)


def _query_schema(parameters: Iterable[Schema]) -> Schema:
    asked = [one for one in parameters if one["in"] == "query"]
    schema: Schema = {"type": "object", "properties": {one["name"]: one["schema"] for one in asked}}
    required = [one["name"] for one in asked if one.get("required")]
    return {**schema, "required": required} if required else schema  # draft 4 forbids an empty list


def _plain(schema: Schema, *, closed: bool) -> Schema:
    """The schema as JSON Schema, without descriptions; objects that list properties are closed if asked."""
    plain: Schema = {}
    for key, value in schema.items():
        if key == "properties":
            plain[key] = {name: _plain(one, closed=closed) for name, one in value.items()}
        elif key in ("anyOf", "oneOf", "allOf"):
            # "one of" stands only over errors of the second version, and its general error fits beside any other
            plain["anyOf" if key == "oneOf" else key] = [_plain(one, closed=closed) for one in value]
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            plain[key] = _plain(value, closed=closed)
        elif key == "$ref":
            plain[key] = ROOT + value
        elif key not in ("nullable", "description", "title") and not key.startswith("x-"):
            plain[key] = value
    if closed and "properties" in plain:
        plain.setdefault("additionalProperties", False)
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") else plain


@cache
def _description() -> Schema:
    """Both descriptions in one, at the version the SDK pins; still OpenAPI."""
    folder = schemas("stripe")
    description, events = _load(folder / _V1), _load(folder / _V2_EVENTS)
    description["paths"].update(events["paths"])
    description["components"]["schemas"].update(events["components"]["schemas"])
    _apply(json.loads((folder / "endive-overlay.json").read_text()), description)
    return description


def _load(path: Path) -> Schema:
    with gzip.open(path) as file:
        return cast("Schema", json.load(file))


def _apply(overlay: Schema, description: Schema) -> None:
    """Changes the description as the overlay says; raises KeyError or ValueError where it does not fit."""
    removed: dict[str, Schema] = {}
    for operation, names in overlay["remove_request_properties"].items():
        properties = _request_properties(description, operation)
        removed[operation] = {name: properties.pop(name) for name in names}
    for operation, additions in overlay["add_request_properties"].items():
        for name, words in additions.items():
            known = re.fullmatch(r"same schema as the removed (\w+)", words)
            if known is None:
                raise ValueError(f"the overlay describes {name} in unknown words: {words}")
            schema = copy.deepcopy(removed[operation][known[1]])
            _request_properties(description, operation)[name] = schema
    named = description["components"]["schemas"]
    for resource, names in overlay["add_response_properties"].items():
        for name in names:
            named[resource]["properties"][name] = {
                "type": "array",
                "items": {"type": "string"},
                "nullable": True,
            }
    for path, values in overlay["new_enum_values_seen"].items():
        resource, *rest = path.split(".")
        for enum in _enums(named[resource], rest, named):
            enum.extend(value for value in values if value not in enum)
    _request_properties(description, "POST /v1/webhook_endpoints")["api_version"]["enum"].append(overlay["to_version"])


def _request_properties(description: Schema, operation: str) -> Schema:
    method, path = operation.split(" ")
    schema = _request_schema(description["paths"][path][method.lower()])
    if schema is None:
        raise ValueError(f"{operation} takes no body")
    return cast("Schema", schema["properties"])


def _enums(schema: Schema, path: list[str], named: Schema) -> Iterator[list[str]]:
    """The enums at the end of a property path, through references and alternatives."""
    if "$ref" in schema:
        yield from _enums(named[schema["$ref"].rsplit("/", 1)[-1]], path, named)
    for one in schema.get("anyOf", []):
        yield from _enums(one, path, named)
    if path and path[0] in schema.get("properties", {}):
        yield from _enums(schema["properties"][path[0]], path[1:], named)
    elif not path and "enum" in schema:
        yield schema["enum"]
