"""Connections to the catalogue's database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from moviec.catalog.schema import metadata
from moviec.errors import StoreError


def connect(url: str) -> sa.Engine:
    """Open the catalogue and make its tables where they are missing. Raises StoreError where that is impossible."""
    try:
        engine = sa.create_engine(url)
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _settle)
        metadata.create_all(engine)
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise StoreError(f"the catalogue cannot be opened ({str(error).splitlines()[0]})", url) from error
    return engine


def _settle(connection: Any, _: Any) -> None:
    """Let readers and a writer work side by side, and hold foreign keys."""
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
