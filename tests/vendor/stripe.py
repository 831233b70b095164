"""Judges what goes to and comes from Stripe, against Stripe's own description at the version the SDK pins.

Hooked around the transport, it sees every request of every test; hooked around a stand-in, every answer. It
knows shape only: not metadata limits, minimum amounts, or which payment method goes with which currency.
"""

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from jsonschema_rs import Draft4, Draft4Validator, Registry, ValidationError, ValidationErrorKind

from tests.vendor.stripe_form import coerce, decode
from tests.vendor.stripe_spec import ROOT, Operation, Schema, answers, components, find_operation, fixtures
from tests.vendor.stripe_types import sdk_param_errors

__all__ = [
    "answer_errors",
    "fixtures",
    "object_errors",
    "request_errors",
    "request_params",
    "sdk_param_errors",
]

_SHOWN_CHARS = 160


def request_errors(method: str, path_and_query: str, body: bytes) -> list[str]:
    """What is wrong with a request: unknown path, unknown or mistyped parameter, value outside an enum.

    The path starts at `/v1` or `/v2`; the body is form-encoded for v1 and JSON for v2.
    """
    operation = _find(method, path_and_query)
    if operation is None:
        return [f"{method} {path_and_query}: no such operation"]
    try:
        query, form = _decoded(operation, path_and_query, body)
    except ValueError as error:
        return [f"unreadable parameters: {error}"]
    in_query = _sentences(_part(operation, "query").iter_errors(query), "query")
    return in_query + _sentences(_part(operation, "body").iter_errors(form), "body")


def request_params(method: str, path_and_query: str, body: bytes) -> dict[str, Any]:
    """The parameters of a request as Python values, for `sdk_param_errors`; ValueError if unreadable."""
    operation = _find(method, path_and_query)
    if operation is None:
        raise ValueError(f"{method} {path_and_query}: no such operation")
    query, form = _decoded(operation, path_and_query, body)
    return {**query, **form}


def answer_errors(method: str, path_and_query: str, status: int, body: bytes) -> list[str]:
    """What is wrong with a JSON answer, by what the operation promises; expanded objects are judged too."""
    operation = _find(method, path_and_query)
    if operation is None:
        return [f"{method} {path_and_query}: no such operation"]
    try:
        document = json.loads(body, parse_float=Decimal)
    except ValueError as error:
        return [f"the answer is not JSON: {error}"]
    name = f"{operation.method} {operation.template}"
    part = str(status) if str(status) in answers()[name] else "default"
    return _sentences(_catalogue().iter_errors({f"{name} {part}": document}), "answer", within=1)


def object_errors(schema_name: str, obj: Any) -> list[str]:
    """What is wrong with one object ("invoice", "checkout.session"); KeyError for a name Stripe lacks."""
    if schema_name not in components()["components"]["schemas"]:
        raise KeyError(schema_name)
    return _sentences(_catalogue().iter_errors({schema_name: obj}))


def _find(method: str, path_and_query: str) -> Operation | None:
    return find_operation(method, urlsplit(path_and_query).path)


def _decoded(operation: Operation, path_and_query: str, body: bytes) -> tuple[dict[str, Any], Any]:
    query = coerce(decode(urlsplit(path_and_query).query), operation.query)
    if operation.body_is_form:
        return query, coerce(decode(body.decode()), operation.body)
    return query, json.loads(body or b"{}", parse_float=Decimal)


@cache
def _registry() -> Registry:
    return Registry([(ROOT, components())], draft=Draft4)


@cache
def _catalogue() -> Draft4Validator:
    """One validator for all objects and answers, each under its name: compiled together they share their parts, and
    each of them alone would take as much room as all."""
    named = components()["components"]["schemas"]
    references = {name: {"$ref": f"{ROOT}#/components/schemas/{name}"} for name in named}
    told = {f"{name} {part}": schema for name, parts in answers().items() for part, schema in parts.items()}
    return _validator({"properties": references | told})


def _part(operation: Operation, part: str) -> Draft4Validator:
    """The validator of an operation's query or body, compiled at its first use."""
    return _part_by_name(operation.method, operation.template, part)


@cache
def _part_by_name(method: str, template: str, part: str) -> Draft4Validator:
    operation = find_operation(method, template)
    if operation is None:
        raise KeyError(template)
    return _validator({"query": operation.query, "body": operation.body}[part])


def _validator(schema: Schema) -> Draft4Validator:
    return Draft4Validator(schema, registry=_registry(), validate_formats=False)


def _sentences(errors: Iterable[ValidationError], *above: str, within: int = 0) -> list[str]:
    """Each error with the place it is at, from so many steps down."""
    return [
        f"{'.'.join([*above, *map(str, error.instance_path[within:])])}: {error.message[:_SHOWN_CHARS]}"
        for error in _innermost(errors)
    ]


def _innermost(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """Instead of "fits no alternative", what is wrong with the alternative that has the right type."""
    for error in errors:
        match error.kind:
            case ValidationErrorKind.AnyOf(context) | ValidationErrorKind.OneOfNotValid(context):
                likely = min(context, key=lambda branch: (_misfit(branch, error), len(branch)))
                yield from _innermost(likely) if _misfit(likely, error) < _OTHER_TYPE else [error]
            case _:
                yield error


_OTHER_TYPE = 2


def _misfit(branch: list[ValidationError], whole: ValidationError) -> int:
    """0: the alternative is wrong only in detail, 1: right type but not in its enum, 2: another type."""
    worst = 0
    for one in branch:
        if one.instance_path == whole.instance_path:
            match one.kind:
                case ValidationErrorKind.Type():
                    worst = _OTHER_TYPE
                case ValidationErrorKind.Enum():
                    worst = max(worst, 1)
    return worst
