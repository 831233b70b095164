"""An adapter that a stranger wrote and installed: found by its entry point, and badly behaved on demand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MODULE = """
from connector import errors
from connector.ports import AdapterSpec

spec = AdapterSpec(
    name="{name}",
    title="A stranger",
    settings="{name}_adapter:Settings",
    connect="{name}_adapter:connect",
    standin="{name}_adapter:nothing_there",
)
no_spec = "a text"


class Settings:
    @classmethod
    def names(cls):
        return (("key", True, True, "", "what opens it"),)

    @classmethod
    def parse(cls, values):
        return dict(values)


def connect(surroundings):
    raise {fault}
"""


@contextmanager
def installed(
    folder: Path, name: str, *, fault: str = "ValueError('s3cret-canary')", entry: str = ""
) -> Iterator[None]:
    """That adapter on the path, as pip would have put it there; connecting to it raises the fault."""
    home = folder / name
    home.mkdir()
    (home / f"{name}_adapter.py").write_text(MODULE.format(name=name, fault=fault), encoding="utf-8")
    about = home / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    point = entry or f"{name}_adapter:spec"
    (about / "entry_points.txt").write_text(f"[connector.adapters]\n{name} = {point}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as path:
        path.syspath_prepend(home)
        try:
            yield
        finally:
            sys.modules.pop(f"{name}_adapter", None)
