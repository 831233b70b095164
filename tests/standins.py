"""The smallest stand-in there can be, for tests of what surrounds stand-ins: it counts what it was asked to do."""

from __future__ import annotations

import json
from http.client import HTTPConnection

from connector.testing.standin import Answer, Call, Server
from connector.testing.worlds import World


class Tally:
    """Acts on every request by counting it. `/moved` redirects; every answer says how often it has acted."""

    system = "tally"

    def __init__(self) -> None:
        self.acted: list[tuple[str, str]] = []

    def answer(self, call: Call) -> Answer:
        self.acted.append((call.method, call.path))
        if call.path == "/moved":
            return Answer(status=302, headers={"Location": "/elsewhere"})
        body = json.dumps({"acted": len(self.acted), "name": call.first("name", "nobody")}).encode()
        return Answer(body=body, headers={"Trace-Id": f"trace-{len(self.acted)}"})

    def settings(self, world: World, url: str) -> dict[str, str]:
        return {"base_url": url, "account": world.stripe_account}

    def dump(self, *, normalised: bool) -> object:
        return {"acted": [f"{method} {path}" for method, path in self.acted], "normalised": normalised}

    def corrupt(self, seed: int) -> str:
        return f"Nothing to corrupt with {seed}."


def ask(server: Server, method: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
    """One request over its own socket, as bare as can be: the status, and the whole body or the socket's error."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, target, body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
