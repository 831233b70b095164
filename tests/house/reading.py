"""Reads our own source, so that the house tests can look at it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PURE = ("errors", "money", "dates", "canonical", "model", "reconcile", "collect", "paylinks", "remit", "notes", "plan")
"""The rooms of connector that take values and return values; the purity contract names the same."""

TRANSLATORS = ("translate", "ledger", "payments", "course", "sweep", "bodies", "admission")
"""The files of an adapter that are pure as well, in the same contract."""

MIGRATIONS = "connector/store/migrations/versions/"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One of our files. `name` is its path from the project's root, with slashes."""

    name: str
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """`file:line` of a node, as failures show it."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"

    def under(self, *folders_or_files: str) -> bool:
        """Whether the file is one of these, or lies in one of these folders (which end with a slash)."""
        return any(
            self.name == each or (each.endswith("/") and self.name.startswith(each)) for each in folders_or_files
        )


def source(name: str, text: str) -> Source:
    """A Source of a text that need not be on disk."""
    return Source(name=name, text=text, tree=ast.parse(text, name))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file of these folders of the project, in order."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return tuple(source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)


def shipped() -> tuple[Source, ...]:
    """What goes into the wheel."""
    return sources("connector", "adapters")


def is_pure(file: Source) -> bool:
    """Whether a file belongs to a room that decides, or translates between a vendor's words and ours."""
    parts = file.name.split("/")
    if parts[0] == "connector":
        return parts[1].removesuffix(".py") in PURE
    return parts[0] == "adapters" and parts[2].removesuffix(".py") in TRANSLATORS


def functions(file: Source) -> Iterator[tuple[str, Function]]:
    """Every function and method with its dotted name within the file."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                yield f"{prefix}{child.name}", child
            yield from walk(child, f"{prefix}{child.name}." if isinstance(child, Function | ast.ClassDef) else prefix)

    return walk(file.tree, "")


def docstrings(tree: ast.Module) -> set[ast.AST]:
    """The nodes of all strings that stand alone: docstrings of modules, classes, functions and attributes."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def called(node: ast.AST) -> str:
    """The plain or last name of what a Call calls: `float`, `now` of `datetime.now`; "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def none_found(faults: Iterable[str]) -> None:
    """Fails with every fault on a line of its own."""
    found = list(faults)
    if found:
        pytest.fail("\n".join(found), pytrace=False)
