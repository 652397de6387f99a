"""The engine: the protocol of set-level work (named tables in, SQL over them, Arrow or Parquet out), and DuckDB behind it.

DuckDB runs in memory and only computes: no DuckDB file is kept. Work on single records goes through `map`,
which hands Arrow batches to a function. Parameters travel as one-row tables, so that a statement's text is always the same.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeAlias

import duckdb
import msgspec
import pyarrow as pa

from moviec.errors import StoreError
from moviec.text import FORMULA, UNRUN
from moviec.work import work_folder

Batches: TypeAlias = Iterator[pa.RecordBatch]
PerRecord: TypeAlias = Callable[[Iterable[pa.RecordBatch]], Batches]


class Engine(Protocol):
    """An engine that keeps nothing after `close`."""

    def register(self, name: str, data: pa.Table) -> None:
        """Register an Arrow table as `name`."""

    def parquet(self, name: str, paths: Sequence[Path | str]) -> None:
        """Register Parquet files of one schema together as `name`."""

    def view(self, name: str, sql: str) -> None:
        """Name a query; it runs wherever the name is used."""

    def materialize(self, name: str, sql: str) -> None:
        """Run a query once and keep its rows as `name` until `close`."""

    def map(self, name: str, source: str, function: PerRecord, schema: pa.Schema) -> None:
        """Name the result of a per-record function over the batches of `source`."""

    def forget(self, *names: str) -> None:
        """Drop what was kept under some names."""

    def query(self, sql: str) -> pa.Table:
        """Run a query and return its rows."""

    def stream(self, sql: str) -> Batches:
        """Run a query and yield its rows batch by batch, in order, with flat memory."""

    def write(self, sql: str, path: Path) -> int:
        """Run a query into one Parquet file, in order; return the number of rows."""

    def close(self) -> None:
        """Drop everything."""


#: Rows per Parquet row group: large enough to compress, small enough that a writer's buffers stay flat. In a file for
#: finding single rows, a whole group is read for one of them: 4% more bytes, a quarter of the time.
ROW_GROUP, SOUGHT_GROUP = 60_000, 8_192


#: Up to this many distinct values on one side of a join are looked up one by one in a file on the other, skipping row
#: groups that cannot contain them: a hundred films in 700,000 take half the time.
SOUGHT_VALUES = 1_000


class Limits(msgspec.Struct, frozen=True):
    """The engine's limits: `threads` 0 means every core, `memory` as DuckDB writes it ("4GB")."""

    threads: int = 0
    memory: str = ""

    def shared(self, engines: int, cores: int) -> Limits:
        """Return the limits of each of several engines that run at once on a number of cores."""
        memory = self.memory
        if found := _MEMORY.fullmatch(memory.strip()):
            memory = f"{int(float(found[1]) * 1000 / engines)}{_THOUSANDTH[found[2].upper()]}"
        return Limits(max(1, cores // engines), memory)


_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([KMGT]I?B)", re.IGNORECASE)
#: A thousandth of each unit, or near it.
_THOUSANDTH = {
    "KB": "B",
    "MB": "KB",
    "GB": "MB",
    "TB": "GB",
    "KIB": "B",
    "MIB": "KiB",
    "GIB": "MiB",
    "TIB": "GiB",
}


class _Database:
    """One in-memory DuckDB with MovieC's macros, for several engines; spills to a temporary folder that goes with it."""

    def __init__(self, limits: Limits) -> None:
        self._ending = ExitStack()
        settings: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": str(self._ending.enter_context(work_folder(clear=False))),
            "autoinstall_known_extensions": False,
            "parquet_metadata_cache": True,  # the lake's files are read a dozen times by a run, and never change
            "preserve_insertion_order": True,
            "dynamic_or_filter_threshold": SOUGHT_VALUES,
            "allocator_background_threads": True,  # returns the memory of dropped tables to the system
        }
        if limits.threads:
            settings["threads"] = limits.threads
        if limits.memory:
            settings["memory_limit"] = limits.memory
        self._connection = duckdb.connect(":memory:", config=settings)
        self._connection.execute(resources.files("moviec.engine").joinpath("macros.sql").read_text("utf-8"))
        self._numbers = itertools.count(1)

    def schema(self) -> str:
        """Make a schema with a name of its own."""
        name = f"engine_{next(self._numbers)}"
        self._connection.cursor().execute(f"CREATE SCHEMA {name}").close()
        return name

    def session(self, schemas: str) -> duckdb.DuckDBPyConnection:
        """Open a connection with UTC time whose tables are in the first of some schemas; the macros are available in all."""
        connection = self._connection.cursor()
        return connection.execute(f"SET TimeZone = 'UTC'; SET search_path = '{schemas},main'")

    def close(self) -> None:
        self._connection.close()
        self._ending.close()


class DuckEngine:
    """Names of tables in an in-memory DuckDB: its own, or that of another engine (`beside`)."""

    def __init__(
        self, limits: Limits | None = None, beside: DuckEngine | None = None, reading: bool = False
    ) -> None:
        """Open an empty engine with UTC time, MovieC's macros and no downloads of extensions.

        With `beside`, it sees nothing of the other engine, shares its threads and memory, and opens at once: a
        small run would otherwise spend most of its time on opening. With `reading`, it also finds the tables that the
        other engine keeps (those of `materialize`) by name, so that several can work on them at a time, each in a thread.
        """
        self._alone = beside is None
        self._database: _Database = beside._database if beside else _Database(limits or Limits())
        self._schema = self._database.schema()
        self._search: str = f"{self._schema},{beside._search}" if beside and reading else self._schema
        self.connection = self._database.session(self._search)
        self._views: set[str] = set()

    def __enter__(self) -> DuckEngine:
        """Use the engine in a `with` block; it closes at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, even if the block failed."""
        self.close()

    @property
    def threads(self) -> int:
        """How many threads it works with."""
        return int(self.connection.execute("SELECT current_setting('threads')").fetchall()[0][0])

    def register(self, name: str, data: pa.Table | Path) -> None:
        """Register an Arrow table, or a Parquet file, as `name`."""
        if isinstance(data, Path):
            return self.parquet(name, [data])
        self._unhide(name)
        self.connection.register(name, data)
        self._views.add(name)
        return None

    def parquet(self, name: str, paths: Sequence[Path | str]) -> None:
        """Register Parquet files of one schema together as `name`."""
        files = ", ".join(quoted(str(path)) for path in paths)
        self.view(name, f"SELECT * FROM read_parquet([{files}])")

    def view(self, name: str, sql: str) -> None:
        """Name a query; it runs wherever the name is used."""
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
        self._views.add(name)

    def materialize(self, name: str, sql: str) -> None:
        """Run a query once and keep its rows as `name` until `close`."""
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS {sql}")
        self._unhide(name)

    def _unhide(self, name: str) -> None:
        """Drop a view that would hide a table of its name, or conflict with another."""
        if name in self._views:
            self.connection.execute(f"DROP VIEW IF EXISTS temp.{name}")
            self._views.remove(name)

    def map(self, name: str, source: str, function: PerRecord, schema: pa.Schema) -> None:
        """Name the result of a per-record function over the batches of `source`."""
        batches = function(self.stream(f"SELECT * FROM {source}"))
        arriving = f"{name}_arriving"
        self.connection.register(arriving, pa.RecordBatchReader.from_batches(schema, batches))
        self.materialize(name, f"SELECT * FROM {arriving}")
        self.connection.unregister(arriving)

    def forget(self, *names: str) -> None:
        """Drop what was kept under some names."""
        for name in names:
            self._unhide(name)
            self.connection.execute(f"DROP TABLE IF EXISTS {name}")

    def query(self, sql: str, values: Mapping[str, Any] | None = None) -> pa.Table:
        """Run a query and return its rows; `values` fill `$name` in DuckDB-only SQL."""
        rows: pa.Table = self.connection.sql(sql, params=dict(values or {})).to_arrow_table()
        return rows

    def stream(self, sql: str) -> Batches:
        """Run a query and yield its rows batch by batch, in order, with flat memory."""
        with self._database.session(self._search) as connection:
            yield from connection.sql(sql).to_arrow_reader(50_000)

    def write(self, sql: str, path: Path, passing: bool = False, sought: bool = False) -> int:
        """Run a query into one Parquet file, in order; return the number of rows.

        A `passing` file is temporary: it is written without dictionaries, which take a quarter of the time.
        In a `sought` file, ordered by its look-up columns, single rows are found quickly.
        """
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {SOUGHT_GROUP if sought else ROW_GROUP}"
        if passing:
            options += ", DICTIONARY_SIZE_LIMIT 1"
        try:
            done = self.connection.execute(f"COPY ({sql}) TO {quoted(str(path))} ({options})").fetchall()
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            reason = str(error).splitlines()[0]
            raise StoreError(
                reason, "", "make room on the disk, or give more memory, and run again"
            ) from error
        return int(done[0][0])

    def write_csv(self, sql: str, path: Path) -> None:
        """Run a query into a CSV file that people open: text that a spreadsheet would run as a formula gets a leading
        '.
        """
        columns = ", ".join(
            f"regexp_replace({identifier(name)}, {quoted(FORMULA)}, {quoted(UNRUN)}) AS {identifier(name)}"
            if kind == "VARCHAR"
            else identifier(name)
            for name, kind, *_ in self.connection.execute(f"DESCRIBE {sql}").fetchall()
        )
        rows = f"SELECT {columns} FROM ({sql})"
        self.connection.execute(f"COPY ({rows}) TO {quoted(str(path))} (FORMAT csv, HEADER)")

    def close(self) -> None:
        """Drop everything."""
        if not self._alone:
            self.connection.execute(f"DROP SCHEMA {self._schema} CASCADE")
        self.connection.close()
        if self._alone:
            self._database.close()


def quoted(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
