"""Rules of conduct that no linter knows: what shipped code and tests must not do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.reading import ROOT, Source, none_found, shipped, source, sources

NUMBERED = {"Q": 38, "S": 28, "L": 7, "A": 7, "P": 9, "Y": 12, "R": 17, "E": 25, "F": 46, "M": 18, "N": 14, "W": 10}
"""The families of requirements, and how many each has."""

PATCHES = frozenset({"setattr", "delattr", "setitem", "delitem"})
MOCKS = frozenset({"mock", "unittest.mock", "pytest_mock"})
OURS = ("connector", "adapters")


def asserts(file: Source) -> list[str]:
    return [f"{file.at(node)} asserts" for node in ast.walk(file.tree) if isinstance(node, ast.Assert)]


def names_of_ours(tree: ast.Module) -> set[str]:
    """The names under which a file knows our modules and what is in them."""
    known: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {each.asname or each.name.split(".")[0] for each in node.names if each.name.split(".")[0] in OURS}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            known |= {each.asname or each.name for each in node.names}
    return known


def mocks(file: Source) -> Iterator[str]:
    """Imports of mocking tools, monkeypatched attributes, and assignments to names of our own modules."""
    ours = names_of_ours(file.tree)
    for node in ast.walk(file.tree):
        match node:
            case ast.Import(names=names) if MOCKS & {each.name for each in names}:
                yield f"{file.at(node)} imports a mock"
            case ast.ImportFrom(module=str(module), names=names) if MOCKS & {
                module,
                *(f"{module}.{each.name}" for each in names),
            }:
                yield f"{file.at(node)} imports a mock"
            case ast.Attribute(value=ast.Name(id="monkeypatch"), attr=attr) if attr in PATCHES:
                yield f"{file.at(node)} patches with monkeypatch.{attr}"
            case ast.arg(arg="mocker"):
                yield f"{file.at(node)} asks for mocker"
            case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=ast.Store()) if name in ours:
                yield f"{file.at(node)} replaces {name}.{attr}"


def citations(file: Source) -> Iterator[tuple[ast.Call, list[str | None]]]:
    """Every `pytest.mark.req(...)` with its ids; None for an id that is not written out."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "req":
            yield (
                node,
                [
                    each.value if isinstance(each, ast.Constant) and isinstance(each.value, str) else None
                    for each in node.args
                ],
            )


def wrong_citations(file: Source) -> Iterator[str]:
    for node, ids in citations(file):
        if not ids or node.keywords:
            yield f"{file.at(node)} cites nothing"
        for cited in ids:
            match = re.fullmatch(r"([A-Z])([1-9]\d?)", cited or "")
            if match is None or int(match[2]) > NUMBERED.get(match[1], 0):
                yield f"{file.at(node)} cites {cited}, which is no requirement"
        if len(set(ids)) != len(ids):
            yield f"{file.at(node)} cites an id twice"


def test_shipped_code_never_asserts_because_asserts_can_be_switched_off() -> None:
    none_found(fault for file in shipped() for fault in asserts(file))


def test_no_test_replaces_our_own_code() -> None:
    none_found(fault for file in sources("tests") for fault in mocks(file))


@pytest.mark.parametrize(
    "code",
    [
        "from unittest import mock",
        "from unittest.mock import patch",
        "import unittest.mock",
        "def test_x(mocker): ...",
        "monkeypatch.setattr('connector.sync.pull', None)",
        "from connector import sync\nsync.pull = None",
        "import connector.sync as s\ns.pull = None",
    ],
)
def test_a_replacement_would_be_seen(code: str) -> None:
    assert list(mocks(source("x.py", code)))


def test_every_cited_requirement_is_one() -> None:
    none_found(fault for file in sources("tests") for fault in wrong_citations(file))


@pytest.mark.parametrize("ids", ['"Q39"', '"Q0"', '"Q01"', '"X1"', '"q1"', "Q1", "", '"Q1", "Q1"', '"Q1 Q2"', '"M19"'])
def test_a_wrong_citation_would_be_seen(ids: str) -> None:
    assert list(wrong_citations(source("x.py", f"@pytest.mark.req({ids})\ndef test_x(): ...")))


def test_the_folder_of_adapters_is_no_package_and_each_adapter_is_a_typed_one() -> None:
    folder = ROOT / "adapters"
    assert not (folder / "__init__.py").exists()
    rooms = [room for room in folder.iterdir() if room.is_dir() and any(room.glob("*.py"))]
    none_found(
        f"{room.name} has no {needed}"
        for room in rooms
        for needed in ("__init__.py", "py.typed")
        if not (room / needed).exists()
    )
