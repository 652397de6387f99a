"""The records that changed ones can be in a pair with: those of their blocks, read from files that are sorted by block.

A block over the cap gives no pairs, and such blocks hold most of the records: of a film among 700,000 they hold some ten thousand,
the others ten. So the sizes of blocks are counted first, and features are read for the blocks that are used.
"""

from __future__ import annotations

from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import (
    USED_BLOCKS,
    PairLimits,
    find_records_to_match,
    register_limits,
)
from moviec.model import live_rows
from moviec.sql import filled, materialize, read_sql, run, view

_SQL = read_sql("moviec.matching", "nearby.sql")

#: Up to so many records near the changed ones, their features are kept as a table: each takes some 1.5 KB of memory. Of more, the
#: features of all records are read from the files.
KEPT_NEARBY = 400_000

#: Up to so many blocks, their rows are kept: the file is read once instead of three times, and a block can hold 100,000.
KEPT_BLOCKS = 1_000


def narrow_to_nearby(engine: DuckEngine, limits: PairLimits) -> None:
    """Narrow `match_features` to the records that can be in a pair with a record to match; create `features_before` and what
    `find_records_to_match` makes.

    The pairs are those of all match features: a record with no used block in common is in no pair, and blocks are known of
    every row of every batch, so none is missed. `unused_blocks` are those that give no pair whatever changed.
    """
    register_limits(engine, limits)
    run(engine, _SQL, [materialize("versions"), view("versions_seen")])
    engine.view("features_before", live_rows("versions_seen"))
    engine.materialize("near", "SELECT source, key FROM changed_records WHERE false")
    engine.materialize("unused_blocks", "SELECT 0::BIGINT AS block WHERE false")
    is_whole = _widen(engine, "touched_blocks")
    find_records_to_match(engine, limits, "unused_blocks")
    if not is_whole and engine.query(f"SELECT * FROM ({_SQL['capped_blocks']}) LIMIT 1").num_rows:
        _widen(engine, "capped_blocks")
        find_records_to_match(engine, limits, "unused_blocks")


def _widen(engine: DuckEngine, blocks: str) -> bool:
    """Add the records of some blocks to `near` and `match_features`; return whether `match_features` has all records now."""
    engine.materialize("wanted_blocks", _SQL[blocks])
    keep = engine.materialize if _count(engine, "wanted_blocks") <= KEPT_BLOCKS else engine.view
    keep("block_rows", _SQL["block_rows"])
    _find_unused_blocks(engine)
    engine.materialize("near", _SQL["near"])
    is_whole = _count(engine, "near") > KEPT_NEARBY
    if not is_whole:
        engine.materialize("features_rows", _SQL["features_rows"])
    engine.view("match_features", live_rows("every_features" if is_whole else "features_rows"))
    return is_whole


def _find_unused_blocks(engine: DuckEngine) -> None:
    """Add to `unused_blocks` the wanted blocks without pairs, and those over the cap both now and before the change.

    The block files hold every version of a record, so what they count is at least what there is; the certain rows are at most
    that. Blocks in between are not left out.
    """
    engine.materialize("sized_blocks", _sizes("FROM block_rows"))
    engine.materialize("large_blocks", "SELECT block FROM sized_blocks WHERE NOT used")
    unused = (
        "FROM unused_blocks UNION (SELECT block FROM wanted_blocks EXCEPT SELECT block FROM sized_blocks)"
    )
    if _count(engine, "large_blocks"):
        engine.materialize("unchanged_rows", _SQL["unchanged_rows"])
        over = [
            f"SELECT block FROM ({_sizes(filled(_SQL['rows_with_changed'], {'versions': versions}))}) WHERE NOT used"
            for versions in (live_rows("versions"), "FROM features_before")
        ]
        unused += f" UNION ({' INTERSECT '.join(over)})"
    engine.materialize("unused_blocks", unused)


def _sizes(rows: str) -> str:
    return filled(_SQL["sizes"], {"rows": f"({rows})", "used_blocks": USED_BLOCKS})


def _count(engine: DuckEngine, table: str) -> int:
    return int(engine.query(f"SELECT count(*) AS n FROM {table}")["n"][0].as_py())
