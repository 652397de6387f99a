"""How many films have how many votes at each rater: by it votes of one rater are set beside those of another."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.movies import movies, ratings


class Reach(msgspec.Struct, frozen=True):
    """How many films have at least so much, for each step that was asked for, and how much the first of them has."""

    counts: tuple[int, ...]
    most: int


def films_by_votes(connection: sa.Connection, steps: Sequence[int]) -> dict[str, Reach]:
    """Return by rater how many films have at least so many votes there."""
    votes = ratings.c.votes
    overall = sa.and_(votes > 0, ratings.c.aspect == "overall")
    query = sa.select(ratings.c.rater, sa.func.max(votes), *_reaching(votes, steps))
    rows = connection.execute(query.where(overall).group_by(ratings.c.rater))
    return {rater: Reach(tuple(map(int, counts)), int(most)) for rater, most, *counts in rows}


def films_by_popularity(connection: sa.Connection, steps: Sequence[int]) -> Reach:
    """Return how many films have at least so much popularity, in millionths."""
    popularity = movies.c.popularity
    most, *counts = connection.execute(
        sa.select(sa.func.max(popularity), *_reaching(popularity, steps))
    ).one()
    return Reach(tuple(map(int, counts)), int(most or 0))


def _reaching(column: sa.ColumnElement[int], steps: Sequence[int]) -> list[sa.ColumnElement[int]]:
    return [sa.func.count(sa.case((column >= step, 1))) for step in steps]
