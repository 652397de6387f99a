"""Answers that are lists: rows one can go through, and tables of Arrow, pandas or Polars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, overload

import pyarrow as pa

from moviec.errors import UsageError


class Rows(Sequence[dict[str, Any]]):
    """Rows as the API has them; `total` is how many there are in all, where that is told."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], total: int | None = None) -> None:
        """Take the rows."""
        self._rows = [dict(row) for row in rows]
        self.total = len(self._rows) if total is None else total

    def __len__(self) -> int:
        """Return how many rows are here."""
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Go through the rows."""
        return iter(self._rows)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Rows: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | Rows:
        """Return a row, or some of them."""
        return Rows(self._rows[place]) if isinstance(place, slice) else self._rows[place]

    def __repr__(self) -> str:
        """Show how many rows there are, and the first."""
        first = f", first {self._rows[0]}" if self._rows else ""
        return f"<Rows: {len(self)} of {self.total}{first}>"

    def to_arrow(self) -> pa.Table:
        """Return an Arrow table: a column for each name that any row has, null where a row lacks it."""
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        return pa.table({name: pa.array([row.get(name) for row in self._rows]) for name in names})

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame."""
        return to_pandas(self.to_arrow())

    def to_polars(self) -> Any:
        """Return a Polars DataFrame."""
        return to_polars(self.to_arrow())


def to_pandas(table: pa.Table) -> Any:
    """Return an Arrow table as a pandas DataFrame. Raises UsageError where pandas is not installed."""
    _wanted("pandas")
    return table.to_pandas()


def to_polars(table: pa.Table) -> Any:
    """Return an Arrow table as a Polars DataFrame. Raises UsageError where Polars is not installed."""
    return _wanted("polars").from_arrow(table)


def _wanted(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(f"{name} is not installed", hint="pip install 'moviec[frames]'") from error
