"""From changed records to movies: pairs compared, whole components settled, ids kept. The same path for all records.

What is already known of the others comes from the catalogue; nothing is written here.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.ledger import former_ids, ledger_of, next_movie
from moviec.engine import DuckEngine
from moviec.matching.identity import Identities, divided, keep_ids
from moviec.matching.model import Model
from moviec.matching.pairs import PAIRS, PairLimits, find_pairs, match_all
from moviec.matching.settle import Settled, settle
from moviec.matching.verdicts import DECISIONS
from moviec.pipeline.components import whole_components
from moviec.pipeline.feature_files import name_features_of
from moviec.pipeline.nearby import narrow_to_nearby
from moviec.text import Column, pc


class Resolved(msgspec.Struct, frozen=True):
    """Which records are which movie, as far as a run could change it.

    `reached`: source, key of the records that were settled anew and of those that are gone; None: all of them.
    `matches`: every pair among them (SETTLED_PAIRS). `records`: rows of the catalogue's `records`. `identities`: rows
    of its `identities`. `affected`: movies that may look other now; None: all. `split`: movies, new or given back, that
    hold records of others. `merged`: source, key, id of the records of movies that are merged now. `overruled`: decisions that a later one contradicts. `blocks`: what blocking did, rule by rule.
    """

    reached: pa.Table | None
    matches: pa.Table
    records: pa.Table
    identities: pa.Table
    affected: Column | None
    split: Column
    merged: pa.Table
    overruled: pa.Table
    blocks: pa.Table


class Known(msgspec.Struct, frozen=True):
    """What records are resolved against: the catalogue, the model, the decisions in force (`in_order` of the ledger) and
    the sources that may list a film twice.
    """

    connection: sa.Connection
    model: Model
    decisions: pa.Table
    repeating: frozenset[str]


def resolve(engine: DuckEngine, known: Known, everything: bool) -> Resolved:
    """Resolve the engine's `changed_records` records (source, key) against its `match_features` and what is known; or all of them."""
    connection, model, repeating = known.connection, known.model, known.repeating
    limits = PairLimits(repeating=repeating)
    if everything:
        match_all(engine, limits)
    else:
        narrow_to_nearby(engine, limits)
    found = find_pairs(engine, model)
    same = pc.equal(known.decisions["verdict"], "same")
    decisions = known.decisions.select(DECISIONS.names[:-1]).append_column("same", same)
    reached, pairs = None, found.pairs
    engine.view("reached_features", "SELECT * FROM match_features")
    if not everything:
        engine.register("to_match_too", found.to_match)
        engine.materialize(
            "replaced", "SELECT source, key FROM changed_records UNION SELECT source, key FROM to_match_too"
        )
        pairs, reached = whole_components(engine, connection, found.pairs, decisions)
        name_features_of(engine, "reached_features", "reached", "ids")
    records = engine.query("SELECT source, key, ids FROM reached_features ORDER BY source, key")
    settled = settle(records, pairs.cast(PAIRS), decisions, model, repeating)
    ledger, members = ledger_of(connection, reached), settled.members.select(["source", "key", "cluster"])
    former = former_ids(connection, divided(members, ledger))
    kept = keep_ids(members, ledger, next_movie(connection), former)
    engine.register("ledger_before", ledger)
    engine.register("kept_members", kept.members)
    return Resolved(
        reached=reached,
        matches=settled.pairs,
        records=_records(engine, settled, kept),
        identities=_identities(kept),
        affected=None if everything else _affected(ledger, kept),
        split=_split(engine, kept),
        merged=_merged(engine, kept),
        overruled=settled.overruled,
        blocks=found.rules,
    )


def _records(engine: DuckEngine, settled: Settled, kept: Identities) -> pa.Table:
    """Give the ledger's new rows: where each record is now, and where those that are gone were last."""
    engine.register("kept_gone", kept.gone)
    engine.register("settled_members", settled.members)
    return engine.query("""
        SELECT source, key, k.id AS movie, true AS live, s.method, s.probability
        FROM kept_members k JOIN settled_members s USING (source, key)
        UNION ALL SELECT source, key, id, false, 'gone', NULL FROM kept_gone ORDER BY source, key""")


def _identities(kept: Identities) -> pa.Table:
    """Give the state of every id that the run touched."""
    live = pc.unique(kept.members["id"])
    parts = [
        (live, "live", pa.nulls(len(live), pa.int64())),
        (kept.merged["id"], "merged", kept.merged["successor"]),
        (pa.array(kept.withdrawn), "withdrawn", pa.nulls(len(kept.withdrawn), pa.int64())),
    ]
    rows = [
        pa.table({"movie": ids, "state": pa.array([state] * len(ids), pa.string()), "successor": successors})
        for ids, state, successors in parts
    ]
    return pa.concat_tables(rows).sort_by("movie")


def _affected(ledger: pa.Table, kept: Identities) -> Column:
    """Give every movie that lost, got or held a record that was settled."""
    return pa.array(np.union1d(ledger["id"].to_numpy(), kept.members["id"].to_numpy()))


def _merged(engine: DuckEngine, kept: Identities) -> pa.Table:
    """Give the records, with their ids until now, of the movies that are merged; those that are gone have no say in it."""
    engine.register("merged", kept.merged)
    return engine.query("""
        SELECT b.source, b.key, b.id FROM ledger_before b SEMI JOIN merged m USING (id)
        SEMI JOIN kept_members k ON k.source = b.source AND k.key = b.key ORDER BY b.source, b.key""")


def _split(engine: DuckEngine, kept: Identities) -> Column:
    """Give the ids, new or given back, that hold a record of an id that lives on."""
    engine.register("created", pa.table({"id": pa.array(np.concatenate([kept.created, kept.given_back]))}))
    return engine.query("""
        SELECT DISTINCT k.id FROM kept_members k SEMI JOIN created USING (id)
        JOIN ledger_before b ON b.source = k.source AND b.key = k.key
        WHERE b.id IN (SELECT id FROM kept_members) ORDER BY k.id""")["id"]
