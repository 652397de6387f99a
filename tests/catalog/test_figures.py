"""Which films count, and when: by the release date where there is one, whatever a status that nobody knows says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.rollup_films import entries_of, films_of
from moviec.catalog.schema.movies import genres, movie_genres, movies


def film(movie: int, year: int | None, released: dt.date | None, status: str | None = None) -> dict[str, Any]:
    usual = {"title": f"Film {movie}", "folded": f"film {movie}", "raters": 0, "adult": False}
    return {**usual, "movie": movie, "year": year, "released": released, "status": status}


FILMS = [
    film(1, 1991, dt.date(1992, 5, 1)),
    film(2, 1991, dt.date(1991, 12, 31), "Released"),
    film(3, 1991, None, "Direct to video"),
    film(4, 1992, dt.date(1992, 1, 1), "In Theaters"),
    film(5, None, dt.date(1990, 1, 1)),
    film(6, 1992, dt.date(1992, 5, 1), "Post-Production"),
    film(7, 1992, None, "rumored"),
    film(8, 1992, None, "Canceled"),
    film(9, None, None),
]


def test_year_and_month_are_of_one_date_and_only_what_is_known_not_to_be_out_is_left_out(
    database: str,
) -> None:
    catalogue = connect(database)
    with writing(catalogue) as connection:
        connection.execute(sa.insert(movies), FILMS)
        drama = {"id": 1, "name": "Drama", "facet": "genre", "aliases": "[]", "ids": "{}"}
        connection.execute(sa.insert(genres), drama)
        listed = [{"movie": row["movie"], "genre": 1, "position": 0, "confidence": 1} for row in FILMS]
        connection.execute(sa.insert(movie_genres), listed)
    with catalogue.connect() as connection:
        rows = films_of(connection, None).to_pylist()
        counted = {row["movie"]: (row["year"], row["month"]) for row in rows}
        assert counted == {1: (1992, 5), 2: (1991, 12), 3: (1991, None), 4: (1992, 1), 5: (1990, 1)}
        for years in ([1991], [1990, 1992], [1992, 1991, 1991], range(1991, 1993), range(0, 20_000), []):
            such = {movie for movie, (year, _) in counted.items() if year in years}
            assert set(films_of(connection, years)["movie"].to_pylist()) == such
            assert set(entries_of(connection, years)["movie"].to_pylist()) == such
    catalogue.dispose()
