"""What the double says when it refuses, in Stripe's own shape and words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.testing.standin import Answer


@dataclass(eq=False)
class Refusal(Exception):
    """An error answer. `stored`: the work had begun, so a replay under the same idempotency key gets it again."""

    message: str
    code: str | None = None
    param: str | None = None
    status: int = 400
    kind: str = "invalid_request_error"
    stored: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self) -> Answer:
        """The HTTP answer; fields that do not apply are absent."""
        named = {"code": self.code, "message": self.message, "param": self.param, "type": self.kind}
        error = {name: value for name, value in named.items() if value is not None}
        return Answer(status=self.status, body=json.dumps({"error": error}, indent=2).encode(), headers=self.headers)


def missing(noun: str, vendor_id: str, *, param: str = "id", status: int = 404) -> Refusal:
    """No such object: 404 for the object in the path, 400 for one named in a parameter."""
    message = f"No such {noun}: '{vendor_id}'"
    return Refusal(message=message, code="resource_missing", param=param, status=status)


def unknown_address(method: str, path: str) -> Refusal:
    """Nothing is served there, by Stripe or by this double."""
    message = f"Unrecognized request URL ({method}: {path}). The stand-in does not serve it."
    return Refusal(message=message, status=404)
