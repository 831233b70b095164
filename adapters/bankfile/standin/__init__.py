"""A bank that writes statements: no server of a vendor stands behind this adapter, only files.

Payments of a world that stand `in bankfile` are lines of the company's account, in the order of their days, and the
statement of them (CAMT.053, version 8) lies in a folder made for it. `write` adds what people do afterwards: a folder
is the only thing that the adapter ever reads. Over loopback it answers nothing but 404.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from adapters.bankfile.standin.writer import Stretch, as_camt
from adapters.bankfile.statement import Line, Nature
from connector.clock import Clock
from connector.money import Currency
from connector.testing.standin import Answer, Call
from connector.testing.worlds import World

__all__ = ["BankStandIn", "build"]

ACCOUNT = "DE89370400440532013000"
"""A made-up account that many examples have."""


class BankStandIn:
    """The banks of these companies."""

    system = "bankfile"

    def __init__(self, worlds: tuple[World, ...]) -> None:
        self._worlds = {world.name: world for world in worlds}
        self._folders: dict[str, Path] = {}
        self._lines: dict[str, list[Line]] = {world.name: list(_lines(world)) for world in worlds}

    def answer(self, call: Call) -> Answer:  # noqa: ARG002 - the shell asks so
        return Answer(status=404)

    def settings(self, world: World, url: str) -> dict[str, str]:  # noqa: ARG002 - the same
        folder = self.folder(world)
        return {"folder": str(folder), "account": ACCOUNT, "currency": str(world.home), "live": "no"}

    def folder(self, world: World) -> Path:
        """Where the company's statements lie."""
        if world.name not in self._folders:
            self._folders[world.name] = Path(tempfile.mkdtemp(prefix="statements-"))
            self.write(world)
        return self._folders[world.name]

    def write(self, world: World, more: Iterable[Line] = ()) -> Path:
        """The statement of everything so far, and of what happened besides, in the place of the one before."""
        lines = self._lines[world.name]
        lines += more
        lines.sort(key=lambda line: line.on)
        days = [line.on for line in lines] or [date(2026, 1, 1)]
        held = as_camt(
            Stretch(
                account=ACCOUNT,
                currency=Currency(world.home),
                first=min(days),
                last=max(days),
                opening=1_000_00,
                lines=lines,
            )
        )
        path = self._folders[world.name] / "statement.xml"
        path.write_bytes(held)
        return path

    def dump(self, *, normalised: bool) -> object:  # noqa: ARG002 - nothing here is an id or a time
        return {
            name: [[str(line.on), line.amount, line.other] for line in lines] for name, lines in self._lines.items()
        }

    def corrupt(self, seed: int) -> str:
        """One line of one company is of one minor unit more, in the next statement that is written."""
        name = sorted(self._lines)[seed % len(self._lines)]
        lines = self._lines[name]
        if not lines:
            return f"{name} has no line to be shifted."
        place = seed % len(lines)
        lines[place] = replace(lines[place], amount=lines[place].amount + 1)
        return f"The line of {lines[place].on} in the statement of {name} is of one unit more."


def build(worlds: tuple[World, ...], *, clock: Clock) -> BankStandIn:  # noqa: ARG001 - a world says its own days
    """The banks of all these companies."""
    return BankStandIn(worlds)


def _lines(world: World) -> Iterable[Line]:
    for each in sorted((each for each in world.payments if each.system == "bankfile"), key=lambda each: each.on):
        yield Line(
            on=each.on,
            amount=each.amount.minor,
            nature=Nature.CHEQUE if each.method == "check" else Nature.TRANSFER,
            other=each.customer,
            text=each.memo or "",
            bank_ref=each.id,
        )
