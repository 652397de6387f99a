"""Facts about the whole catalogue: which lake it belongs to, which models it was built with and which are pinned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from moviec.catalog.schema.identity import models
from moviec.catalog.schema.serving import catalogue_state

#: The number after which the change log begins: the last change of a lost catalogue.
LOG_BEGINS = "log_begins_after"


def fact(connection: sa.Connection, name: str) -> str | None:
    """Return a fact, or None."""
    query = sa.select(catalogue_state.c.value).where(catalogue_state.c.name == name)
    found: str | None = connection.scalar(query)
    return found


def note_fact(connection: sa.Connection, name: str, value: str | None) -> None:
    """Set a fact; None deletes it. Inside a `writing` transaction."""
    connection.execute(sa.delete(catalogue_state).where(catalogue_state.c.name == name))
    if value is not None:
        connection.execute(sa.insert(catalogue_state).values(name=name, value=value))


def pinned_files(connection: sa.Connection) -> dict[str, str]:
    """Return the files of the pinned models by kind (match, fuse); kinds without one are left out."""
    query = sa.select(models.c.kind, models.c.file).where(models.c.pinned)
    return {row.kind: row.file for row in connection.execute(query)}


def model_files(connection: sa.Connection) -> set[str]:
    """Return the files of all fitted models."""
    return set(connection.scalars(sa.select(models.c.file)))


def fitted(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return the fitted models, oldest first: version, kind, fitted_at, pinned."""
    columns = (models.c.version, models.c.kind, models.c.fitted_at, models.c.pinned)
    rows = connection.execute(sa.select(*columns).order_by(models.c.fitted_at, models.c.kind))
    return [dict(row) for row in rows.mappings()]


def pin_new(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Pin models (rows of `models`) instead of the current ones; one that was fitted before is replaced."""
    connection.execute(sa.update(models).values(pinned=False))
    connection.execute(sa.delete(models).where(models.c.version.in_([row["version"] for row in rows])))
    connection.execute(sa.insert(models), list(rows))


def pin_version(connection: sa.Connection, version: str, kind: str | None) -> None:
    """Pin one version among the models of a kind; None: of every kind, so that an unknown version unpins all."""
    some = sa.true() if kind is None else models.c.kind == kind
    connection.execute(sa.update(models).where(some).values(pinned=models.c.version == version))
