"""Leases for work that only one process at a time may do, and the record of the runs that held them.

The lock is a file's on SQLite and a session's on PostgreSQL: a process that dies loses it at once, and one that waits
gets it. The fence counts up with every holder. A publisher confirms it in the publishing transaction, so that a process
that was cut off from its lock without dying publishes nothing more.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import shown, writing
from moviec.catalog.schema.operations import leases, runs
from moviec.errors import StoreError

#: Ingesting deliveries; resolving and publishing; sending webhooks; writing a backup; fetching posters; sending alerts.
ARRIVALS, CATALOGUE, WEBHOOKS, BACKUP, POSTERS = "arrivals", "catalogue", "webhooks", "backup", "posters"
ALERTS = "alerts"

#: What the holder of each does.
WORK = {
    ARRIVALS: "takes deliveries in",
    CATALOGUE: "publishes",
    WEBHOOKS: "sends webhooks",
    BACKUP: "writes a backup",
    POSTERS: "fetches posters",
    ALERTS: "sends alerts",
}

#: Seconds between attempts to take a lock that another process holds.
EVERY = 0.1

#: Marks our locks among others on a PostgreSQL server.
_OURS = 7_062_120

#: When the server gives up a session whose host is gone: after 10 s of silence and three keepalive probes 5 s apart.
_SILENCE = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")


class Lease(msgspec.Struct, frozen=True):
    """A lease that is held, and its fence."""

    name: str
    fence: int


def owner() -> str:
    """Return a name for this process, unique among all that share a catalogue."""
    return f"{socket.gethostname()}:{os.getpid()}"


@contextmanager
def holding(
    catalogue: sa.Engine, name: str, patience: float, tell: Callable[[str], None] = lambda _: None
) -> Iterator[Lease]:
    """Hold a lease while the block runs, waiting up to `patience` seconds for its holder.

    Raises StoreError if it is still held then. Runs that a former holder left running are marked as died.
    """
    begun, reported = time.monotonic(), False
    while True:
        with holding_if_free(catalogue, name) as held:
            if held:
                yield held
                return
        if time.monotonic() - begun >= patience:
            raise StoreError(f"another run {WORK[name]} here", holder(catalogue, name), "wait for it to end")
        if not reported:
            tell(f"waiting for {holder(catalogue, name)}, which {WORK[name]}")
            reported = True
        time.sleep(EVERY)


@contextmanager
def holding_if_free(catalogue: sa.Engine, name: str) -> Iterator[Lease | None]:
    """Hold a lease while the block runs, if it is free; else yield None."""
    with _lock(catalogue, name) as mine:
        yield _take(catalogue, name) if mine else None


def confirm(connection: sa.Connection, held: Lease) -> None:
    """Make sure, inside a `writing` transaction, that a lease is still ours. Raises StoreError where it is not."""
    if connection.scalar(sa.select(leases.c.fence).where(leases.c.name == held.name)) != held.fence:
        raise StoreError(
            "another process has taken over", f"lease '{held.name}'", "nothing was published; run it again"
        )


def _take(catalogue: sa.Engine, name: str) -> Lease:
    """Count the fence up, and mark runs that the previous holder left."""
    row = {"owner": owner(), "since": now()}
    with writing(catalogue) as connection:
        last = connection.scalar(sa.select(leases.c.fence).where(leases.c.name == name))
        if last is None:
            connection.execute(sa.insert(leases).values(name=name, fence=1, **row))
        else:
            connection.execute(sa.update(leases).where(leases.c.name == name).values(fence=last + 1, **row))
        left = sa.and_(runs.c.lease == name, runs.c.outcome == "running")
        connection.execute(sa.update(runs).where(left).values(outcome="died", finished_at=row["since"]))
    return Lease(name, (last or 0) + 1)


def holder(catalogue: sa.Engine, name: str) -> str:
    """Return who holds a lease and, if recorded, for which command."""
    with catalogue.connect() as connection:
        who = connection.scalar(sa.select(leases.c.owner).where(leases.c.name == name)) or "another process"
        at_work = sa.select(runs.c.command).where(runs.c.lease == name, runs.c.outcome == "running")
        what = connection.scalar(at_work.order_by(runs.c.number.desc()).limit(1))
    return f"{who} ({what})" if what else who


#: A standby knows nothing of its primary's locks.
_HELD = """
SELECT pg_is_in_recovery() OR EXISTS (
  SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = :ours AND objid = :name AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"""


def is_held(connection: sa.Connection, name: str) -> bool:
    """Return whether a process holds a lease; True where this cannot be known, as the catalogue may only be read."""
    if connection.dialect.name == "sqlite":
        return _is_file_locked(connection.engine, name)
    return bool(connection.scalar(sa.text(_HELD), _key(name)))


def _is_file_locked(catalogue: sa.Engine, name: str) -> bool:
    if _is_read_only(catalogue):
        return True
    try:
        with _lock_path(catalogue, name).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def _lock(catalogue: sa.Engine, name: str) -> Iterator[bool]:
    """Try to take the lock of a lease; yield whether it is ours until the block ends."""
    with (
        _file_lock(catalogue, name)
        if catalogue.dialect.name == "sqlite"
        else _session_lock(catalogue, name) as mine
    ):
        yield mine


@contextmanager
def _file_lock(catalogue: sa.Engine, name: str) -> Iterator[bool]:
    if _is_read_only(catalogue):
        raise StoreError("this home may only be read", shown(str(catalogue.url)), "give access to its folder")
    with _lock_path(catalogue, name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _is_read_only(catalogue: sa.Engine) -> bool:
    return str(catalogue.url.database).startswith("file:")


def _lock_path(catalogue: sa.Engine, name: str) -> Path:
    return Path(f"{catalogue.url.database}.{name}.lock")


@contextmanager
def _session_lock(catalogue: sa.Engine, name: str) -> Iterator[bool]:
    lock = _key(name)
    with catalogue.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in _SILENCE:
            connection.execute(sa.text(f"SET {setting}"))
        mine = bool(connection.scalar(sa.text("SELECT pg_try_advisory_lock(:ours, :name)"), lock))
        try:
            yield mine
        finally:
            if mine:  # the lock goes with its session
                connection.invalidate()


def _key(name: str) -> dict[str, int]:
    """Return the two numbers of an advisory lock."""
    return {"ours": _OURS, "name": zlib.crc32(name.encode()) & 0x7FFF_FFFF}


def begin_run(catalogue: sa.Engine, command: str, lease: str) -> int:
    """Record the start of a run; return its number."""
    row = {"command": command, "lease": lease, "owner": owner(), "started_at": now()}
    with writing(catalogue) as connection:
        made = connection.execute(sa.insert(runs).values(**row, outcome="running", steps=[]))
        return int((made.inserted_primary_key or (0,))[0])


def end_run(catalogue: sa.Engine, number: int, steps: Any, outcome: str, error: str | None = None) -> None:
    """Record how a run ended, with its `steps` (a list of name, seconds, counts)."""
    said = {"outcome": outcome} | ({"error": error} if error is not None else {})
    with writing(catalogue) as connection:
        row = {"finished_at": now(), "steps": steps, **said}
        connection.execute(sa.update(runs).where(runs.c.number == number).values(row))


def last_runs(connection: sa.Connection, most: int) -> list[dict[str, Any]]:
    """Return the latest runs, latest first, as the table has them; a run whose process is gone has `died`."""
    return _as_they_are(connection, sa.select(runs).order_by(runs.c.number.desc()).limit(most))


def _as_they_are(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    """Return runs; those whose process ended without a word are still stored as running until the lease's next holder."""
    found = [dict(row) for row in connection.execute(query).mappings()]
    at_work = [row for row in found if row["outcome"] == "running"]
    free = {name for name in {row["lease"] for row in at_work} if not is_held(connection, name)}
    left = [row["number"] for row in at_work if row["lease"] in free]
    if not left:
        return found
    # One that ended meanwhile gave its lease back, too: only what is still said to run afterwards has died.
    still = sa.select(runs.c.number).where(runs.c.number.in_(left), runs.c.outcome == "running")
    died = set(connection.scalars(still))
    return [row | {"outcome": "died"} if row["number"] in died else row for row in found]


def last_step(connection: sa.Connection, step: str) -> tuple[str, dict[str, int]] | None:
    """Return when the latest successful run with a step began, and what the step counted; None without such a run."""
    named = sa.cast(runs.c.steps, sa.Text).contains(step, autoescape=True)
    query = sa.select(runs.c.started_at, runs.c.steps).where(runs.c.outcome == "done", named)
    row = connection.execute(query.order_by(runs.c.number.desc()).limit(1)).first()
    return row and (row.started_at, next(each["counts"] for each in row.steps if each["name"] == step))


def last_run_of_each(connection: sa.Connection, but: str) -> list[dict[str, Any]]:
    """Return the latest run of each command other than `but`, as `last_runs` does, in the order of their names."""
    latest = sa.select(sa.func.max(runs.c.number)).where(runs.c.command != but).group_by(runs.c.command)
    return _as_they_are(connection, sa.select(runs).where(runs.c.number.in_(latest)).order_by(runs.c.command))


def ran_since(connection: sa.Connection, command: str, instant: str) -> bool:
    """Return whether a run of a command began after an instant."""
    query = sa.select(runs.c.number).where(runs.c.command == command, runs.c.started_at > instant)
    return connection.execute(query.limit(1)).first() is not None


def remove_runs(catalogue: sa.Engine, before: str) -> int:
    """Remove ended runs that began before an instant; return how many."""
    with writing(catalogue) as connection:
        old = sa.and_(runs.c.started_at < before, runs.c.outcome != "running")
        return connection.execute(sa.delete(runs).where(old)).rowcount
