"""The end of the change log, whether it may have grown since it was read, and recent changes.

On SQLite a counter shows growth: it changes with every commit of another connection, and reading it takes microseconds
(https://sqlite.org/pragma.html#pragma_data_version). PostgreSQL has nothing like it: there each check is a query, made
by the event loop itself, since a thread waits longer for the interpreter than for the server.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.prepared_statements import Reader, reaching
from moviec.catalog.schema.movies import movies
from moviec.catalog.schema.serving import changes


class Seen(msgspec.Struct, frozen=True):
    """The number of the log's last change when it was read, 0 for an empty log; the counter before that (SQLite)."""

    number: int
    counter: int | None = None


class Head:
    """Reads the end of the log, one reading at a time."""

    def __init__(self, reader: Reader) -> None:
        """Prepare the query."""
        self._reader = reader
        self._last = reader.prepare(sa.select(sa.func.max(changes.c.number)))
        self._lock = threading.Lock()
        self._counting = reader.dedicated() if reader.sqlite else None
        self._session: Any = None

    async def read(self) -> Seen:
        """Read the number of the last change. Raises StoreError where the database cannot be reached."""
        return await (asyncio.to_thread(self._read) if self._counting else self._ask())

    def is_current(self, seen: Seen | None) -> bool:
        """Return whether it is certain, without a query, that nothing was appended since a reading."""
        return seen is not None and seen.counter is not None and self._counter() == seen.counter

    async def close(self) -> None:
        """Close the connection."""
        if self._counting is not None:
            self._counting.close()
        await self._leave()

    def _read(self) -> Seen:
        counter = self._counter()  # first: a commit between the two reads is seen twice, never missed
        return Seen(int(self._last()[0][0] or 0), counter)

    def _counter(self) -> int | None:
        if self._counting is None:
            return None
        with self._lock:
            return int(self._counting.execute("PRAGMA data_version").fetchall()[0][0])

    async def _ask(self) -> Seen:
        """Ask PostgreSQL; a session that the server has dropped is replaced once."""
        with reaching():
            try:
                return await self._query()
            except self._reader.lost:
                await self._leave()
                return await self._query()

    async def _query(self) -> Seen:
        if self._session is None:
            self._session = await self._reader.awaitable()
        cursor = await self._session.execute(self._last.sql)
        return Seen(int((await cursor.fetchone())[0] or 0))

    async def _leave(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()


#: Entries at the end of the log that are searched.
LOOKED_AT = 2_000


class Lately(msgspec.Struct, frozen=True):
    """The last change of a film: created or updated, when (UTC), by which source's delivery, and which fields."""

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
