"""Where this installation keeps the key to its secrets, and what to do when it is lost."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from connector.clock import Clock
from connector.config import Config
from connector.errors import Refused, SettingsError
from connector.model.source import ActorId, CompanyId, ConnectionId
from connector.store import Store
from connector.store.keyring import KeyFile, KeySource, keys_in_text, keys_of_command
from connector.store.vault import KeyMissing

KEY_FOLDER = "-key"
KEY_NAME = "receivables.key"


def key_source(config: Config) -> KeySource:
    """A file beside the home folder, unless the settings name another place. SettingsError when they name several."""
    named = [
        name
        for name, given in (
            ("RECEIVABLES_KEY", config.key),
            ("RECEIVABLES_KEY_COMMAND", config.key_command),
            ("RECEIVABLES_KEY_FILE", config.key_file),
        )
        if given
    ]
    if len(named) > 1:
        raise SettingsError(
            f"The key to the secrets is named in several places: {', '.join(named)}.", next_step="Keep one of them."
        )
    if config.key:
        return keys_in_text(config.key)
    if config.key_command:
        return keys_of_command(config.key_command)
    path = config.key_file.expanduser() if config.key_file is not None else _beside(config.home)
    return KeyFile(_apart(path.absolute(), config))


def _beside(home: Path) -> Path:
    """Beside the home folder and not in it: whoever copies that folder has not yet copied the key."""
    whole = home.absolute()
    return whole.with_name(f"{whole.name}{KEY_FOLDER}") / KEY_NAME


def _apart(path: Path, config: Config) -> Path:
    """The path, if it is not among what it protects."""
    folders = {config.home.resolve()}
    if not urlsplit(config.database).scheme:
        folders.add(Path(config.database).resolve().parent)
    found = path.resolve()
    if found.parent in folders or config.home.resolve() in found.parents:
        raise SettingsError(
            f"The key file {path} would lie with the database, and whoever copies the one would have the other.",
            next_step="Set RECEIVABLES_KEY_FILE to a file in another folder of your own.",
        )
    return path


def give_up_secrets(config: Config, clock: Clock) -> tuple[tuple[CompanyId, ConnectionId], ...]:
    """For when the key is lost: throw away what it sealed, so that the systems can be connected again. Refused while
    the key is here and opens it. Nothing else in the database is touched."""
    try:
        with Store.open(config.database, clock, must_exist=True) as store:
            store.unlock(key_source(config))
    except KeyMissing:
        with Store.open(config.database, clock, must_exist=True) as store:
            return store.give_up_secrets(ActorId(config.actor))
    raise Refused("The key is here and opens the secrets; nothing was thrown away.", next_step="See: receivables keys")
