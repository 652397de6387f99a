"""Opening a home to read, with a remark where what it shows cannot be the whole: an empty catalogue before a filled lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from moviec.catalog.deliveries import has_deliveries
from moviec.cli.console import note
from moviec.config import Home
from moviec.home.context import RunContext
from moviec.home.lake_identity import mismatch
from moviec.pipeline.opening import open_run


@contextmanager
def reading(home: Home) -> Iterator[RunContext]:
    """Open a home for a command that prints what is known."""
    with open_run(home) as context:
        warn_where_lost(context)
        yield context


def warn_where_lost(context: RunContext) -> None:
    """Say on standard error that the catalogue knows nothing although the lake holds deliveries."""
    with context.catalogue.connect() as connection:
        empty = not has_deliveries(connection)
    if empty and (wrong := mismatch(context.store, context.catalogue)):
        note(f"{wrong.what}; {wrong.hint}")
