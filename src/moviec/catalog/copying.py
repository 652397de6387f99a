"""Rows of whole tables as Arrow and back, whatever the database: for the lake's copy of the ledger, and for backups.

JSON travels as its text; everything else as `catalog/arrow.py` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read, read_parts
from moviec.catalog.staging import stage


@contextmanager
def snapshot(catalogue: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection that reads the database as it stands now, whatever is committed meanwhile; it locks out nobody."""
    isolated = {} if catalogue.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with catalogue.connect().execution_options(**isolated) as connection:
        if catalogue.dialect.name == "sqlite":
            connection.execute(sa.text("BEGIN"))
        yield connection
        connection.rollback()


def rows_of(
    connection: sa.Connection, table: sa.Table, some: sa.ColumnElement[bool] | None = None
) -> pa.Table:
    """Give a table's rows, or some of them, in the order of its key."""
    return read(connection, _query(table, some))


def parts_of(connection: sa.Connection, table: sa.Table) -> Iterator[pa.Table]:
    """Give a table's rows in the order of its key, part by part; one part without rows where it has none."""
    return read_parts(connection, _query(table, None))


def add_rows(connection: sa.Connection, table: sa.Table, parts: Iterable[pa.Table]) -> int:
    """Add rows, which may lack columns of the table that have a default; give how many. In a `writing` transaction."""
    added = 0
    for rows in parts:
        if not rows.num_rows:
            continue
        staged = stage(connection, f"added_{table.name}", table, rows)
        connection.execute(sa.insert(table).from_select(rows.column_names, sa.select(*staged.c)))
        connection.execute(sa.schema.DropTable(staged))
        added += rows.num_rows
    return added


def count_on(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Have the database number new rows after those that were added with their numbers."""
    if connection.dialect.name == "sqlite":  # it always goes on from the greatest
        return
    for table in tables:
        for column in table.primary_key.columns:
            place = sa.func.pg_get_serial_sequence(table.name, column.name)
            if connection.scalar(sa.select(place)):
                greatest = sa.select(sa.func.max(column)).scalar_subquery()
                connection.execute(
                    sa.select(sa.func.setval(place, sa.func.coalesce(greatest, 1), greatest.is_not(None)))
                )


def _query(table: sa.Table, some: sa.ColumnElement[bool] | None) -> sa.Select[tuple[object, ...]]:
    columns = [
        sa.cast(column, sa.Text).label(column.name) if isinstance(column.type, sa.JSON) else column
        for column in table.columns
    ]
    query = sa.select(*columns).order_by(*table.primary_key.columns)
    return query if some is None else query.where(some)
