"""Matching in parts comes to what it comes to in one piece, whatever the parts and in whatever order their rows come."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.config import Home
from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import PAIRS, Found, PairLimits, find_pairs, match_all
from moviec.matching.in_parts import NUMBERED, candidates_of_blocks, pairs_of_candidates
from moviec.matching.model import shipped_model
from moviec.text import pc
from tests.examples import some

#: Small enough that some of the sample's blocks are over the cap.
LIMITS = PairLimits(most_pairs=20, repeating=frozenset({"wikipedia"}))


@pytest.fixture(scope="module")
def whole(demo_home: Home) -> tuple[pa.Table, pa.Table, Found]:
    """Give the sample's match features by number with their sides, the blocking keys, and the pairs found in one piece."""
    files = [
        str(path)
        for path in (demo_home.folder / "lake" / "features").rglob("*.parquet")
        if not path.name.endswith(".blocks.parquet")
    ]
    with DuckEngine() as engine:
        engine.parquet("match_features", files)
        match_all(engine, LIMITS)
        found = find_pairs(engine, shipped_model())
        numbered = engine.query("SELECT n, m.* FROM match_features m JOIN numbered USING (source, key)")
        keys = engine.query("""
            SELECT n, side, b.rule AS rule, b.block AS block
            FROM (SELECT n, side, unnest(m.blocks) AS b
                  FROM match_features m JOIN numbered USING (source, key) JOIN sides USING (source))""")
    return numbered, keys, found


def rows_of_part(rows: pa.Table, column: str, parts: int, part: int) -> pa.Table:
    numbers = rows[column].to_numpy()
    return rows.filter(pa.array(numbers % parts == part))


def shuffled(rows: pa.Table, chance: random.Random) -> pa.Table:
    return rows.take(chance.sample(range(len(rows)), len(rows)))


@given(st.integers(1, 5), st.integers(0, 1000))
@settings(max_examples=some(4))
def test_parts_come_to_the_same(whole: tuple[pa.Table, pa.Table, Found], parts: int, seed: int) -> None:
    numbered, keys, found = whole
    chance = random.Random(seed)
    candidates = set()
    left_out = 0
    for part in range(parts):
        mine = shuffled(rows_of_part(keys, "block", parts, part), chance)
        for row in candidates_of_blocks(mine, LIMITS).to_pylist():
            if row["l"] is None:
                left_out += row["left_out"]
            else:
                candidates.add((row["l"], row["r"]))
    assert left_out > 0 and left_out == pc.sum(found.rules["left_out"]).as_py()
    ends_of = list(zip(*sorted(candidates), strict=True))
    every = pa.table({"l": pa.array(ends_of[0], pa.int32()), "r": pa.array(ends_of[1], pa.int32())})
    pairs = []
    for part in range(parts):
        mine = shuffled(rows_of_part(every, "l", parts, part), chance)
        ends = pc.unique(pa.chunked_array([*mine["l"].chunks, *mine["r"].chunks]))
        records = shuffled(numbered.filter(pc.is_in(numbered["n"], ends)), chance)
        pairs.append(pairs_of_candidates(mine, records.select(NUMBERED.names), shipped_model(), LIMITS))
    together = pa.concat_tables(pairs).sort_by([(name, "ascending") for name in PAIRS.names[:4]])
    assert together.equals(found.pairs.cast(PAIRS))
    assert len(together) > 500
