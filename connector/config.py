"""Settings, parsed once: environment first, then `settings.toml` in the home folder, then defaults.

Every name stands in one documented table (`TABLE` here, `names()` of each adapter's settings). Values of secrets are
never shown, and never written by this room.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.metadata import entry_points
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from connector import logs
from connector.errors import SettingsError
from connector.model.intent import IntentKind

PREFIX = "RECEIVABLES_"
SETTINGS_FILE = "settings.toml"
OWNER_ONLY = 0o700
SETTLE_SECONDS_MAX = 30 * 24 * 3600

TABLE: tuple[tuple[str, str, str], ...] = (
    (
        "RECEIVABLES_HOME",
        "your data folder",
        "where the database, backups and settings.toml live; only you may read it",
    ),
    ("RECEIVABLES_DATABASE", "receivables.db in it", "a file, or a URL such as postgresql+psycopg://user@host/name"),
    ("RECEIVABLES_BACKUPS", "backups in it", "the folder that the console puts its copies into; best on another disk"),
    (
        "RECEIVABLES_KEY_FILE",
        "receivables.key in a folder beside it, NAME-key",
        "the key to your stored secrets; only you may read it; keep a copy in a safe place",
    ),
    ("RECEIVABLES_KEY", "", "the key itself instead, in base64; only in the environment; the newest last, by commas"),
    ("RECEIVABLES_KEY_COMMAND", "", "a command that prints the key instead, such as systemd-creds decrypt FILE"),
    ("RECEIVABLES_ACTOR", "your login name", "who is written down as having done things"),
    ("RECEIVABLES_LINK_BASE", "http://127.0.0.1:8765", "the address under which payers reach `receivables serve`"),
    ("RECEIVABLES_PAY_HOSTS", "", "computers payers may be sent to beside the processors' own, by commas"),
    (
        "RECEIVABLES_TRUSTED_PROXIES",
        "127.0.0.1",
        "web servers in front of `serve` that say who a visitor is, by commas",
    ),
    ("RECEIVABLES_VIEWS_PER_MINUTE", "60", "pages of links that one visitor may look at in a minute"),
    ("RECEIVABLES_MISSES_PER_MINUTE", "10", "addresses of no link that one visitor may try in a minute"),
    ("RECEIVABLES_LINK_TRIES_PER_HOUR", "5", "pay pages that may be opened for one link in an hour"),
    ("RECEIVABLES_COMPANY_TRIES_PER_HOUR", "200", "pay pages that may be opened for a company in an hour"),
    ("RECEIVABLES_SETTLE_PAYMENT", "21600", "seconds a lost posting may still turn up before it may be repeated"),
    ("RECEIVABLES_SETTLE_NOTE", "900", "the same for a note"),
    ("RECEIVABLES_CALLS_PER_MINUTE", "half of what the vendor allows", "calls to one outside system in a minute"),
    ("RECEIVABLES_STALE_AFTER", "26", "hours after which what was read last is too old to be relied on"),
    ("RECEIVABLES_KEEP_DAYS", "30", "days for which messages of the other side that were worked off are kept"),
    ("RECEIVABLES_LOCK_WAIT", "30", "seconds to wait while another process writes to the database"),
    ("RECEIVABLES_CRASH_AT", "", "for tests: die at that boundary (see `receivables boundaries`)"),
)
"""Name, default and meaning of every setting that is not an adapter's."""

_FIELDS = {
    "RECEIVABLES_DATABASE": "database",
    "RECEIVABLES_BACKUPS": "backups",
    "RECEIVABLES_KEY_FILE": "key_file",
    "RECEIVABLES_KEY": "key",
    "RECEIVABLES_KEY_COMMAND": "key_command",
    "RECEIVABLES_ACTOR": "actor",
    "RECEIVABLES_LINK_BASE": "link_base",
    "RECEIVABLES_PAY_HOSTS": "pay_hosts",
    "RECEIVABLES_TRUSTED_PROXIES": "trusted_proxies",
    "RECEIVABLES_VIEWS_PER_MINUTE": "views_per_minute",
    "RECEIVABLES_MISSES_PER_MINUTE": "misses_per_minute",
    "RECEIVABLES_LINK_TRIES_PER_HOUR": "link_tries_per_hour",
    "RECEIVABLES_COMPANY_TRIES_PER_HOUR": "company_tries_per_hour",
    "RECEIVABLES_SETTLE_PAYMENT": "settle_payment_seconds",
    "RECEIVABLES_SETTLE_NOTE": "settle_note_seconds",
    "RECEIVABLES_CALLS_PER_MINUTE": "calls_per_minute",
    "RECEIVABLES_STALE_AFTER": "stale_after_hours",
    "RECEIVABLES_KEEP_DAYS": "keep_days",
    "RECEIVABLES_LOCK_WAIT": "lock_wait_seconds",
    "RECEIVABLES_CRASH_AT": "crash_at",
}
"""The field that holds each setting. In settings.toml it goes by its name without the prefix, in small letters."""

_ONLY_ENVIRONMENT = frozenset({"RECEIVABLES_CRASH_AT", "RECEIVABLES_KEY"})
_HOST = re.compile(r"(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_NO_ADAPTERS = frozenset(row[0] for row in TABLE) | {"RECEIVABLES_DEBUG"}


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("should be an address such as https://pay.example.com")
    return text


def _hosts(text: str) -> str:
    if any(not _HOST.fullmatch(each) for each in _apart(text)):
        raise ValueError("should be names of computers such as pay.example.com, by commas")
    return text


def _networks(text: str) -> str:
    try:
        for each in _apart(text):
            ip_network(each)
    except ValueError:
        raise ValueError("should be addresses such as 127.0.0.1 or 10.0.0.0/8, by commas") from None
    return text


def _apart(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


class Config(BaseModel):
    """What this process was told. `adapters` holds the raw values of each system and of each company's own table."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    home: Path
    database: str
    actor: str = Field(min_length=1, max_length=200)
    link_base: Annotated[str, AfterValidator(_address)] = "http://127.0.0.1:8765"
    pay_hosts: Annotated[str, AfterValidator(_hosts)] = ""
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = "127.0.0.1"
    views_per_minute: int = Field(default=60, ge=1, le=100_000)
    misses_per_minute: int = Field(default=10, ge=1, le=100_000)
    settle_payment_seconds: int = Field(default=21_600, ge=0, le=SETTLE_SECONDS_MAX)
    settle_note_seconds: int = Field(default=900, ge=0, le=SETTLE_SECONDS_MAX)
    calls_per_minute: int = Field(default=0, ge=0, le=1_000_000)
    stale_after_hours: int = Field(default=26, ge=1, le=8_760)
    keep_days: int = Field(default=30, ge=7, le=3_650)
    lock_wait_seconds: int = Field(default=30, ge=0, le=3_600)
    link_tries_per_hour: int = Field(default=5, ge=1, le=10_000)
    company_tries_per_hour: int = Field(default=200, ge=1, le=1_000_000)
    crash_at: str = ""
    backups: Path | None = None
    key_file: Path | None = None
    key: str = Field(default="", repr=False)
    key_command: str = ""
    adapters: dict[str, dict[str, str]] = Field(default_factory=dict, repr=False)
    companies: dict[str, dict[str, dict[str, str]]] = Field(default_factory=dict, repr=False)

    def settle(self) -> dict[IntentKind, int]:
        """Settle times by the kind of write."""
        others = dict.fromkeys((IntentKind.PAY_PAGE, IntentKind.CAPTURE, IntentKind.HOOK), 0)
        return {
            **dict.fromkeys(IntentKind, self.settle_payment_seconds),
            **others,
            IntentKind.NOTE: self.settle_note_seconds,
            IntentKind.LINK: self.settle_note_seconds,
        }

    @property
    def backup_folder(self) -> Path:
        """Where the console puts its copies."""
        return self.backups if self.backups is not None else self.home / "backups"

    @property
    def hosts_of_pay_pages(self) -> tuple[str, ...]:
        """Where payers may be sent, beside the processors' own computers."""
        return _apart(self.pay_hosts)

    @property
    def proxies(self) -> tuple[str, ...]:
        """Which web servers in front are believed."""
        return _apart(self.trusted_proxies)

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
    companies = file.pop("companies", {})
    if not isinstance(companies, dict):
        raise _no_table("companies")
    values: dict[str, Any] = {
        "home": home,
        "database": str(home / "receivables.db"),
        "actor": env.get("USER") or env.get("LOGNAME") or "owner",
        **_from_file(file),
        **{field: env[name] for name, field in _FIELDS.items() if env.get(name)},
        "adapters": _with_environment(adapters, env),
        "companies": {company: _tables(systems, f"companies.{company}") for company, systems in companies.items()},
    }
    logs.hide(str(values.get("key", "")), _password(values["database"]))
    try:
        return Config(**values)
    except ValidationError as wrong:
        raise _explained(wrong, home) from None


def _password(database: object) -> str:
    """What stands in a database's address and opens it."""
    try:
        return urlsplit(str(database)).password or ""
    except ValueError:
        return ""


def _explained(wrong: ValidationError, home: Path) -> SettingsError:
    """The first thing that is wrong, by the name under which it was given; never its value."""
    first = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
    names = {field: name for name, field in _FIELDS.items()}
    where = names.get(str(first["loc"][0]), ".".join(str(part) for part in first["loc"][:2]))
    reason = first["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    return SettingsError(
        f"The setting {where} is wrong: it {reason}.",
        next_step=f"Correct it in the environment or in {home / SETTINGS_FILE}.",
    )


def _from_file(file: Mapping[str, Any]) -> dict[str, Any]:
    """{field: value} of what settings.toml says outside its tables."""
    fields = {
        name.removeprefix(PREFIX).lower(): field for name, field in _FIELDS.items() if name not in _ONLY_ENVIRONMENT
    }
    for name in file:
        if name not in fields:
            raise SettingsError(
                f"There is no setting {name[:40]!r} for {SETTINGS_FILE}.",
                next_step=f"Those there are: {', '.join(fields)}, and the tables of adapters.",
            )
    return {fields[name]: value for name, value in file.items()}


def _with_environment(adapters: dict[str, dict[str, str]], env: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The adapters' values, those of the environment over those of the file. A slip in one of our names is refused."""
    for name, value in env.items():
        system, _, key = name.removeprefix(PREFIX).lower().partition("_")
        if not name.startswith(PREFIX) or name in _NO_ADAPTERS or not key:
            continue
        meant = _meant(name)
        if meant is not None and system not in entry_points(group="connector.adapters").names:
            raise SettingsError(f"There is no setting {name[:60]}.", next_step=f"Was {meant} meant?")
        adapters.setdefault(system, {})[key] = value
    return adapters


def _meant(name: str) -> str | None:
    """Which of our own settings that name was probably meant for."""
    ours = [known.removeprefix(PREFIX) for known in _NO_ADAPTERS]
    given = name.removeprefix(PREFIX)
    longer = [known for known in ours if given.startswith(known + "_")]
    found = longer or get_close_matches(given, ours, n=1)
    return PREFIX + found[0] if found else None


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
        raise _no_table(where)
    for system, values in tables.items():
        if not isinstance(values, dict) or any(isinstance(value, dict | list) for value in values.values()):
            raise _no_table(f"{where}.{system}")
    return {str(system): {str(name): str(value) for name, value in values.items()} for system, values in tables.items()}


def _no_table(where: str) -> SettingsError:
    return SettingsError(
        f"[{where[:60]}] in {SETTINGS_FILE} is not a table of settings.",
        next_step="Write it as in the README, for example [adapters.NAME].",
    )
