"""The Engine protocol: named tables in, SQL over them, Arrow or Parquet out.

The SQL is DuckDB's; work on single records goes through `map`, which hands Arrow batches to a function.
Parameters travel as one-row tables, so that a statement's text is always the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import pyarrow as pa

Batches: TypeAlias = Iterator[pa.RecordBatch]
PerRecord: TypeAlias = Callable[[Iterable[pa.RecordBatch]], Batches]


class Engine(Protocol):
    """A calculator: it keeps nothing beyond `close`."""

    def register(self, name: str, data: pa.Table) -> None:
        """Make an Arrow table known as `name`."""

    def parquet(self, name: str, paths: Sequence[Path | str]) -> None:
        """Make Parquet files of one schema known together as `name`."""

    def view(self, name: str, sql: str) -> None:
        """Name a query; it runs wherever the name is used."""

    def materialize(self, name: str, sql: str) -> None:
        """Run a query once and keep its rows as `name` until `close`."""

    def map(self, name: str, source: str, function: PerRecord, schema: pa.Schema) -> None:
        """Name the result of a per-record function over the batches of `source`."""

    def query(self, sql: str) -> pa.Table:
        """Run a query and return its rows."""

    def stream(self, sql: str) -> Batches:
        """Run a query and yield its rows batch by batch, in order, with flat memory."""

    def write(self, sql: str, path: Path) -> int:
        """Run a query into one Parquet file, in order; return the number of rows."""

    def close(self) -> None:
        """Let go of everything."""
