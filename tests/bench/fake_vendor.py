"""A vendor that is all in memory: a company's books that answer after a while, and one company that has very much.

Found by its entry point, as a stranger's adapter is (`installed`); what it reads passes through the product's rooms.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.model.mirror import Mirrored
from connector.model.party import Account, AccountRole, Customer, Profile
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import currency
from connector.ports import AdapterSpec, Check, Page, Surroundings

NAME = "fake"
CALL_SECONDS = "FAKE_CALL_SECONDS"
HUGE = "huge"
PAGE = 1_000
_STREAMS = (str(Kind.PROFILE), str(Kind.ACCOUNT), str(Kind.CUSTOMER))

spec = AdapterSpec(
    name=NAME,
    title="Fake Books",
    settings="tests.bench.fake_vendor:Settings",
    connect="tests.bench.fake_vendor:Fake",
    standin="tests.bench.fake_vendor:nothing",
    calls_per_minute=100_000,
    calls_burst=100_000,
    keeps_books=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How many customers there are."""

    account: str
    customers: int

    @classmethod
    def names(cls) -> tuple[tuple[str, bool, bool, str, str], ...]:
        return (("account", True, False, "", "whose"), ("customers", False, False, "0", "how many"))

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Settings:
        return cls(account=values["account"], customers=int(values.get("customers", "0")))


class Fake:
    """Its adapter: a call answers after so many seconds."""

    def __init__(self, surroundings: Surroundings) -> None:
        settings = surroundings.settings
        if not isinstance(settings, Settings):
            raise TypeError
        self._settings = settings
        self._connection = surroundings.connection
        self._seconds = float(os.environ.get(CALL_SECONDS, "0"))

    def streams(self) -> tuple[str, ...]:
        return _STREAMS

    def check(self) -> tuple[Check, ...]:
        return ()

    def pull(self, stream: str, cursor: str | None) -> Page:
        time.sleep(self._seconds)
        begun = int(cursor or 0)
        if stream != Kind.CUSTOMER:
            return Page(records=() if begun else (self._only(stream),), cursor="1", more=False)
        end = min(begun + PAGE, self._settings.customers)
        return Page(
            records=tuple(_customer(self._connection, number) for number in range(begun, end)),
            cursor=str(end),
            more=end < self._settings.customers,
        )

    def _only(self, stream: str) -> Mirrored:
        usd = currency("USD")
        if stream == Kind.PROFILE:
            return Mirrored(
                ref=Ref(connection=self._connection, kind=Kind.PROFILE, vendor_id=self._settings.account),
                version="1",
                raw=b"{}",
                record=Profile(name="Fake", home_currency=usd, country="US"),
            )
        return Mirrored(
            ref=Ref(connection=self._connection, kind=Kind.ACCOUNT, vendor_id="1"),
            version="1",
            raw=b"{}",
            record=Account(name="Checking", role=AccountRole.BANK, currency=usd),
        )


def _customer(connection: ConnectionId, number: int) -> Mirrored:
    words = hashlib.sha256(str(number).encode()).hexdigest()
    return Mirrored(
        ref=Ref(connection=connection, kind=Kind.CUSTOMER, vendor_id=str(number)),
        version="1",
        raw=f'{{"Id":"{number}","DisplayName":"{words}","Notes":"{words * 4}"}}'.encode(),
        record=Customer(name=words, email=f"{words[:12]}@fake.example"),
    )


def installed(folder: Path) -> Path:
    """A folder that, on the path, makes it an installed adapter."""
    about = folder / f"{NAME}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n", encoding="utf-8")
    point = f"[connector.adapters]\n{NAME} = tests.bench.fake_vendor:spec\n"
    (about / "entry_points.txt").write_text(point, encoding="utf-8")
    return folder
