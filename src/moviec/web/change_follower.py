"""Follows the change log for one server process, so that no response is older than the log was when the request
arrived.

`confirm` reads the end of the log for each request: cached responses about movies that changed since are dropped before
the request is answered. Bloom filters (`Known`) answer for unknown ids without the database; they are filled once, then
follow the log in the background, and are used only while they are not behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from rbloom import Bloom

from moviec.catalog.change_log import Head, Seen
from moviec.catalog.finding import (
    COMPANIES,
    EXTERNAL,
    MOVIES,
    Ids,
    companies_of,
    count_ids,
    every_id,
    external_ids_of,
    genres_and_months,
)
from moviec.catalog.queries import changed_movies
from moviec.errors import StoreError
from moviec.search import Finder
from moviec.web.responses import Cache

#: The share of unknown ids that a filter lets through to the database. At a thousandth, 700,000 movies take 1.3 MB.
FALSE_POSITIVES = 0.001

#: Ids read at a time.
STEP = 20_000


class Filter:
    """A Bloom filter that grows: additions beyond its size go to a further filter."""

    def __init__(self, expected: int) -> None:
        """Reserve room for a number of ids and half as many more."""
        self._filters = [Bloom(max(1_000, expected + expected // 2), FALSE_POSITIVES)]
        self._room = max(1_000, expected + expected // 2)

    def add(self, ids: Sequence[str]) -> None:
        """Add ids."""
        self._room -= len(ids)
        if self._room < 0:
            self._room = max(1_000_000, len(ids))
            self._filters.append(Bloom(self._room, FALSE_POSITIVES))
        self._filters[-1].update(ids)

    def __contains__(self, one: str) -> bool:
        """Return whether an id may exist."""
        return any(one in some for some in self._filters)


class Known:
    """Filters of movie ids, external ids and companies; genres and months with figures as plain sets.

    They hold all that exists up to change `position`.
    """

    def __init__(
        self, connection: sa.Connection, position: int, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        """Read everything that exists, for a log that had reached `position` before.

        Once `stopped`, the result is incomplete and must not be used.
        """
        self.position = position
        self.movies, self.external, self.companies = (
            _filled(connection, kind, stopped) for kind in (MOVIES, EXTERNAL, COMPANIES)
        )
        self.genres: frozenset[int] = frozenset()
        self.months: frozenset[tuple[str, int, int]] = frozenset()
        self._read_small(connection)

    def follow(self, connection: sa.Connection, position: int) -> None:
        """Add what the changes up to `position` created."""
        movies = changed_movies(connection, self.position, position)
        self.movies.add([str(movie) for movie in movies])
        for start in range(0, len(movies), STEP):
            some = movies[start : start + STEP]
            self.external.add(external_ids_of(connection, some))
            self.companies.add(companies_of(connection, some))
        self._read_small(connection)
        self.position = position  # set last, when the filters are complete

    def _read_small(self, connection: sa.Connection) -> None:
        self.genres, self.months = genres_and_months(connection)


def _filled(connection: sa.Connection, kind: Ids, stopped: Callable[[], bool]) -> Filter:
    made = Filter(count_ids(connection, kind))
    for part in every_id(connection, kind, STEP):
        if stopped():
            break
        made.add(part)
    return made


#: Seconds between readings of the log while there are no requests, and between updates of the filters and the index.
EVERY = 0.25

#: Seconds before the filters are tried again.
RETRY = 5.0

#: Seconds that a request waits for the end of the log.
LONGEST_LOOK = 5.0

#: With more changes than this at once the whole cache is dropped: listing the movies would delay requests.
MOST_NAMED = 10_000


class Follower:
    """One process's place in the change log: what the cache holds is at least as new as change `position`."""

    def __init__(self, catalogue: sa.Engine, head: Head, cache: Cache, finder: Finder) -> None:
        """Start with an empty cache."""
        self.position = 0
        self.known: Known | None = None
        self.moved = asyncio.Event()
        self.stopping = False
        self._stop = asyncio.Event()
        self._catalogue, self._head, self._cache, self._finder = catalogue, head, cache, finder
        self._seen: Seen | None = None
        self._looking = asyncio.Lock()
        self._next: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._log: Any = None

    async def start(self, log: Any) -> None:
        """Read the end of the log and follow it in the background, where the filters are filled, too."""
        self._log = log
        await asyncio.to_thread(self._finder.refresh)
        await self.confirm()
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._learn())]

    def release(self) -> None:
        """Release those waiting for changes: no more will come."""
        self.stopping = True
        self.moved.set()

    async def stop(self) -> None:
        """Stop following."""
        self.release()
        self._stop.set()
        # Awaited, not cancelled: a database read in a thread cannot be stopped half-way.
        await asyncio.gather(*self._tasks)

    async def confirm(self) -> int:
        """Return the number of a change at or before which nothing in the cache, or read from now on, is out of date.

        It is the end of the log at some time after this call began. Raises StoreError where the database is unreachable
        or silent.
        """
        if not self._head.is_current(self._seen):
            if self._next is None:
                self._next = asyncio.create_task(self._look())
            try:
                async with asyncio.timeout(LONGEST_LOOK):
                    await asyncio.shield(self._next)
            except TimeoutError as error:
                raise StoreError("the catalogue does not respond at the moment") from error
        return self.position

    async def _look(self) -> None:
        """Follow the log to its end. Callers before a reading begins share it, so that only one runs at a time."""
        async with self._looking:
            self._next = None
            seen = await self._head.read()
            if seen.number != self.position:
                movies = await asyncio.to_thread(self._changed, seen.number)
                if movies is None:
                    self._cache.clear()
                else:
                    self._cache.drop(movies)
                self.position = seen.number
                self.moved.set()
                self.moved = asyncio.Event()
            self._seen = seen  # set last: until here the cache held older responses

    def _changed(self, latest: int) -> list[int] | None:
        """List the movies that changed since; None if they are too many, or the log was reset."""
        if not 0 <= latest - self.position <= MOST_NAMED:
            return None
        with self._catalogue.connect() as connection:
            return changed_movies(connection, self.position, latest)

    async def _follow(self) -> None:
        """Read the log for listeners, and reopen the index after the indexer's updates."""
        while not await passed(self._stop, EVERY):
            try:
                await self.confirm()
                await asyncio.to_thread(self._finder.refresh)
            except Exception as error:  # noqa: BLE001  the database may come back; the readiness probe reports it
                self._log.warning("the change log cannot be read", error=type(error).__name__)

    async def _learn(self) -> None:
        """Fill the filters, then keep them up to date; until they are filled, unknown ids are looked up in the
        database.
        """
        pause = 0.0
        while not self.stopping and not await passed(self._stop, pause):
            try:
                await asyncio.to_thread(self._teach, self.position)
                pause = EVERY
            except Exception as error:  # noqa: BLE001  the database may come back
                self._log.warning("the filters cannot be filled", error=type(error).__name__)
                pause = RETRY

    def _teach(self, position: int) -> None:
        """Update the filters to a position in the log; they are refilled if the log was reset."""
        if self.known is not None and self.known.position == position:
            return
        with self._catalogue.connect() as connection:
            if self.known is not None and self.known.position < position:
                self.known.follow(connection, position)
            else:
                known = Known(connection, position, lambda: self.stopping)
                self.known = None if self.stopping else known


async def passed(event: asyncio.Event, seconds: float) -> bool:
    """Wait for some seconds, or until the event; return whether it occurred."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
