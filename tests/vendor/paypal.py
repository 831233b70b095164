"""Judges what goes to and comes from PayPal, against PayPal's own OpenAPI files.

They are of early 2024, and real answers differ from them in known ways: times of the reports end in `+0000`, which
their pattern does not know. Objects in requests are closed here, because the files would let a misspelt field pass.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema_rs import Draft4, Draft4Validator, Registry, ValidationError

from tests.vendor.where import schemas

Schema = dict[str, Any]
_FILES = {
    "/v2/checkout/": "checkout_orders_v2",
    "/v2/payments/": "payments_payment_v2",
    "/v1/reporting/": "reporting_transactions_v1",
    "/v1/customer/": "customer_disputes_v1",
    "/v1/notifications/": "notifications_webhooks_v1",
}
_SHOWN_CHARS = 200
_JSON = "application/json"
_TOO_LARGE = b'"RESULTSET_TOO_LARGE"'
"""A refusal that the reports are known to make, and that their file does not have."""

_WORDLESS = frozenset({"format", "description", "title", "example", "readOnly", "nullable"})
_ODD_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\+0000")


def is_described(path: str) -> bool:
    """Whether PayPal's files describe that address: the token call and the payer's page are in none."""
    return any(path.startswith(start) for start in _FILES) and "/certs/" not in path


def request_errors(method: str, target: str, headers: dict[str, str], body: bytes) -> list[str]:
    """What is wrong with a request: unknown address, parameter, header value or field, or a value of another shape."""
    path, name, operation = _found(method, target)
    if operation is None:
        return [f"{method} {path}: no such operation"]
    asked: dict[str, Any] = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    wrong = list(_parameters(name, operation, asked, headers))
    content = _resolved(name, operation.get("requestBody", {})).get("content", {}).get(_JSON)
    if content is None:
        return wrong
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        return [*wrong, f"the body is not JSON: {error}"]
    return wrong + _sentences(_validator(name, _key(content["schema"]), closed=True).iter_errors(document), "body")


def answer_errors(method: str, target: str, status: int, body: bytes) -> list[str]:
    """What is wrong with an answer, by what the operation promises under that status."""
    path, name, operation = _found(method, target)
    if operation is None:
        return [] if status >= 400 else [f"{method} {path}: no such operation"]
    responses = operation["responses"]
    described = _resolved(name, responses.get(str(status)) or responses.get("default", {}))
    content = described.get("content", {}).get(_JSON)
    if content is None or _TOO_LARGE in body:
        return [] if not body or content is not None else [f"{status} promises no body"]
    try:
        document = json.loads(_ODD_TIME.sub(r"\1Z", body.decode()))
    except ValueError as error:
        return [f"the answer is not JSON: {error}"]
    return _sentences(_validator(name, _key(content["schema"]), closed=False).iter_errors(document), "answer")


def issues_of(operation: str) -> dict[str, list[str]]:
    """The issues that PayPal names for an operation, by status."""
    every = json.loads((schemas("paypal") / "derived" / "issue-codes-by-operation.json").read_text())
    found: dict[str, list[str]] = next(each[operation] for each in every.values() if operation in each)
    return found


def event_names() -> list[str]:
    """Every webhook event that PayPal's pages name."""
    return (schemas("paypal") / "derived" / "webhook-event-types.txt").read_text().split()


def _parameters(name: str, operation: Schema, asked: dict[str, Any], headers: dict[str, str]) -> Iterator[str]:
    known = [_resolved(name, each) for each in operation.get("parameters", [])]
    in_query = {each["name"]: each for each in known if each["in"] == "query"}
    for unknown in sorted(asked.keys() - in_query.keys()):
        yield f"query: {unknown} is no parameter"
    for each in known:
        place = asked if each["in"] == "query" else headers
        value = place.get(each["name"] if each["in"] == "query" else each["name"].lower())
        if value is None:
            if each.get("required") and each["in"] == "query":
                yield f"query: {each['name']} is missing"
            continue
        typed: Any = int(value) if each["schema"].get("type") == "integer" and value.isdecimal() else value
        found = _validator(name, _key(each["schema"]), closed=False).iter_errors(typed)
        yield from _sentences(found, f"{each['in']} {each['name']}")


def _found(method: str, target: str) -> tuple[str, str, Schema | None]:
    path = urlsplit(target).path
    name = next((file for start, file in _FILES.items() if path.startswith(start)), "")
    if not name:
        return path, "", None
    for template, operations in _description(name)["paths"].items():
        pattern = re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in operations:
            return path, name, operations[method.lower()]
    return path, name, None


@cache
def _description(name: str) -> Schema:
    loaded: Schema = json.loads((schemas("paypal") / "openapi" / f"{name}.json").read_text())
    return loaded


def _resolved(name: str, part: Schema) -> Schema:
    while "$ref" in part:
        found: Any = _description(name)
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def _key(schema: Schema) -> str:
    return json.dumps(schema, sort_keys=True)


@cache
def _components(name: str) -> Schema:
    named = _description(name)["components"]["schemas"]
    return {"components": {"schemas": {each: _plain(schema) for each, schema in named.items()}}}


@cache
def _validator(name: str, key: str, *, closed: bool) -> Draft4Validator:
    schema = _plain(json.loads(key))
    registry = Registry([("urn:paypal", _components(name))], draft=Draft4)
    held = _closed(name, schema) if closed else schema
    return Draft4Validator(held, registry=registry)


def _plain(schema: Any) -> Any:
    """The schema as JSON Schema: references into the registered document, without formats that nobody knows and the
    pattern of e-mail addresses, which is no good one."""
    if isinstance(schema, dict):
        return {
            key: ("urn:paypal" + value if key == "$ref" and isinstance(value, str) else _plain(value))
            for key, value in schema.items()
            if not (key in _WORDLESS and not isinstance(value, dict)) and not (key == "pattern" and _is_odd(value))
        }
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema


def _is_odd(pattern: object) -> bool:
    return isinstance(pattern, str) and "\\x01" in pattern


def _closed(name: str, schema: Schema, depth: int = 0) -> Schema:
    """The same with every object that lists its properties refusing others; references are followed to do so."""
    if "$ref" in schema:
        named = schema["$ref"].rsplit("/", 1)[-1]
        schema = _components(name)["components"]["schemas"][named]
    found = dict(schema)
    properties: Schema = dict(found.get("properties", {}))
    for part in found.pop("allOf", []):
        inner = _closed(name, part, depth)
        properties |= inner.get("properties", {})
        found["required"] = sorted({*found.get("required", []), *inner.get("required", [])})
        found |= {key: value for key, value in inner.items() if key not in ("properties", "required", "allOf")}
    if not found.get("required", ["one"]):
        del found["required"]
    if properties and depth < 8:
        found["properties"] = {key: _closed(name, value, depth + 1) for key, value in properties.items()}
        found["additionalProperties"] = False
    if isinstance(found.get("items"), dict):
        found["items"] = _closed(name, found["items"], depth + 1)
    return found


def _sentences(errors: Iterator[ValidationError] | Any, where: str) -> list[str]:
    return [f"{where} {list(error.instance_path)}: {error.message[:_SHOWN_CHARS]}" for error in errors]
