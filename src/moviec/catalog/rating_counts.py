"""Counts over all films: how many have a C-rating, and how many votes they have at each rater."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.movies import movies, ratings


class Rated(msgspec.Struct, frozen=True):
    """The films with a C-rating from a number of raters: how many, their mean, and the mean width of their interval in
    points.
    """

    raters: int
    films: int
    mean: float
    width: float


def rated_films(connection: sa.Connection) -> list[Rated]:
    """Return figures of the films that have a C-rating, by the number of raters behind it."""
    width = sa.func.avg(movies.c.c_high - movies.c.c_low)
    query = (
        sa.select(movies.c.raters, sa.func.count(), sa.func.avg(movies.c.c_rating), width)
        .where(movies.c.c_rating.is_not(None), movies.c.raters > 0)
        .group_by(movies.c.raters)
        .order_by(movies.c.raters)
    )
    return [Rated(row[0], row[1], float(row[2]), float(row[3] or 0)) for row in connection.execute(query)]


def rating_steps(connection: sa.Connection) -> list[tuple[int, int]]:
    """Count the films with a C-rating by steps of five points, from the lowest: the step's lower end, and films."""
    step = sa.cast(movies.c.c_rating / 5, sa.Integer) * 5
    lower = sa.func.floor(movies.c.c_rating / 5) * 5 if connection.dialect.name == "postgresql" else step
    query = (
        sa.select(lower, sa.func.count())
        .where(movies.c.c_rating.is_not(None))
        .group_by(lower)
        .order_by(lower)
    )
    return [(int(row[0]), row[1]) for row in connection.execute(query)]


class Reach(msgspec.Struct, frozen=True):
    """How many films have at least each step's amount, and the greatest amount."""

    counts: tuple[int, ...]
    most: int


def films_by_votes(connection: sa.Connection, steps: Sequence[int]) -> dict[str, Reach]:
    """Return by rater how many films have at least each number of votes there."""
    votes = ratings.c.votes
    overall = sa.and_(votes > 0, ratings.c.aspect == "overall")
    query = sa.select(ratings.c.rater, sa.func.max(votes), *_reaching(votes, steps))
    rows = connection.execute(query.where(overall).group_by(ratings.c.rater))
    return {rater: Reach(tuple(map(int, counts)), int(most)) for rater, most, *counts in rows}


def films_by_popularity(connection: sa.Connection, steps: Sequence[int]) -> Reach:
    """Return how many films have at least each popularity, in millionths."""
    popularity = movies.c.popularity
    most, *counts = connection.execute(
        sa.select(sa.func.max(popularity), *_reaching(popularity, steps))
    ).one()
    return Reach(tuple(map(int, counts)), int(most or 0))


def _reaching(column: sa.ColumnElement[int], steps: Sequence[int]) -> list[sa.ColumnElement[int]]:
    return [sa.func.count(sa.case((column >= step, 1))) for step in steps]
