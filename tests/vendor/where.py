"""Finds the vendor schemas, which lie outside the project and may be absent.

A machine without them skips the tests that need them. Where they are promised by an environment variable (in
CI), their absence is a failure: a skipped test proves nothing.
"""

import os
from pathlib import Path

import pytest

VARIABLE = "RECEIVABLES_VENDOR_SCHEMAS"
"""The environment variable that names the schema folder and makes its absence a failure."""

_PROJECT = Path(__file__).resolve().parents[2]


def available(system: str) -> bool:
    """Whether exchanges can be judged: what judges on its way, in a server's thread, must not skip the test there."""
    return VARIABLE in os.environ or (_PROJECT.parent / "shared" / "vendor-schemas" / system).is_dir()


def schemas(system: str) -> Path:
    """The folder with one system's schemas ("quickbooks", "stripe", "paypal").

    Skips the running test when the default folder lacks them, fails it when the environment variable is set.
    """
    named = os.environ.get(VARIABLE)
    folder = (Path(named) if named else _PROJECT.parent / "shared" / "vendor-schemas") / system
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"{VARIABLE} is set, but there is no folder {folder} with the {system} schemas.")
    sentence = f"The {system} schemas are not beside the project; set {VARIABLE} to their folder."
    pytest.skip(sentence, allow_module_level=True)
