"""What a person reviews: uncertain pairs side by side, why each waits, and verdicts as a person names them.

Hands on plain rows for the command line and the API; docs/resolve.md says what a verdict does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog import decisions as store
from moviec.catalog.arrow import read
from moviec.catalog.decisions import Record, Verdict
from moviec.catalog.deliveries import all_batches
from moviec.catalog.finding import movie_named
from moviec.catalog.ingest_queue import RECORDS
from moviec.catalog.ledger import ENDS, records_of
from moviec.catalog.schema.identity import matches, records
from moviec.catalog.schema.movies import movies
from moviec.engine import DuckEngine
from moviec.errors import UsageError
from moviec.matching.decisions import value
from moviec.matching.unmatched import waiting
from moviec.pipeline.context import Workshop
from moviec.pipeline.current_records import name_records
from moviec.pipeline.models import pinned_models
from moviec.sources.registry import find_sources
from moviec.text import pc

#: What is laid side by side of a record.
_SIDE = """
SELECT source, key, title, year, kind, runtime,
       list_distinct([p.name FOR p IN people IF p.role = 'director'])[:3] AS directors,
       list_distinct([p.name FOR p IN people IF p.role = 'actor'])[:3] AS "cast",
       countries, CAST(ids AS JSON) AS ids
FROM live
"""

#: Of every record that has a pair in review its movie, and that movie's votes and records.
_SIZES = (
    sa.select(records.c.movie, sa.func.count().label("records"))
    .where(records.c.live)
    .group_by(records.c.movie)
    .subquery()
)
_IN_REVIEW = [
    sa.select(matches.c[f"{side}_source"], matches.c[f"{side}_key"]).where(matches.c.band == "review")
    for side in ("left", "right")
]
_KNOWN = (
    sa.select(records.c.source, records.c.key, records.c.movie, movies.c.votes, _SIZES.c.records)
    .join_from(records, _SIZES, _SIZES.c.movie == records.c.movie)
    .outerjoin(movies, movies.c.movie == records.c.movie)
    .where(
        records.c.live, sa.or_(*(sa.tuple_(records.c.source, records.c.key).in_(one) for one in _IN_REVIEW))
    )
)


def uncertain(shop: Workshop, most: int, source: str | None = None) -> list[dict[str, Any]]:
    """List the pairs that a person should look at, most valuable first; those of one movie, or that a verdict has
    settled, are none.

    Each: value, probability (0 to 1), left and right (source, key, movie, title, year, kind, runtime, directors, cast,
    countries, ids), evidence (feature, level, bits), reason (why it waits, REASONS of moviec.matching.unmatched), rival.
    """
    with shop.catalogue.connect() as connection:
        pairs = read(connection, _waiting(shop, source))
        known = read(connection, _KNOWN) if pairs.num_rows else None
        if known is None:
            return []
        valued = value(pairs, known).slice(0, most)
        rows = _explained(shop, connection, valued, known)
    ends = {(row[f"{side}_source"], row[f"{side}_key"]) for row in rows for side in ("left", "right")}
    found = sides(shop, sorted(ends))
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


def _waiting(shop: Workshop, source: str | None) -> sa.Select[Any]:
    """Ask for the pairs in review whose records are two movies, unless a verdict has put into the one's film another
    record of the other's source, and that source lists a film once.
    """
    once = [name for name, one in find_sources(shop.home.folder).items() if not one.spec.repeating]
    ends = {side: records.alias(f"{side}_record") for side in ("left", "right")}
    query = sa.select(
        *(matches.c[name] for name in (*ENDS, "weight", "contradicted", "probability", "evidence"))
    )
    for side, end in ends.items():
        query = query.join(
            end, (end.c.source == matches.c[f"{side}_source"]) & (end.c.key == matches.c[f"{side}_key"])
        )
    left, right = ends.values()
    query = query.where(matches.c.band == "review", left.c.movie != right.c.movie)
    for mine, other in ((left, right), (right, left)):
        query = query.where(~_decided_elsewhere(mine, other, once))
    if source:
        query = query.where(sa.or_(left.c.source == source, right.c.source == source))
    return query


def _decided_elsewhere(
    mine: sa.FromClause, other: sa.FromClause, once: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Say whether the film of `mine` has by a verdict another record of the other's source, if that lists a film `once`."""
    third = records.alias()
    return sa.exists().where(
        third.c.movie == mine.c.movie,
        third.c.source == other.c.source,
        third.c.method == "decision",
        third.c.live,
        third.c.source.in_(once),
    )


def _explained(
    shop: Workshop, connection: sa.Connection, pairs: pa.Table, known: pa.Table
) -> list[dict[str, Any]]:
    """Give the rows of pairs, in their order, with `reason` and `rival` (source:key, or null)."""
    films = records_of(connection, pc.unique(known["movie"]))
    with DuckEngine(shop.limits) as engine:
        engine.register("pairs", pairs)
        engine.register("films", films)
        engine.view("members", "SELECT source, key, movie AS cluster FROM films")
        why = waiting(engine, pinned_models(shop).match).to_pylist()
    said = {tuple(row[name] for name in ENDS): row for row in why}
    return [{**row, **said[tuple(row[name] for name in ENDS)]} for row in pairs.to_pylist()]


def sides(shop: Workshop, ends: Sequence[Record]) -> dict[Record, dict[str, Any]]:
    """Give what is laid side by side of records that a source still lists: title, year, kind, runtime, directors, cast,
    countries, ids.
    """
    columns = {name: [end[at] for end in ends] for at, name in enumerate(("source", "key"))}
    with DuckEngine(shop.limits) as engine:
        engine.register(
            "wanted", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        )
        name_records(engine, shop, all_batches(shop.catalogue), RECORDS.empty_table(), "wanted")
        rows = engine.query(_SIDE).to_pylist()
    for row in rows:
        row["ids"] = msgspec.json.decode(row["ids"] or "{}")
    return {(row.pop("source"), row.pop("key")): row for row in rows}


def verdicts(shop: Workshop, ends: tuple[str, str], same: bool, who: str) -> list[Verdict]:
    """Read what a person names, records as `source:key` or movies as `mc…`, as verdicts on records.

    Two movies are the same by their likeliest pair, different by every pair that was compared between them.
    """
    with shop.catalogue.connect() as connection:
        ones, others = (_records(connection, text) for text in ends)
        pairs = [(ones[0], others[0])]
        if len(ones) > 1 or len(others) > 1:
            pairs = store.pairs_between(connection, ones, others)[: 1 if same else None] or pairs
    return [Verdict(one, other, same, who) for one, other in pairs]


def _records(connection: sa.Connection, text: str) -> list[Record]:
    source, colon, key = text.partition(":")
    if colon and source and key:
        return [(source, key)]
    found = store.records_of_movie(connection, movie_named(connection, text))
    if not found:
        raise UsageError("no source lists this film any more", text, "see `moviec show`")
    return found
