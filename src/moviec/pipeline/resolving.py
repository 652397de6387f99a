"""From changed records to movies: the pairs that they can be in, connected components clustered, ids kept.
The same path for all records.

What is already known of the others comes from the catalogue; nothing is written here.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.ledger import ENDS, PAIR, former_ids, ledger_of, next_movie, pairs_touching
from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import PAIRS, PairLimits, find_pairs, find_records_to_match, match_all
from moviec.matching.clustering import DECISIONS, Settled, settle
from moviec.matching.identity import Identities, divided, keep_ids
from moviec.matching.model import Model
from moviec.pipeline.current_records import current_rows
from moviec.pipeline.feature_files import name_features_of
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
    """Return the ledger's new rows: where each record is now, and where those that are gone were last."""
    engine.register("kept_gone", kept.gone)
    engine.register("settled_members", settled.members)
    return engine.query("""
        SELECT source, key, k.id AS movie, true AS live, s.method, s.probability
        FROM kept_members k JOIN settled_members s USING (source, key)
        UNION ALL SELECT source, key, id, false, 'gone', NULL FROM kept_gone ORDER BY source, key""")


def _identities(kept: Identities) -> pa.Table:
    """Return the state of every id that the run touched."""
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
    """Return every movie that lost, got or held a record that was settled."""
    return pa.array(np.union1d(ledger["id"].to_numpy(), kept.members["id"].to_numpy()))


def _merged(engine: DuckEngine, kept: Identities) -> pa.Table:
    """Return the records, with their ids until now, of the movies that are merged; those that are gone have no say in it."""
    engine.register("merged", kept.merged)
    return engine.query("""
        SELECT b.source, b.key, b.id FROM ledger_before b SEMI JOIN merged m USING (id)
        SEMI JOIN kept_members k ON k.source = b.source AND k.key = b.key ORDER BY b.source, b.key""")


def _split(engine: DuckEngine, kept: Identities) -> Column:
    """Return the ids, new or given back, that hold a record of an id that lives on."""
    engine.register("created", pa.table({"id": pa.array(np.concatenate([kept.created, kept.given_back]))}))
    return engine.query("""
        SELECT DISTINCT k.id FROM kept_members k SEMI JOIN created USING (id)
        JOIN ledger_before b ON b.source = k.source AND b.key = k.key
        WHERE b.id IN (SELECT id FROM kept_members) ORDER BY k.id""")["id"]


#: Both ends of the rows of {0}.
_BOTH = "SELECT left_source AS source, left_key AS key FROM {0} UNION SELECT right_source, right_key FROM {0}"

#: Stored pairs that stand: neither end is among the records whose pairs are replaced.
_STANDING = """
SELECT s.* FROM stored s
ANTI JOIN replaced l ON l.source = s.left_source AND l.key = s.left_key
ANTI JOIN replaced r ON r.source = s.right_source AND r.key = s.right_key
"""

#: Decisions on the records of the frontier.
_NEAR = """
SELECT d.* FROM decided d SEMI JOIN frontier f ON f.source = d.left_source AND f.key = d.left_key
UNION
SELECT d.* FROM decided d SEMI JOIN frontier f ON f.source = d.right_source AND f.key = d.right_key
"""


def whole_components(
    engine: DuckEngine, connection: sa.Connection, fresh: pa.Table, decisions: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """Follow pairs and decisions from the engine's `replaced` records (source, key) as far as they lead.

    `fresh` are all pairs that these records now have; stored ones of theirs no longer count, but lead on to the records
    that they joined before; so do the movies they were, since who comes back has a say in whose the id is. Returns
    every pair (PAIR columns) and every record (source, key) of those components.
    """
    columns = ", ".join(PAIR)
    engine.register("fresh", fresh)
    engine.register("decided", decisions)
    engine.materialize("standing", f"SELECT {columns} FROM fresh")
    engine.materialize("frontier", f"SELECT source, key FROM replaced UNION {_BOTH.format('standing')}")
    engine.materialize("reached", "SELECT * FROM frontier")
    while (frontier := engine.query("SELECT * FROM frontier")).num_rows:
        engine.register("touching", pairs_touching(connection, frontier))
        engine.materialize("stored", "SELECT * FROM touching")
        engine.materialize("near", _NEAR)
        engine.register("kin", ledger_of(connection, frontier))
        engine.materialize(
            "standing", f"SELECT {columns} FROM standing UNION SELECT {columns} FROM ({_STANDING})"
        )
        ends = f"{_BOTH.format('stored')} UNION {_BOTH.format('near')} UNION SELECT source, key FROM kin"
        engine.materialize("frontier", f"SELECT * FROM ({ends}) EXCEPT SELECT * FROM reached")
        engine.materialize("reached", "SELECT * FROM reached UNION SELECT * FROM frontier")
    pairs = engine.query(f"SELECT {columns} FROM standing ORDER BY {', '.join(ENDS)}")
    return pairs, engine.query("SELECT source, key FROM reached ORDER BY source, key")


#: All versions of the changed records.
_VERSIONS = "SELECT * FROM every_features SEMI JOIN changed_records USING (source, key)"

#: What of it was there when the catalogue was last published.
_SEEN = """
SELECT v.* FROM versions v SEMI JOIN seen s ON s.source = v.source AND s.delivery = v.delivery
ANTI JOIN seen_again a ON a.source = v.source AND a.key = v.key AND a.delivery = v.delivery
"""

_TOUCHED = "SELECT DISTINCT features.block AS block FROM (SELECT unnest(blocks) AS features FROM versions)"

#: The blocks of records that are matched again because a block of theirs is over the cap now, or no more.
_ASKED_TOO = """
SELECT DISTINCT k.block FROM keys k JOIN to_match a ON a.n = k.n JOIN numbered r ON r.n = k.n WHERE NOT r.is_changed
"""

#: Other records that share a block with these, or did.
_SHARING = """
SELECT source, key FROM near UNION
(SELECT source, key FROM every_block SEMI JOIN wanted_blocks USING (block) EXCEPT SELECT source, key FROM changed_records)
"""

_ROWS = "SELECT * FROM versions UNION ALL SELECT * FROM every_features SEMI JOIN near USING (source, key)"


def narrow_to_nearby(engine: DuckEngine, limits: PairLimits) -> None:
    """Narrow `match_features` to the records that can be in a pair with a record to match; create `features_before` and what `find_records_to_match` makes.

    The result is that of all match features: a record with no block in common is in no pair, and blocks are known
    of every row of every batch, so none is missed.
    """
    engine.materialize("versions", _VERSIONS)
    engine.view("versions_seen", _SEEN)
    engine.view("features_before", f"{current_rows('versions_seen')} AND NOT deleted")
    engine.materialize("near", "SELECT source, key FROM changed_records WHERE false")
    _widen(engine, _TOUCHED)
    find_records_to_match(engine, limits)
    if engine.query(f"SELECT * FROM ({_ASKED_TOO}) LIMIT 1").num_rows:
        _widen(engine, _ASKED_TOO)
        find_records_to_match(engine, limits)


def _widen(engine: DuckEngine, blocks: str) -> None:
    engine.materialize("wanted_blocks", blocks)
    engine.materialize("near", _SHARING)
    engine.materialize("features_rows", _ROWS)
    engine.view("match_features", f"{current_rows('features_rows')} AND NOT deleted")
