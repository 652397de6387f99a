"""What a server process holds: the catalogue, the index, its position in the log, and rate limits."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from litestar import Request

from moviec.catalog.accounts import Keys
from moviec.catalog.change_log import Head
from moviec.catalog.connect import connect
from moviec.catalog.prepared_statements import Reader
from moviec.catalog.queries import Movies
from moviec.config import Home
from moviec.errors import MovieCError, StoreError, UsageError
from moviec.search import Finder
from moviec.web.callers import Caller, Cors, KeyRing, Limiter, Sessions, trusted_proxies
from moviec.web.change_follower import LONGEST_LOOK, Follower, passed
from moviec.web.connections import OpenRequests
from moviec.web.responses import Answer, Cache
from moviec.web.telemetry import Metrics, UsageCounter, open_log
from moviec.web.workbench import Workbench

T = TypeVar("T")

#: Seconds between writes of the keys' usage.
WRITE_USAGE = 5.0

#: Seconds between checks of the keys of open streams.
LOOK_AT_KEYS = 1.0

#: Webhook pings and admin operations at a time; more wait.
LONG_WORK = 4


class ServerState(msgspec.Struct, frozen=True, kw_only=True):
    """All that handlers need. `prefix` is the path a proxy serves MovieC under, without a slash at its end."""

    home: Home
    catalogue: sa.Engine
    reader: Reader
    movies: Movies
    finder: Finder
    head: Head
    cache: Cache
    follower: Follower
    keys: KeyRing
    sessions: Sessions
    limiter: Limiter
    open: OpenRequests
    usage: UsageCounter
    metrics: Metrics
    workbench: Workbench
    long_work: Executor
    probing: Executor
    trusted: Callable[[str], bool]
    prefix: str
    cors: Cors
    log: Any

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run a read of the catalogue in a thread."""

        def run() -> T:
            with self.catalogue.connect() as connection:
                return work(connection)

        return await asyncio.to_thread(run)

    async def probe(self, work: Callable[[sa.Connection], T]) -> T:
        """Run a read of the catalogue in the thread reserved for probes. Raises StoreError where it takes too long."""

        def run() -> T:
            with self.catalogue.connect() as connection:
                return work(connection)

        try:
            async with asyncio.timeout(LONGEST_LOOK):
                return await asyncio.get_running_loop().run_in_executor(self.probing, run)
        except TimeoutError as error:
            raise StoreError("the catalogue does not respond at the moment") from error

    async def at_length(self, work: Callable[[], T]) -> T:
        """Run a long task in threads of its own: readers have only a few."""
        return await asyncio.get_running_loop().run_in_executor(self.long_work, work)

    async def ready(
        self, movie: int, name: str, make: Callable[[], T], write: Callable[[T], Answer]
    ) -> Answer:
        """Return the cached response of a name, else make, encode and cache it. `movie` is 0 if it is not about a
        single one.
        """
        found = self.cache.get(movie, name)
        self.metrics.cache.labels("hit" if found else "miss").inc()
        if found is None:
            ticket = self.cache.begin()
            found = write(await asyncio.to_thread(make))
            self.cache.keep(ticket, movie, name, found)
        return found


def open_server(home: Home, workbench: Workbench, log: Any = None) -> ServerState:
    """Open the catalogue and everything that uses it; `log` replaces the configured one. Raises StoreError or
    UsageError if that fails.
    """
    settings = home.settings
    log = log or open_log(home.log)
    catalogue = connect(home.catalogue, settings.patience)
    reader, cache, finder = Reader(catalogue), Cache(settings.cache_mb << 20), Finder(home.search)
    head, keys = Head(reader), Keys(reader)
    try:
        trusted = trusted_proxies(settings.proxies)
    except ValueError as error:
        raise UsageError(str(error), "proxies", "give addresses or networks such as 10.0.0.0/8") from error
    return ServerState(
        home=home,
        catalogue=catalogue,
        reader=reader,
        movies=Movies(reader),
        finder=finder,
        head=head,
        cache=cache,
        follower=Follower(catalogue, head, cache, finder),
        keys=KeyRing(keys),
        sessions=Sessions(keys),
        limiter=Limiter(settings.redis, log),
        open=OpenRequests(settings.serving),
        usage=UsageCounter(catalogue),
        metrics=Metrics(),
        workbench=workbench,
        long_work=ThreadPoolExecutor(LONG_WORK, "moviec-long"),
        probing=ThreadPoolExecutor(1, "moviec-probes"),
        trusted=trusted,
        prefix=settings.path_prefix,
        cors=Cors(settings.cors),
        log=log,
    )


@contextlib.asynccontextmanager
async def running(server: ServerState) -> AsyncIterator[None]:
    """Follow the log and write usage while the server runs; at its end remaining counts are written."""
    await server.follower.start(server.log)
    _end_streams_first(server)
    done = asyncio.Event()
    tasks = [asyncio.create_task(_write_usage(server, done)), asyncio.create_task(_end_streams(server, done))]
    try:
        yield
    finally:
        done.set()
        await asyncio.gather(*tasks)
        await server.follower.stop()
        await server.head.close()
        server.reader.close()
        for threads in (server.long_work, server.probing):
            threads.shutdown(wait=False, cancel_futures=True)
        server.catalogue.dispose()


def server_of(request: Request[Any, Any, Any]) -> ServerState:
    """Return the state of the server that a request is for."""
    found: ServerState = request.app.state["server"]
    return found


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Return the caller of a request."""
    found: Caller = request.scope["moviec.caller"]  # type: ignore[typeddict-item]
    return found


def _end_streams_first(server: ServerState) -> None:
    """Make a stop signal end the streams before the server waits for running requests: it sees streams as endless
    requests.
    """

    def stop() -> None:
        server.follower.release()
        signal.raise_signal(signal.SIGINT)  # the signal by which the server stops

    with contextlib.suppress(
        ValueError, RuntimeError
    ):  # outside a process's main thread there are no signals
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)


async def _end_streams(server: ServerState, done: asyncio.Event) -> None:
    """End the streams of keys that are revoked, or whose account is disabled."""
    while not await passed(done, LOOK_AT_KEYS):
        if keys := server.open.keys_of_streams():
            try:
                server.open.end_streams(await server.keys.gone(keys))
            except (MovieCError, sa.exc.SQLAlchemyError) as error:
                server.log.warning("keys of streams cannot be checked", error=type(error).__name__)


async def _write_usage(server: ServerState, done: asyncio.Event) -> None:
    """Write usage counts periodically, and once more at the end."""
    last = False
    while not last:
        last = await passed(done, WRITE_USAGE)
        try:
            await asyncio.to_thread(server.usage.write)
        except sa.exc.SQLAlchemyError as error:
            server.log.warning("usage cannot be written; it is kept", error=type(error).__name__)
