"""The core speaks of books and processors. A vendor's name is a word of that vendor's room."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.reading import Source, docstrings, none_found, source, sources

VENDORS = frozenset({"quickbooks", "intuit", "intuitlib", "qbo", "stripe", "paypal"})
SPOKEN = frozenset({"help", "short_help", "epilog"})
"""Keyword arguments whose text a person reads."""

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def words(text: str) -> set[str]:
    """Lower-case words of a name or a text, also those glued by underscores or capitals."""
    return {word.lower() for word in _WORD.findall(text)} | {word.lower() for word in re.findall(r"[A-Za-z]+", text)}


def spoken_to_people(tree: ast.Module) -> set[ast.AST]:
    """Docstrings and help texts, with everything inside them."""
    texts = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in SPOKEN:
            texts.update(ast.walk(node.value))
    return texts


def names(node: ast.AST) -> Iterator[str]:
    """What a node adds to the code by way of names and texts."""
    match node:
        case ast.Constant(value=str(text)) | ast.Constant(value=bytes(text)):
            yield text if isinstance(text, str) else text.decode("latin-1")
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=other):
            yield name
            yield other or ""
        case ast.keyword(arg=str(name)):
            yield name
        case ast.ImportFrom(module=str(name)):
            yield name


def vendor_words(file: Source) -> list[str]:
    spoken = spoken_to_people(file.tree)
    return [
        f"{file.at(node)} says {word}"
        for node in ast.walk(file.tree)
        if node not in spoken
        for name in names(node)
        for word in sorted(words(name) & VENDORS)
    ]


def test_no_vendor_is_named_in_the_code_of_the_core() -> None:
    core = [file for file in sources("connector") if not file.under("connector/testing/")]
    none_found(fault for file in core for fault in vendor_words(file))
    none_found(file.name for file in core if words(file.name) & VENDORS)


@pytest.mark.parametrize(
    "code",
    [
        "stripe_id = 1",
        "import stripe",
        "from adapters import quickbooks as books",
        "from intuitlib.client import x",
        "class StripeCharge: ...",
        "def for_paypal(): ...",
        "def f(qbo): ...",
        "f(stripe=1)",
        "x.quickbooks",
        "if system == 'stripe': ...",
        "f'{x} in QuickBooks'",
    ],
)
def test_a_vendor_in_the_code_is_seen(code: str) -> None:
    assert vendor_words(source("x.py", code))


@pytest.mark.parametrize(
    "code",
    [
        '"""As Stripe writes them."""',
        "# QuickBooks has no such thing\nx = 1",
        'Option(help="The QuickBooks company.")',
        "striped = intuition = 1",
    ],
)
def test_comments_docstrings_and_help_may_name_a_vendor(code: str) -> None:
    assert vendor_words(source("x.py", code)) == []
