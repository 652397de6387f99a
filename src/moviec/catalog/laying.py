"""Lays the rows of a publication for SQLite (`laid`) in a thread, group by group, while the publication writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa

from moviec.catalog.laid import Laid, lay
from moviec.catalog.staging import MANY, Given, Rows, in_order_of_key, pieces

#: Rows by any name, with the table that they are for; what makes them; and what waits until they are laid.
Group: TypeAlias = Mapping[str, tuple[sa.Table, Rows]]
Making: TypeAlias = Callable[[], Group]
Waiting: TypeAlias = Callable[[], Mapping[str, Given]]


@contextmanager
def laying(
    connection: sa.Connection, rows: int, room: Path | None
) -> Iterator[Callable[[str, Making], Waiting]]:
    """Yield a function that has a group laid into a database in `room`, and returns what waits for it. SQLite attaches ten
    databases at most.

    For a publication of few rows, for PostgreSQL and without a room the rows stay as they are.
    """
    if connection.dialect.name != "sqlite" or rows < MANY or room is None:
        yield lambda _, making: lambda: {name: given for name, (_, given) in making().items()}
        return
    pool = ThreadPoolExecutor(1)
    try:
        yield lambda name, making: pool.submit(_laid, making, room / f"laid_{name}.db").result
    finally:
        pool.shutdown(cancel_futures=True)


def _laid(making: Making, file: Path) -> Mapping[str, Given]:
    return lay_group(making(), file)


def lay_group(group: Group, file: Path) -> Mapping[str, Given]:
    """Lay the rows of a group, in the order of their tables' keys; few rows stay as they are."""
    laid: dict[str, Given] = {}
    for name, (table, rows) in group.items():
        laid[name] = rows
        if rows.num_rows >= MANY:
            lay(pieces(table, in_order_of_key(table, rows)), file, table.name)
            laid[name] = Laid(file, table.name, rows.column_names, rows.num_rows)
    return laid
