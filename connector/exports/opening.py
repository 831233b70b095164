"""A file that somebody downloaded, opened as rows: a CSV with one delimiter or another, or the sheets of a workbook."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from connector.errors import UserError
from connector.exports.grid import Grid, contents, csv_grid, decoded
from connector.exports.workbook import is_workbook, sheets

HEADER_WITHIN_ROWS = 30
"""So far down a header may stand; above it stand titles."""
DELIMITERS = (",", ";", "\t")


def grids_of(path: Path, delimiters: Sequence[str] = DELIMITERS[:1], encoding: str = "") -> list[Grid]:
    """A file's rows, once per delimiter, or its sheets."""
    held = contents(path)
    if is_workbook(held):
        try:
            with zipfile.ZipFile(io.BytesIO(held)) as archive:
                return sheets(path.name, archive)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            raise UserError(
                f"{path.name} is no readable workbook.", next_step="Download it again; nothing was written."
            ) from None
    text = decoded(path.name, held, encoding)
    return [csv_grid(path.name, text, delimiter) for delimiter in delimiters]
