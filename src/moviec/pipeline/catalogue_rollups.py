"""The catalogue's monthly sums and rankings after a publication: those of the years in which a film counts differently now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from tempfile import mkdtemp

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.rollup_films import (
    Counted,
    counted_of,
    entries_of,
    films_by_year,
    films_of,
    write_figures,
)
from moviec.catalog.staging import Given, Rows, StoredRows, Touched, columns_of, store_rows
from moviec.engine import DuckEngine
from moviec.measures import KINDS, SPLITS
from moviec.rollup.ranked import COUNTS, leading, spans, totals, totals_by_span
from moviec.text import Column, pc

_YEARS = """
SELECT DISTINCT year FROM (SELECT movie, year FROM films_before UNION SELECT movie, year FROM films_after)
WHERE movie IN (
  SELECT movie FROM (FROM films_before EXCEPT FROM films_after) UNION SELECT movie FROM (FROM films_after EXCEPT FROM films_before)
  UNION SELECT movie FROM (FROM entries_before EXCEPT FROM entries_after)
  UNION SELECT movie FROM (FROM entries_after EXCEPT FROM entries_before))
ORDER BY year"""


def counted(connection: sa.Connection, some: Column | None) -> Counted | None:
    """Return the amounts and entries of some movies, as the catalogue has them now; None for all movies."""
    return None if some is None else counted_of(connection, some)


def other_years(beside: DuckEngine, before: Counted | None, after: Counted | None) -> list[int] | None:
    """Return the years, before and after, of films that now count differently; None for all years."""
    if before is None or after is None:
        return None
    with DuckEngine(beside=beside) as engine:
        for when, rows in (("before", before), ("after", after)):
            engine.register(f"films_{when}", rows.films)
            engine.register(f"entries_{when}", rows.entries)
        return [int(str(year)) for year in engine.query(_YEARS)["year"].to_pylist()]


class Summed(msgspec.Struct, frozen=True):
    """The new content of `rollups` and `rankings` for some years (None: all); the sums in the order of their key."""

    sums: Given
    ranked: pa.Table
    years: list[int] | None


def roll_up(connection: sa.Connection, summed: Summed | None) -> Touched:
    """Write sums and rankings, in the caller's transaction; return the rollups that were touched, none for None."""
    if summed is None:
        return Touched()
    return write_figures(connection, summed.sums, summed.ranked, summed.years)


def sum_published(
    beside: DuckEngine, connection: sa.Connection, years: list[int] | None, work: Path
) -> Summed | None:
    """Sum and rank some years (None: all) from the catalogue's films; None for no years. The sums are in files inside `work`."""
    if years == []:
        return None
    return _stored(figures(beside, connection, years), years, work)


#: Companies of several names in a film, and genres named twice, count once.
_ENTRIES = """
SELECT 'genres' AS kind, genre AS entry, genres.name, movie, position AS place FROM movie_genres JOIN genres ON genres.id = genre
UNION ALL
SELECT 'production_companies', company, min(companies.name), movie, min(position)
FROM movie_companies JOIN companies ON companies.id = company GROUP BY movie, company"""

#: The amounts of a film, in the units of the catalogue (catalog/rollup_films.py).
_FILMS = f"""
SELECT movie, CAST(coalesce(year(released), year) AS INTEGER) AS year, CAST(month(released) AS INTEGER) AS month, budget,
  CASE WHEN coalesce(revenue_scope, 'worldwide') = 'worldwide' THEN revenue END AS revenue, popularity, votes,
  CAST(round(c_rating * 100) AS BIGINT) AS c_rating
FROM movies WHERE {COUNTS}"""

_COUNTED = (
    "movie",
    "year",
    "released",
    "status",
    "budget",
    "revenue",
    "revenue_scope",
    "popularity",
    "votes",
    "c_rating",
)


def sum_fused(
    beside: DuckEngine, tables: Mapping[str, Rows], genres: pa.Table, companies: pa.Table, work: Path
) -> Summed:
    """Sum and rank all years from the rows of all films (movies, movie_genres, movie_companies) before they are published."""
    with DuckEngine(beside=beside) as engine:
        for name, columns in (
            ("movies", _COUNTED),
            ("movie_genres", ("movie", "genre", "position")),
            ("movie_companies", ("movie", "company", "position")),
        ):
            engine.register(name, columns_of(tables[name], columns))
        engine.register("genres", genres)
        engine.register("companies", companies)
        engine.materialize("counted_films", _FILMS)
        engine.materialize("named_entries", _ENTRIES)
        return _stored(_ranked(engine, totals_by_span(engine)), None, work)


class Figures(msgspec.Struct, frozen=True):
    """The sums of a span of years in the form of `rollups`, and the rankings by them."""

    sums: pa.Table
    ranked: pa.Table


def figures(beside: DuckEngine, connection: sa.Connection, years: list[int] | None) -> Iterator[Figures]:
    """Yield the sums and rankings of some years, or of all, from the catalogue's films: a few years at a time, so that memory
    stays flat; at least once.
    """
    films = films_by_year(connection, years)
    if years is not None:
        films = dict.fromkeys(years, 0) | films

    def sums() -> Iterator[pa.Table]:
        for span in spans(films):
            some = span if years is not None or not span else range(span[0], span[-1] + 1)
            with DuckEngine(beside=beside) as engine:
                yield totals(engine, films_of(connection, some), entries_of(connection, some))

    return _ranked(beside, sums())


def _ranked(beside: DuckEngine, spans_summed: Iterator[pa.Table]) -> Iterator[Figures]:
    for sums in spans_summed:
        with DuckEngine(beside=beside) as engine:
            yield Figures(sums, leading(engine, sums.drop_columns(["movie_ids"])))


def _stored(summed: Iterable[Figures], years: list[int] | None, work: Path) -> Summed:
    """Write sums to files, as there are several for each film, one by kind and split: so rows reach the table in the
    order of its key.
    """
    room = Path(mkdtemp(dir=work))
    files: dict[tuple[str, str], list[Path]] = {group: [] for group in product(KINDS, SPLITS)}
    ranked = []
    for span in summed:
        ranked.append(span.ranked)
        for (kind, split), stored in files.items():
            such = pc.and_(pc.equal(span.sums["kind"], kind), pc.equal(span.sums["split"], split))
            stored.append(store_rows(span.sums.filter(such), room / f"{kind}-{split}-{len(stored)}.arrow"))
    in_order = StoredRows([file for group in product(KINDS, SPLITS) for file in files[group]])
    return Summed(in_order, pa.concat_tables(ranked), years)
