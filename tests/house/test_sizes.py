"""Files, functions and parameter lists stay of a size that one person can hold in mind."""

from __future__ import annotations

from tests.house.reading import MIGRATIONS, Function, Source, functions, none_found, shipped, source, sources

LINES_MAX = 500
FUNCTION_LINES_MAX = 60
PARAMETERS_MAX = 5

MANY_PARAMETERS: dict[str, str] = {
    "connector/testing/standin.py Server.__init__": "each is a switch of the stand-in's command line",
}
"""Who may ask for more, and why. Commands may too: they have as many options as they have."""


def too_long(file: Source) -> list[str]:
    length = len(file.text.splitlines())
    found = [f"{file.name} has {length} lines"] if length > LINES_MAX else []
    for name, function in functions(file):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            found.append(f"{file.at(function)} {name} has {lines} lines")
    return found


def parameters(function: Function) -> int:
    """How many a caller must think of: all but self or cls."""
    named = function.args.posonlyargs + function.args.args
    first_is_own = bool(named) and named[0].arg in ("self", "cls")
    return len(named) - first_is_own + len(function.args.kwonlyargs)


def too_many_parameters(file: Source) -> list[str]:
    if file.under("connector/cli/"):
        return []
    return [
        f"{file.at(function)} {name} has {parameters(function)} parameters"
        for name, function in functions(file)
        if parameters(function) > PARAMETERS_MAX and f"{file.name} {name}" not in MANY_PARAMETERS
    ]


def test_no_file_and_no_function_is_too_long() -> None:
    files = (*shipped(), *sources("tests"))
    none_found(fault for file in files if not file.under(MIGRATIONS) for fault in too_long(file))


def test_no_function_asks_for_too_much_at_once() -> None:
    none_found(fault for file in shipped() for fault in too_many_parameters(file))


def test_every_exemption_is_still_needed() -> None:
    asking = {
        f"{file.name} {name}"
        for file in shipped()
        for name, function in functions(file)
        if parameters(function) > PARAMETERS_MAX
    }
    assert set(MANY_PARAMETERS) - asking == set()


def test_the_limits_bite() -> None:
    long = "def f(self, a, b, c, d, *, e, g):\n" + "    x = 1\n" * 60 + "\n" * 500
    assert too_long(source("x.py", long)) == ["x.py has 561 lines", "x.py:1 f has 61 lines"]
    assert too_many_parameters(source("x.py", long)) == ["x.py:1 f has 6 parameters"]
    assert too_many_parameters(source("x.py", "def f(self, a, b, c, d, *, e): ...")) == []
