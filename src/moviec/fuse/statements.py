"""Running the statements of fusing's .sql files, a span of them at a time."""

from __future__ import annotations

from collections.abc import Mapping

from moviec.engine import Engine
from moviec.engine.statements import make, statements


def run(engine: Engine, file: str, first: str, last: str, parts: Mapping[str, str] | None = None) -> None:
    """Make the statements of `file` from `first` to `last`, with each `{part}` replaced."""
    found = statements("moviec.fuse", file, parts)
    names = [one.name for one in found]
    make(engine, found[names.index(first) : names.index(last) + 1])
