"""Connections to the catalogue's database, brought up to the newest schema when it is opened."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sqlalchemy as sa

from moviec.catalog.integrity import damage
from moviec.errors import DamagedError, StoreError
from moviec.transient import remedy

if TYPE_CHECKING:
    from alembic.config import Config

#: The newest migration. Named here, so that opening an up-to-date database does not load Alembic.
HEAD = "0010"

#: How to install the driver of PostgreSQL.
POSTGRES = "pip install 'moviec[postgres]'"

#: Seconds for which a writer waits for another one by default; a large publication takes minutes.
PATIENCE = 600

#: The least seconds that it waits: two small transactions at once are no reason to fail.
LEAST_PATIENCE = 5

#: A connection's pages in memory, in SQLite: 64 MB of them.
CACHE = "cache_size=-64000"

#: The engine's option that holds its patience.
_PATIENCE = "moviec_patience"

#: One migration at a time on PostgreSQL: any number, the same everywhere.
_LOCK = 7_062_118


def connect(url: str, patience: float = PATIENCE) -> sa.Engine:
    """Open the catalogue, migrating it where its schema is older. Raises StoreError where that is impossible.

    PostgreSQL is reached through psycopg, also for an address that begins with plain postgresql://. `patience`: seconds for
    which a writer waits for another one.
    """
    with opened(url) as engine:
        engine.update_execution_options(**{_PATIENCE: patience})
        if version(engine) != HEAD:
            migrate(engine)
    return engine


def outdated(url: str) -> bool:
    """Return whether opening the catalogue will migrate it. Raises StoreError where it cannot be reached."""
    with opened(url) as engine:
        found = version(engine) != HEAD
    engine.dispose()
    return found


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """Yield an engine, disposed only if the block fails; errors of the database become StoreErrors."""
    try:
        engine = sa.create_engine(_readable(_with_driver(url)), pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            _make_private(engine.url.database)
            sa.event.listen(engine, "connect", _settle)
            sa.event.listen(engine, "checkout", _wait_briefly)
        sa.event.listen(engine, "handle_error", _tell_damage)
        try:
            yield engine
        except BaseException:
            engine.dispose()
            raise
    except ModuleNotFoundError as error:
        raise _no_driver(error, url) from error
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise StoreError(
            f"the catalogue cannot be opened ({str(error).splitlines()[0]})", shown(url), remedy(error) or ""
        ) from error


def _no_driver(error: ModuleNotFoundError, url: str) -> StoreError:
    """Return what to do about a database whose driver is missing."""
    if (error.name or "").startswith("psycopg"):
        return StoreError("PostgreSQL needs a package that is not installed", shown(url), POSTGRES)
    return StoreError(
        "the catalogue cannot be kept in this kind of database", shown(url), "use SQLite or PostgreSQL"
    )


@contextmanager
def writing(engine: sa.Engine, beside: bool = False, enforced: bool = True) -> Iterator[sa.Connection]:
    """Yield a connection for a writing transaction, one at a time; it is committed at the end.

    `beside`: the writes have nothing to do with publications, so on PostgreSQL they need not wait for one; SQLite has a
    single writer in any case. Not `enforced`: the caller checks foreign keys (`foreign_keys`), SQLite does not. Raises StoreError where the database cannot be reached, is out of room, or is busy for
    longer than the engine's patience.
    """
    try:
        with engine.connect() as connection:
            if not enforced:
                _leave_unenforced(connection)
            _take_turn(connection, beside)
            yield connection
            connection.commit()
    except (sa.exc.OperationalError, sqlite3.OperationalError) as error:
        said = str(getattr(error, "orig", error)).splitlines()[0]
        what = f"the catalogue cannot be written ({said})"
        raise StoreError(what, shown(str(engine.url)), remedy(error) or "run it again") from error


def _leave_unenforced(connection: sa.Connection) -> None:
    """Have SQLite enforce no foreign key on this connection, which nobody gets after it."""
    if connection.dialect.name == "sqlite":
        connection.detach()
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.rollback()


def _take_turn(connection: sa.Connection, beside: bool) -> None:
    """Wait for the current writer, up to the engine's patience."""
    patience = max(connection.get_execution_options().get(_PATIENCE, PATIENCE), LEAST_PATIENCE)
    if connection.dialect.name == "sqlite":
        connection.execute(sa.text(f"PRAGMA busy_timeout={patience * 1000:.0f}"))
        connection.execute(sa.text("BEGIN IMMEDIATE"))
        return
    connection.execute(sa.text(f"SET LOCAL lock_timeout = {patience * 1000:.0f}"))
    if not beside:
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK + 1})"))


def version(engine: sa.Engine) -> str | None:
    """Return the migration that the database is at; None for an empty one."""
    if not sa.inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        return found


def migrate(engine: sa.Engine, target: str = "head") -> None:
    """Migrate the schema to a revision in one transaction; raises StoreError for a database newer than this MovieC."""
    with migrated(engine, target) as connection:
        connection.commit()


@contextmanager
def migrated(engine: sa.Engine, target: str = "head") -> Iterator[sa.Connection]:
    """Migrate the schema to a revision in a transaction and yield its connection; nothing is kept unless it is
    committed.

    Raises StoreError for a database newer than this MovieC.
    """
    from alembic import command
    from alembic.util import CommandError

    config = alembic_config()
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(
                sa.text(f"PRAGMA busy_timeout={PATIENCE * 1000}")
            )  # another process may be migrating
            connection.execute(sa.text("BEGIN IMMEDIATE"))
        else:
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, target)
        except CommandError as error:
            raise StoreError(
                f"its schema is not of this version of MovieC ({error})",
                shown(str(engine.url)),
                "install the newer one",
            ) from error
        yield connection


def alembic_config() -> Config:
    """Return Alembic's settings: where the migrations are."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "moviec.catalog:migrations")
    return config


def _with_driver(url: str) -> str:
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _readable(url: str) -> str:
    """Let SQLite read a read-only database without the journal files that it cannot create next to it."""
    made = sa.make_url(url)
    path = Path(made.database or "")
    if made.get_backend_name() != "sqlite" or not path.is_file() or path.stat().st_size == 0:
        return url
    journals = path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
    if os.access(path.parent, os.W_OK) or all(journal.exists() for journal in journals):
        return url
    # No journals, no writer: a writer has both open.
    return f"sqlite:///file:{quote(str(path))}?mode=ro&immutable=1&uri=true"


def shown(url: str) -> str:
    """Return an address without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return url


def _tell_damage(context: sa.engine.ExceptionContext) -> None:
    """Raise DamagedError where the database finds its own bytes damaged."""
    if said := damage(context.original_exception):
        url = context.engine.url if context.engine else ""
        raise DamagedError(
            f"the database is damaged ({said})",
            shown(str(url)),
            "try `moviec doctor --repair`; if this comes again, move the database away, then `moviec restore DIR` or `moviec rebuild --from-lake`",
        ) from context.original_exception


def _make_private(path: str | None) -> None:
    """Create SQLite's file for its owner only, if it is missing: closing a file of an open database would release its
    locks.

    Its journals get the same permissions.
    """
    if path and path != ":memory:" and not path.startswith("file:"):
        with contextlib.suppress(OSError):  # SQLite reports what is wrong with the place
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _settle(connection: Any, _: Any) -> None:
    """Let readers and a writer work concurrently, enforce foreign keys, and cache up to 64 MB of pages, not two.

    A new database has pages of 8 KB, not 4: of a catalogue's rows they take a quarter less time to write.
    """
    for pragma in ("page_size=8192", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL", CACHE):
        connection.execute(f"PRAGMA {pragma}")


@contextmanager
def sorting(connection: sa.Connection) -> Iterator[None]:
    """Have SQLite sort for an index in pieces of 1 MB, which stay in a processor's cache: three million rows take 1.3 s and
    with the whole of its page cache 2.4 s.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql("PRAGMA cache_size=-1000")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA {CACHE}")


def _wait_briefly(connection: Any, *_: Any) -> None:
    """Wait ten seconds for a writer; `writing` waits longer, on connections that others use after it."""
    connection.execute("PRAGMA busy_timeout=10000")
