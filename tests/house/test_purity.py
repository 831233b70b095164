"""Rooms that decide take values and return values, and no amount of money is ever a float on its way through."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import typing
from collections.abc import Iterator
from types import ModuleType

import pytest

import connector.model
from connector import money
from tests.house.reading import PURE, Source, called, is_pure, none_found, shipped, source

NOT_MONEY = {
    "connector/clock.py": "seconds",
    "connector/errors.py": "seconds a vendor asks to wait",
    "connector/transport.py": "seconds of time-outs and pauses",
    "connector/testing/standin.py": "seconds of a slow answer",
}
"""Where floats may stand under any name, because no amount of money passes there, and what they count.

Elsewhere a float must be bound to a name that says it counts seconds.
"""

IO_CALLS = frozenset({"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"})
TIME_CALLS = frozenset(
    {"now", "utcnow", "today", "monotonic", "perf_counter", "time", "time_ns", "monotonic_ns", "sleep"}
)
CLOCK_MODULES = frozenset({"datetime", "date", "time"})


def on_the_path_of_money(file: Source) -> bool:
    return not file.under(*NOT_MONEY)


def counts_seconds(name: str | None) -> bool:
    return "seconds" in (name or "").lower().split("_")


def seconds(tree: ast.Module) -> set[ast.AST]:
    """Everything that is bound to a name in seconds: by assignment, as an argument, as a function's answer."""
    bound: list[ast.AST | None] = []
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value):
                bound += [value] if counts_seconds(name) else []
            case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), value=value):
                bound += [value] if counts_seconds(name) else []
            case ast.keyword(arg=name, value=value):
                bound += [value] if counts_seconds(name) else []
            case ast.FunctionDef(name=name, args=arguments):
                bound += node.body if counts_seconds(name) else []
                positional = [*arguments.posonlyargs, *arguments.args][-len(arguments.defaults) or None :]
                pairs = [*zip(positional, arguments.defaults, strict=False)]
                pairs += [
                    (each, value)
                    for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
                    if value
                ]
                bound += [value for argument, value in pairs if counts_seconds(argument.arg)]
    return {part for each in bound if each is not None for part in ast.walk(each)}


def floats(file: Source) -> Iterator[str]:
    """Float literals, `float` and `round` called, and JSON read with its own floats."""
    timed = seconds(file.tree)
    for node in ast.walk(file.tree):
        if node in timed:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{file.at(node)} has the float {node.value}"
        name = called(node)
        if name in ("float", "round"):
            yield f"{file.at(node)} calls {name}"
        if isinstance(node, ast.Call) and name in ("loads", "load") and _reads_json_floats(node):
            yield f"{file.at(node)} reads JSON numbers as floats; pass parse_float=Decimal"


def _reads_json_floats(call: ast.Call) -> bool:
    function = call.func
    of_json = (
        isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "json"
    )
    return of_json and "parse_float" not in {keyword.arg for keyword in call.keywords}


def float_fields(file: Source) -> Iterator[str]:
    """Fields of classes that are annotated with a float, but for those that say they count seconds."""
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for line in node.body:
            if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
                continue
            named = {part.id for part in ast.walk(line.annotation) if isinstance(part, ast.Name)}
            written = {
                word
                for part in ast.walk(line.annotation)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
                for word in part.value.replace("|", " ").replace("[", " ").replace("]", " ").split()
            }
            if "float" in named | written and not counts_seconds(line.target.id):
                yield f"{file.at(line)} declares {node.name}.{line.target.id} a float"


def money_faults(file: Source) -> list[str]:
    """Everything by which an amount could become a float in this file."""
    if not on_the_path_of_money(file):
        return []
    found = [*floats(file), *float_fields(file)]
    if is_pure(file):
        found += [
            f"{file.at(node)} divides with /, which gives a float; use // or half_up"
            for node in ast.walk(file.tree)
            if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        ]
    if file.under("connector/store/", "connector/store.py"):
        found += [
            f"{file.at(node)} uses the column type {name}"
            for node in ast.walk(file.tree)
            if isinstance(node, ast.Name | ast.Attribute)
            for name in [node.id if isinstance(node, ast.Name) else node.attr]
            if name in {"Float", "FLOAT", "REAL", "Double", "DOUBLE", "DOUBLE_PRECISION"}
        ]
    return found


def impurities(file: Source) -> list[str]:
    """Calls that read, write, run or ask the time in a room that must do none of it."""
    if not is_pure(file):
        return []
    return [
        f"{file.at(node)} calls {called(node)}" for node in ast.walk(file.tree) if _bare(node) in IO_CALLS
    ] + asks_time(file)


def _bare(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def asks_time(file: Source) -> list[str]:
    """Calls such as datetime.now(), date.today(), time.time()."""
    return [
        f"{file.at(node)} asks the time with {node.func.value.id}.{node.func.attr}"
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in CLOCK_MODULES
        and node.func.attr in TIME_CALLS
    ]


@pytest.mark.req("F17", "M9")
def test_no_amount_can_become_a_float_on_its_way() -> None:
    none_found(fault for file in shipped() for fault in money_faults(file))


@pytest.mark.req("F17", "M9")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("connector/money.py", "x = 0.01"),
        ("connector/plan.py", "x = float(y)"),
        ("connector/reconcile/match.py", "x = round(y, 2)"),
        ("connector/collect/aging.py", "x = total / 100"),
        ("connector/notes.py", "x /= 100"),
        ("connector/model/invoice.py", "class Invoice:\n    total: float | None = None"),
        ("connector/sync.py", "x = json.loads(body)"),
        ("connector/post.py", "x = 1e2"),
        ("connector/post.py", "def lease(rate=1.5, seconds=2): ..."),
        ("connector/app/books.py", "float(amount)"),
        ("connector/store/tables.py", "Column('total', Float)"),
        ("connector/store/tables.py", "Column('total', sa.REAL)"),
        ("connector/cli/plan.py", "print(float(minor) / 100)"),
        ("connector/web/pages.py", "x = round(total)"),
        ("adapters/stripe/wire.py", "class Charge:\n    amount: float"),
        ("adapters/stripe/wire.py", "class Charge:\n    amount: 'list[float]'"),
        ("adapters/quickbooks/client.py", "x = json.loads(body)"),
        ("adapters/quickbooks/translate.py", "x = amount / 100"),
        ("adapters/paypal/translate.py", "x = amount * 0.01"),
    ],
)
def test_a_float_in_the_path_of_money_is_seen(name: str, code: str) -> None:
    assert money_faults(source(name, code))


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("connector/transport.py", "wait = 65.0"),
        ("connector/sync.py", "LEASE_SECONDS = 60.0"),
        ("connector/sync.py", "self.waited_seconds: float = 0.0"),
        ("connector/sync.py", "lease(seconds=1.5)"),
        ("connector/sync.py", "def lease(name, seconds=1.5, *, pause_seconds=0.5): ..."),
        ("adapters/stripe/refusal.py", "def pause_seconds(text):\n    return float(text)"),
        ("connector/sync.py", "x = json.loads(body, parse_float=Decimal)"),
        ("connector/model/x.py", "class Wait:\n    pause_seconds: float"),
        ("connector/plan.py", "x = total // 3"),
        ("connector/store/store.py", "x = path / 'file'"),
    ],
)
def test_what_cannot_make_an_amount_a_float_is_let_be(name: str, code: str) -> None:
    assert money_faults(source(name, code)) == []


def test_rooms_that_decide_neither_read_nor_write_nor_ask_the_time() -> None:
    none_found(fault for file in shipped() for fault in impurities(file))


@pytest.mark.parametrize("call", ["open('x')", "print(1)", "datetime.now(UTC)", "date.today()", "time.time()"])
def test_a_deciding_room_that_looks_outside_is_seen(call: str) -> None:
    assert impurities(source("connector/reconcile/match.py", call))
    assert impurities(source("adapters/stripe/translate.py", call))
    assert impurities(source("connector/sync.py", call)) == []


def test_only_the_clock_asks_the_time() -> None:
    none_found(
        fault
        for file in shipped()
        if not file.under("connector/clock.py", "connector/testing/") and "/standin" not in file.name
        for fault in asks_time(file)
    )


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for found in pkgutil.iter_modules(getattr(package, "__path__", [])):
        yield from modules_of(importlib.import_module(f"{package.__name__}.{found.name}"))


def value_types(package: ModuleType) -> list[type]:
    return [
        thing
        for module in modules_of(package)
        for thing in vars(module).values()
        if isinstance(thing, type) and dataclasses.is_dataclass(thing) and thing.__module__ == module.__name__
    ]


def holds_float(hint: object) -> bool:
    return hint is float or any(holds_float(part) for part in typing.get_args(hint))


@pytest.mark.parametrize("room", PURE)
def test_no_value_that_is_stored_or_hashed_has_a_float_field(room: str) -> None:
    package = importlib.import_module(f"connector.{room}")
    none_found(
        f"{shape.__module__}.{shape.__name__}.{name}"
        for shape in value_types(package)
        for name, hint in typing.get_type_hints(shape).items()
        if holds_float(hint)
    )


def test_the_model_is_made_of_frozen_values_with_named_fields() -> None:
    shapes = value_types(connector.model)
    assert len(shapes) > 20
    none_found(
        shape.__name__
        for shape in shapes
        if not shape.__dataclass_params__.frozen or not hasattr(shape, "__slots__")  # type: ignore[attr-defined]
    )


def test_a_float_field_would_be_seen() -> None:
    assert holds_float(dict[str, tuple[float, ...] | None])
    assert not holds_float(dict[str, money.Money | None])
