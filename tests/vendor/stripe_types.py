"""The second judge of Stripe requests: the parameter types of the installed SDK, so of the pinned version.

They are `TypedDict`s for type checkers; here they are rebuilt closed and strict, so that pydantic checks at
run time what mypy would check in typed code. They know nothing of enums that grow, lengths or required
combinations.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin

import stripe
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from stripe import StripeContext
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import TypedDict, get_type_hints, is_typeddict

from tests.vendor.stripe_spec import find_operation

_CALL = re.compile(
    r'params: (?:Optional\[\s*)?"(?P<name>\w+)"(?:(?!\bdef ).)*?'
    r'_request\(\s*"(?P<method>\w+)",\s*"(?P<path>[^"]+)"',
    re.DOTALL,
)
_IMPORT = re.compile(r"from (?P<module>stripe\.params[\w.]*) import (?P<names>\w+|\([^)]*\))")
_MIXED_IN_NAMES = {"StripeContext": StripeContext, "Mapping": Mapping}
"""What the SDK's mixed-in request options refer to without importing it at run time."""
_STRICT = ConfigDict(extra="forbid", strict=True)


def sdk_param_errors(method: str, path: str, params: Mapping[str, Any]) -> list[str]:
    """What the SDK's own parameter type has against a request's parameters (Python values, not form strings).

    An operation the SDK has no parameter type for is an error. Amounts are `int`; a decimal may be a string.
    """
    operation = find_operation(method, path)
    found = _parameter_types().get((method, _unnamed(operation.template))) if operation is not None else None
    if found is None:
        return [f"{method} {path}: the SDK has no parameters for it"]
    try:
        _adapter(*found).validate_python(dict(params))
    except ValidationError as error:
        return [f"{_path(one['loc'])}: {one['msg']}" for one in error.errors(include_url=False)]
    return []


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(one) for one in location)


def _unnamed(template: str) -> str:
    return re.sub(r"\{\w+\}", "{}", template)


@cache
def _parameter_types() -> Mapping[tuple[str, str], tuple[str, str]]:
    """Module and name of the parameter type by (method, path template).

    Which type belongs to which path is said only in the sources of the SDK's services, so these are read.
    """
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for source in sorted(Path(stripe.__file__).parent.glob("**/_*_service.py")):
        text = source.read_text()
        imports = [(one["module"], re.findall(r"\w+", one["names"])) for one in _IMPORT.finditer(text)]
        modules = {name: module for module, names in imports for name in names}
        for call in _CALL.finditer(text):
            key = (call["method"].upper(), _unnamed(call["path"]))
            found[key] = (modules[call["name"]], call["name"])
    return found


@cache
def _adapter(module: str, name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_closed(getattr(import_module(module), name)))


def _closed(hint: Any) -> Any:
    """The type with every `TypedDict` in it rebuilt to refuse unknown keys and silent conversions."""
    if is_typeddict(hint):
        return _closed_dict(hint)
    if hint is Decimal:
        return Decimal | str
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return Union[tuple(_closed(one) for one in arguments if get_origin(one) is not UntypedStripeObject)]  # noqa: UP007
    if origin in (NotRequired, Required):
        return origin[_closed(arguments[0])]
    if origin in (None, Literal):
        return hint
    return origin[tuple(_closed(one) for one in arguments)]


def _closed_dict(hint: Any) -> Any:
    """The same `TypedDict`, closed, without the request options that the SDK mixes into some of them."""
    fields = get_type_hints(hint, localns=_MIXED_IN_NAMES, include_extras=True)
    mixed_in = RequestOptions.__annotations__.keys() if "api_key" in fields else ()
    closed = {key: _closed(one) for key, one in fields.items() if key not in mixed_in}
    return with_config(_STRICT)(TypedDict(hint.__name__, closed))  # type: ignore[operator]
