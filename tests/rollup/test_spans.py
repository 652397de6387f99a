"""Years are summed a few at a time; that they are changes nothing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from moviec.catalog.connect import connect
from moviec.catalog.schema.movies import rankings, rollups
from moviec.config import Home
from moviec.pipeline.catalogue_rollups import figures, roll_up, sum_published
from moviec.rollup import ranked
from moviec.rollup.ranked import FILMS_AT_ONCE, spans
from tests.engines import new_engine

#: The columns that the rows of sums, and of rankings, are ordered by.
SUMS = ("kind", "split", "year", "month", "entry")
RANKS = ("kind", "split", "year", "measure")


def in_order(rows: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in columns])


@given(st.dictionaries(st.integers(1, 2100), st.integers(0, 2 * FILMS_AT_ONCE), max_size=40))
def test_every_year_is_in_one_span_and_only_a_year_of_its_own_is_too_large(films: dict[int, int]) -> None:
    parted = spans(films)
    assert [year for span in parted for year in span] == sorted(films)
    assert all(len(span) < 2 or sum(films[year] for year in span) <= FILMS_AT_ONCE for span in parted)


def test_sums_in_parts_are_the_sums_at_once(
    demo_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = connect(demo_home.catalogue)
    with catalogue.connect() as connection, new_engine() as engine:
        (whole,) = figures(engine, connection, None)
        monkeypatch.setattr(ranked, "FILMS_AT_ONCE", 30)
        parts = list(figures(engine, connection, None))
        assert len(parts) > 5
        sums = pa.concat_tables(part.sums for part in parts)
        assert in_order(sums, SUMS) == in_order(whole.sums, SUMS)
        ranks = pa.concat_tables(part.ranked for part in parts)
        assert in_order(ranks, RANKS) == in_order(whole.ranked, RANKS)
        touched = roll_up(connection, sum_published(engine, connection, None, tmp_path))
        assert (touched.written, touched.removed) == (0, 0)
        connection.rollback()
    catalogue.dispose()


def test_years_without_films_lose_their_sums(demo_home: Home, tmp_path: Path) -> None:
    """A year of which a correction took the last film: its sums and rankings go, those of others stay."""
    catalogue = connect(demo_home.catalogue)
    with catalogue.connect() as connection, new_engine() as engine:
        for table in (rollups, rankings):
            of_1999 = sa.select(*(sa.literal(1700) if c.name == "year" else c for c in table.c))
            rows = of_1999.where(table.c.year == 1999)
            connection.execute(sa.insert(table).from_select([c.name for c in table.c], rows))
        count = sa.select(sa.func.count()).select_from(rollups)
        there = connection.execute(count).scalar_one()
        of_1700 = connection.execute(count.where(rollups.c.year == 1700)).scalar_one()
        touched = roll_up(connection, sum_published(engine, connection, [1700], tmp_path))
        assert (touched.written, touched.removed) == (0, of_1700)
        assert of_1700 and connection.execute(count).scalar_one() == there - of_1700
        assert not connection.scalar(sa.select(sa.func.count()).where(rankings.c.year == 1700))
        connection.rollback()
    catalogue.dispose()
