"""Rows of the database as Arrow tables, for the stages between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.schema import metadata

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
    """Run a query; return its rows as text, whole numbers (64 bits), truths, numbers and dates."""
    return pa.concat_tables(read_parts(connection, query))


def read_parts(
    connection: sa.Connection, query: sa.Select[Any] | sa.CompoundSelect[*tuple[Any, ...]]
) -> Iterator[pa.Table]:
    """Run a query; yield its rows as `read` does, part by part with flat memory; one without rows where there are none."""
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


#: The tables that describe films; those of accounts and of the work are nobody's business here.
TABLES = (
    "movies", "titles", "genres", "movie_genres", "companies", "movie_companies", "people", "credits", "languages",
    "movie_languages", "countries", "movie_countries", "movie_keywords", "external_ids", "ratings", "rollups",
)  # fmt: skip


def read_table(connection: sa.Connection, name: str) -> pa.Table:
    """Return one of TABLES, in the order of its key."""
    table = metadata.tables[name]
    return read(connection, sa.select(table).order_by(*table.primary_key.columns))
