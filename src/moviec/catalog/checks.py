"""The doctor's queries on the catalogue: rows that must agree with one another, counted or returned for comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.compression import decompress_sound
from moviec.catalog.ingest_queue import RecordChange, append
from moviec.catalog.parties import StoredParties
from moviec.catalog.schema import metadata
from moviec.catalog.schema.identity import identities, records
from moviec.catalog.schema.movies import movie_genres, movies
from moviec.catalog.schema.operations import checkpoints
from moviec.catalog.schema.serving import changes, documents
from moviec.catalog.staging import stage
from moviec.errors import DamagedError
from moviec.text import Column, pc


def live_records(connection: sa.Connection) -> pa.Table:
    """Return source and key of every live record."""
    return read(connection, sa.select(records.c.source, records.c.key).where(records.c.live))


def inconsistencies(connection: sa.Connection, private: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """Yield what must not exist, and how many there are: films without rows that belong to them, credits of unknown
    parties.

    Films that only `private` sources list are not shown.
    """
    without_document = sa.select(sa.func.count()).where(movies.c.movie.not_in(sa.select(documents.c.movie)))
    live = sa.select(identities.c.movie).where(identities.c.state == "live")
    strange = sa.select(sa.func.count()).where(documents.c.movie.not_in(live))
    lost = sa.select(sa.func.count()).where(
        records.c.live,
        records.c.movie.not_in(sa.select(documents.c.movie)),
        records.c.source.not_in(list(private)),
    )
    for what, query in (
        ("films without a document", without_document),
        ("documents of films that are not live", strange),
        ("live records of films that are not shown", lost),
    ):
        if count := connection.scalar(query):
            yield what, count
    for kind, who in (("people", "person who"), ("companies", "company that")):
        if count := _nobody(connection, kind):
            yield f"credits that stand for a {who} is not there", count


def _nobody(connection: sa.Connection, kind: str) -> int:
    """Count credits whose party is not among the people or companies; unreadable ones count as without a party."""
    shown = read(connection, sa.select(metadata.tables[kind].c.id))["id"]
    try:
        parts = [part["party"] for part in StoredParties(connection, kind).credited()]
    except DamagedError:
        return 1
    return sum(pc.sum(pc.invert(pc.is_in(part, shown))).as_py() or 0 for part in parts)


def count_changes(connection: sa.Connection, after: int) -> int:
    """Return how many entries the change log has after a number."""
    return connection.scalar(sa.select(sa.func.count()).where(changes.c.number > after)) or 0


def every_checkpoint(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Return the checkpoints of all followers, by name."""
    return connection.execute(sa.select(checkpoints).order_by(checkpoints.c.follower)).all()


def move_checkpoint(connection: sa.Connection, follower: str, position: int) -> None:
    """Set how far a follower has read, without changing when it last read."""
    where = checkpoints.c.follower == follower
    connection.execute(sa.update(checkpoints).where(where).values(position=position))


def last_movie(connection: sa.Connection) -> int:
    """Return the greatest number of a published movie; 0 for none."""
    return connection.scalar(sa.select(sa.func.max(movies.c.movie))) or 0


def stored_documents(connection: sa.Connection, some: range) -> pa.Table:
    """Return movie, document, hash, claims, claims_hash of the documents of a range of movies.

    A text that cannot be decompressed becomes empty, so that it does not match its checksum.
    """
    columns = [
        sa.type_coerce(documents.c[name], sa.LargeBinary()).label(name)
        if name in ("document", "claims")
        else documents.c[name]
        for name in ("movie", "document", "hash", "claims", "claims_hash")
    ]
    found = read(connection, sa.select(*columns).where(documents.c.movie.between(some.start, some.stop - 1)))
    for name in ("document", "claims"):
        texts = [decompress_sound(frame) for frame in found[name].to_pylist()]
        found = found.set_column(found.schema.get_field_index(name), name, pa.array(texts, pa.string()))
    return found


def stored_titles(connection: sa.Connection, some: range) -> pa.Table:
    """Return movie, title, year and number of genres of a range of movies, as the tables have them."""
    counted = sa.select(sa.func.count()).where(movie_genres.c.movie == movies.c.movie).scalar_subquery()
    tables = sa.select(movies.c.movie, movies.c.title, movies.c.year, counted.label("genres"))
    return read(connection, tables.where(movies.c.movie.between(some.start, some.stop - 1)))


def queue_again(connection: sa.Connection, films: Column) -> None:
    """Append the live records of some movies to the ingest queue."""
    staged = stage(connection, "some_movies", movies, pa.table({"movie": films}))
    theirs = sa.select(records.c.source, records.c.key).where(
        records.c.live, records.c.movie.in_(sa.select(staged.c.movie))
    )
    rows = connection.execute(theirs.order_by(records.c.source, records.c.key)).all()
    append(connection, [RecordChange("replay", source=row.source, key=row.key) for row in rows])


def remove_documents(connection: sa.Connection, films: Column) -> None:
    """Remove the documents of some movies, without keeping them as versions."""
    staged = stage(connection, "damaged_movies", movies, pa.table({"movie": films}))
    connection.execute(sa.delete(documents).where(documents.c.movie.in_(sa.select(staged.c.movie))))


def doubled(connection: sa.Connection, sources: Sequence[str]) -> list[dict[str, Any]]:
    """List movies that hold several live records of one of these sources, which list no film twice.

    Each: movie, source, records. Only a person's verdict can cause that.
    """
    count = sa.func.count().label("records")
    query = (
        sa.select(records.c.movie, records.c.source, count)
        .where(records.c.live, records.c.source.in_(sources))
        .group_by(records.c.movie, records.c.source)
        .having(sa.func.count() > 1)
        .order_by(records.c.movie, records.c.source)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
