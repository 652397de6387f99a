"""The catalogue's monthly sums after a publication: those of the years in which a film is or was out."""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.figures import entries_of, films_of
from moviec.catalog.schema.movies import movies, rollups
from moviec.catalog.staging import Touched, merge, stage
from moviec.engine import DuckEngine
from moviec.rollup.totals import totals
from moviec.text import Column


def years_out(connection: sa.Connection, some: Column | None) -> set[int] | None:
    """Give the years in which some movies are out, as the catalogue has them now; None for all."""
    if some is None:
        return None
    staged = stage(connection, "some_movies", movies, pa.table({"movie": some}))
    query = sa.select(movies.c.year).where(movies.c.movie.in_(sa.select(staged.c.movie))).distinct()
    return {year for year in connection.scalars(query) if year is not None}


def roll_up(beside: DuckEngine, connection: sa.Connection, years: set[int] | None) -> Touched:
    """Sum the years again in which something may have changed; None: all."""
    some = None if years is None else sorted(years)
    rows = summed(beside, connection, some)
    return merge(connection, rollups, rows, sa.true() if some is None else rollups.c.year.in_(some))


def summed(beside: DuckEngine, connection: sa.Connection, years: list[int] | None) -> pa.Table:
    """Give the rows that the catalogue's rollups have for some years, or all, from its films."""
    with DuckEngine(beside=beside) as engine:
        return totals(engine, films_of(connection, years), entries_of(connection, years))
