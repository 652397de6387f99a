"""Which posters there are: pictures that were fetched, those that films want, and what a film's document says of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.ingest_queue import RecordChange, append
from moviec.catalog.schema.arrivals import posters
from moviec.catalog.schema.identity import records
from moviec.catalog.schema.movies import movies

STORED, REFUSED = "stored", "refused"


class Poster(msgspec.Struct, frozen=True):
    """A picture that was fetched: who names it and how, what became of it, its SHA-256 and size."""

    source: str
    address: str
    state: str
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    error: str | None = None


def wanted_posters(connection: sa.Connection, before: Mapping[str, str], most: int) -> list[tuple[str, str]]:
    """Return source and address of pictures that films show and that were not fetched since the source's instant in `before`.

    Those of the most popular films first, at most so many.
    """
    found: dict[tuple[str, str], None] = {}
    for source, since in before.items():
        query = (
            sa.select(movies.c.poster)
            .join(records, records.c.movie == movies.c.movie)
            .outerjoin(posters, sa.and_(posters.c.source == source, posters.c.address == movies.c.poster))
            .where(
                records.c.source == source,
                records.c.live,
                movies.c.poster.is_not(None),
                sa.or_(posters.c.at.is_(None), posters.c.at < since),
            )
            .order_by(
                posters.c.at.is_not(None), sa.func.coalesce(movies.c.popularity, 0).desc(), movies.c.movie
            )
            .limit(most)
        )
        found |= dict.fromkeys((source, address) for address in connection.scalars(query))
    return list(found)[:most]


def stored_posters(connection: sa.Connection) -> list[Poster]:
    """Return every picture that is stored, in order of source and address."""
    query = sa.select(posters).where(posters.c.state == STORED).order_by(posters.c.source, posters.c.address)
    names = Poster.__struct_fields__
    return [Poster(*(getattr(row, name) for name in names)) for row in connection.execute(query)]


def forget_posters(catalogue: sa.Engine, some: Sequence[Poster]) -> None:
    """Take pictures for ones that were never fetched."""
    if not some:
        return
    with writing(catalogue) as connection:
        for poster in some:
            _forget(connection, poster)


def _forget(connection: sa.Connection, poster: Poster) -> None:
    mine = sa.and_(posters.c.source == poster.source, posters.c.address == poster.address)
    connection.execute(sa.delete(posters).where(mine))


def note_posters(catalogue: sa.Engine, some: Sequence[Poster]) -> int:
    """Keep what became of pictures, and have the films that show them published again; return how many films these are."""
    if not some:
        return 0
    with writing(catalogue) as connection:
        for poster in some:
            _forget(connection, poster)
            connection.execute(sa.insert(posters).values(at=now(), **msgspec.structs.asdict(poster)))
        rows = connection.execute(
            sa.select(records.c.source, records.c.key)
            .join(movies, movies.c.movie == records.c.movie)
            .where(records.c.live, movies.c.poster.in_([poster.address for poster in some]))
            .where(records.c.source.in_(sorted({poster.source for poster in some})))
            .order_by(records.c.source, records.c.key)
        ).all()
        append(connection, [RecordChange("replay", source=row.source, key=row.key) for row in rows])
    return len(rows)
