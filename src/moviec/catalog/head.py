"""Where the change log stands, asked as cheaply as each database allows."""

from __future__ import annotations

import threading

import sqlalchemy as sa

from moviec.catalog.prepared import Reader
from moviec.catalog.schema.serving import changes


class Head:
    """The log's last number. SQLite tells without a query whether anything was committed since it was last read."""

    def __init__(self, reader: Reader) -> None:
        """Read nothing yet."""
        self._reader = reader
        self._last = reader.prepare(sa.select(sa.func.max(changes.c.number)))
        self._lock = threading.Lock()
        self._version: int | None = None
        self._pragma = reader.dedicated() if reader.sqlite else None

    def stirred(self) -> bool:
        """Say whether something may have been committed since `read`; on PostgreSQL that is always so."""
        if self._pragma is None:
            return True
        with self._lock:
            return self._read_version() != self._version

    def read(self) -> int:
        """Give the number of the last change; 0 for an empty log."""
        if self._pragma is not None:
            with self._lock:
                # Before the query: what is committed between the two is seen twice, never missed.
                self._version = self._read_version()
        return int(self._last()[0][0] or 0)

    def close(self) -> None:
        """Let go of the connection."""
        if self._pragma is not None:
            self._pragma.close()

    def _read_version(self) -> int:
        assert self._pragma is not None  # noqa: S101  both callers have asked
        return int(self._pragma.execute("PRAGMA data_version").fetchall()[0][0])
