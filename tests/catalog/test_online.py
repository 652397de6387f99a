"""One pace and one allowance for all workers, whoever asks at the same moment; and which ids are asked for next."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.online import (
    all_online,
    ids_to_ask,
    note_asked,
    note_round,
    note_trouble,
    reserve,
    use_up,
    used_today,
)
from moviec.catalog.schema.movies import external_ids, movies


def test_workers_that_ask_at_once_share_one_pace(database: str) -> None:
    catalogue = connect(database)
    with ThreadPoolExecutor(6) as workers:
        found = list(workers.map(lambda _: reserve(catalogue, "tmdb", 10, 1000.0, 0), range(30)))
    moments = sorted(each.first + place * each.apart for each in found for place in range(each.count))
    assert len(moments) == 300
    assert min(later - earlier for earlier, later in pairwise(moments)) > 0.00099
    catalogue.dispose()


def test_an_allowance_is_given_out_once(database: str) -> None:
    catalogue = connect(database)
    with ThreadPoolExecutor(6) as workers:
        found = list(workers.map(lambda _: reserve(catalogue, "omdb", 7, 1000.0, 100), range(30)))
    assert sum(each.count for each in found) == 100
    with catalogue.connect() as connection:
        assert used_today(connection, "omdb") == 100
        assert used_today(connection, "tmdb") == 0
    use_up(catalogue, "tmdb")
    for allowance in (50, 0):
        assert reserve(catalogue, "tmdb", 7, 1.0, allowance).count == 0, "the provider's word counts"
    catalogue.dispose()


def test_since_when_a_source_fails_and_that_it_is_well_again(database: str) -> None:
    catalogue = connect(database)
    note_trouble(catalogue, "tmdb", "down")
    first = all_online(catalogue)["tmdb"]
    note_trouble(catalogue, "tmdb", "still down")
    again = all_online(catalogue)["tmdb"]
    assert (again.failing_since, again.error) == (first.failing_since, "still down")
    note_round(catalogue, "tmdb", "2026-11-29T00:00:00+00:00")
    well = all_online(catalogue)["tmdb"]
    assert (well.failing_since, well.error, well.since) == (None, None, "2026-11-29T00:00:00+00:00")
    catalogue.dispose()


def test_films_never_asked_for_come_first_and_the_most_voted_among_them(database: str) -> None:
    catalogue = connect(database)
    known = {1: 10, 2: 30, 3: None, 4: 20}
    with writing(catalogue) as connection:
        for number, votes in known.items():
            row = {
                "movie": number,
                "title": f"Film {number}",
                "folded": "film",
                "votes": votes,
                "raters": 0,
                "adult": False,
            }
            connection.execute(sa.insert(movies).values(**row))
            connection.execute(
                sa.insert(external_ids).values(space="imdb", id=f"tt{number}", movie=number, position=0)
            )
    note_asked(catalogue, "omdb", {"tt2": True})
    with catalogue.connect() as connection:
        assert ids_to_ask(connection, "omdb", "imdb", "2000-01-01", 10) == ["tt4", "tt1", "tt3"]
        assert ids_to_ask(connection, "omdb", "imdb", "2100-01-01", 10) == ["tt4", "tt1", "tt3", "tt2"]
        assert ids_to_ask(connection, "omdb", "imdb", "2100-01-01", 2) == ["tt4", "tt1"]
    catalogue.dispose()
