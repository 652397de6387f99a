"""Resolve what a person writes: a movie by its id, or an instant.

An id is `mc12`, one such as `imdb:tt0114709`, a bare `tt0114709`, or a record as in reviews, `kaggle:862`. Instants are
returned as the catalogue stores them: UTC, ISO 8601. All existing ids are yielded in parts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.identity import identities, records
from moviec.catalog.schema.movies import companies, external_ids, genres, movie_companies, rollups
from moviec.errors import UsageError
from moviec.spelling import SPACE_PATTERN

_OWN = re.compile("mc([1-9][0-9]{0,9})", re.IGNORECASE)
_FOREIGN = re.compile(f"({SPACE_PATTERN}):([^\x00]{{1,100}})")
_IMDB = re.compile("tt[0-9]{5,12}", re.IGNORECASE)

#: How a source writes its ids, where people may write them differently.
_WRITTEN: dict[str, Callable[[str], str]] = {
    "imdb": str.lower,
    "wikidata": str.upper,
    "rottentomatoes": lambda key: key if key.startswith("m/") else f"m/{key}",
}


class Named(msgspec.Struct, frozen=True):
    """What an id refers to: the number of a movie of ours, else a key in another site's space."""

    movie: int = 0
    space: str = ""
    key: str = ""


#: The movies with an external id (`space`, `id`), and its position among their ids of that space.
BEARERS = (
    sa.select(external_ids.c.movie, external_ids.c.position)
    .where(external_ids.c.space == sa.bindparam("space"), external_ids.c.id == sa.bindparam("id"))
    .order_by(external_ids.c.movie)
)

#: The movie that has that site's own record.
OWNER = sa.select(records.c.movie).where(
    records.c.source == sa.bindparam("space"), records.c.key == sa.bindparam("id"), records.c.live
)


def foremost(bearers: Sequence[tuple[int, int]], owner: int | None) -> list[int]:
    """Return the movies that an id leads to, by (movie, position): one source's error must not hide a film.

    Among several, the one with the site's own record is preferred, else the one whose first id of the space it is.
    """
    found = [movie for movie, _ in bearers]
    if len(found) < 2:
        return found
    if owner in found:
        return [owner]
    first = [movie for movie, position in bearers if position == 0]
    return first if len(first) == 1 else found


def read_id(text: str) -> Named | None:
    """Read an id, in upper or lower case; None for anything else."""
    if own := _OWN.fullmatch(text):
        return Named(int(own[1]))
    foreign = _FOREIGN.fullmatch(f"imdb:{text}" if _IMDB.fullmatch(text) else text)
    if foreign is None:
        return None
    space = foreign[1].lower()
    return Named(space=space, key=_WRITTEN.get(space, str)(foreign[2]))


def movie_named(connection: sa.Connection, text: str) -> int:
    """Return the number of the movie that an id names; for a merged one that of its successor. A record, SOURCE:KEY,
    names its movie where no id of that space does.

    Raises UsageError where no movie or several have the id.
    """
    text = text.strip()
    named = read_id(text)
    if named is None:
        raise UsageError(
            "this is not a film's id", text, "write mc12, imdb:tt0114709, tmdb:862; see `moviec search`"
        )
    if named.movie:
        return _standing(connection, named.movie, text)
    values = {"space": named.space, "id": named.key}
    bearers = [(row.movie, row.position) for row in connection.execute(BEARERS, values)]
    owner: int | None = connection.scalar(OWNER, values)
    found = foremost(bearers, owner) or ([owner] if owner else [])
    if not found:
        raise UsageError("no film has this id", text, "see `moviec search`")
    if len(found) > 1:
        several = ", ".join(f"mc{movie}" for movie in found)
        raise UsageError(f"several films have this id: {several}", text, "give one of them")
    return found[0]


def moved_on(text: str, movie: int) -> str:
    """Return a note if an id is of a film merged into `movie` (as `movie_named` found it); else ""."""
    named = read_id(text.strip())
    return f"mc{named.movie} was merged into mc{movie}" if named and named.movie not in (0, movie) else ""


def _standing(connection: sa.Connection, movie: int, text: str) -> int:
    """Follow a movie's successors to the live one."""
    seen: set[int] = set()
    while movie not in seen:
        seen.add(movie)
        row = connection.execute(
            sa.select(identities.c.state, identities.c.successor).where(identities.c.movie == movie)
        ).first()
        if row is None:
            raise UsageError("no film has this id", text, "see `moviec search`")
        if row.state != "merged" or row.successor is None:
            break
        movie = row.successor
    return movie


class Ids(NamedTuple):
    """A kind of ids, and where they are stored."""

    column: sa.ColumnElement[object]


#: Ids as callers write them: the number of a movie, `space:id` of another site's id, the number of a company.
MOVIES = Ids(identities.c.movie)
EXTERNAL = Ids(external_ids.c.space + ":" + external_ids.c.id)
COMPANIES = Ids(companies.c.id)


def count_ids(connection: sa.Connection, kind: Ids) -> int:
    """Return how many ids of a kind there are."""
    return int(connection.scalar(sa.select(sa.func.count(kind.column))) or 0)


def every_id(connection: sa.Connection, kind: Ids, step: int) -> Iterator[list[str]]:
    """Yield all ids of a kind, in batches."""
    with connection.execution_options(yield_per=step).execute(sa.select(kind.column)) as rows:
        for part in rows.scalars().partitions(step):
            yield [str(each) for each in part]


def external_ids_of(connection: sa.Connection, movies: Sequence[int]) -> list[str]:
    """Return the ids at other sites of some movies."""
    query = sa.select(EXTERNAL.column).where(external_ids.c.movie.in_(movies))
    return [str(scalar) for scalar in connection.scalars(query)]


def companies_of(connection: sa.Connection, movies: Sequence[int]) -> list[str]:
    """Return the production companies of some movies, each once."""
    query = sa.select(movie_companies.c.company).where(movie_companies.c.movie.in_(movies)).distinct()
    return [str(scalar) for scalar in connection.scalars(query)]


def genres_and_months(
    connection: sa.Connection,
) -> tuple[frozenset[int], frozenset[tuple[str, int, int]]]:
    """Return the ids of the genres, and kind, year, month of the months with figures."""
    months = sa.select(rollups.c.kind, rollups.c.year, rollups.c.month).distinct()
    return (
        frozenset(connection.scalars(sa.select(genres.c.id))),
        frozenset((kind, year, month) for kind, year, month in connection.execute(months)),
    )


#: A day, or a week, as ISO 8601 writes them.
_DAY = re.compile("[0-9]{4}-?[0-9]{2}-?[0-9]{2}|[0-9]{4}-?W[0-9]{2}-?[0-9]")
_WEEK = re.compile("[0-9]{4}(-?)W[0-9]{2}")


def instant_of(text: str, name: str = "as of") -> str:
    """Read a day or a week (its last moment, UTC) or an instant, and write it as the catalogue does.

    Raises UsageError, with the option's `name`.
    """
    try:
        if week := _WEEK.fullmatch(text):
            text += f"{week[1]}7"
        if _DAY.fullmatch(text):
            day = dt.date.fromisoformat(text)
            return dt.datetime.combine(day, dt.time.max, dt.UTC).isoformat(timespec="microseconds")
        found = dt.datetime.fromisoformat(text.replace(" ", "+"))
        found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return found.astimezone(dt.UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"'{text}' is no instant", name, "write a date such as 2026-11-21, or 2026-11-21T12:00:00Z"
        ) from error
