"""Rankings kept ready say the same as reading everything, and a publication keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from moviec.catalog import rankings as by_rank
from moviec.catalog.connect import connect
from moviec.catalog.rankings import Ends, leaders, ranked_entries
from moviec.catalog.schema.movies import rankings, rollups
from moviec.catalog.staging import merge
from moviec.config import Home
from moviec.measures import USUAL, Question
from moviec.rollup.ranked import MEASURES, PLACES, leading
from tests.engines import new_engine

ENTRIES = 230
SUMS = {(measure, "sum") for measure in USUAL if measure != "c_rating"}


def _question(**asked: Any) -> Question:
    return Question(kind="production_companies", first_year=1999, last_year=1999, **asked)


@pytest.fixture
def ranked(database: str) -> Iterator[sa.Connection]:
    """Give a catalogue with a year of many companies, among them equal values and unknown ones, and its ranking."""
    columns: dict[str, list[Any]] = {
        "kind": ["production_companies"] * ENTRIES,
        "split": ["full"] * ENTRIES,
        "year": [1999] * ENTRIES,
        "month": [0] * ENTRIES,
        "entry": list(range(1, ENTRIES + 1)),
        "films": [1 + n % 3 for n in range(ENTRIES)],
        **{
            f"{name}_known": [1] * ENTRIES
            for name in ("budget", "revenue", "profit", "popularity", "votes", "c_rating")
        },
    }
    for place, name in enumerate(MEASURES):
        known_always = name in ("movies", "votes")
        columns[name] = [
            (n * 7919 + place) % 40 * 1_000_000 if known_always or n % (place + 2) else None
            for n in range(ENTRIES)
        ]
    rows = pa.table(columns)
    catalogue = connect(database)
    with catalogue.begin() as connection, new_engine() as engine:
        merge(connection, rollups, rows.append_column("movie_ids", pa.array(["[]"] * ENTRIES)))
        merge(connection, rankings, leading(engine, rows))
        yield connection
    catalogue.dispose()


@pytest.mark.parametrize("measure", USUAL)
def test_a_ranking_says_what_reading_everything_says(ranked: sa.Connection, measure: str) -> None:
    for by, top, bottom, valued in product(
        ("sum", "mean", "median", "max"), (3, PLACES + 1), (0, 5), (True, False)
    ):
        if f"{measure}_{by}" not in MEASURES and (measure, by) not in SUMS:
            continue  # worked out over films: there are none here
        question = _question(measure=measure, by=by)
        every = ranked_entries(ranked, question)
        with_value = [each for each in every if each.value is not None]
        some = with_value if valued else every
        last = with_value[max(0, len(with_value) - bottom) :] if bottom else []
        wanted = {each.entry for each in [*some[:top], *last]}
        found, total = leaders(ranked, question, Ends(top, bottom, valued))
        assert [each.entry for each in found] == [each.entry for each in every if each.entry in wanted]
        assert total == ENTRIES


def test_a_ranking_is_read_in_place_of_the_year(
    ranked: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_rank, "_choose", None)
    question = _question()
    assert len(leaders(ranked, question, Ends(PLACES, 10))[0]) == PLACES + 10


def test_a_publication_keeps_the_rankings(demo_home: Home) -> None:
    catalogue = connect(demo_home.catalogue)
    with catalogue.connect() as connection:
        kept = sa.select(rankings).order_by(*rankings.primary_key.columns)
        asked = connection.execute(kept).all()
        years = connection.scalar(
            sa.select(sa.func.count()).select_from(
                sa.select(rollups.c.kind, rollups.c.split, rollups.c.year).distinct().subquery()
            )
        )
        assert len(asked) == (years or 0) * len(MEASURES) > 0
        for row in asked:
            if row.split == "full" and row.measure == "revenue":
                question = Question(kind=row.kind, first_year=row.year, last_year=row.year)
                every = ranked_entries(connection, question)
                found, total = leaders(connection, question, Ends(PLACES, valued=False))
                assert (found, total) == (every[:PLACES], len(every))
    catalogue.dispose()
