"""Look-ups at the speed of the plain driver: a Core statement compiled once, run on connections that stay open.

SQLAlchemy's own execution costs about a third of a look-up by key; what is read a thousand times a second goes
through here, everything else through SQLAlchemy. Only for reads, and for columns whose driver value is the value.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import sqlalchemy as sa

from moviec.errors import StoreError
from moviec.transient import is_transient

#: For a session on PostgreSQL: every read sees what is committed, every statement is prepared once, and a vanished host
#: is given up after ten seconds (connecting: seconds; a query: milliseconds).
_SESSION = {"autocommit": True, "prepare_threshold": 1, "connect_timeout": 10, "tcp_user_timeout": 10_000}


class _Cursor(Protocol):
    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Connection(Protocol):
    """What sqlite3 and psycopg have in common."""

    def execute(self, sql: str, values: Any = ...) -> _Cursor: ...
    def close(self) -> None: ...


class Reader:
    """Driver connections in autocommit, so that every read sees all commits; usable from any thread."""

    def __init__(self, catalogue: sa.Engine) -> None:
        """Start without connections: they are opened as concurrent threads need them."""
        self.catalogue = catalogue
        self.sqlite = catalogue.dialect.name == "sqlite"
        self._idle: deque[Connection] = deque()
        self._closed = False
        self.lost: tuple[type[Exception], ...] = ()

    def prepare(self, statement: sa.Select[Any]) -> Prepared:
        """Compile a statement for the catalogue's dialect."""
        return Prepared(self, statement)

    def dedicated(self) -> Connection:
        """Open a connection for one purpose; the caller closes it."""
        return self._open()

    async def awaitable(self) -> Any:
        """Open a connection to PostgreSQL for one purpose of an event loop; the caller closes it."""
        driver, words, options = self._way()
        return await driver.AsyncConnection.connect(*words, **options)

    def run(self, sql: str, values: Any) -> list[tuple[Any, ...]]:
        """Run a compiled statement. Raises StoreError where the database cannot be reached."""
        with reaching():
            return self._run(sql, values)

    def _run(self, sql: str, values: Any) -> list[tuple[Any, ...]]:
        """Run a compiled statement; a connection that the server has dropped is replaced once."""
        connection = self._take()
        try:
            rows = connection.execute(sql, values).fetchall()
        except self.lost:
            connection.close()
            self._drop()
            connection = self._open()
            rows = connection.execute(sql, values).fetchall()
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)
        return rows

    def close(self) -> None:
        """Close every connection; those in use when they are returned."""
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> Connection:
        driver, words, options = self._way()
        if self.sqlite:
            options.update(check_same_thread=False, isolation_level=None)
            connection: Connection = driver.connect(*words, **options)
            connection.execute("PRAGMA busy_timeout=10000")
            return connection
        opened: Connection = driver.connect(*words, **options)
        return opened

    def _way(self) -> tuple[Any, Sequence[str], MutableMapping[str, Any]]:
        """Return the driver and the words and options that it connects with."""
        dialect = self.catalogue.dialect
        driver: Any = dialect.import_dbapi()
        if not self.sqlite:
            self.lost = (driver.OperationalError,)
        words, options = dialect.create_connect_args(self.catalogue.url)
        return driver, words, options if self.sqlite else {**_SESSION, **options}


@contextmanager
def reaching() -> Iterator[None]:
    """Turn temporary database errors in the block into a StoreError that is safe to show to anyone.

    The driver's message contains hosts and users; it is only the error's cause.
    """
    try:
        yield
    except Exception as error:
        if is_transient(error):
            raise StoreError("the catalogue cannot be reached at the moment") from error
        raise


class Prepared:
    """One compiled read. Call it with the values of its parameters to get the rows as tuples."""

    def __init__(self, reader: Reader, statement: sa.Select[Any]) -> None:
        """Compile; every parameter of the statement is a named `sa.bindparam`."""
        compiled = statement.compile(dialect=reader.catalogue.dialect)
        self._reader = reader
        self.sql = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._order: list[str] | None = compiled.positiontup if reader.sqlite else None

    def __call__(self, **values: Any) -> list[tuple[Any, ...]]:
        """Run with these values."""
        if self._fixed:
            values = {**self._fixed, **values}
        if self._order is None:
            return self._reader.run(self.sql, values)
        return self._reader.run(self.sql, [values[name] for name in self._order])
