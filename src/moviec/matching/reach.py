"""How far a change reaches: the records that a changed one can be in a pair with, and the connected components that its
pairs lead to. What comes of these alone is what would come of all records.
"""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import PAIRS, PairLimits, find_records_to_match
from moviec.model import current_rows
from moviec.sql import filled, materialize, read_sql, run, view
from moviec.text import Column

_SQL = read_sql("moviec.matching", "reach.sql")
_PAIR = {"pair": ", ".join(PAIRS.names)}
_ORDER = ", ".join(PAIRS.names[:4])


class IdentityLedger(Protocol):
    """What is stored of pairs and ids, as far as matching asks for it; `moviec.catalog.ledger` has it."""

    def pairs_touching(self, records: pa.Table) -> pa.Table:
        """Return the stored pairs (PAIRS) that have an end among some records (source, key)."""
        ...

    def members(self, records: pa.Table | None) -> pa.Table:
        """Return source, key, id of some records and of every other record of their movies; of all, where None."""
        ...

    def former_ids(self, movies: Column) -> pa.Table:
        """Return source, key, id, into: the records with which merged movies went over into some movies."""
        ...

    def next_movie(self) -> int:
        """Return the next free movie id."""
        ...


def narrow_to_nearby(engine: DuckEngine, limits: PairLimits) -> None:
    """Narrow `match_features` to the records that can be in a pair with a record to match; create `features_before` and what
    `find_records_to_match` makes.

    The result is that of all match features: a record with no block in common is in no pair, and blocks are known
    of every row of every batch, so none is missed.
    """
    run(engine, _SQL, [materialize("versions"), view("versions_seen")])
    engine.view("features_before", f"{current_rows('versions_seen')} AND NOT deleted")
    engine.materialize("near", "SELECT source, key FROM changed_records WHERE false")
    _widen(engine, "touched_blocks")
    find_records_to_match(engine, limits)
    if engine.query(f"SELECT * FROM ({_SQL['capped_blocks']}) LIMIT 1").num_rows:
        _widen(engine, "capped_blocks")
        find_records_to_match(engine, limits)


def _widen(engine: DuckEngine, blocks: str) -> None:
    engine.materialize("wanted_blocks", _SQL[blocks])
    run(engine, _SQL, [materialize("near"), materialize("features_rows")])
    engine.view("match_features", f"{current_rows('features_rows')} AND NOT deleted")


def whole_components(
    engine: DuckEngine, identities: IdentityLedger, fresh: pa.Table, decisions: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """Follow pairs and decisions from the engine's `replaced` records (source, key) as far as they lead.

    `fresh` are all pairs that these records now have; stored ones of theirs no longer count, but lead on to the records
    that they joined before; so do the movies they were, since who comes back has a say in whose the id is. Returns
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
