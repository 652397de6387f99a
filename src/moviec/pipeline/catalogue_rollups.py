"""The catalogue's monthly sums, and the rankings by them, after a publication: those of the years in which a film counts
for something else now.
"""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.rollup_films import Counted, counted_of, entries_of, films_of, write_figures
from moviec.catalog.staging import Touched
from moviec.engine import DuckEngine
from moviec.rollup.ranked import leading, totals
from moviec.text import Column

_YEARS = """
SELECT DISTINCT year FROM (SELECT movie, year FROM films_before UNION SELECT movie, year FROM films_after)
WHERE movie IN (
  SELECT movie FROM (FROM films_before EXCEPT FROM films_after) UNION SELECT movie FROM (FROM films_after EXCEPT FROM films_before)
  UNION SELECT movie FROM (FROM entries_before EXCEPT FROM entries_after)
  UNION SELECT movie FROM (FROM entries_after EXCEPT FROM entries_before))
ORDER BY year"""


def counted(connection: sa.Connection, some: Column | None) -> Counted | None:
    """Return what some movies count with and for, as the catalogue has them now; None for all."""
    if some is None:
        return None
    return counted_of(connection, some)


def other_years(beside: DuckEngine, before: Counted | None, after: Counted | None) -> list[int] | None:
    """Return the years, past and present, of films that count with or for something else than before; None: all."""
    if before is None or after is None:
        return None
    with DuckEngine(beside=beside) as engine:
        for when, rows in (("before", before), ("after", after)):
            engine.register(f"films_{when}", rows.films)
            engine.register(f"entries_{when}", rows.entries)
        return [int(str(year)) for year in engine.query(_YEARS)["year"].to_pylist()]


def roll_up(beside: DuckEngine, connection: sa.Connection, years: list[int] | None) -> Touched:
    """Sum and rank some years again (None: all), in the caller's transaction; return which rollups were touched."""
    if years == []:
        return Touched()
    rows = summed(beside, connection, years)
    with DuckEngine(beside=beside) as engine:
        ranked = leading(engine, rows.drop_columns(["movie_ids"]))
    return write_figures(connection, rows, ranked, years)


def summed(beside: DuckEngine, connection: sa.Connection, years: list[int] | None) -> pa.Table:
    """Return the rows that the catalogue's rollups have for some years, or all, from its films."""
    with DuckEngine(beside=beside) as engine:
        return totals(engine, films_of(connection, years), entries_of(connection, years))
