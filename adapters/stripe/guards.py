"""What must never leave for Stripe: an empty or odd id, a fractional amount, a None meant as "clear". Pure.

The SDK would ask for `/v1/customers/` when given an empty id, send 10.5 as it is, and silently leave None out. An empty
text clears one field, which may be meant; as a record's whole metadata it would wipe the merchant's keys too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from connector.errors import Refused

_ID = re.compile(r"[A-Za-z0-9_]{1,255}")


def checked_id(vendor_id: str) -> str:
    """The id, if it is one that Stripe could have made; Refused otherwise."""
    if not _ID.fullmatch(vendor_id):
        raise Refused(
            "A Stripe id is empty or holds characters that no Stripe id has.",
            next_step="Sync again, so that the record is known by its real id.",
        )
    return vendor_id


def checked_params(params: Mapping[str, object]) -> None:
    """Refused when a parameter, at any depth, is None, a fraction, or of a type that has no meaning on the wire."""
    for name, value in params.items():
        _check(name, value)


def _check(name: str, value: object) -> None:
    match value:
        case None:
            raise Refused(f"The parameter {name} is None, which Stripe would silently leave out.")
        case "" if name.rpartition("[")[2].rstrip("]") == "metadata":
            raise Refused(f"The parameter {name} is empty, which would wipe every key there.")
        case str() | bool() | int():
            return
        case Mapping():
            for inner, part in value.items():
                _check(f"{name}[{inner}]", part)
        case list() | tuple():
            for index, part in enumerate(value):
                _check(f"{name}[{index}]", part)
        case _:
            raise Refused(f"The parameter {name} is neither a text nor a whole number.")
