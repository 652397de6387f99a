"""The catalogue's monthly sums and rankings after a publication: those of the years in which a film counts differently now."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

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
from moviec.catalog.staging import StoredRows, Touched, store_rows
from moviec.engine import DuckEngine
from moviec.measures import KINDS, SPLITS
from moviec.rollup.ranked import leading, spans, totals
from moviec.text import Column, pc

_YEARS = """
SELECT DISTINCT year FROM (SELECT movie, year FROM films_before UNION SELECT movie, year FROM films_after)
WHERE movie IN (
  SELECT movie FROM (FROM films_before EXCEPT FROM films_after) UNION SELECT movie FROM (FROM films_after EXCEPT FROM films_before)
  UNION SELECT movie FROM (FROM entries_before EXCEPT FROM entries_after)
  UNION SELECT movie FROM (FROM entries_after EXCEPT FROM entries_before))
ORDER BY year"""


def counted(connection: sa.Connection, some: Column | None) -> Counted | None:
    """Return the amounts and entries that some movies count with, as the catalogue has them now; None for all movies."""
    return None if some is None else counted_of(connection, some)


def other_years(beside: DuckEngine, before: Counted | None, after: Counted | None) -> list[int] | None:
    """Return the years, before and after, of films that count differently than before; None for all years."""
    if before is None or after is None:
        return None
    with DuckEngine(beside=beside) as engine:
        for when, rows in (("before", before), ("after", after)):
            engine.register(f"films_{when}", rows.films)
            engine.register(f"entries_{when}", rows.entries)
        return [int(str(year)) for year in engine.query(_YEARS)["year"].to_pylist()]


class Figures(msgspec.Struct, frozen=True):
    """The sums of a span of years as `rollups` has them, and the rankings by them."""

    sums: pa.Table
    ranked: pa.Table


def roll_up(beside: DuckEngine, connection: sa.Connection, years: list[int] | None, work: Path) -> Touched:
    """Sum and rank some years again (None: all), in the caller's transaction; return the rollups that were touched.

    Sums are kept in files inside `work` until they are written: there are several for each film.
    """
    if years == []:
        return Touched()
    with TemporaryDirectory(dir=work) as room:
        sums: dict[tuple[str, str], list[Path]] = {}
        ranked = []
        for span in figures(beside, connection, years):
            ranked.append(span.ranked)
            # Rows reach the table in the order of its key.
            for group in product(KINDS, SPLITS):
                of_group = pc.and_(
                    pc.equal(span.sums["kind"], group[0]), pc.equal(span.sums["split"], group[1])
                )
                files = sums.setdefault(group, [])
                file = Path(room, f"{'-'.join(group)}-{len(files)}.arrow")
                files.append(store_rows(span.sums.filter(of_group), file))
        rows = StoredRows([file for group in product(KINDS, SPLITS) for file in sums[group]])
        return write_figures(connection, rows, pa.concat_tables(ranked), years)


def figures(beside: DuckEngine, connection: sa.Connection, years: list[int] | None) -> Iterator[Figures]:
    """Yield the sums and rankings of some years, or of all, from the catalogue's films: a few years at a time, so that memory
    stays flat; at least once.
    """
    films = films_by_year(connection, years)
    if years is not None:
        films = dict.fromkeys(years, 0) | films
    for span in spans(films):
        with DuckEngine(beside=beside) as engine:
            some = span if years is not None or not span else range(span[0], span[-1] + 1)
            sums = totals(engine, films_of(connection, some), entries_of(connection, some))
            yield Figures(sums, leading(engine, sums.drop_columns(["movie_ids"])))
