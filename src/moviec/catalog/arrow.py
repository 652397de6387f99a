"""Rows of the database as Arrow tables, and whole tables back into it, whatever the database.

Whole tables are for the lake's copy of the ledger and for backups: JSON is copied as text, compressed texts as stored
bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.compression import Compressed
from moviec.catalog.connect import writing
from moviec.catalog.schema import metadata
from moviec.catalog.staging import stage

_TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    bytes: pa.binary(),
    int: pa.int64(),
    bool: pa.bool_(),
    float: pa.float64(),
    dt.date: pa.date32(),
}

#: Rows taken from the driver at a time.
AT_ONCE = 50_000


def read(connection: sa.Connection, query: sa.Select[Any] | sa.CompoundSelect[*tuple[Any, ...]]) -> pa.Table:
    """Run a query; return its rows as text, 64-bit integers, booleans, floats and dates."""
    return pa.concat_tables(read_parts(connection, query))


def read_parts(
    connection: sa.Connection, query: sa.Select[Any] | sa.CompoundSelect[*tuple[Any, ...]]
) -> Iterator[pa.Table]:
    """Run a query; yield its rows as `read` does, part by part with flat memory; a single empty part where there are
    none.
    """
    schema = pa.schema([(column.name, _TYPES[column.type.python_type]) for column in query.selected_columns])
    empty = True
    with connection.execute(query, execution_options={"stream_results": True}) as found:
        for rows in found.partitions(AT_ONCE):
            empty = False
            columns = [
                pa.array(values, field.type)
                for values, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            yield pa.Table.from_arrays(columns, schema=schema)
    if empty:
        yield schema.empty_table()


#: The tables that describe films; those of accounts and operations are left out.
TABLES = (
    "movies", "titles", "genres", "movie_genres", "companies", "movie_companies", "people", "credits", "languages",
    "movie_languages", "countries", "movie_countries", "movie_keywords", "external_ids", "ratings", "rollups",
)  # fmt: skip


def read_table(connection: sa.Connection, name: str) -> pa.Table:
    """Return one of TABLES, in the order of its key."""
    table = metadata.tables[name]
    return read(connection, sa.select(table).order_by(*table.primary_key.columns))


@contextmanager
def snapshot(catalogue: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection that reads a snapshot of the database, whatever is committed meanwhile, without blocking
    others.
    """
    isolated = {} if catalogue.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with catalogue.connect().execution_options(**isolated) as connection:
        if catalogue.dialect.name == "sqlite":
            connection.execute(sa.text("BEGIN"))
        yield connection
        connection.rollback()


def table_names() -> list[str]:
    """Return every table's name, referenced tables first."""
    return [table.name for table in metadata.sorted_tables]


def columns_of(name: str) -> list[str]:
    """Return the names of a table's columns."""
    return [column.name for column in metadata.tables[name].columns]


def key_of(name: str) -> list[str]:
    """Return the columns of a table's primary key."""
    return [column.name for column in metadata.tables[name].primary_key.columns]


def rows_of(
    connection: sa.Connection, name: str, column: str = "", values: Sequence[str] | None = None
) -> pa.Table:
    """Return a table's rows, or those with some values in a column, in the order of its key."""
    table = metadata.tables[name]
    return read(connection, _query(table, None if values is None else table.c[column].in_(values)))


def parts_of(connection: sa.Connection, name: str) -> Iterator[pa.Table]:
    """Return a table's rows in the order of its key, part by part; one part without rows where it has none."""
    return read_parts(connection, _query(metadata.tables[name], None))


def filled(connection: sa.Connection, names: Sequence[str]) -> list[str]:
    """Return those of some tables that exist and have rows."""
    present = set(sa.inspect(connection).get_table_names())
    some = [metadata.tables[name] for name in names if name in present]
    any_row = [sa.select(sa.literal(1)).select_from(table).limit(1) for table in some]
    return [
        table.name for table, query in zip(some, any_row, strict=True) if connection.execute(query).first()
    ]


def drop_tables(catalogue: sa.Engine) -> None:
    """Drop the tables of an empty catalogue, so that those of another version can be created."""
    with writing(catalogue) as connection:
        metadata.drop_all(connection)
        connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))


def replace_rows(
    connection: sa.Connection, names: Collection[str], parts: Callable[[str], Iterable[pa.Table] | None]
) -> dict[str, int]:
    """Replace the rows of some tables, under whatever schema the database has; return the number of rows by table.

    `parts`: the rows of a table, which may lack columns that have a default; None for none. Inside a `writing`
    transaction. The database then numbers new rows after those with a number.
    """
    there = sa.MetaData()
    there.reflect(connection, only=lambda name, _: name in names)
    tables = [table for table in there.sorted_tables if table.name in names]
    for table in reversed(tables):
        connection.execute(sa.delete(table))
    rows = {table.name: _add(connection, table, parts(table.name) or ()) for table in tables}
    _count_on(connection, tables)
    return rows


def _add(connection: sa.Connection, table: sa.Table, parts: Iterable[pa.Table]) -> int:
    added = 0
    for rows in parts:
        if not rows.num_rows:
            continue
        staged = stage(connection, f"added_{table.name}", table, rows)
        connection.execute(sa.insert(table).from_select(rows.column_names, sa.select(*staged.c)))
        connection.execute(sa.schema.DropTable(staged))
        added += rows.num_rows
    return added


def _count_on(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Make the database number new rows after those added with explicit numbers."""
    if connection.dialect.name == "sqlite":  # it always continues from the greatest
        return
    for table in tables:
        for column in table.primary_key.columns:
            place = sa.func.pg_get_serial_sequence(table.name, column.name)
            if connection.scalar(sa.select(place)):
                greatest = sa.select(sa.func.max(column)).scalar_subquery()
                connection.execute(
                    sa.select(sa.func.setval(place, sa.func.coalesce(greatest, 1), greatest.is_not(None)))
                )


def _as_stored(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    if isinstance(column.type, sa.JSON):
        return sa.cast(column, sa.Text).label(column.name)
    if isinstance(column.type, Compressed):
        return sa.type_coerce(column, sa.LargeBinary()).label(column.name)
    return column


def _query(table: sa.Table, some: sa.ColumnElement[bool] | None) -> sa.Select[Any]:
    query: sa.Select[Any] = sa.select(*map(_as_stored, table.columns)).order_by(*table.primary_key.columns)
    return query if some is None else query.where(some)
