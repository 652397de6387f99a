"""The films of a span of years as rollups and reports need them: amounts, and the genres and companies they count for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.schema.movies import companies, genres, movie_companies, movie_genres, movies

#: Some years, a span of them, or all.
Years: TypeAlias = Sequence[int] | range | None

#: Every film.
ALL = sa.true()


def films_of(connection: sa.Connection, years: Years, such: sa.ColumnElement[bool] = ALL) -> pa.Table:
    """Give the films out in some years (all, where None), `such` ones only: movie, year, month, budget, revenue (worldwide), popularity,
    votes, c_rating (hundredths).
    """
    worldwide = sa.or_(movies.c.revenue_scope.is_(None), movies.c.revenue_scope == "worldwide")
    query = sa.select(
        movies.c.movie,
        movies.c.year,
        sa.cast(sa.extract("month", movies.c.released), sa.Integer).label("month"),
        movies.c.budget,
        sa.case((worldwide, movies.c.revenue)).label("revenue"),
        movies.c.popularity,
        movies.c.votes,
        sa.cast(sa.func.round(movies.c.c_rating * 100), sa.Integer).label("c_rating"),
    ).where(out_in(years), such)
    return read(connection, query)


def entries_of(connection: sa.Connection, years: Years, such: sa.ColumnElement[bool] = ALL) -> pa.Table:
    """Give what those films count for: kind, entry (id), name, movie, place (order among the film's own)."""
    query = sa.union_all(
        sa.select(
            sa.literal("genres").label("kind"),
            movie_genres.c.genre.label("entry"),
            genres.c.name,
            movie_genres.c.movie,
            movie_genres.c.position.label("place"),
        )
        .join(movies, movies.c.movie == movie_genres.c.movie)
        .join(genres, genres.c.id == movie_genres.c.genre)
        .where(out_in(years), such),
        sa.select(
            sa.literal("production_companies"),
            movie_companies.c.company,
            sa.func.min(companies.c.name),
            movie_companies.c.movie,
            sa.func.min(movie_companies.c.position),
        )
        .join(movies, movies.c.movie == movie_companies.c.movie)
        .join(companies, companies.c.id == movie_companies.c.company)
        .where(out_in(years), such)
        .group_by(movie_companies.c.movie, movie_companies.c.company),
    )
    return read(connection, query)


def out_in(years: Years) -> sa.ColumnElement[bool]:
    """Say of a movie whether it is out, in some years; one whose status is unknown counts as out."""
    out = sa.or_(movies.c.status.is_(None), movies.c.status == "Released")
    if years is None:
        return sa.and_(out, movies.c.year.is_not(None))
    if isinstance(years, range):
        return sa.and_(out, movies.c.year.between(years.start, years.stop - 1))
    return sa.and_(out, movies.c.year.in_(years))
