"""The films of a span of years as rollups and reports need them: amounts, and the genres and companies they count for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.laid import Laid
from moviec.catalog.laying import lay_group
from moviec.catalog.schema.movies import (
    companies,
    genres,
    movie_companies,
    movie_genres,
    movies,
    rankings,
    rollups,
)
from moviec.catalog.staging import Given, Touched, merge, stage
from moviec.measures import KINDS, SPLITS
from moviec.model import BEFORE_RELEASE, GIVEN_UP, status_is
from moviec.text import Column

#: Some years, a span of them, or all.
Years: TypeAlias = Sequence[int] | range | None

#: Every film.
ALL = sa.true()

#: The year that a film counts in: that of its release date, as the month is; without one the film's year, in no month.
YEAR = sa.func.coalesce(sa.cast(sa.extract("year", movies.c.released), sa.Integer), movies.c.year)


class Counted(msgspec.Struct, frozen=True):
    """The amounts of some films (`films_of`), and the entries that they count for (`entries_of`)."""

    films: pa.Table
    entries: pa.Table


def counted_of(connection: sa.Connection, some: Column) -> Counted:
    """Return the amounts and entries of some movies, as the catalogue has them now."""
    staged = stage(connection, "some_movies", movies, pa.table({"movie": some}))
    theirs = movies.c.movie.in_(sa.select(staged.c.movie))
    return Counted(films_of(connection, None, theirs), entries_of(connection, None, theirs))


def laid_sums(catalogue: sa.Engine, sums: Given, room: Path) -> Given:
    """Lay sums (rows of `rollups`) into a database in `room` where the catalogue is SQLite, before they are written."""
    if catalogue.dialect.name != "sqlite" or isinstance(sums, Laid):
        return sums
    return lay_group({"sums": (rollups, sums)}, room / "laid_rollups.db")["sums"]


def write_figures(
    connection: sa.Connection, rows: Given, ranked: pa.Table, years: list[int] | None
) -> Touched:
    """Replace the sums (rows of `rollups`) and rankings of some years (None: all); return which sums were touched."""
    merge(connection, rankings, ranked, _of(rankings, years))
    return merge(connection, rollups, rows, _of(rollups, years))


def stored_figures(
    connection: sa.Connection, name: str, columns: Sequence[str], years: Sequence[int]
) -> pa.Table:
    """Return columns of the `rollups` or `rankings` of some years."""
    table = {"rollups": rollups, "rankings": rankings}[name]
    return read(
        connection, sa.select(*(table.c[column] for column in columns)).where(table.c.year.in_(years))
    )


def stored_years(connection: sa.Connection) -> set[int]:
    """Return the years with sums or rankings."""
    both = sa.union(sa.select(rollups.c.year), sa.select(rankings.c.year))
    return set(connection.scalars(both))


def _of(table: sa.Table, years: list[int] | None) -> sa.ColumnElement[bool]:
    """Return the condition for rows of some years; it names all kinds and splits, so that the key is used."""
    if years is None:
        return sa.true()
    return sa.and_(table.c.kind.in_(KINDS), table.c.split.in_(SPLITS), table.c.year.in_(years))


def films_of(connection: sa.Connection, years: Years, such: sa.ColumnElement[bool] = ALL) -> pa.Table:
    """Return the films released in some years (all if None), only `such` ones: movie, year and month that it counts in,
    budget, revenue (worldwide), popularity, votes, c_rating (hundredths).
    """
    worldwide = sa.or_(movies.c.revenue_scope.is_(None), movies.c.revenue_scope == "worldwide")
    query = sa.select(
        movies.c.movie,
        YEAR.label("year"),
        sa.cast(sa.extract("month", movies.c.released), sa.Integer).label("month"),
        movies.c.budget,
        sa.case((worldwide, movies.c.revenue)).label("revenue"),
        movies.c.popularity,
        movies.c.votes,
        sa.cast(sa.func.round(movies.c.c_rating * 100), sa.Integer).label("c_rating"),
    ).where(out_in(years), such)
    return read(connection, query)


def films_by_year(connection: sa.Connection, years: Years) -> dict[int, int]:
    """Count the films released in each of some years (all if None) that has any."""
    query = sa.select(YEAR, sa.func.count()).where(out_in(years)).group_by(YEAR)
    return dict(connection.execute(query).all())


def entries_of(connection: sa.Connection, years: Years, such: sa.ColumnElement[bool] = ALL) -> pa.Table:
    """Return the entries that those films count for: kind, entry (id), name, movie, place (order among the film's
    own).
    """
    # The films are looked up first, however many years there are: joined to them, SQLite may read all entries instead.
    theirs = sa.select(movies.c.movie).where(out_in(years), such)
    query = sa.union_all(
        sa.select(
            sa.literal("genres").label("kind"),
            movie_genres.c.genre.label("entry"),
            genres.c.name,
            movie_genres.c.movie,
            movie_genres.c.position.label("place"),
        )
        .join(genres, genres.c.id == movie_genres.c.genre)
        .where(movie_genres.c.movie.in_(theirs)),
        sa.select(
            sa.literal("production_companies"),
            movie_companies.c.company,
            sa.func.min(companies.c.name),
            movie_companies.c.movie,
            sa.func.min(movie_companies.c.position),
        )
        .join(companies, companies.c.id == movie_companies.c.company)
        .where(movie_companies.c.movie.in_(theirs))
        .group_by(movie_companies.c.movie, movie_companies.c.company),
    )
    return read(connection, query)


def out_in(years: Years) -> sa.ColumnElement[bool]:
    """Return the condition that a movie is released and counts in some years: any film not marked unreleased or
    cancelled.
    """
    kept_back: sa.ColumnElement[bool] = sa.literal_column(
        status_is("movies.status", (*BEFORE_RELEASE, *GIVEN_UP)), sa.Boolean()
    )
    out = sa.or_(movies.c.status.is_(None), sa.not_(kept_back))
    if years is None:
        return sa.and_(out, YEAR.is_not(None))
    if isinstance(years, range):
        return sa.and_(out, _counts_in(years.start, years.stop - 1))
    return sa.and_(out, sa.or_(sa.false(), *(_counts_in(year, year) for year in years)))


def _counts_in(first: int, last: int) -> sa.ColumnElement[bool]:
    """Return the condition that a movie counts in a span of years, in a form that uses the indexes on released and
    year.
    """
    start, end = dt.date(min(max(first, 1), 9999), 1, 1), dt.date(min(max(last, 1), 9999), 12, 31)
    undated = sa.and_(movies.c.released.is_(None), movies.c.year.between(first, last))
    return sa.or_(movies.c.released.between(start, end), undated)
