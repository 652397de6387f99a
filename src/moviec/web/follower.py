"""Follows the change log for one server process: drops what is old, learns what is new, and vouches for a "no"."""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa

from moviec.catalog.head import UNSEEN, Head
from moviec.catalog.queries import changed_movies
from moviec.search import Finder
from moviec.web.answers import Cache
from moviec.web.known import Known

#: Seconds between looks at the log.
EVERY = 0.25

#: Seconds for which those who ask whether the log has moved are gathered, to share one query (PostgreSQL).
GATHER = 0.005


#: Seconds before the filters are tried again.
RETRY = 5.0


class Follower:
    """One process's place in the change log."""

    def __init__(self, catalogue: sa.Engine, head: Head, cache: Cache, finder: Finder) -> None:
        """Start at nothing: nothing is vouched for until `start`."""
        self.position = 0
        self.known: Known | None = None
        self.moved = asyncio.Event()
        self.stopping = False
        self._stop = asyncio.Event()
        self._catalogue, self._head, self._cache, self._finder = catalogue, head, cache, finder
        self._seen = UNSEEN
        self._lock = asyncio.Lock()
        self._asked: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._log: Any = None

    async def start(self, log: Any) -> None:
        """Read the log's head and go on from there in the background; the filters are filled beside."""
        self._log = log
        await asyncio.to_thread(self._finder.refresh)
        self._seen = await asyncio.to_thread(self._head.read)
        self.position = self._seen.number
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._learn())]

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

    async def step(self) -> None:
        """Look at the log once, and follow it to its head."""
        async with self._lock:
            seen = await asyncio.to_thread(self._head.read)
            latest = seen.number
            if latest != self.position:
                movies = await asyncio.to_thread(self._read, latest)
                if latest < self.position:
                    self._cache.clear()
                self._cache.drop(movies)
                self.position = latest
                self.moved.set()
                self.moved = asyncio.Event()
            self._seen = seen  # only now: until here this process did not know what it had read of

    async def confirm(self) -> None:
        """Return once the log surely stood where this process does, at some instant after this call began."""
        if self._head.stands(self._seen):
            return
        if self._asked is None:
            self._asked = asyncio.create_task(self._gathered())
        await asyncio.shield(self._asked)

    async def _gathered(self) -> None:
        await asyncio.sleep(GATHER)
        self._asked = None
        await self.step()

    def _read(self, latest: int) -> list[int]:
        with self._catalogue.connect() as connection:
            movies = changed_movies(connection, min(self.position, latest), latest)
            if self.known is not None:
                self.known.follow(connection, movies)
            return movies

    async def _learn(self) -> None:
        """Fill the filters; until that is done the database answers for unknown ids, too."""
        while self.known is None and not self.stopping:
            begun = self.position
            try:
                known = await asyncio.to_thread(self._fill)
                if known is None:
                    return
                async with self._lock:
                    # What changed meanwhile is read again before the filters are trusted.
                    await asyncio.to_thread(self._follow, known, begun)
                    self.known = known
            except Exception as error:  # noqa: BLE001  the database may come back
                self._log.warning("the filters cannot be filled", error=type(error).__name__)
                await passed(self._stop, RETRY)

    def _fill(self) -> Known | None:
        with self._catalogue.connect() as connection:
            known = Known(connection, lambda: self.stopping)
        return None if self.stopping else known

    def _follow(self, known: Known, begun: int) -> None:
        with self._catalogue.connect() as connection:
            known.follow(connection, changed_movies(connection, begun, self.position))

    async def _run(self) -> None:
        while not await passed(self._stop, EVERY):
            try:
                await self.step()
                await asyncio.to_thread(self._finder.refresh)
            except Exception as error:  # noqa: BLE001  the database may come back; readiness says that it is away
                self._log.warning("the change log cannot be read", error=type(error).__name__)


async def passed(event: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until the event; say whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
