"""Posters: pictures that were fetched, and those that films still need; the same for the owner's videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.ingest_queue import RecordChange, append
from moviec.catalog.schema.arrivals import posters, videos
from moviec.catalog.schema.identity import records
from moviec.catalog.schema.movies import movies
from moviec.catalog.staging import stage
from moviec.text import Column

STORED, REFUSED = "stored", "refused"


class Poster(msgspec.Struct, frozen=True):
    """A fetched picture: its source and address, the outcome, its SHA-256 and size."""

    source: str
    address: str
    state: str
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    error: str | None = None


def wanted_posters(connection: sa.Connection, before: Mapping[str, str], most: int) -> list[tuple[str, str]]:
    """Return source and address of pictures that films show and that were not fetched since the source's time in
    `before`.

    Those of the most popular films first, up to a limit.
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


class Named(msgspec.Struct, frozen=True):
    """A selection of pictures or videos: the sources that may name them, and their addresses (None: any)."""

    sources: Sequence[str]
    addresses: Column | None = None


def stored_posters(connection: sa.Connection, some: Named | None = None) -> list[Poster]:
    """Return the stored pictures, all or a selection, in order of source and address."""
    names = Poster.__struct_fields__
    return [Poster(*(getattr(row, name) for name in names)) for row in _stored(connection, posters, some)]


def _stored(connection: sa.Connection, table: sa.Table, some: Named | None) -> sa.CursorResult[Any]:
    query = sa.select(table).where(table.c.state == STORED).order_by(table.c.source, table.c.address)
    if some is not None:
        query = query.where(table.c.source.in_(some.sources))
    if some is not None and some.addresses is not None:
        wanted = stage(connection, "some_addresses", table, pa.table({"address": some.addresses}))
        query = query.where(table.c.address.in_(sa.select(wanted.c.address)))
    return connection.execute(query)


def forget_posters(catalogue: sa.Engine, some: Sequence[Poster]) -> None:
    """Mark pictures as never fetched."""
    if not some:
        return
    with writing(catalogue) as connection:
        for poster in some:
            _forget(connection, poster)


def _forget(connection: sa.Connection, poster: Poster) -> None:
    mine = sa.and_(posters.c.source == poster.source, posters.c.address == poster.address)
    connection.execute(sa.delete(posters).where(mine))


def note_posters(catalogue: sa.Engine, some: Sequence[Poster]) -> int:
    """Store the outcome for pictures, and queue the films that show them; return how many films these are."""
    if not some:
        return 0
    with writing(catalogue) as connection:
        for poster in some:
            _forget(connection, poster)
            connection.execute(sa.insert(posters).values(at=now(), **msgspec.structs.asdict(poster)))
        return _publish_again(connection, movies.c.poster, some)


def _publish_again(connection: sa.Connection, shown: sa.Column[str], some: Sequence[Poster | Video]) -> int:
    """Queue the films that show some pictures or videos to be published again; return how many records that is."""
    rows = connection.execute(
        sa.select(records.c.source, records.c.key)
        .join(movies, movies.c.movie == records.c.movie)
        .where(records.c.live, shown.in_([each.address for each in some]))
        .where(records.c.source.in_(sorted({each.source for each in some})))
        .order_by(records.c.source, records.c.key)
    ).all()
    append(connection, [RecordChange("replay", source=row.source, key=row.key) for row in rows])
    return len(rows)


class Video(msgspec.Struct, frozen=True):
    """A checked video file of the owner's: the source and name in its list, the outcome, its SHA-256, kind and size in
    bytes.
    """

    source: str
    address: str
    state: str
    sha256: str | None = None
    kind: str | None = None
    size: int | None = None
    error: str | None = None


def wanted_videos(connection: sa.Connection, sources: Sequence[str], again: bool) -> list[tuple[str, str]]:
    """Return source and file name of the films' trailers that are file names; those not checked yet, or all."""
    seen = sa.and_(videos.c.source == records.c.source, videos.c.address == movies.c.trailer)
    query = (
        sa.select(records.c.source, movies.c.trailer)
        .join(movies, movies.c.movie == records.c.movie)
        .outerjoin(videos, seen)
        .where(records.c.live, records.c.source.in_(sources), movies.c.trailer.not_like("%://%"))
        .distinct()
        .order_by(records.c.source, movies.c.trailer)
    )
    if not again:
        query = query.where(videos.c.at.is_(None))
    return [(row.source, row.trailer) for row in connection.execute(query)]


def stored_videos(connection: sa.Connection, some: Named | None = None) -> list[Video]:
    """Return the stored videos, all or a selection, in order of source and name."""
    names = Video.__struct_fields__
    return [Video(*(getattr(row, name) for name in names)) for row in _stored(connection, videos, some)]


def note_videos(catalogue: sa.Engine, some: Sequence[Video]) -> int:
    """Store the outcome for video files, and queue the films that show them; return how many records that is."""
    if not some:
        return 0
    with writing(catalogue) as connection:
        for video in some:
            mine = sa.and_(videos.c.source == video.source, videos.c.address == video.address)
            connection.execute(sa.delete(videos).where(mine))
            connection.execute(sa.insert(videos).values(at=now(), **msgspec.structs.asdict(video)))
        return _publish_again(connection, movies.c.trailer, some)
