"""From changed records to movies: the pairs that they can be in, connected components clustered, ids kept. The same path
for all records.

What is stored of the others is asked for through `IdentityLedger`; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import HELD_PAIRS, Found, PairLimits, find_pairs, match_all
from moviec.matching.clustering import DECISIONS, settle
from moviec.matching.identity import Identities, divided, keep_ids
from moviec.matching.model import Model
from moviec.matching.reach import IdentityLedger, narrow_to_nearby, whole_components
from moviec.model import current_rows
from moviec.sql import read_sql
from moviec.text import Column, pc

_SQL = read_sql("moviec.matching", "resolution.sql")
_REPLACED = read_sql("moviec.matching", "reach.sql")["replaced"]


class Resolved(msgspec.Struct, frozen=True):
    """Which records are which movie, as far as a run could change it.

    `reached`: source, key of the records that were settled anew and of those that are gone; None: all of them.
    `matches`: every pair among them (SETTLED_PAIRS). `records`: rows of the catalogue's `records`. `identities`: rows
    of its `identities`. `affected`: movies that may look other now; None: all. `split`: movies, new or given back, that
    hold records of others. `merged`: source, key, id of the records of movies that are merged now. `overruled`:
    decisions that a later one contradicts. `blocks`: what blocking did, rule by rule.
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


class Basis(msgspec.Struct, frozen=True):
    """What records are resolved against: the stored identities, the model, the decisions in force (oldest first, with
    `verdict`) and the sources that may list a film twice.
    """

    identities: IdentityLedger
    model: Model
    decisions: pa.Table
    repeating: frozenset[str]


#: Finds every pair of the engine's `match_features`.
Pairing = Callable[[DuckEngine, PairLimits], Found]


def resolve(engine: DuckEngine, basis: Basis, everything: bool, pairing: Pairing | None = None) -> Resolved:
    """Resolve the engine's `changed_records` (source, key) against its `match_features` and the basis; or all records, whose
    pairs are then found by `pairing`, by default in this process.

    `arrivals` (source, key, arrival) orders the records that several deliveries bring at once; it may be empty.
    """
    identities, repeating = basis.identities, basis.repeating
    limits = PairLimits(repeating=repeating)
    if everything and pairing:
        found = pairing(engine, limits)
    else:
        (match_all if everything else narrow_to_nearby)(engine, limits)
        found = find_pairs(engine, basis.model)
    same = pc.equal(basis.decisions["verdict"], "same")
    decisions = basis.decisions.select(DECISIONS.names[:-1]).append_column("same", same)
    reached, pairs = None, found.pairs
    engine.view("reached_features", "SELECT * FROM match_features")
    if not everything:
        engine.register("to_match_too", found.to_match)
        engine.materialize("replaced", _REPLACED)
        pairs, reached = whole_components(engine, identities, found.pairs, decisions)
        view_features_of(engine, "reached_features", "reached", "ids, votes")
    records = engine.query("SELECT source, key, ids, votes FROM reached_features ORDER BY source, key")
    settled = settle(records, pairs.cast(HELD_PAIRS), decisions, basis.model, repeating)
    engine.register("settled_members", settled.members)
    ledger, members = identities.members(reached), engine.query(_SQL["settled_arrivals"])
    former = identities.former_ids(divided(members, ledger))
    kept = keep_ids(members, ledger, identities.next_movie(), former)
    engine.register("ledger_before", ledger)
    engine.register("kept_members", kept.members)
    engine.register("kept_gone", kept.gone)
    engine.register("merged_movies", kept.merged)
    engine.register("created", pa.table({"id": pa.array(np.concatenate([kept.created, kept.given_back]))}))
    return Resolved(
        reached=reached,
        matches=settled.pairs,
        records=engine.query(_SQL["records"]),
        identities=_identities(kept),
        affected=None if everything else _affected(ledger, kept),
        split=engine.query(_SQL["split"])["id"],
        merged=engine.query(_SQL["merged"]),
        overruled=settled.overruled,
        blocks=found.rules,
    )


def view_features_of(engine: DuckEngine, name: str, among: str, columns: str) -> None:
    """Create a view of the current features of the records that the table `among` (source, key) names; the feature files
    are read for them once.

    `columns`: those wanted beside source, key, delivery and deleted.
    """
    some = f"source, key, delivery, deleted, {columns}"
    engine.materialize(
        f"{name}_rows", f"SELECT {some} FROM every_features SEMI JOIN {among} USING (source, key)"
    )
    engine.view(name, f"{current_rows(f'{name}_rows')} AND NOT deleted")


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
