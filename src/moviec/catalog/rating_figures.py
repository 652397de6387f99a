"""How the catalogue's C-ratings come out: how many films have one, from how many raters, with how wide an interval."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.movies import movies


class Rated(msgspec.Struct, frozen=True):
    """The films with a C-rating from so many raters: how many, their mean, and the mean width of their interval in points."""

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
