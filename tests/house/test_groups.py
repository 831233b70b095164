"""The table by which only the group of a command is imported names every command, and each at its group."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
import typer
from typer.main import get_command

from connector import cli


def words_of(group: str) -> set[str]:
    """What the commands of a group begin with."""
    app = typer.Typer()
    app.callback()(lambda: None)
    importlib.import_module(f"connector.cli.{group}").add_to(app)
    return set(getattr(get_command(app), "commands", {}))


def test_every_file_with_commands_is_in_the_table() -> None:
    files = {each.name for each in pkgutil.iter_modules(cli.__path__)}
    with_commands = {name for name in files if hasattr(importlib.import_module(f"connector.cli.{name}"), "add_to")}
    assert with_commands == cli.GROUPS.keys()


@pytest.mark.parametrize("group", cli.GROUPS)
def test_a_group_has_the_words_that_the_table_says(group: str) -> None:
    assert words_of(group) == set(cli.GROUPS[group])
