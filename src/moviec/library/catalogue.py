"""`Catalogue`: the films of a home from Python, without a server, with the API's results.

from moviec import Catalogue

with Catalogue.open("/srv/moviec") as films:
    films.movies(genre="drama", decade=1990, sort="rating").to_pandas()
    films.movie("imdb:tt0133093")
    films.table("ratings")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Self, overload
from urllib.parse import quote

import msgspec
import pyarrow as pa

from moviec.catalog.arrow import TABLES, read_table
from moviec.catalog.connect import connect
from moviec.catalog.queries import head
from moviec.config import open_home
from moviec.errors import StoreError, UsageError
from moviec.library.in_process import InProcess
from moviec.search.index import catch_up, indexer


class Rows(Sequence[dict[str, Any]]):
    """Rows as in the API; `total` is how many there are in all, if known."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], total: int | None = None) -> None:
        """Set the rows."""
        self._rows = [dict(row) for row in rows]
        self.total = len(self._rows) if total is None else total

    def __len__(self) -> int:
        """Return the number of rows here."""
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over the rows."""
        return iter(self._rows)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Rows: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | Rows:
        """Return a row, or a slice."""
        return Rows(self._rows[place]) if isinstance(place, slice) else self._rows[place]

    def __repr__(self) -> str:
        """Show the number of rows, and the first."""
        first = f", first {self._rows[0]}" if self._rows else ""
        return f"<Rows: {len(self)} of {self.total}{first}>"

    def to_arrow(self) -> pa.Table:
        """Return an Arrow table: a column for each name that any row has, null where a row lacks it."""
        names = list(dict.fromkeys(name for row in self._rows for name in row))
        return pa.table({name: pa.array([row.get(name) for row in self._rows]) for name in names})

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame."""
        return to_pandas(self.to_arrow())

    def to_polars(self) -> Any:
        """Return a Polars DataFrame."""
        return to_polars(self.to_arrow())


def to_pandas(table: pa.Table) -> Any:
    """Return an Arrow table as a pandas DataFrame. Raises UsageError where pandas is not installed."""
    _wanted("pandas")
    return table.to_pandas()


def to_polars(table: pa.Table) -> Any:
    """Return an Arrow table as a Polars DataFrame. Raises UsageError where Polars is not installed."""
    return _wanted("polars").from_arrow(table)


def _wanted(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(f"{name} is not installed", hint="pip install 'moviec[frames]'") from error


#: The most films of one API request.
PAGE = 100


class Catalogue:
    """A home's films. Open it with `Catalogue.open`; usable from any thread; it only reads."""

    def __init__(self, server: InProcess) -> None:
        """Set the API in this process."""
        self._server = server

    @classmethod
    def open(cls, home: str | Path | None = None) -> Self:
        """Open a home (else MOVIEC_HOME, else the platform's data folder), with an updated search index.

        Raises StoreError where there is no catalogue.
        """
        settings = open_home(Path(home) if home is not None else None, make=False)
        if (
            settings.catalogue.startswith("sqlite:///")
            and not Path(settings.catalogue.removeprefix("sqlite:///")).exists()
        ):
            raise StoreError("there is no catalogue", str(settings.folder), "`moviec demo` creates one")
        catalogue = connect(settings.catalogue)
        try:
            with catalogue.connect() as connection:
                films = head(connection)
            with indexer(settings.search) as mine:
                if mine and films:
                    catch_up(catalogue, settings.search)
        finally:
            catalogue.dispose()
        return cls(InProcess(settings))

    def close(self) -> None:
        """Close the home."""
        self._server.close()

    def __enter__(self) -> Self:
        """Return the catalogue itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the home."""
        self.close()

    def ask(self, path: str, body: Any = None, **parameters: Any) -> Any:
        """Return the API's answer to a path with parameters, as plain values; with a `body` by POST.

        Raises UsageError with the API's message if it is an error.
        """
        reply = self._server.ask("GET" if body is None else "POST", path, parameters, body)
        if reply.status == 308:
            return self.ask(reply.headers["location"].partition("?")[0], body, **parameters)
        answer = msgspec.json.decode(reply.body)
        if reply.status >= 400:
            error = StoreError if reply.status >= 500 else UsageError
            raise error(answer["error"]["message"], path)
        return answer

    def movies(self, query: str = "", limit: int | None = PAGE, **filters: Any) -> Rows:
        """Return films, found by words or listed: the parameters of `/v1/movies/search`; without a limit all of them."""
        path = "/v1/movies/search" if query else "/v1/movies"
        asked = {**({"query": query} if query else {}), "facets": False, **filters}
        return self._pages(path, limit, asked)

    def top(self, limit: int | None = PAGE, **filters: Any) -> Rows:
        """Return the top films: the parameters of `/v1/movies/top`."""
        return self._pages("/v1/movies/top", limit, {"facets": False, **filters})

    def _pages(self, path: str, limit: int | None, asked: Mapping[str, Any]) -> Rows:
        rows: list[dict[str, Any]] = []
        cursor, total = "", 0
        while limit is None or len(rows) < limit:
            wanted = PAGE if limit is None else min(PAGE, limit - len(rows))
            page = self.ask(path, limit=wanted, cursor=cursor, **asked)
            rows += page["items"]
            cursor, total = page["next"], page["total"]
            if cursor is None:
                break
        return Rows(rows, total)

    def movie(self, movie: str, **parts: Any) -> dict[str, Any]:
        """Return a film's document by any id: `mc12`, `imdb:tt0133093`; `fields`, `include`, `as_of` as in the API."""
        found: dict[str, Any] = self.ask(_path(movie), **parts)
        return found

    def claims(self, movie: str) -> Rows:
        """Return every source's claims of a film: field, source, value (as JSON), weight, chosen, and the rule that chose."""
        fields = self.ask(_path(movie, "/claims"))["fields"]
        return Rows(
            {
                "field": name,
                "source": claim.get("source"),
                "value": msgspec.json.encode(claim.get("value")).decode(),
                "weight": claim.get("weight"),
                "chosen": claim.get("chosen", False),
                "rule": field.get("rule"),
            }
            for name, field in fields.items()
            for claim in field.get("claims", [])
        )

    def ratings(self, movie: str) -> Rows:
        """Return every rater's rating of a film, with points on 0 to 100."""
        return Rows(self.ask(_path(movie, "/ratings"))["ratings"])

    def history(self, movie: str) -> Rows:
        """Return the changes of a film, oldest first."""
        return Rows(self.ask(_path(movie, "/history"))["changes"])

    def similar(self, movie: str, limit: int = 12) -> Rows:
        """Return similar films."""
        return Rows(self.ask(_path(movie, "/similar"), limit=limit)["items"])

    def people(self, query: str, limit: int = 20) -> Rows:
        """Return persons by words of their names."""
        return Rows(self.ask("/v1/people", query=query, limit=limit)["items"])

    def person(self, person: int | str) -> dict[str, Any]:
        """Return a person with their films, by number or `imdb:nm0000158`."""
        found: dict[str, Any] = self.ask(f"/v1/people/{quote(str(person), safe=':')}")
        return found

    def collections(self, query: str = "", limit: int = 100) -> Rows:
        """Return collections by words of their names."""
        found = self.ask("/v1/collections", query=query, limit=limit)
        return Rows(found["items"], found["total"])

    def collection(self, collection: str) -> Rows:
        """Return a collection's films, the oldest first."""
        return Rows(self.ask(f"/v1/collections/{quote(collection, safe='')}")["items"])

    def genres(self) -> Rows:
        """Return the genres."""
        return Rows(self.ask("/v1/genres")["items"])

    def figures(
        self, kind: str, year: int | tuple[int, int], month: int | None = None, **options: Any
    ) -> Rows:
        """Return figures of "genres" or "production_companies" in a year, a month of it, or from one year to another.

        Options are those of the API: measure, by, top, bottom, ids, split, min_movies. Names and films are included.
        """
        if isinstance(year, tuple):
            path = f"/v1/{kind}/years/{year[0]:04}-{year[1]:04}"
        else:
            path = f"/v1/{kind}/year/{year}" + (f"/month/{month}" if month else "")
        found = self.ask(path, **{"metadata": True, **options})
        return Rows(found["items"], found["entries"])

    def match(self, films: Sequence[Mapping[str, Any]]) -> Rows:
        """Return the matching film for each of a list, by title and other known facts; in requests of 500."""
        rows: list[dict[str, Any]] = []
        for start in range(0, len(films), 500):
            rows += self.ask("/v1/movies/match", {"films": list(films[start : start + 500])})["items"]
        return Rows(rows)

    def changes(self, after: int = 0, limit: int = 100) -> Rows:
        """Return entries of the change log after a number."""
        return Rows(self.ask("/v1/changes", after=after, limit=limit)["items"])

    def table(self, name: str) -> pa.Table:
        """Return one of the catalogue's tables of films, see docs/data-dictionary.md, as an Arrow table.

        Raises UsageError for an unknown table.
        """
        if name not in TABLES:
            raise UsageError("no such table", name, f"there are {', '.join(TABLES)}")
        catalogue = connect(self._server.home.catalogue)
        try:
            with catalogue.connect() as connection:
                return read_table(connection, name)
        finally:
            catalogue.dispose()


def _path(movie: str, part: str = "") -> str:
    return f"/v1/movies/{quote(movie, safe=':')}{part}"
