"""Writes Arrow tables to the database: straight into an empty table; else staged in a temporary table, then
merged so that only rows that differ are touched. All inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from moviec.catalog.binary_copy import HEADER, TRAILER, encoded
from moviec.catalog.compression import Compressed, compress_all
from moviec.catalog.connect import sorting
from moviec.catalog.laid import Laid, take_over
from moviec.errors import MovieCError
from moviec.units import plural

pc: Any = pyarrow.compute

#: Rows passed to the database at a time.
AT_ONCE = 50_000

#: Values that one statement passes to SQLite. A million rows of seven columns took 1.2 s with 250 to 2,000 values in a statement, 2.2 s
#: with a row in each.
BOUND = 500

#: From this many rows on, an index is built faster after loading than during it, and rows are laid (`laid`) for SQLite.
MANY = 20_000


class StoredRows(msgspec.Struct, frozen=True, dict=True):
    """A table in ordered Arrow files, read one file after another: more rows than memory should hold."""

    files: Sequence[Path]

    @property
    def column_names(self) -> list[str]:
        """Return the columns."""
        return list(self._shape[0])

    @property
    def num_rows(self) -> int:
        """Count the rows of all files."""
        return self._shape[1]

    def mapped(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all rows, read from the files on access."""
        return pa.concat_tables(_opened(file).read_all().select(columns) for file in self.files)

    @cached_property
    def _shape(self) -> tuple[list[str], int]:
        tables = [_opened(file).read_all() for file in self.files]
        return tables[0].column_names, sum(table.num_rows for table in tables)

    def parts(self) -> Iterator[pa.Table]:
        """Yield the rows of one file after another."""
        for file in self.files:
            with pa.OSFile(str(file), "rb") as opened:
                yield pa.ipc.open_file(opened).read_all()


def _opened(file: Path) -> pa.ipc.RecordBatchFileReader:
    return pa.ipc.open_file(pa.memory_map(str(file)))


#: Rows on their way into a table; they may have been laid meanwhile.
Rows: TypeAlias = pa.Table | StoredRows
Given: TypeAlias = Rows | Laid


def store_rows(rows: pa.Table, file: Path) -> Path:
    """Write rows to a file that `StoredRows` reads."""
    with pa.OSFile(str(file), "wb") as opened, pa.ipc.new_file(opened, rows.schema) as writer:
        writer.write_table(rows)
    return file


def parts_of(rows: Rows) -> Iterator[pa.Table]:
    """Yield rows part by part."""
    if isinstance(rows, StoredRows):
        yield from rows.parts()
    else:
        yield rows


def columns_of(rows: Rows, columns: Sequence[str]) -> pa.Table:
    """Return some columns of rows, read lazily from files for stored ones."""
    return rows.mapped(columns) if isinstance(rows, StoredRows) else rows.select(columns)


def as_table(rows: Rows) -> pa.Table:
    """Return rows as one table in memory."""
    return pa.concat_tables(parts_of(rows))


def rows_of_all(some: Sequence[Rows]) -> Rows:
    """Concatenate rows: in files where they are stored, else in memory."""
    if all(isinstance(rows, StoredRows) for rows in some):
        return StoredRows([file for rows in some if isinstance(rows, StoredRows) for file in rows.files])
    return pa.concat_tables([part for rows in some for part in parts_of(rows)])


class Touched(msgspec.Struct, frozen=True):
    """Rows of a table that a merge wrote, new or changed, and rows that it deleted."""

    written: int = 0
    removed: int = 0


def stage(connection: sa.Connection, name: str, like: sa.Table, rows: Given) -> sa.Table:
    """Load rows into a new temporary table `name` with those columns of `like` that the rows have."""
    staged = _staged(name, like, tuple(rows.column_names))
    connection.execute(sa.schema.DropTable(staged, if_exists=True))
    connection.execute(sa.schema.CreateTable(staged))
    load(connection, staged, rows)
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"ANALYZE {name}"))
    return staged


@lru_cache(maxsize=100)
def _staged(name: str, like: sa.Table, columns: tuple[str, ...]) -> sa.Table:
    """Describe a temporary table: cached, so that its compiled statements are reused."""
    given = [
        sa.Column(column, like.c[column].type, primary_key=like.c[column].primary_key, autoincrement=False)
        for column in columns
    ]
    return sa.Table(name, sa.MetaData(), *given, prefixes=["TEMPORARY"])


def merge(
    connection: sa.Connection,
    into: sa.Table,
    rows: Given,
    scope: sa.ColumnElement[bool] | None = None,
    among: sa.ColumnElement[bool] | None = None,
) -> Touched:
    """Make the rows of `into` in `scope` equal to the given ones; with no scope nothing is deleted.

    A row that is already equal is not touched. `among`: the rows that could have a key of the given ones, by default
    all; without any, there is nothing to compare with.
    """
    if not rows.num_rows:  # nothing to compare with: a change of one film has no rows for most tables
        gone = 0 if scope is None else connection.execute(sa.delete(into).where(scope)).rowcount
        return Touched(removed=max(gone, 0))
    if not any_row(connection, into, among):
        with _indexed_afterwards(connection, into, rows.num_rows):
            load(connection, into, rows if isinstance(rows, Laid) else in_order_of_key(into, rows))
        return Touched(rows.num_rows)
    staged = stage(connection, f"staged_{into.name}", into, rows)
    removed = 0
    if scope is not None:
        same = sa.and_(*(staged.c[key.name] == key for key in into.primary_key.columns))
        removed = connection.execute(sa.delete(into).where(scope, ~sa.exists().where(same))).rowcount
    counted = {"preserve_rowcount": True}
    written = connection.execute(_upsert(connection, into, staged), execution_options=counted).rowcount
    connection.execute(sa.schema.DropTable(staged))
    return Touched(max(written, 0), max(removed, 0))


@contextmanager
def _indexed_afterwards(connection: sa.Connection, table: sa.Table, rows: int) -> Iterator[None]:
    """Load many rows into an empty table of SQLite without its indexes, which are then built by sorting.

    PostgreSQL would block readers for that until the transaction ends.
    """
    apart = connection.dialect.name == "sqlite" and rows >= MANY and not any_row(connection, table)
    indexes = sorted(table.indexes, key=lambda index: str(index.name)) if apart else []
    for index in indexes:
        connection.execute(sa.schema.DropIndex(index))
    yield
    with sorting(connection):
        for index in indexes:
            connection.execute(sa.schema.CreateIndex(index))


def any_row(connection: sa.Connection, table: sa.Table, among: sa.ColumnElement[bool] | None = None) -> bool:
    """Return whether a table has rows, or rows that meet a condition."""
    query = sa.select(sa.literal(1)).select_from(table).limit(1)
    return connection.execute(query if among is None else query.where(among)).first() is not None


def load(connection: sa.Connection, into: sa.Table, rows: Given) -> None:
    """Add rows to a table, which has none of their keys; texts are compressed where the column is."""
    if isinstance(rows, Laid):
        take_over(connection, into.name, rows)
    elif connection.dialect.name == "postgresql":
        _copy(connection, into, rows)
    else:
        for piece in pieces(into, rows):
            _insert(connection, into, piece)


def pieces(into: sa.Table, rows: Rows) -> Iterator[pa.Table]:
    """Yield rows as stored, AT_ONCE at a time. Raises MovieCError for a number that is not finite."""
    for part in parts_of(rows):
        check_numbers(into.name.removeprefix("staged_"), part)
        for start in range(0, part.num_rows, AT_ONCE):
            yield as_stored(into, part.slice(start, AT_ONCE))


def check_numbers(table: str, rows: pa.Table) -> None:
    """Raise MovieCError where a number is NaN or infinite: readers would get nonsense, and sums would be lost."""
    for name, column in zip(rows.column_names, rows.itercolumns(), strict=True):
        if not pa.types.is_floating(column.type) or pc.all(pc.is_finite(column)).as_py() is not False:
            continue
        found = rows.filter(pc.fill_null(pc.invert(pc.is_finite(column)), fill_value=False))
        row = found.slice(0, 1).to_pylist()[0]
        where = ", ".join(f"{key} {value}" for key, value in list(row.items())[:2])
        raise MovieCError(
            f"{name} of {plural(found.num_rows, 'row', 'rows')} is not a finite number; nothing was published",
            f"{table} ({where})",
            "this is a fault of MovieC or of a source of your own: see which source has it with `moviec show`",
        )


def in_order_of_key(table: sa.Table, rows: Rows) -> Rows:
    """Return rows in the order of a table's key; those of films and parties already are."""
    key = [column.name for column in table.primary_key.columns]
    if table.dialect_options["sqlite"]["with_rowid"] or key[0] in ("movie", "kind"):
        return rows
    return as_table(rows).sort_by([(name, "ascending") for name in key])


def as_stored(into: sa.Table, rows: pa.Table) -> pa.Table:
    """Return rows with texts compressed where the table's column is; already compressed ones stay."""
    for at, name in enumerate(rows.column_names):
        kind = into.c[name].type
        if isinstance(kind, Compressed) and not pa.types.is_binary(rows.schema.types[at]):
            rows = rows.set_column(at, name, compress_all(rows[name], kind.kind))
    return rows


def _upsert(connection: sa.Connection, into: sa.Table, staged: sa.Table) -> sa.Executable:
    names = [column.name for column in staged.columns]
    own = [column.name for column in into.primary_key.columns]
    given = sa.select(*staged.columns).where(sa.true())  # SQLite needs a WHERE before ON CONFLICT
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(into).from_select(names, given)
    others = [name for name in names if name not in own]
    if not others:
        return statement.on_conflict_do_nothing(index_elements=own)  # type: ignore[no-any-return]
    fresh = statement.excluded
    return statement.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=own,
        set_={name: fresh[name] for name in others},
        where=sa.or_(*(into.c[name].is_distinct_from(fresh[name]) for name in others)),
    )


def _copy(connection: sa.Connection, into: sa.Table, rows: Rows) -> None:
    """Load through COPY: the fastest way into PostgreSQL, which reads one piece while the next is encoded."""
    names = ", ".join(f'"{name}"' for name in rows.column_names)
    driver: Any = connection.connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {into.name} ({names}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(HEADER)
        for piece in _one_ahead(encoded(into, piece) for piece in pieces(into, rows)):
            copy.write(piece)
        copy.write(TRAILER)


def _one_ahead(items: Iterator[memoryview]) -> Iterator[memoryview]:
    """Yield items; the next one is made, in a thread of its own, while the caller uses one."""
    with ThreadPoolExecutor(1) as aside:
        coming = aside.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = aside.submit(next, items, None)
            yield item


def _insert(connection: sa.Connection, staged: sa.Table, rows: pa.Table) -> None:
    """Load through the driver, many rows a statement; dates are text in SQLite."""
    width = rows.num_columns
    cells: list[Any] = [None] * (rows.num_rows * width)  # row by row
    for at, column in enumerate(rows.itercolumns()):
        plain = column.cast(pa.string()) if pa.types.is_date(column.type) else column
        cells[at::width] = plain.to_pylist()
    names = ", ".join(f'"{name}"' for name in rows.column_names)
    into = f"INSERT INTO {staged.name} ({names}) VALUES "
    marks = f"({', '.join('?' * width)})"
    together = max(1, BOUND // width)
    step = together * width
    rest = len(cells) // step * step
    driver: Any = connection.connection
    cursor = driver.cursor()
    cursor.executemany(into + ", ".join([marks] * together), _cut(cells[:rest], step))
    cursor.executemany(into + marks, _cut(cells[rest:], width))
    cursor.close()


def _cut(cells: list[Any], size: int) -> Iterator[list[Any]]:
    return (cells[start : start + size] for start in range(0, len(cells), size))
