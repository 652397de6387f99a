"""From changed records to movies: find the pairs that they can be in, cluster the connected components, keep ids. The
same path serves all records.

A change reaches the records that a changed one can be in a pair with, and the connected components of its pairs: for
these the result is that of resolving all records. What is stored of the others is read through `IdentityLedger`;
nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import (
    HELD_PAIRS,
    PAIRS,
    Found,
    PairLimits,
    find_pairs,
    match_all,
)
from moviec.matching.clustering import settle
from moviec.matching.decisions import DECISIONS
from moviec.matching.identity import Identities, divided, keep_ids
from moviec.matching.model import Model
from moviec.matching.nearby import narrow_to_nearby
from moviec.model import live_rows
from moviec.sql import filled, materialize, read_sql, run
from moviec.text import Column, pc

_SQL = read_sql("moviec.matching", "resolution.sql")


class IdentityLedger(Protocol):
    """The stored pairs and ids that matching needs; implemented by `moviec.catalog.ledger`."""

    def pairs_touching(self, records: pa.Table) -> pa.Table:
        """Return the stored pairs (PAIRS) that have an end among some records (source, key)."""
        ...

    def members(self, records: pa.Table | None) -> pa.Table:
        """Return source, key, id of some records and of every other record of their movies; of all if None."""
        ...

    def former_ids(self, movies: Column) -> pa.Table:
        """Return source, key, id, into: the records of movies that were merged into some movies."""
        ...

    def next_movie(self) -> int:
        """Return the next free movie id."""
        ...


class Resolved(msgspec.Struct, frozen=True):
    """Which records are which movie, for all records that a run could change.

    `reached`: source, key of the records that were clustered again, and of deleted ones; None: all of them.
    `matches`: every pair among them (SETTLED_PAIRS). `records`: rows of the catalogue's `records`. `identities`: rows
    of its `identities`. `affected`: movies that may differ now; None: all. `split`: movies, new or given back, that
    hold records of others. `merged`: source, key, id of the records of movies merged by this run. `overruled`:
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
        engine.materialize("replaced", _SQL["replaced"])
        pairs, reached = _whole_components(engine, identities, found.pairs, decisions)
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


_PAIR = {"pair": ", ".join(PAIRS.names)}
_ORDER = ", ".join(PAIRS.names[:4])


def _whole_components(
    engine: DuckEngine, identities: IdentityLedger, fresh: pa.Table, decisions: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """Follow pairs and decisions from the engine's `replaced` records (source, key) to the end.

    `fresh` are all current pairs of these records; their stored pairs no longer count, but lead on to the records that
    they joined before. So do the movies they were in, since a record that comes back counts for its former id. Returns
    every pair (PAIRS) and every record (source, key) of those components.
    """
    engine.register("fresh", fresh)
    engine.register("decided", decisions)
    run(engine, _SQL, [materialize("pairs_now"), materialize("frontier"), materialize("reached")], _PAIR)
    while (frontier := engine.query("SELECT * FROM frontier")).num_rows:
        engine.register("touching", identities.pairs_touching(frontier))
        engine.register("same_movies", identities.members(frontier))
        run(engine, _SQL, [materialize("stored_pairs"), materialize("decided_nearby")])
        engine.materialize("pairs_now", filled(_SQL["more_pairs"], _PAIR))
        engine.materialize("frontier", _SQL["next_frontier"])
        engine.materialize("reached", _SQL["reached_now"])
    pairs = engine.query(f"SELECT * FROM pairs_now ORDER BY {_ORDER}")
    return pairs, engine.query("SELECT source, key FROM reached ORDER BY source, key")


def view_features_of(engine: DuckEngine, name: str, among: str, columns: str) -> None:
    """Create a view of the current features of the records in the table `among` (source, key); the feature files are
    read for them once.

    `columns`: those wanted besides source, key, delivery and deleted.
    """
    some = f"source, key, delivery, deleted, {columns}"
    engine.materialize(
        f"{name}_rows", f"SELECT {some} FROM every_features SEMI JOIN {among} USING (source, key)"
    )
    engine.view(name, live_rows(f"{name}_rows"))


def _identities(kept: Identities) -> pa.Table:
    """Return the state of every id that the run changed."""
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
    """Return every movie that lost, got or kept a clustered record."""
    return pa.array(np.union1d(ledger["id"].to_numpy(), kept.members["id"].to_numpy()))
