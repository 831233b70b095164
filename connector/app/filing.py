"""Files that appear together or not at all: a reader never finds one of this run beside one of the last."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from connector.errors import UserError


def refuse_unfit(paths: Iterable[Path], sources: Iterable[Path] = ()) -> None:
    """UserError for files that cannot be written, before any work is done for them: two by one name, one that is
    read, one that is no plain file, one in a folder that is not there."""
    taken = {path.resolve() for path in sources}
    for path in paths:
        whole = path.resolve()
        if whole in taken:
            raise UserError(f"{path} is named twice, or is read.", next_step="Give every file a name of its own.")
        taken.add(whole)
        there = path if path.exists() else path.parent
        if (path.exists() and not path.is_file()) or not path.parent.is_dir() or not os.access(there, os.W_OK):
            raise UserError(f"{path} cannot be written.", next_step="Choose a file in a folder that exists.")


def publish(files: Mapping[Path, Iterable[bytes]]) -> None:
    """Write all of them, or leave everything as it was. UserError names the one that could not be written."""
    drafts: dict[Path, Path] = {}
    kept: dict[Path, Path | None] = {}
    path = Path()
    try:
        for path, pieces in files.items():
            draft = drafts[path] = path.with_name(f".{path.name}.{os.getpid()}.draft")
            with draft.open("xb") as file:
                file.writelines(pieces)
        for path, draft in drafts.items():
            kept[path] = _kept(path)
            draft.replace(path)
    except BaseException as fault:
        for each, before in kept.items():
            with contextlib.suppress(OSError):
                before.replace(each) if before is not None else each.unlink()
        if isinstance(fault, OSError):
            raise UserError(
                f"{path} cannot be written.", next_step="Look at the disk and the folder's rights."
            ) from None
        raise
    finally:
        for left in (*drafts.values(), *filter(None, kept.values())):
            with contextlib.suppress(OSError):
                left.unlink()


def _kept(path: Path) -> Path | None:
    """A second name for what a file held before; None where there was none."""
    if not path.exists():
        return None
    kept = path.with_name(f".{path.name}.{os.getpid()}.before")
    os.link(path, kept)
    return kept
