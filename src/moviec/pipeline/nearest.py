"""The unmatched: how a source's records were matched, and of those that stand alone the nearest one and why not it.

Hands on plain rows, a page at a time, for the command line and the API.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.ledger import (
    MATCH,
    decisions_in_force,
    ledger_of,
    pairs_touching,
    records_alone,
    records_of,
)
from moviec.engine import DuckEngine
from moviec.matching.unmatched import unmatched
from moviec.model import MILLION
from moviec.pipeline.context import RunContext
from moviec.pipeline.models import pinned_models
from moviec.text import Column, pc


def unmatched_of(context: RunContext, source: str, most: int, after: str = "") -> list[dict[str, Any]]:
    """List records of a source that stand alone, by key, those past `after`.

    Each: key, movie, other (source:key of the nearest record, null for none), probability (0 to 1), band, reason
    (REASONS of moviec.matching.unmatched), rival (the record of this source that has the other's movie).
    """
    with context.catalogue.connect() as connection:
        page = records_alone(connection, source, after, most)
        if not page.num_rows:
            return []
        pairs = pairs_touching(connection, page, MATCH)
        members = records_of(connection, _movies(connection, pairs, page))
        held = decisions_in_force(connection)
    with DuckEngine(context.limits) as engine:
        engine.register("pairs", pairs)
        engine.register("page", page)
        engine.register("ledger", members)
        engine.view("members", _MEMBERS)
        engine.register("decisions", held.append_column("same", pc.equal(held["verdict"], "same")))
        found = unmatched(engine, pinned_models(context).match).records
    movie = {row["key"]: f"mc{row['movie']}" for row in page.to_pylist()}
    return [_row(row, movie[row["key"]]) for row in found.to_pylist()]


#: The page's records alone; the others are only looked at for whose film they are.
_MEMBERS = """
SELECT l.source, l.key, l.movie AS cluster, CASE WHEN p.key IS NULL THEN 'other' ELSE 'alone' END AS method
FROM ledger l LEFT JOIN page p USING (source, key)
"""


def _movies(connection: sa.Connection, pairs: pa.Table, page: pa.Table) -> Column:
    """Give the movies at either end of the pairs, and those of the page."""
    ends = pa.concat_tables(
        pairs.select([f"{side}_source", f"{side}_key"]).rename_columns(["source", "key"])
        for side in ("left", "right")
    )
    others = ledger_of(connection, ends.group_by(["source", "key"]).aggregate([]))["id"]
    return pc.unique(pa.chunked_array([*others.chunks, *page["movie"].chunks], pa.int64()))


def _row(found: dict[str, Any], movie: str) -> dict[str, Any]:
    other = found["other_source"]
    return {
        "key": found["key"],
        "movie": movie,
        "other": other and f"{other}:{found['other_key']}",
        "probability": other and found["probability"] / MILLION,
        "band": found["band"],
        "reason": found["reason"],
        "rival": found["rival_key"] and f"{found['source']}:{found['rival_key']}",
    }
