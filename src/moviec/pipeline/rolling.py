"""Rollups and the rankings by them, worked out again for the years in which something may have changed."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from moviec.catalog.figures import entries_of, films_of
from moviec.catalog.schema.movies import rankings, rollups
from moviec.catalog.staging import Touched, merge
from moviec.engine import DuckEngine
from moviec.pipeline.workshop import Workshop
from moviec.rollup.leading import leading
from moviec.rollup.totals import totals


def roll_up(shop: Workshop, connection: sa.Connection, years: Collection[int] | None) -> Touched:
    """Sum and rank these years (None: all) again, in the caller's transaction; say which rollups were touched."""
    some = None if years is None else sorted(years)
    with DuckEngine(shop.limits) as engine:
        rows = totals(engine, films_of(connection, some), entries_of(connection, some))
        ranked = leading(engine, rows.drop_columns(["movie_ids"]))
    merge(connection, rankings, ranked, _of(rankings, some))
    return merge(connection, rollups, rows, _of(rollups, some))


def _of(table: sa.Table, years: list[int] | None) -> sa.ColumnElement[bool]:
    return sa.true() if years is None else table.c.year.in_(years)
