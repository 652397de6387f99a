"""Follows the change log for one server process, so that no answer is older than the log was when the request came.

`confirm` reads the end of the log for each request: cached answers about movies that changed since are dropped before the
request is answered. Bloom filters (`Known`) answer for unknown ids without the database; they are filled once, then follow
the log in the background, and count only while they are not behind.
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

#: Unknown ids that a filter lets through to the database. At a thousandth, 700,000 movies take 1.3 MB.
FALSE_POSITIVES = 0.001

#: Ids read at a time.
STEP = 20_000


class Filter:
    """A Bloom filter that grows: what is added beyond its size goes to another beside it."""

    def __init__(self, expected: int) -> None:
        """Make room for so many ids and half as many more."""
        self._filters = [Bloom(max(1_000, expected + expected // 2), FALSE_POSITIVES)]
        self._room = max(1_000, expected + expected // 2)

    def add(self, ids: Sequence[str]) -> None:
        """Remember ids."""
        self._room -= len(ids)
        if self._room < 0:
            self._room = max(1_000_000, len(ids))
            self._filters.append(Bloom(self._room, FALSE_POSITIVES))
        self._filters[-1].update(ids)

    def __contains__(self, one: str) -> bool:
        """Return whether an id may exist."""
        return any(one in some for some in self._filters)


class Known:
    """Filters of movie ids, external ids and companies; the genres and the months that have figures as they are.

    They know all that exists up to change `position`.
    """

    def __init__(
        self, connection: sa.Connection, position: int, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        """Read everything that exists, of a log that had come to `position` before.

        Once `stopped`, what is read is no longer whole and must not be trusted.
        """
        self.position = position
        self.movies, self.external, self.companies = (
            _filled(connection, kind, stopped) for kind in (MOVIES, EXTERNAL, COMPANIES)
        )
        self.genres: frozenset[int] = frozenset()
        self.months: frozenset[tuple[str, int, int]] = frozenset()
        self._read_small(connection)

    def follow(self, connection: sa.Connection, position: int) -> None:
        """Learn what the changes up to `position` have brought."""
        movies = changed_movies(connection, self.position, position)
        self.movies.add([str(movie) for movie in movies])
        for start in range(0, len(movies), STEP):
            some = movies[start : start + STEP]
            self.external.add(external_ids_of(connection, some))
            self.companies.add(companies_of(connection, some))
        self._read_small(connection)
        self.position = position  # only now

    def _read_small(self, connection: sa.Connection) -> None:
        self.genres, self.months = genres_and_months(connection)


def _filled(connection: sa.Connection, kind: Ids, stopped: Callable[[], bool]) -> Filter:
    made = Filter(count_ids(connection, kind))
    for part in every_id(connection, kind, STEP):
        if stopped():
            break
        made.add(part)
    return made


#: Seconds between looks at the log while nobody asks, and between steps of the filters and the index.
EVERY = 0.25

#: Seconds before the filters are tried again.
RETRY = 5.0

#: Seconds for which a request waits for the end of the log.
LONGEST_LOOK = 5.0

#: With more changes than this at once the whole cache goes: naming the movies would keep those who ask waiting.
MOST_NAMED = 10_000


class Follower:
    """One process's place in the change log: what the cache holds is at least as new as change `position`."""

    def __init__(self, catalogue: sa.Engine, head: Head, cache: Cache, finder: Finder) -> None:
        """Start at nothing."""
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
        """Read the end of the log and go on from there in the background; the filters are filled beside."""
        self._log = log
        await asyncio.to_thread(self._finder.refresh)
        await self.confirm()
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._learn())]

    def release(self) -> None:
        """Let those who wait for changes go: no more will come."""
        self.stopping = True
        self.moved.set()

    async def stop(self) -> None:
        """Stop following."""
        self.release()
        self._stop.set()
        # Waited for, not cancelled: what reads the database in a thread cannot be stopped half-way.
        await asyncio.gather(*self._tasks)

    async def confirm(self) -> int:
        """Return the number of a change that the cache, and whatever is read from now on, is at least as new as.

        It is the end of the log at some instant after this call began. Raises StoreError where the database is away
        or silent.
        """
        if not self._head.is_current(self._seen):
            if self._next is None:
                self._next = asyncio.create_task(self._look())
            try:
                async with asyncio.timeout(LONGEST_LOOK):
                    await asyncio.shield(self._next)
            except TimeoutError as error:
                raise StoreError("the catalogue does not answer just now") from error
        return self.position

    async def _look(self) -> None:
        """Follow the log to its end. All who ask before the look begins share it, so that one at a time is under way."""
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
            self._seen = seen  # only now: until here the cache held what is older

    def _changed(self, latest: int) -> list[int] | None:
        """List the movies that changed since; None where they are too many, or the log was set back."""
        if not 0 <= latest - self.position <= MOST_NAMED:
            return None
        with self._catalogue.connect() as connection:
            return changed_movies(connection, self.position, latest)

    async def _follow(self) -> None:
        """Look at the log for those who listen to changes, and open what the indexer has done."""
        while not await passed(self._stop, EVERY):
            try:
                await self.confirm()
                await asyncio.to_thread(self._finder.refresh)
            except Exception as error:  # noqa: BLE001  the database may come back; readiness says that it is away
                self._log.warning("the change log cannot be read", error=type(error).__name__)

    async def _learn(self) -> None:
        """Fill the filters, then keep them at `position`; meanwhile the database answers for unknown ids, too."""
        pause = 0.0
        while not self.stopping and not await passed(self._stop, pause):
            try:
                await asyncio.to_thread(self._teach, self.position)
                pause = EVERY
            except Exception as error:  # noqa: BLE001  the database may come back
                self._log.warning("the filters cannot be filled", error=type(error).__name__)
                pause = RETRY

    def _teach(self, position: int) -> None:
        """Bring the filters to a place in the log; they are filled again where it was set back."""
        if self.known is not None and self.known.position == position:
            return
        with self._catalogue.connect() as connection:
            if self.known is not None and self.known.position < position:
                self.known.follow(connection, position)
            else:
                known = Known(connection, position, lambda: self.stopping)
                self.known = None if self.stopping else known


async def passed(event: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until the event; return whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
