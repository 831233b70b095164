"""What the laws of wired worlds share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.laws.wired_start import Stage


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """Where wired worlds begin, one after another."""
    # Imported here: the laws of money are tested alone too, where no adapter is.
    from tests.laws.test_written_once import IN_MEMORY
    from tests.laws.wired_start import Stage

    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as made:
        opened = Stage(Path(made))
        yield opened
        opened.close()
