"""The rollups of an export: figures by genre and company from what is in the export itself, so that nothing leaves by a sum that may not leave."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.model import BEFORE_RELEASE, GIVEN_UP, status_is
from moviec.rollup.rankings import totals
from moviec.units import MILLION

#: The columns of each flat table that figures are made of.
_NEEDED = {
    "movies": (
        "id", "year", "released", "status", "budget", "revenue", "revenue_scope", "popularity", "votes", "c_rating",
    ),
    "genres": ("id", "genre", "name"),
    "companies": ("id", "company", "name"),
}  # fmt: skip

#: Ids are mc and digits. What counts is what counts in the catalogue (catalog/figures.py), with the same units.
_FILMS = f"""
SELECT CAST(id[3:] AS BIGINT) AS movie, CAST(coalesce(year(released), year) AS INTEGER) AS year,
  CAST(month(released) AS INTEGER) AS month, budget,
  CASE WHEN coalesce(revenue_scope, 'worldwide') = 'worldwide' THEN revenue END AS revenue,
  CAST(round(popularity * {MILLION}) AS BIGINT) AS popularity, votes, CAST(round(c_rating * 100) AS BIGINT) AS c_rating
FROM movies
WHERE NOT coalesce({status_is("status", (*BEFORE_RELEASE, *GIVEN_UP))}, false) AND coalesce(year(released), year) IS NOT NULL"""

_ENTRIES = """
SELECT kind, entry, min(name) AS name, CAST(id[3:] AS BIGINT) AS movie, min(place) AS place FROM (
  SELECT 'genres' AS kind, genre AS entry, name, id, row_number() OVER () AS place FROM genres
  UNION ALL SELECT 'production_companies', company, name, id, row_number() OVER () FROM companies)
WHERE entry IS NOT NULL GROUP BY kind, entry, id"""


class Gathered:
    """What figures are made of, gathered slice by slice."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._parts: dict[str, list[pa.Table]] = {name: [] for name in _NEEDED}

    def add(self, tables: Mapping[str, pa.Table]) -> None:
        """Take what is needed of the flat tables of a slice."""
        for name, columns in _NEEDED.items():
            self._parts[name].append(tables[name].select(columns))

    def rollups(self) -> pa.Table:
        """Return the rows of `rollups` (see the data dictionary), with the name of each genre or company beside its id."""
        with DuckEngine() as engine:
            for name, parts in self._parts.items():
                engine.register(name, pa.concat_tables(parts))
            films, entries = engine.query(_FILMS), engine.query(_ENTRIES)
            engine.register("summed", totals(engine, films, entries))
            engine.register("named", entries)
            return engine.query(
                "SELECT s.kind, split, year, month, s.entry, n.name, s.* EXCLUDE (kind, split, year, month, entry) FROM summed s"
                " JOIN (SELECT kind, entry, min(name) AS name FROM named GROUP BY ALL) n ON n.kind = s.kind AND n.entry = s.entry"
                " ORDER BY s.kind, split, year, month, s.entry"
            )
