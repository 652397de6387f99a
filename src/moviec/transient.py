"""Failures that may pass (no room, a lock, a connection, memory), as_store_error apart from what is wrong with data,
and retried.

By the types and codes of the libraries at the edges, never by a message where there is a code. Retries come after growing
pauses, or after as long as the other side asks for.
"""

from __future__ import annotations

import errno
import sqlite3
import sys
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
import sqlalchemy as sa
import stamina
from stamina.instrumentation import set_on_retry_hooks

from moviec.errors import MovieCError, StoreError, TransportError

#: What to do about each kind of trouble.
ROOM = "make room in the temporary folder (TMPDIR), the home and the database, and run it again"
LOCK = "another process holds it; run it again when that has ended"
CONNECTION = "see that the server and the network are up, and run it again"
MEMORY = "set a larger `memory` in moviec.toml or close other programs, and run it again"
DAMAGE = "stop what writes to it, move it away, then `moviec restore DIR` or `moviec rebuild --from-lake`"
ACCESS = "see that its disk is there and may be written, and run it again"

_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CONNECTION = {
    errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT, errno.EHOSTUNREACH,
    errno.ENETUNREACH,
}  # fmt: skip

#: SQLite's primary result codes (https://sqlite.org/rescode.html).
_SQLITE = {
    5: LOCK,
    6: LOCK,
    7: MEMORY,
    8: ACCESS,
    10: ROOM,
    11: DAMAGE,
    13: ROOM,
    14: ACCESS,
    15: LOCK,
    26: DAMAGE,
}

#: PostgreSQL's conditions, by what SQLSTATE begins with (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_SQLSTATE = {
    "53100": ROOM, "53200": MEMORY, "53": CONNECTION, "57014": LOCK, "57": CONNECTION, "08": CONNECTION,
    "55P": LOCK, "40": LOCK, "58": ROOM,
}  # fmt: skip


def remedy(error: BaseException) -> str | None:
    """Return what to do about an error that may be gone at the next try; None where the data or the code is at fault.

    Looks through what an error was raised from.
    """
    return next((found for each in _chain(error) if (found := _remedy(each)) is not None), None)


def is_transient(error: BaseException) -> bool:
    """Return whether an error may be gone at the next try."""
    return remedy(error) is not None


def is_interrupt(error: BaseException) -> bool:
    """Return whether an error is a person's interruption (Ctrl-C).

    DuckDB names it in three ways, by when it comes: while a query runs, is planned, or looks at a registered table.
    """
    duckdb = sys.modules.get("duckdb")
    if duckdb is not None and isinstance(error, duckdb.Error):
        return isinstance(error, duckdb.InterruptException) or "KeyboardInterrupt" in str(error)
    planning = isinstance(error, RuntimeError) and str(error) == "Query interrupted"
    return isinstance(error, KeyboardInterrupt) or planning


def as_store_error(error: BaseException, where: str = "") -> MovieCError | None:
    """Return a transient error as one line for a person; None if it is not transient."""
    if isinstance(error, MovieCError):
        return error if is_transient(error) else None
    found = remedy(error)
    if found is None:
        return None
    return StoreError(_said(error), where or str(getattr(error, "filename", None) or ""), found)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [getattr(each, "orig", None), each.__cause__]


def _remedy(error: BaseException) -> str | None:
    if isinstance(error, MovieCError):
        return (error.hint or ACCESS) if error.retryable or isinstance(error, StoreError) else None
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF) or _plain(error)
    if isinstance(error, sa.exc.DBAPIError) and error.orig is not None:
        return _remedy(error.orig) or (CONNECTION if isinstance(error, sa.exc.InterfaceError) else None)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return next((_SQLSTATE[state[:size]] for size in (5, 3, 2) if state[:size] in _SQLSTATE), None)
    if type(error).__module__.startswith("psycopg") and type(error).__name__ == "OperationalError":
        return CONNECTION  # the session ended: there was no server to send a code
    return _of_the_machine(error)


def _plain(error: sqlite3.Error) -> str | None:
    """SQLite's operational errors that have no code of theirs, such as those of a thread that was interrupted."""
    return ACCESS if isinstance(error, sqlite3.OperationalError) else None


def _of_the_machine(error: BaseException) -> str | None:
    duckdb = sys.modules.get("duckdb")  # a server works without it, and starts sooner
    if duckdb and isinstance(
        error, duckdb.OutOfMemoryException
    ):  # memory, or the temporary folder it spills to
        return ROOM if "temp" in str(error).lower() else MEMORY
    if duckdb and isinstance(error, duckdb.IOException):  # it hands on no code of the system's
        return ROOM if "space" in str(error).lower() or "write" in str(error).lower() else ACCESS
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, OSError):
        return ROOM if error.errno in _ROOM else CONNECTION if error.errno in _CONNECTION else ACCESS
    return None


def _said(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    text = getattr(original, "strerror", None) or str(original) or type(original).__name__
    return str(text).strip().splitlines()[0]


T = TypeVar("T")

#: An answer that asks for a longer pause than this is not waited for, in seconds.
LONGEST_PAUSE = 300.0

# By default stamina logs each try with the call's arguments, which may hold a password, where a command's answer goes.
set_on_retry_hooks([])


class Patience(msgspec.Struct, frozen=True):
    """How many seconds the other side may be silent, and the pauses before each further try, in seconds."""

    timeout: float = 60.0
    pauses: tuple[float, ...] = (1.0, 4.0, 16.0)


def patiently(act: Callable[[], T], patience: Patience) -> T:
    """Do what may fail for a while, and again after each pause; a longer one where the other side asks for it."""
    pauses = iter(patience.pauses)

    def pause(error: Exception) -> bool | float:
        if not isinstance(error, TransportError) or error.after > LONGEST_PAUSE:
            return False
        return max(next(pauses, 0.0), error.after)

    for attempt in stamina.retry_context(on=pause, attempts=len(patience.pauses) + 1, timeout=None):
        with attempt:
            return act()
    raise AssertionError("stamina ends with a result or an error")
