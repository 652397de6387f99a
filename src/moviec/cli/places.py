"""Where a command's files go: none may take the place of another."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from moviec.errors import UsageError


def check_places(read: Iterable[Path | None], written: Iterable[Path | None]) -> None:
    """Raise UsageError where a file that is written would take the place of one that is read, or of another; None: no file.

    Links are followed, and two spellings of one path are one place.
    """
    taken = {path.resolve() for path in read if path is not None}
    for path in written:
        if path is None:
            continue
        if path.resolve() in taken:
            raise UsageError(
                "would take the place of another file of this run", str(path), "give it another name"
            )
        taken.add(path.resolve())
