"""Columns with cells that could not be read: reported in the same words by every command that reads a user's table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from moviec.decoding import decodable
from moviec.engine.duckdb import DuckEngine, identifier
from moviec.errors import PayloadError

#: A column with more than this share of unreadable filled cells is not of the assumed kind.
MOST_UNREAD = 0.5

#: Prefix of an unreadable cell (the control character SUBSTITUTE), so that nothing casts it.
UNREAD = "\x1a"


@decodable
class Unread(msgspec.Struct, frozen=True):
    """A column with cells that could not be read: its filled cells, how many were unreadable, the first of these, and
    `why` where there is more to say.
    """

    column: str
    cells: int
    unread: int
    first: str
    why: str = ""

    @property
    def mostly(self) -> bool:
        """Whether most cells could not be read."""
        return self.unread > MOST_UNREAD * self.cells

    def __str__(self) -> str:
        """Return the description in one line."""
        cells = f"{self.unread:,} of {self.cells:,} cells" if self.cells > 1 else "its only cell"
        first = self.first if len(self.first) <= 60 else f"{self.first[:59]}…"
        why = f"; {self.why}" if self.why else ""
        return f"column {self.column}: {cells} could not be read, the first is '{first}'{why}"


def unread_cells(engine: DuckEngine, rows: str, failed: Mapping[str, str], position: str) -> list[Unread]:
    """Return the columns of `rows`, a name or a query in brackets, that have filled cells which could not be read.

    `failed`: by column the SQL condition that its cell was unreadable, applied to filled cells only. `position` orders
    the rows.
    """
    found = []
    for column, condition in failed.items():
        cell = identifier(column)
        row = engine.query(
            f"SELECT count(*) AS cells, count(*) FILTER (bad) AS unread, arg_min(cell, place) FILTER (bad) AS first FROM ("
            f"SELECT CAST({cell} AS VARCHAR) AS cell, {position} AS place, coalesce({condition}, false) AS bad FROM {rows}"
            f" WHERE trim(CAST({cell} AS VARCHAR)) <> '')"
        ).to_pylist()[0]
        if row["unread"]:
            found.append(Unread(column, **row))
    return found


def nothing_came(what: str, where: str, unread: Iterable[object], hint: str = "") -> PayloadError:
    """Return the error of a run without a result: what is missing, and which columns could not be read."""
    reasons = "; ".join(map(str, unread))
    return PayloadError(f"{what}{f': {reasons}' if reasons else ''}", where, hint)
