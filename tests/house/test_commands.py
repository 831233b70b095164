"""The command line starts fast, and the README tells of every command and of none that does not exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from connector.cli import application
from tests.house.reading import ROOT, none_found

README = ROOT / "README.md"
TEST_COMMAND = "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e '.[dev]' && .venv/bin/pytest -q"
NOT_FOR_HELP = frozenset({"stripe", "quickbooks", "sqlalchemy", "alembic"})
"""What `--help` has no use for."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)


def commands() -> dict[str, Any]:
    """Every command by its words, groups included: `standin`, `store verify`."""

    def walk(words: tuple[str, ...], command: Any) -> Iterator[tuple[str, Any]]:
        for name, child in getattr(command, "commands", {}).items():
            yield " ".join((*words, name)), child
            yield from walk((*words, name), child)

    return dict(walk((), get_command(application())))


def blocks() -> list[str]:
    """The code blocks of the README."""
    return README.read_text(encoding="utf-8").split("```")[1::2]


def command_lines() -> list[str]:
    """What the README's code blocks tell a person to type after `receivables`."""
    joined = "\n".join(blocks()).replace("\\\n", " ")
    return re.findall(r"^\s*(?:\$ )?(?:\.venv/bin/)?receivables ([^#\n]+)", joined, flags=re.MULTILINE)


def wrong_line(line: str) -> str | None:
    """Why a command line could not be typed as it stands, None when it could."""
    known = commands()
    words = shlex.split(line)
    length = next((n for n in range(len(words), 0, -1) if " ".join(words[:n]) in known), 0)
    if length == 0:
        return None if words[0] == "--help" else f"receivables {line}: there is no such command"
    parameters = known[" ".join(words[:length])].params
    options = {option for each in parameters for option in (*each.opts, *each.secondary_opts)} | {"--help"}
    unknown = [word for word in words[length:] if word.startswith("--") and word.partition("=")[0] not in options]
    return f"receivables {line}: there is no {', '.join(unknown)}" if unknown else None


def test_help_imports_no_vendors_library_and_no_database() -> None:
    told = run(sys.executable, "-X", "importtime", "-m", "connector", "--help")
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in told.stderr.splitlines()}
    assert "typer" in imported
    assert "Usage" in told.stdout
    assert imported & NOT_FOR_HELP == set()


def test_no_commands_help_imports_a_vendors_library_or_the_database() -> None:
    code = (
        "import sys, connector.__main__ as m\n"
        f"codes = [m.run([*name.split(), '--help']) for name in {list(commands())!r}]\n"
        "print(*codes, file=sys.stderr)\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    codes, imported = run(sys.executable, "-c", code).stderr.splitlines()
    assert set(codes.split()) == {"0"}
    assert set(imported.split()) & NOT_FOR_HELP == set()


def test_every_command_says_what_it_does() -> None:
    none_found(name for name, command in commands().items() if not (command.help or "").strip())


def test_every_command_is_documented_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    none_found(
        f"receivables {name}"
        for name, command in commands().items()
        if not hasattr(command, "commands") and not re.search(rf"\breceivables {re.escape(name)}\b", text)
    )


def test_every_command_line_of_the_readme_can_be_typed_as_it_stands() -> None:
    lines = command_lines()
    assert lines
    none_found(wrong for line in lines if (wrong := wrong_line(line)))


@pytest.mark.parametrize("line", ["frobnicate", "sync --frobnicate", "demo --x=1"])
def test_a_command_line_that_does_not_exist_would_be_seen(line: str) -> None:
    assert wrong_line(line)


def test_the_gate_runs_the_test_command_that_the_readme_tells() -> None:
    assert run("bash", ".ci/run", "test-command").stdout == f"{TEST_COMMAND}\n"
    assert [block for block in blocks() if TEST_COMMAND in block.splitlines()]
    assert "pytest" not in (ROOT / ".ci/run").read_text(encoding="utf-8")
