"""An account whose statements lie in a folder, read without any program around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from adapters.bankfile.client import BankFile
from adapters.bankfile.settings import Settings
from adapters.bankfile.standin.writer import Stretch
from adapters.bankfile.statement import Line, Nature
from connector.clock import SystemClock
from connector.model.mirror import Gone, Mirrored
from connector.model.money_in import Payment
from connector.model.settlement import BalanceEntry
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import currency
from connector.ports import Pace, Page, RateBudget, SecretPair, Surroundings

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bankfile"
IBAN = "DE89370400440532013000"
EUR = currency("EUR")
ZONE = "Europe/Berlin"


class _Nothing:
    """Tokens, budget and turns of an adapter that asks nobody."""

    def read(self) -> SecretPair | None:
        return None

    def replace(self, pair: SecretPair) -> SecretPair:
        return pair

    def locked(self, action: object) -> SecretPair:
        raise AssertionError(action)

    def take(self, tokens: int = 1, *, metered: bool = False) -> None:
        raise AssertionError(tokens, metered)

    def pause(self, seconds: float) -> None:
        raise AssertionError(seconds)

    def answered(self) -> None:
        raise AssertionError

    def turn(self, name: str, *, seconds: float) -> AbstractContextManager[None]:
        raise AssertionError(name, seconds)

    def lane(self, name: str, pace: Pace) -> RateBudget:
        raise AssertionError(name, pace)


@dataclass
class Kept:
    """What is mirrored of one account, as the store would keep it."""

    held: dict[Ref, Mirrored] = field(default_factory=dict)

    def known(self, kind: Kind) -> Mapping[str, str]:
        return {
            ref.vendor_id: one.version
            for ref, one in self.held.items()
            if ref.kind is kind and not isinstance(one.record, Gone)
        }

    def number(self, kind: Kind) -> int:
        return len(self.known(kind))

    def unfinished(self, kind: Kind) -> tuple[str, ...]:
        raise AssertionError(kind)

    def kept_for(self, kind: Kind) -> tuple[str, ...]:
        raise AssertionError(kind)

    def take(self, page: Page) -> None:
        for one in page.records:
            self.held[one.ref] = one


class Account:
    """One account, read again and again."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.kept = Kept()
        self.cursor: str | None = None
        values = {"folder": str(folder), "account": IBAN, "currency": "EUR", **more}
        nothing = _Nothing()
        self.adapter = BankFile(
            Surroundings(
                connection=ConnectionId("bankfile"),
                settings=Settings.parse(values),
                zone=ZONE,
                clock=SystemClock(),
                tokens=nothing,
                budget=nothing,
                turns=nothing,
                mirror=self.kept,
            ),
            Settings.parse(values),
        )

    def put(self, name: str, held: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(held)
        return path

    def pull(self) -> Page:
        page = self.adapter.pull("lines", self.cursor)
        self.cursor = page.cursor
        self.kept.take(page)
        return page

    def told(self) -> list[str]:
        """Read; what a person is told."""
        return [each.sentence for each in self.pull().findings]

    def payments(self) -> dict[str, Payment]:
        return {
            ref.vendor_id: one.record for ref, one in sorted(self.kept.held.items()) if isinstance(one.record, Payment)
        }

    def back(self) -> list[BalanceEntry]:
        return [one.record for _, one in sorted(self.kept.held.items()) if isinstance(one.record, BalanceEntry)]


def came(day: int, minor: int, who: str = "Acme", text: str = "", **more: str) -> Line:
    """A transfer in March."""
    return Line(on=date(2026, 3, day), amount=minor, nature=Nature.TRANSFER, other=who, text=text, **more)  # type: ignore[arg-type]


def stretch(
    lines: Sequence[Line], first: int, last: int, *, opening: int = 0, number: int = 1, made: str = ""
) -> Stretch:
    """A statement of days in March."""
    return Stretch(
        account=IBAN,
        currency=EUR,
        first=date(2026, 3, first),
        last=date(2026, 3, last),
        opening=opening,
        lines=tuple(sorted(lines, key=lambda line: line.on)),
        number=number,
        made=made or f"2026-04-{number:02}T08:00:00",
    )
