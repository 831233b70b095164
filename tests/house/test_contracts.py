"""The import contracts of pyproject.toml hold, and each of them bites when somebody breaks it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.reading import PURE, ROOT, TRANSLATORS

LINT = """
import sys
from importlinter.cli import lint_imports_command
sys.path[:] = ["", *(each for each in sys.path[1:] if each != sys.argv[1])]
sys.argv = ["lint-imports", "--no-cache", "--no-logo"]
lint_imports_command()
"""
"""`lint-imports` without the project's own folder on the path: `adapters` is a namespace, and an editable install would
show the linter our adapters beside the copied ones."""


def lint(folder: Path) -> tuple[bool, str]:
    """Whether all contracts hold there, and the report."""
    command = [sys.executable, "-c", LINT, str(ROOT)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Our packages and the contracts, in a place of their own."""
    for package in ("connector", "adapters"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.md", "*.html", "static")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(folder: Path, file: str, code: str) -> None:
    """Adds a module, or a line to the one that is there."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    room = folder / Path(file).parts[0]
    for parent in path.parents:
        if parent in (room, folder):
            break
        (parent / "__init__.py").touch()
    with path.open("a", encoding="utf-8") as written:
        written.write(f"\n{code}\n")


def test_every_contract_is_kept() -> None:
    kept, report = lint(ROOT)
    assert kept, report


VIOLATIONS = [
    ("The core knows no adapter", "connector/transport.py", "import adapters.stripe"),
    ("The core knows no adapter", "connector/zz.py", "from adapters import quickbooks"),
    ("Adapters do not know each other", "adapters/stripe/zz.py", "import adapters.quickbooks.wire"),
    ("Adapters stay on the porch", "adapters/stripe/zz.py", "import connector.reconcile"),
    ("Adapters stay on the porch", "adapters/newcomer/zz.py", "from connector import store"),
    ("Adapters stay on the porch", "adapters/newcomer/zz.py", "import connector.unheard_of"),
    ("Rooms in order", "connector/zz.py", "x = 1"),
    ("Rooms in order", "connector/model/zz.py", "import connector.ports"),
    ("Rooms in order", "connector/dates.py", "import connector.clock"),
    ("Rooms in order", "connector/sync.py", "import connector.post"),
    ("Rooms in order", "connector/store/zz.py", "import connector.sync"),
    ("Rooms in order", "connector/app/zz.py", "import connector.cli"),
    ("Rooms in order", "connector/web/zz.py", "import connector.cli"),
    ("Rooms in order", "connector/reconcile/zz.py", "import connector.collect"),
    ("Rooms in order", "connector/testing/zz.py", "import connector.transport"),
    ("One door per vendor", "adapters/stripe/wire.py", "import stripe"),
    ("One door per vendor", "connector/app/zz.py", "from quickbooks.objects import Invoice"),
    ("One door to the network", "adapters/stripe/wire.py", "import requests"),
    ("One door to the network", "connector/post.py", "import tenacity"),
    ("One door to the database", "connector/sync.py", "import sqlalchemy"),
    ("One door to the database", "connector/app/zz.py", "from alembic import command"),
    ("One door to the ciphers", "connector/app/zz.py", "import cryptography"),
    ("One door to the engine", "connector/sync.py", "import dbos"),
    ("Settings and shapes are parsed at the boundary", "connector/model/zz.py", "import pydantic"),
    ("Settings and shapes are parsed at the boundary", "adapters/stripe/client.py", "import pydantic"),
    ("Bulk decoding in wire, and one canonical codec", "connector/sync.py", "import msgspec"),
    ("Bulk decoding in wire, and one canonical codec", "adapters/stripe/settings.py", "import msgspec"),
    ("No circles", "connector/model/source.py", "import connector.model.contact"),
]


@pytest.mark.parametrize(("contract", "file", "code"), VIOLATIONS)
def test_a_forbidden_import_breaks_its_contract(copied: Path, contract: str, file: str, code: str) -> None:
    plant(copied, file, code)
    kept, report = lint(copied)
    assert not kept
    assert f"{contract} BROKEN" in report


def test_every_contract_has_a_violation_here() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    tried = {contract for contract, _, _ in VIOLATIONS} | {"The middle rooms are pure"}
    assert {contract["name"] for contract in contracts} == tried


@pytest.mark.parametrize("code", ["import time", "import connector.clock", "from logging import getLogger"])
def test_no_room_that_decides_may_look_outside(copied: Path, code: str) -> None:
    rooms = [f"connector/{room}/zz.py" for room in PURE if not (ROOT / f"connector/{room}.py").exists()]
    files = [f"connector/{room}.py" for room in PURE if (ROOT / f"connector/{room}.py").exists()]
    translators = [
        path.relative_to(ROOT).as_posix() for name in TRANSLATORS for path in ROOT.glob(f"adapters/*/{name}.py")
    ]
    for file in (*rooms, *files, *translators):
        plant(copied, file, code)
    kept, report = lint(copied)
    assert not kept
    told = report.partition("Broken contracts")[2].partition("The middle rooms are pure")[2]
    missing = [
        file
        for file in (*rooms, *files, *translators)
        if f"{file.removesuffix('.py').removesuffix('/zz').replace('/', '.')} is not allowed to import" not in told
    ]
    assert missing == []


def test_an_import_that_reaches_outside_by_way_of_another_room_counts(copied: Path) -> None:
    plant(copied, "adapters/stripe/zz.py", "import socket")
    plant(copied, "adapters/stripe/translate.py", "import adapters.stripe.zz")
    kept, report = lint(copied)
    assert not kept
    assert "The middle rooms are pure BROKEN" in report
    assert "adapters.stripe.translate is not allowed to import socket" in report
