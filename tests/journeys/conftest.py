"""What most stories begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.firm import Firm, open_firm


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """The firm of the walk, connected and read; nothing was planned yet."""
    with open_firm(tmp_path) as opened:
        opened.connect_quickly()
        yield opened
