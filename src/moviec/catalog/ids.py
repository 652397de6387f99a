"""All ids that there are, a part at a time, and those that some movies bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from moviec.catalog.schema.identity import identities
from moviec.catalog.schema.movies import companies, external_ids, genres, movie_companies, rollups


class Ids(NamedTuple):
    """A kind of ids: where they stand."""

    column: sa.ColumnElement[object]


#: As callers write them: the number of a movie, `space:id` of another site's id, the number of a company.
MOVIES = Ids(identities.c.movie)
EXTERNAL = Ids(external_ids.c.space + ":" + external_ids.c.id)
COMPANIES = Ids(companies.c.id)


def count_ids(connection: sa.Connection, kind: Ids) -> int:
    """Return how many ids of a kind there are."""
    return int(connection.scalar(sa.select(sa.func.count(kind.column))) or 0)


def every_id(connection: sa.Connection, kind: Ids, step: int) -> Iterator[list[str]]:
    """Yield all ids of a kind, so many at a time."""
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
    """Return the ids of the genres, and kind, year, month of the months that have figures."""
    months = sa.select(rollups.c.kind, rollups.c.year, rollups.c.month).distinct()
    return (
        frozenset(connection.scalars(sa.select(genres.c.id))),
        frozenset((kind, year, month) for kind, year, month in connection.execute(months)),
    )
