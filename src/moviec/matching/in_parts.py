"""Matching in parts, where records are too many for one machine: candidate pairs block by block, comparisons pair by pair.

Pure functions from tables to tables, in an engine of their own with one thread, since as many run in parallel as there
are cores. The statements are those of `candidate_pairs`; the union of the parts is what it finds.
"""

from __future__ import annotations

import pyarrow as pa

from moviec.engine import DuckEngine, Limits
from moviec.matching.candidate_pairs import (
    BLOCKING_REPORT,
    PAIRS,
    PairLimits,
    register_limits,
    weigh_candidates,
)
from moviec.matching.match_features import MATCH_FEATURES
from moviec.matching.model import Model
from moviec.sql import filled, read_sql

_SQL = read_sql("moviec.matching", "candidate_pairs.sql")

#: Two kinds of rows: candidate pairs (l, r), and the blocking report by rule, whose rows have no l.
_CANDIDATES: list[tuple[str, pa.DataType]] = [
    ("l", pa.int32()),
    ("r", pa.int32()),
    ("rule", pa.int8()),
    ("blocks", pa.int64()),
    ("pairs", pa.int64()),
    ("left_out", pa.int64()),
    ("lost_pairs", pa.int64()),
]
CANDIDATES = pa.schema(_CANDIDATES)

#: Match features with the record's number among all.
NUMBERED = pa.schema(
    [pa.field("n", pa.int32()), *MATCH_FEATURES.remove(MATCH_FEATURES.get_field_index("blocks"))]
)

_ONE = Limits(threads=1)

_FOUND = """
SELECT a.n AS l, b.n AS r FROM given g JOIN places a ON a.place = g.l JOIN places b ON b.place = g.r"""


def candidates_of_blocks(keys: pa.Table, limits: PairLimits) -> pa.Table:
    """Return the candidate pairs of whole blocks, and their blocking report (CANDIDATES), from `keys` (n, side, rule,
    block).

    A pair comes from each part in which it shares a block.
    """
    with DuckEngine(_ONE) as engine:
        register_limits(engine, limits)
        engine.register("flat_keys", keys)
        engine.view("keys", filled(_SQL["sided_keys"], {"flat": "flat_keys"}))
        engine.materialize("to_match", "SELECT DISTINCT n FROM keys")
        engine.view("keys_to_match", "SELECT n, side, rule, block FROM keys")
        engine.materialize("crowds_now", _SQL["crowds_of_all"])
        for name in ("blocks", "found"):
            engine.materialize(name, _SQL[name])
        rows = engine.query(f"FROM ({BLOCKING_REPORT}) UNION ALL BY NAME SELECT l, r FROM found")
    return rows.select(CANDIDATES.names).cast(CANDIDATES)


def pairs_of_candidates(
    candidates: pa.Table, records: pa.Table, model: Model, limits: PairLimits
) -> pa.Table:
    """Return the pairs kept (PAIRS) of candidates (l, r: numbers among all) from their records (NUMBERED)."""
    blocks = pa.nulls(len(records), MATCH_FEATURES.field("blocks").type)
    with DuckEngine(_ONE) as engine:
        register_limits(engine, limits)
        engine.register("match_features", records.append_column("blocks", blocks))
        engine.materialize("numbered", _SQL["numbered_all"])
        engine.register("given", candidates)
        engine.materialize(
            "places", "SELECT m.n AS place, u.n FROM match_features m JOIN numbered u USING (source, key)"
        )
        engine.materialize("found", _FOUND)
        return weigh_candidates(engine, model).cast(PAIRS)
