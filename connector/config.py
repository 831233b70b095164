"""Settings, parsed once: environment first, then `settings.toml` in the home folder, then defaults.

Every name stands in one documented table (`TABLE` here, `names()` of each adapter's settings). Values of secrets are
never shown, and never written by this room.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.errors import SettingsError
from connector.model.intent import IntentKind

PREFIX = "RECEIVABLES_"
SETTINGS_FILE = "settings.toml"
OWNER_ONLY = 0o700

TABLE: tuple[tuple[str, str, str], ...] = (
    (
        "RECEIVABLES_HOME",
        "your data folder",
        "where the database, backups and settings.toml live; only you may read it",
    ),
    ("RECEIVABLES_DATABASE", "receivables.db in it", "a file, or a URL such as postgresql+psycopg://user@host/name"),
    ("RECEIVABLES_ACTOR", "your login name", "who is written down as having done things"),
    ("RECEIVABLES_LINK_BASE", "http://127.0.0.1:8765", "the address under which payers reach `receivables serve`"),
    ("RECEIVABLES_SETTLE_PAYMENT", "21600", "seconds a lost posting may still turn up before it may be repeated"),
    ("RECEIVABLES_SETTLE_NOTE", "900", "the same for a note"),
    ("RECEIVABLES_CALLS_PER_MINUTE", "half of what the vendor allows", "calls to one outside system in a minute"),
    ("RECEIVABLES_CRASH_AT", "", "for tests: die at that boundary (see `receivables boundaries`)"),
)
"""Name, default and meaning of every setting that is not an adapter's."""


class Config(BaseModel):
    """What this process was told. `adapters` holds the raw values of each system and of each company's own table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    database: str
    actor: str
    link_base: str = "http://127.0.0.1:8765"
    settle_payment_seconds: int = Field(default=21_600, ge=0)
    settle_note_seconds: int = Field(default=900, ge=0)
    calls_per_minute: int = Field(default=0, ge=0)
    crash_at: str = ""
    adapters: dict[str, dict[str, str]] = Field(default_factory=dict, repr=False)
    companies: dict[str, dict[str, dict[str, str]]] = Field(default_factory=dict, repr=False)

    def settle(self) -> dict[IntentKind, int]:
        """Settle times by the kind of write."""
        postings = dict.fromkeys(
            (IntentKind.PAYMENT, IntentKind.EXPENSE, IntentKind.TRANSFER), self.settle_payment_seconds
        )
        return {**postings, IntentKind.NOTE: self.settle_note_seconds, IntentKind.PAY_PAGE: 0}

    def adapter_values(self, system: str, company: str) -> dict[str, str]:
        """The settings of one system for one company: its own table over the system's, the environment over both."""
        return {**self.adapters.get(system, {}), **self.companies.get(company, {}).get(system, {})}


def load(environ: Mapping[str, str] | None = None) -> Config:
    """Read the settings. SettingsError names the one that is wrong; a home that others may read is refused."""
    env = dict(os.environ if environ is None else environ)
    home = Path(env.get("RECEIVABLES_HOME") or platformdirs.user_data_dir("receivables", appauthor=False))
    _private(home)
    file = _file(home / SETTINGS_FILE)
    adapters = _tables(file.pop("adapters", {}), "adapters")
    for name, value in env.items():
        system, _, key = name.removeprefix(PREFIX).lower().partition("_")
        if name.startswith(PREFIX) and key and name not in {row[0] for row in TABLE}:
            adapters.setdefault(system, {})[key] = value
    values: dict[str, Any] = {
        "home": home,
        "database": env.get("RECEIVABLES_DATABASE") or file.pop("database", str(home / "receivables.db")),
        "actor": env.get("RECEIVABLES_ACTOR") or file.pop("actor", env.get("USER") or env.get("LOGNAME") or "owner"),
        "crash_at": env.get("RECEIVABLES_CRASH_AT", ""),
        "adapters": adapters,
        "companies": {
            company: _tables(systems, f"companies.{company}") for company, systems in file.pop("companies", {}).items()
        },
        **file,
    }
    for name, key in (
        ("RECEIVABLES_LINK_BASE", "link_base"),
        ("RECEIVABLES_SETTLE_PAYMENT", "settle_payment_seconds"),
        ("RECEIVABLES_SETTLE_NOTE", "settle_note_seconds"),
        ("RECEIVABLES_CALLS_PER_MINUTE", "calls_per_minute"),
    ):
        if env.get(name):
            values[key] = env[name]
    try:
        return Config(**values)
    except ValidationError as wrong:
        where = ".".join(str(part) for part in wrong.errors()[0]["loc"])
        raise SettingsError(
            f"The setting {where} is not right: {wrong.errors()[0]['msg'].lower()}.",
            next_step=f"Correct it in {home / SETTINGS_FILE} or in the environment.",
        ) from None


def _private(home: Path) -> None:
    """The home folder exists and only its owner can read it, or the program refuses to start."""
    try:
        home.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        mode = stat.S_IMODE(home.stat().st_mode)
    except OSError:
        raise SettingsError(
            f"The folder {home} cannot be used.", next_step="Set RECEIVABLES_HOME to a folder of your own."
        ) from None
    if mode & 0o077:
        raise SettingsError(
            f"Others can read the folder {home}, and it will hold the keys to your books.",
            next_step=f"Run: chmod 700 {home}",
        )


def _file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise SettingsError(f"{path} is not a TOML file.", next_step="Correct or remove it.") from None
    except OSError:
        raise SettingsError(f"{path} cannot be read.", next_step="Check its permissions.") from None


def _tables(tables: object, where: str) -> dict[str, dict[str, str]]:
    """{system: {name: value}} with every value as text, as the environment would give it."""
    if not isinstance(tables, dict):
        raise SettingsError(f"[{where}] in {SETTINGS_FILE} is not a table.", next_step="See the README.")
    return {
        str(system): {str(name): str(value) for name, value in values.items()}
        for system, values in tables.items()
        if isinstance(values, dict)
    }
