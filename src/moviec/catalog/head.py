"""Where the change log stands, and whether it can have grown since it was read, told without asking again.

On SQLite a counter of the file says so. On PostgreSQL who appends announces it first: a lock is held for ANNOUNCED
seconds before the commit. A reader who found that lock free, and then read the log's end, knows for BELIEVED seconds
from the beginning of that reading that nothing was appended: whatever it did not see had not been announced by then.
This asks of two hosts that their clocks run equally fast, to one part in three, and nothing of what they show.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import sqlalchemy as sa

from moviec.catalog.prepared import Reader
from moviec.catalog.schema.serving import changes

#: Seconds for which a reading is believed, and for which growth is announced before it is committed (PostgreSQL).
BELIEVED, ANNOUNCED = 0.35, 0.5

#: The lock that is held while the log is about to grow (PostgreSQL).
_GROWING = 7_062_121

#: A clock that goes on while the host sleeps, where there is one.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@contextmanager
def growing(connection: sa.Connection) -> Iterator[None]:
    """Announce that the block appends to the log; it ends no sooner than its transaction may be committed."""
    if connection.dialect.name == "sqlite":
        yield
        return
    connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_GROWING})"))
    until = _clock() + ANNOUNCED
    yield
    time.sleep(max(0.0, until - _clock()))


class Seen(msgspec.Struct, frozen=True):
    """The log's last number when it was read, and what tells whether that still holds."""

    number: int
    mark: float


#: Nothing was read yet.
UNSEEN = Seen(0, -1)


class Head:
    """Reads the log's last number; usable from any thread."""

    def __init__(self, reader: Reader) -> None:
        """Read nothing yet."""
        self._last = reader.prepare(sa.select(sa.func.max(changes.c.number)))
        self._quiet = reader.prepare(sa.select(sa.func.pg_try_advisory_xact_lock_shared(_GROWING)))
        self._lock = threading.Lock()
        self._pragma = reader.dedicated() if reader.sqlite else None

    def read(self) -> Seen:
        """Read the number of the last change, 0 for an empty log."""
        # The mark comes first: what is committed between the two is seen twice, never missed.
        mark = self._version() if self._pragma is not None else self._believed_until()
        return Seen(int(self._last()[0][0] or 0), mark)

    def stands(self, seen: Seen) -> bool:
        """Say surely that nothing was appended since a reading."""
        return self._version() == seen.mark if self._pragma is not None else _clock() < seen.mark

    def close(self) -> None:
        """Let go of the connection."""
        if self._pragma is not None:
            self._pragma.close()

    def _version(self) -> int:
        assert self._pragma is not None  # noqa: S101  both callers have asked
        with self._lock:
            return int(self._pragma.execute("PRAGMA data_version").fetchall()[0][0])

    def _believed_until(self) -> float:
        begun = _clock()
        quiet = self._quiet()[0][0]
        return begun + BELIEVED if quiet else UNSEEN.mark


def _clock() -> float:
    return time.clock_gettime(_CLOCK)
