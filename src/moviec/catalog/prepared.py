"""Look-ups at the speed of the plain driver: a Core statement compiled once, run on connections that stay open.

SQLAlchemy's own execution costs about a third of a look-up by key; what is read a thousand times a second goes
through here, everything else through SQLAlchemy. Only for reads, and for columns whose driver value is the value.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

import sqlalchemy as sa


class _Cursor(Protocol):
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Connection(Protocol):
    """What sqlite3 and psycopg have in common."""

    def execute(self, sql: str, values: Any = ...) -> _Cursor: ...
    def close(self) -> None: ...


class Reader:
    """Driver connections in autocommit, so that every read sees what is committed; usable from any thread."""

    def __init__(self, catalogue: sa.Engine) -> None:
        """Open nothing yet: connections are made as threads ask at once."""
        self.catalogue = catalogue
        self.sqlite = catalogue.dialect.name == "sqlite"
        self._idle: deque[Connection] = deque()
        self._lost: tuple[type[Exception], ...] = ()

    def prepare(self, statement: sa.Select[Any]) -> Prepared:
        """Compile a statement for the catalogue's dialect."""
        return Prepared(self, statement)

    def dedicated(self) -> Connection:
        """Open a connection for one purpose; the caller closes it."""
        return self._open()

    def run(self, sql: str, values: Any) -> list[tuple[Any, ...]]:
        """Run a compiled statement; a connection that the server has dropped is replaced once."""
        connection = self._take()
        try:
            rows = connection.execute(sql, values).fetchall()
        except self._lost:
            connection.close()
            self.close()
            connection = self._open()
            rows = connection.execute(sql, values).fetchall()
        self._idle.append(connection)
        return rows

    def close(self) -> None:
        """Close every idle connection."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> Connection:
        dialect, url = self.catalogue.dialect, self.catalogue.url
        words, options = dialect.create_connect_args(url)
        driver: Any = dialect.import_dbapi()
        if self.sqlite:
            options.update(check_same_thread=False, isolation_level=None)
            connection: Connection = driver.connect(*words, **options)
            connection.execute("PRAGMA busy_timeout=10000")
            return connection
        options.update(autocommit=True, prepare_threshold=1)
        self._lost = (driver.OperationalError,)
        opened: Connection = driver.connect(*words, **options)
        return opened


class Prepared:
    """One compiled read. Called with the values of its parameters it gives the rows as tuples."""

    def __init__(self, reader: Reader, statement: sa.Select[Any]) -> None:
        """Compile; every parameter of the statement is a named `sa.bindparam`."""
        compiled = statement.compile(dialect=reader.catalogue.dialect)
        self._reader = reader
        self._sql = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._order: list[str] | None = compiled.positiontup if reader.sqlite else None  # type: ignore[attr-defined]

    def __call__(self, **values: Any) -> list[tuple[Any, ...]]:
        """Run with these values."""
        if self._fixed:
            values = {**self._fixed, **values}
        if self._order is None:
            return self._reader.run(self._sql, values)
        return self._reader.run(self._sql, [values[name] for name in self._order])
