"""What the guided fuzzer tries: readers, facts of sources and routes, each on bytes. Raises what a reader raises, and AssertionError
for an answer of 500 or more.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from pathlib import Path
from typing import Any

from atheris import FuzzedDataProvider as Made
from litestar.routes import HTTPRoute

from moviec.bounds import check_bounds
from moviec.config import open_home
from moviec.engine import DuckEngine
from moviec.fusion.claims_file import open_claims_file
from moviec.library.in_process import ReadingWorkbench
from moviec.matching.lists import read_list
from moviec.rating.ratings_file import open_ratings
from moviec.reading.kinds import KINDS
from moviec.sources.recognise import recognise_file
from moviec.sources.registry import find_sources, load_source
from moviec.sources.spec import Wanted, assign_roles
from moviec.storage.archives import unpack
from moviec.web.app import make_litestar
from moviec.web.middleware import Middleware
from moviec.web.server_state import open_server, running

SEEDS = {
    "csv": b'id,title,year,rating,votes,genres\n1,Heat,1995,8.3,600000,Crime|Drama\n2,"A, B",1999,N/A,,\n',
    "tsv": b"tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n"
    b"tt0113277\tmovie\tHeat\tHeat\t0\t1995\t\\N\t170\tCrime,Drama\n",
    "jsonl": b'{"id":1,"title":"Heat","year":1995,"genres":["Crime"]}\n{"id":2,"title":null}\n',
    "json": b'[{"id":1,"title":"Heat","year":1995,"cast":[{"name":"Al Pacino"}]}]',
    "ratings": b"movie,source,value,lowest,highest,votes\na,x,7,0,10,5\na,y,80,0,100,\n",
    "claims": b"movie,field,source,value\na,year,x,1995\na,year,y,1996\n",
    "facts": (
        b'name = "club"\ntitle = "Club"\nhome_page = ""\nlicence = ""\nattribution = ""\n[raters.club]\npanel = "audience"\n'
        b'lowest = 0\nhighest = 10\n[files.films]\nnames = ["films"]\nkey = "id"\ndelimiter = ";"\nseparator = "[|]"\n'
        b'columns = { id = ["key"], title = ["title"], score = ["ratings.club"], who = ["people.director"] }\n'
    ),
    "route": b'\x00\x05query=heat&limit=5\x00\x01{"ids":["mc1"]}',
}


class Faults:
    """A log that remembers the last fault."""

    def __init__(self) -> None:
        """Begin with none."""
        self.last: Any = None

    def error(self, _: str, **said: Any) -> None:
        """Remember it."""
        self.last = said.get("exc_info") or said

    def info(self, *_: Any, **__: Any) -> None:
        """Forget it."""

    warning = info


class Target:
    """What is tried: with a folder for files, one engine and one server for all inputs."""

    def __init__(self, folder: Path) -> None:
        """Open nothing yet."""
        self.folder = folder
        self._engine: DuckEngine | None = None
        self._turns = 0
        self._routes: list[tuple[str, str]] = []
        self._app: Any = None
        self._loop = asyncio.new_event_loop()
        self._faults = Faults()
        self._stays = contextlib.AsyncExitStack()

    @property
    def engine(self) -> DuckEngine:
        """Return an engine, a new one from time to time."""
        self._turns += 1
        if self._engine is None or self._turns % 500 == 0:
            self._engine = DuckEngine()
        return self._engine

    def _file(self, data: bytes, name: str) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        check_bounds(path)
        return path

    def listed(self, data: bytes) -> None:
        """Read a film list, as `moviec link` does."""
        ends = ("csv", "tsv", "jsonl", "json", "parquet", "csv.gz")
        read_list(self._file(data[1:], f"films.{ends[data[0] % len(ends)]}" if data else "films.csv"), "left")

    def recognised(self, data: bytes) -> None:
        """Find out what a file is, as `moviec ingest FILE` does."""
        for path in unpack(self._file(data, "films.csv"), self._work()):
            recognise_file(path, self._work(), None)

    def delivered(self, data: bytes) -> None:
        """Read a delivery of a source that ships, and count its records."""
        sources = sorted(find_sources().items())
        _, source = sources[data[0] % len(sources)] if data else sources[0]
        first = next(iter(source.spec.files.values()))
        ending = {"tsv": "tsv", "json": "json", "jsonl": "jsonl", "parquet": "parquet"}.get(
            first.format, "csv"
        )
        path = self._file(data[1:], f"{first.names[0]}.{ending}")
        files, _ = assign_roles([path], source.spec)
        source.read(self.engine, files, Wanted(self._work()))
        self.engine.query("SELECT count(*), max(title), max(year), max(len(ratings)) FROM records")

    def ratings(self, data: bytes) -> None:
        """Read a table of ratings, as `moviec rate` does."""
        open_ratings(self.engine, self._file(data, "ratings.csv"))

    def claims(self, data: bytes) -> None:
        """Read a table of claims, as `moviec fuse` does."""
        open_claims_file(self.engine, self._file(data, "claims.csv"))

    def cells(self, data: bytes) -> None:
        """Read a cell as each kind of cell."""
        text = data.decode("utf-8", "replace")
        for kind in KINDS.values():
            if not kind.is_blank(text):
                kind.read(text, None)

    def facts(self, data: bytes) -> None:
        """Load a source of facts alone, and read a file by them."""
        folder = self.folder / "club"
        folder.mkdir(exist_ok=True)
        (folder / "source.toml").write_bytes(data)
        source = load_source(folder)
        path = self._file(SEEDS["csv"], "films.csv")
        files, _ = assign_roles([path], source.spec)
        source.read(self.engine, files, Wanted(self._work()))
        self.engine.query("SELECT count(*), max(title), max(len(ratings)) FROM records")

    def route(self, data: bytes) -> None:
        """Ask a route, with a path, a query, headers and a body made up."""
        if self._app is None:
            self._serve()
        made = Made(data)
        method, path = self._routes[made.ConsumeIntInRange(0, len(self._routes) - 1)]
        filled = re.sub(
            r"{[^}]*}", lambda _: made.ConsumeUnicodeNoSurrogates(12).replace("?", "") or "1", path
        )
        query = made.ConsumeBytes(made.ConsumeIntInRange(0, 80))
        names = (
            b"accept",
            b"accept-language",
            b"accept-encoding",
            b"if-none-match",
            b"cookie",
            b"authorization",
            b"last-event-id",
        )
        headers = [(name, made.ConsumeBytes(20)) for name in names if made.ConsumeIntInRange(0, 7) == 0]
        body = made.ConsumeBytes(4_000)
        status = self._loop.run_until_complete(self._ask(method, filled, query, headers, body))
        if status >= 500:
            said = f"{method} {filled!r}?{query!r} {headers} {body!r}: {status}, {self._faults.last!r}"
            raise AssertionError(said) from self._faults.last

    def _work(self) -> Path:
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        return work

    def _serve(self) -> None:
        home = open_home(
            self.folder / "home", {"MOVIEC_ANONYMOUS": "true", "MOVIEC_ANONYMOUS_LIMIT": "2000000000"}
        )
        site = open_server(home, ReadingWorkbench(home), self._faults)
        litestar = make_litestar(site)
        self._app = Middleware(litestar, site)
        self._loop.run_until_complete(self._stays.enter_async_context(running(site)))
        self._routes = [
            (method, route.path)
            for route in litestar.routes
            if isinstance(route, HTTPRoute) and not route.path.endswith("/stream")
            for method in sorted(route.methods)
        ]

    async def _ask(
        self, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> int:
        length = (b"content-length", b"%d" % len(body))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
            "raw_path": path.encode(), "root_path": "", "query_string": query, "headers": [(b"host", b"localhost"), length, *headers],
            "client": ("127.0.0.1", 1), "server": ("localhost", 80), "extensions": {}, "state": {},
        }  # fmt: skip
        statuses: list[int] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        await self._app(scope, receive, send)
        return statuses[0]
