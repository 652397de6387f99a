"""Helpers for all tables: one metadata, and columns with their line in the data dictionary."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from moviec.catalog.compression import Compressed

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

#: Texts that the database stores compressed.
Film, Evidence, Credits = Compressed("films"), Compressed("evidence"), Compressed("credits")

Text, Integer, BigInteger, Boolean, Float, Date = (
    sa.Text(), sa.Integer(), sa.BigInteger(), sa.Boolean(), sa.Float(), sa.Date()
)  # fmt: skip


def table(name: str, about: str, *parts: sa.schema.SchemaItem, clustered: bool = False) -> sa.Table:
    """Return a table with its line in the data dictionary; a clustered one is stored in the order of its key, also on
    SQLite.
    """
    return sa.Table(name, metadata, *parts, comment=about, sqlite_with_rowid=not clustered)


def key(name: str, kind: sa.types.TypeEngine[Any], about: str, refers: str = "") -> sa.Column[Any]:
    """Return a column of the primary key; `refers`: the "table.column" that it refers to."""
    return sa.Column(name, kind, *_refers(refers), primary_key=True, autoincrement=False, comment=about)


def column(name: str, kind: sa.types.TypeEngine[Any], about: str, refers: str = "") -> sa.Column[Any]:
    """Return a column that always has a value."""
    return sa.Column(name, kind, *_refers(refers), nullable=False, comment=about)


def maybe(name: str, kind: sa.types.TypeEngine[Any], about: str, refers: str = "") -> sa.Column[Any]:
    """Return a column that is NULL if the value is unknown."""
    return sa.Column(name, kind, *_refers(refers), nullable=True, comment=about)


def number(about: str) -> sa.Column[Any]:
    """Return the primary key `number`, which the database assigns."""
    return sa.Column("number", sa.Integer, primary_key=True, autoincrement=True, comment=about)


def index(*columns: str, where: str = "") -> sa.Index:
    """Return an index, named after the table and the columns; of some rows only, with `where`."""
    some = sa.text(where) if where else None
    return sa.Index(None, *columns, sqlite_where=some, postgresql_where=some)


def _refers(target: str) -> list[sa.ForeignKey]:
    # Checked when the transaction ends: a publication merges table by table.
    return [sa.ForeignKey(target, deferrable=True, initially="DEFERRED")] if target else []
