"""The database's own check of itself: SQLite's `integrity_check`, PostgreSQL's amcheck where it is installed."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.errors import DamagedError

#: The most defects listed.
MOST = 10

#: SQLite's words for an index that does not match its table: it can be rebuilt from the table.
_OF_AN_INDEX = ("missing from index", "wrong # of entries in index", "non-unique entry in index")

#: What Python's driver says of a text whose bytes are not valid.
_UNDECODABLE = "Could not decode to UTF-8"

_NO_AMCHECK = (
    "PostgreSQL's amcheck is not installed in this database, so its pages were not checked; a superuser can"
    " CREATE EXTENSION amcheck"
)

_INDEXES = """
SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
WHERE a.amname = 'btree' AND c.relpersistence = 'p' AND i.indisvalid AND c.relnamespace = current_schema()::regnamespace
ORDER BY 1"""

_HEAPS = """
SELECT c.relname || ': ' || v.msg FROM pg_class c CROSS JOIN LATERAL verify_heapam(c.oid::regclass) v
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.relnamespace = current_schema()::regnamespace LIMIT :most"""


class Integrity(msgspec.Struct, frozen=True):
    """The result of a database's self-check: defects, those of indexes separately (`remake_indexes` repairs them), and
    what was not checked.
    """

    defects: list[str]
    of_indexes: list[str]
    unchecked: str = ""


def integrity(catalogue: sa.Engine) -> Integrity:
    """Run the database's self-check, which reads all of it."""
    try:
        with catalogue.connect() as connection:
            if catalogue.dialect.name == "sqlite":
                return _of_sqlite(connection)
            return _of_postgres(connection)
    except DamagedError as error:
        return Integrity([error.what], [])


def remake_indexes(catalogue: sa.Engine) -> None:
    """Rebuild every index."""
    with catalogue.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if catalogue.dialect.name == "sqlite":
            connection.execute(sa.text("REINDEX"))
        else:
            schema = connection.scalar(sa.text("SELECT quote_ident(current_schema())"))
            connection.execute(sa.text(f"REINDEX SCHEMA {schema}"))


def damage(error: BaseException) -> str | None:
    """Return a driver's message if it says that the database's bytes are damaged; else None."""
    code: Any = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or ""
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or code in ("XX001", "XX002"):
        return said
    if said.startswith(_UNDECODABLE):
        return said.partition(" with text ")[0]
    return None


def _of_sqlite(connection: sa.Connection) -> Integrity:
    said = list(connection.scalars(sa.text(f"PRAGMA integrity_check({MOST})")))
    lines = [line for text in said if text != "ok" for line in text.splitlines()]
    of_indexes = [line for line in lines if any(words in line for words in _OF_AN_INDEX)]
    defects = [line for line in lines if line not in of_indexes]
    orphans = connection.execute(sa.text("PRAGMA foreign_key_check")).fetchmany(MOST)
    defects += [f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there" for row in orphans]
    return Integrity(defects, of_indexes)


def _of_postgres(connection: sa.Connection) -> Integrity:
    if not connection.scalar(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'")):
        return Integrity([], [], _NO_AMCHECK)
    try:
        defects = list(connection.scalars(sa.text(_HEAPS), {"most": MOST}))
        indexes = list(connection.scalars(sa.text(_INDEXES)))
        found = [said for name in indexes if (said := _damaged_index(connection, name))]
    except sa.exc.ProgrammingError as error:
        return Integrity([], [], f"amcheck is not allowed here ({str(error.orig).splitlines()[0]})")
    return Integrity(defects, found[:MOST])


def _damaged_index(connection: sa.Connection, name: str) -> str | None:
    """Compare an index with its table."""
    try:
        with connection.begin_nested():
            connection.execute(
                sa.text("SELECT bt_index_check(CAST(:name AS regclass), true)"), {"name": name}
            )
    except DamagedError as error:
        return f"{name}: {error.what}"
    return None
