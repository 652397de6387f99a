"""What a person reviews: uncertain pairs side by side, and the effect of a verdict before it is done.

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
from moviec.catalog.ledger import ENDS
from moviec.catalog.recordlog import RECORDS
from moviec.catalog.schema.identity import matches, records
from moviec.catalog.schema.movies import movies
from moviec.engine import DuckEngine
from moviec.errors import UsageError
from moviec.pipeline.decision_files import log_of
from moviec.pipeline.holdings import name_records
from moviec.pipeline.street import outlook
from moviec.pipeline.workshop import Workshop
from moviec.resolve.decisions import contradictions, value

#: What is laid side by side of a record.
_SIDE = """
SELECT source, key, title, year, kind, runtime,
       list_distinct([p.name FOR p IN people IF p.role = 'director'])[:3] AS directors,
       list_distinct([p.name FOR p IN people IF p.role = 'actor'])[:3] AS "cast",
       countries, CAST(ids AS JSON) AS ids
FROM live SEMI JOIN wanted USING (source, key)
"""


class Effect(msgspec.Struct, frozen=True):
    """What a verdict would come to: records that would be another movie than now (null: a new one), and the decisions
    that it contradicts, a line each.
    """

    moved: list[dict[str, Any]]
    contradicts: list[str]


def uncertain(shop: Workshop, most: int, source: str | None = None) -> list[dict[str, Any]]:
    """List the pairs that a person should look at, most valuable first.

    Each: value, probability (0 to 1), left and right (source, key, movie, title, year, kind, runtime, directors, cast,
    countries, ids), evidence (feature, level, bits).
    """
    with shop.catalogue.connect() as connection:
        pairs, known = _in_review(connection, source)
    if not pairs.num_rows:
        return []
    rows = value(pairs, known).slice(0, most).to_pylist()
    ends = {(row[f"{side}_source"], row[f"{side}_key"]) for row in rows for side in ("left", "right")}
    sides = _sides(shop, sorted(ends))
    movie = {(row["source"], row["key"]): row["movie"] for row in known.to_pylist()}

    def side(row: dict[str, Any], name: str) -> dict[str, Any]:
        end = row[f"{name}_source"], row[f"{name}_key"]
        return {"source": end[0], "key": end[1], "movie": f"mc{movie[end]}", **sides.get(end, {})}

    return [
        {
            "value": row["value"] / 1e6,
            "probability": row["probability"] / 1e6,
            "left": side(row, "left"),
            "right": side(row, "right"),
            "evidence": msgspec.json.decode(row["evidence"]),
        }
        for row in rows
    ]


def _in_review(connection: sa.Connection, source: str | None) -> tuple[pa.Table, pa.Table]:
    """Give the pairs in review, and of their records source, key, movie, votes, records of the movie."""
    query = sa.select(*(matches.c[name] for name in ENDS), matches.c.probability, matches.c.evidence)
    query = query.where(matches.c.band == "review")
    if source:
        query = query.where(sa.or_(matches.c.left_source == source, matches.c.right_source == source))
    sizes = (
        sa.select(records.c.movie, sa.func.count().label("records"))
        .where(records.c.live)
        .group_by(records.c.movie)
        .subquery()
    )
    ends = sa.or_(
        *(
            sa.tuple_(records.c.source, records.c.key).in_(
                sa.select(matches.c[f"{side}_source"], matches.c[f"{side}_key"]).where(
                    matches.c.band == "review"
                )
            )
            for side in ("left", "right")
        )
    )
    known = (
        sa.select(records.c.source, records.c.key, records.c.movie, movies.c.votes, sizes.c.records)
        .join_from(records, sizes, sizes.c.movie == records.c.movie)
        .outerjoin(movies, movies.c.movie == records.c.movie)
        .where(records.c.live, ends)
    )
    return read(connection, query), read(connection, known)


def _sides(shop: Workshop, ends: Sequence[Record]) -> dict[Record, dict[str, Any]]:
    columns = {name: [end[at] for end in ends] for at, name in enumerate(("source", "key"))}
    with DuckEngine(shop.limits) as engine:
        name_records(engine, shop, all_batches(shop.catalogue), RECORDS.empty_table())
        engine.table(
            "wanted", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        )
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


def effect(shop: Workshop, said: Sequence[Verdict]) -> Effect:
    """Work out what verdicts would do; nothing is kept."""
    with shop.catalogue.connect() as connection:
        rows = store.decide(connection, said)
        ends = [(row[f"{side}_source"], row[f"{side}_key"]) for row in rows for side in ("left", "right")]
        log = log_of(store.all_decisions(connection))
        moved = _moved(shop, connection, ends)
        connection.rollback()
    return Effect(moved, [str(one) for one in contradictions(log) if not set(ends).isdisjoint(one.through)])


def effect_of_undoing(shop: Workshop, number: int) -> Effect:
    """Work out what taking a decision back would do; nothing is kept."""
    with shop.catalogue.connect() as connection:
        row = store.undo(connection, number)
        ends = [(row[f"{side}_source"], row[f"{side}_key"]) for side in ("left", "right")]
        moved = _moved(shop, connection, ends)
        connection.rollback()
    return Effect(moved, [])


def _moved(shop: Workshop, connection: sa.Connection, ends: Sequence[Record]) -> list[dict[str, Any]]:
    """List the records that come to another movie when some are settled anew on this connection."""
    query = sa.select(records.c.source, records.c.key, records.c.movie).where(records.c.live)
    resolved = outlook(shop, connection, ends)
    created = set(resolved.identities["movie"].to_pylist())
    now = {(row["source"], row["key"]): row["movie"] for row in resolved.records.to_pylist() if row["live"]}
    before = {
        (row.source, row.key): row.movie
        for row in connection.execute(query.where(records.c.movie.in_(sorted(created))))
    }
    created -= set(before.values())
    return [
        {
            "source": source,
            "key": key,
            "before": f"mc{before[source, key]}",
            "after": None if movie in created else f"mc{movie}",
        }
        for (source, key), movie in sorted(now.items())
        if before.get((source, key), movie) != movie
    ]
