"""Rollups of the catalogue: by genre and by company, whole and divided, every month and every year."""

from __future__ import annotations

import pyarrow as pa

from moviec.engine import Engine
from moviec.rollup.monthly import SQL, name_catalogue, name_parts
from moviec.text import pc


def totals(engine: Engine, films: pa.Table, entries: pa.Table) -> pa.Table:
    """Sum films (movie, year, month, budget, revenue, popularity, votes, c_rating) by what they count for.

    `entries`: kind, entry, name, movie, place. Returns the columns of rollup.sql (totals), `movie_ids` as a JSON list; whole dollars,
    millionths of popularity and of films, hundredths of a point.
    """
    name_catalogue(engine, films, entries)
    name_parts(engine, ["full", "even"])
    summed = engine.query(SQL["totals"])
    at = summed.schema.get_field_index("movie_ids")
    numbers = pc.binary_join(summed["movie_ids"].cast(pa.list_(pa.string())), ",")
    return summed.set_column(at, "movie_ids", pc.binary_join_element_wise("[", numbers, "]", ""))
