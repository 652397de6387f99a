"""What changed lately, the films that most people know first: for the front page."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.movies import movies
from moviec.catalog.schema.serving import changes

#: Entries at the end of the log that are looked through.
LOOKED_AT = 2_000


class Lately(msgspec.Struct, frozen=True):
    """The last change of a film: created or updated, when (UTC), by whose delivery, and which fields."""

    movie: int
    kind: str
    at: str
    source: str | None
    fields: tuple[str, ...]


def changed_lately(connection: sa.Connection, head: int, most: int) -> list[Lately]:
    """List films that the last entries of the log created or updated, the most voted first, each once."""
    newest = (
        sa.select(sa.func.max(changes.c.number).label("number"))
        .where(changes.c.number > head - LOOKED_AT, changes.c.kind.in_(("created", "updated")))
        .group_by(changes.c.movie)
        .subquery()
    )
    query = (
        sa.select(changes.c.movie, changes.c.kind, changes.c.at, changes.c.source, changes.c.fields)
        .join(newest, newest.c.number == changes.c.number)
        .join(movies, movies.c.movie == changes.c.movie)
        .where(sa.not_(movies.c.adult))
        .order_by(movies.c.votes.is_(None), movies.c.votes.desc(), changes.c.movie)
        .limit(most)
    )
    return [
        Lately(row.movie, row.kind, row.at, row.source, tuple(msgspec.json.decode(row.fields)))
        for row in connection.execute(query)
    ]
