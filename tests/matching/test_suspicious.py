"""Films that a reader would doubt are found, and others are not."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from moviec.matching.review import count_suspicious, find_suspicious, suspicious
from moviec.model import RECORD
from tests.engines import new_engine
from tests.matching.catalogue import record
from tests.matching.test_twins import scores


def found(*films: list[dict[str, Any]]) -> dict[tuple[int, ...], str]:
    """Find the doubtful ones among films, each a list of records; they are numbered from 1."""
    rows = [row for film in films for row in film]
    members = [
        {"source": row["source"], "key": row["key"], "movie": at}
        for at, film in enumerate(films, 1)
        for row in film
    ]
    records = pa.Table.from_pylist(rows, schema=RECORD)
    people = records.column_names.index("people")

    def narrow(among: str) -> None:
        engine.register("every", records)
        engine.view("live", f"SELECT * FROM every SEMI JOIN {among} USING (source, key)")

    with new_engine() as engine:
        # Those of every record do not fit into memory, so that nothing may be read of them before `narrow`.
        engine.register("live", records.remove_column(people))
        engine.register("members", pa.Table.from_pylist(members))
        find_suspicious(engine, narrow)
        films_found = suspicious(engine, 10).to_pylist()
        assert sum(count_suspicious(engine).values()) == len(films_found)
    return {tuple(row["movies"]): row["reason"] for row in films_found}


def test_years_far_apart_and_one_film_under_two_ids_are_found() -> None:
    director, cast = ["Ann Lee"], ["Bo Ek", "Cy Roe"]
    assert found(
        [record("a", "1", "No Time to Die", year=1985), record("b", "1", "No Time to Die", year=2021)],
        [record("a", "2", "Habit", year=2017, directors=director)],
        [record("b", "2", "Habit", year=2017, directors=director)],
        [record("a", "3", "Ran", year=1985, cast=cast)],
        [record("b", "3", "Rán", year=1985, cast=cast)],
        [record("rt", "m/x", "Simba", year=1994, ratings=scores(93, 93))],
        [record("rt", "m/y", "Simba", year=1994, ratings=scores(93, 93))],
    ) == {(1,): "years apart", (2, 3): "same people", (4, 5): "same people", (6, 7): "twins"}


def test_namesakes_remakes_and_films_a_year_apart_are_not() -> None:
    assert not found(
        [record("a", "1", "Heat", year=1995), record("b", "1", "Heat", year=1996)],
        [record("a", "2", "Love", year=2015, directors=["Ann Lee"])],
        [record("a", "3", "Love", year=2015, directors=["Bo Ek"])],
        [record("a", "4", "Dune", year=1984, directors=["Ann Lee"])],
        [record("a", "5", "Dune", year=2021, directors=["Ann Lee"])],
        [record("rt", "m/x", "Hero", year=2002, ratings=scores(93, 93))],
        [record("rt", "m/y", "Hero", year=2002, ratings=scores(93, 92))],
    )
