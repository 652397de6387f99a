"""What a person reviews: uncertain pairs side by side and why each waits, doubtful films, and records that are
matched with no other, each with the nearest one.

Returns plain rows for the command line and the API.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.decisions import Record
from moviec.catalog.deliveries import all_batches
from moviec.catalog.ingest_queue import RECORDS
from moviec.catalog.ledger import (
    ENDS,
    MATCH,
    decisions_in_force,
    ledger_of,
    movie_of_records,
    pairs_in_review,
    pairs_touching,
    records_alone,
    records_in_review,
    records_of,
)
from moviec.engine import DuckEngine
from moviec.home.context import RunContext
from moviec.home.models import pinned_models
from moviec.lake.batches import view_current_records
from moviec.matching.decisions import value
from moviec.matching.review import count_suspicious, find_suspicious, suspicious, unmatched, waiting
from moviec.model import MILLION
from moviec.sources.registry import find_sources
from moviec.text import Column, pc

#: The fields of a record shown in a comparison.
_SIDE = """
SELECT source, key, title, year, kind, runtime,
       list_distinct([p.name FOR p IN people IF p.role = 'director'])[:3] AS directors,
       list_distinct([p.name FOR p IN people IF p.role = 'actor'])[:3] AS "cast",
       countries, CAST(ids AS JSON) AS ids
FROM live
"""


def uncertain(context: RunContext, most: int, source: str | None = None) -> list[dict[str, Any]]:
    """Return the pairs that a person should judge, most valuable first, without those of one movie and those that a verdict
    has decided.

    Each: value, probability (0 to 1), left and right (source, key, movie, title, year, kind, runtime, directors, cast,
    countries, ids), evidence (feature, level, bits), reason (why it waits, REASONS of moviec.matching.review), rival.
    """
    with context.catalogue.connect() as connection:
        sources = find_sources(context.home.folder)
        once = [name for name, found in sources.items() if not found.spec.repeating]
        pairs = pairs_in_review(connection, once, source)
        known = records_in_review(connection) if pairs.num_rows else None
        if known is None:
            return []
        valued = value(pairs, known).slice(0, most)
        rows = _explained(context, connection, valued, known)
    ends = {(row[f"{side}_source"], row[f"{side}_key"]) for row in rows for side in ("left", "right")}
    found = sides(context, sorted(ends))
    movie = {(row["source"], row["key"]): row["movie"] for row in known.to_pylist()}

    def side(row: dict[str, Any], name: str) -> dict[str, Any]:
        end = row[f"{name}_source"], row[f"{name}_key"]
        return {"source": end[0], "key": end[1], "movie": f"mc{movie[end]}", **found.get(end, {})}

    return [
        {
            "value": row["value"] / 1e6,
            "probability": row["probability"] / 1e6,
            "left": side(row, "left"),
            "right": side(row, "right"),
            "evidence": msgspec.json.decode(row["evidence"]),
            "reason": row["reason"],
            "rival": row["rival"],
        }
        for row in rows
    ]


def _explained(
    context: RunContext, connection: sa.Connection, pairs: pa.Table, known: pa.Table
) -> list[dict[str, Any]]:
    """Return the rows of pairs, in their order, with `reason` and `rival` (source:key, or null)."""
    films = records_of(connection, pc.unique(known["movie"]))
    with DuckEngine(context.limits) as engine:
        engine.register("pairs", pairs)
        engine.register("films", films)
        engine.view("members", "SELECT source, key, movie AS cluster FROM films")
        why = waiting(engine, pinned_models(context).match).to_pylist()
    said = {tuple(row[name] for name in ENDS): row for row in why}
    return [{**row, **said[tuple(row[name] for name in ENDS)]} for row in pairs.to_pylist()]


def sides(context: RunContext, ends: Sequence[Record]) -> dict[Record, dict[str, Any]]:
    """Return the fields shown of records that a source still lists: title, year, kind, runtime, directors, cast,
    countries, ids.
    """
    columns = {name: [end[at] for end in ends] for at, name in enumerate(("source", "key"))}
    with DuckEngine(context.limits) as engine:
        engine.register(
            "wanted", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        )
        view_current_records(
            engine, context.record_files(all_batches(context.catalogue)), RECORDS.empty_table(), "wanted"
        )
        rows = engine.query(_SIDE).to_pylist()
    for row in rows:
        row["ids"] = msgspec.json.decode(row["ids"] or "{}")
    return {(row.pop("source"), row.pop("key")): row for row in rows}


class Doubtful(msgspec.Struct, frozen=True):
    """Films that a reader would doubt (rows of moviec.matching.review), and how many there are in all by reason."""

    films: list[dict[str, Any]]
    counts: dict[str, int]


def doubtful(context: RunContext, most: int) -> Doubtful:
    """Return published films that a reader would doubt: years far apart, one film under two ids."""
    with context.catalogue.connect() as connection:
        members = movie_of_records(connection)
    with DuckEngine(context.limits) as engine:
        batches = context.record_files(all_batches(context.catalogue))
        live = partial(view_current_records, engine, batches, RECORDS.empty_table())
        live()
        engine.register("members", members)
        find_suspicious(engine, live)
        films = suspicious(engine, most).to_pylist()
        for film in films:
            film["movies"] = [f"mc{movie}" for movie in film["movies"]]
            for record in film["records"]:
                record["movie"] = f"mc{record['movie']}"
        return Doubtful(films, count_suspicious(engine))


def unmatched_of(context: RunContext, source: str, most: int, after: str = "") -> list[dict[str, Any]]:
    """Return the records of a source that are matched with no other, by key, those after the key `after`.

    Each: key, movie, other (source:key of the nearest record, null for none), probability (0 to 1), band, reason
    (REASONS of moviec.matching.review), rival (the record of this source that has the other's movie).
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


#: Only the page's records are unmatched; the others are read for their film.
_MEMBERS = """
SELECT l.source, l.key, l.movie AS cluster, CASE WHEN p.key IS NULL THEN 'other' ELSE 'alone' END AS method
FROM ledger l LEFT JOIN page p USING (source, key)
"""


def _movies(connection: sa.Connection, pairs: pa.Table, page: pa.Table) -> Column:
    """Return the movies at either end of the pairs, and those of the page."""
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
