"""Dropping pairs by their bounds drops none that would be kept: the pairs, weights and evidence are those of comparing every pair."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.config import Home
from moviec.engine import DuckEngine
from moviec.matching.bounds import bounds_of
from moviec.matching.candidate_pairs import (
    FLOOR,
    PAIRS,
    PairLimits,
    compare_slices,
    find_candidates,
    lay_out_films,
    match_all,
    numbered_records,
    weigh_pairs,
)
from moviec.matching.evidence import weights_of_records
from moviec.matching.model import shipped_model
from moviec.model import MILLION
from tests.engines import new_engine
from tests.examples import some
from tests.matching.catalogue import features_of, record

LIMITS = PairLimits(repeating=frozenset({"wikipedia"}))

#: Few values, so that films agree and contradict in every combination; sources as the model knows them, and one it does not.
TITLES = ["Heat", "Heat II", "Heat: The Return", "The Heat", "Solaris", "Zeppelin Rising", "Солярис", "Love"]
PEOPLE = ["Michael Mann", "Al Pacino", "Val Kilmer", "Andrei Tarkovsky"]
films = st.builds(
    record,
    st.sampled_from(["imdb", "kaggle", "movielens", "wikipedia", "someone"]),
    st.just(""),
    st.sampled_from(TITLES),
    year=st.none() | st.integers(1990, 1996),
    runtime=st.none() | st.sampled_from([90, 92, 100, 170]),
    kind=st.none() | st.sampled_from(["movie", "short", "tv_movie"]),
    genres=st.lists(st.sampled_from(["drama", "documentary", "animation"]), max_size=2, unique=True),
    directors=st.lists(st.sampled_from(PEOPLE), max_size=2, unique=True),
    cast=st.lists(st.sampled_from(PEOPLE), max_size=3, unique=True),
    ids=st.dictionaries(st.sampled_from(["imdb", "tmdb"]), st.sampled_from(["1", "2", "tt3"]), max_size=2),
)


def kept(engine: DuckEngine, floor: int, bounded: bool) -> tuple[pa.Table, int]:
    """Return the pairs that are kept, and how many were compared in full."""
    match_all(engine, LIMITS)
    find_candidates(engine)
    lay_out_films(engine)
    records = numbered_records(engine)
    weighed = weights_of_records(records["source"], shipped_model())
    reach = bounds_of(engine, weighed, floor).reach if bounded else None
    levels = compare_slices(engine, lambda levels: levels, reach)
    pairs = [weigh_pairs(some_levels, records, weighed, floor) for some_levels in levels]
    return pa.concat_tables([PAIRS.empty_table(), *pairs]), sum(map(len, levels))


@given(st.lists(films, min_size=2, max_size=12), st.sampled_from([FLOOR, 0, -16 * MILLION, 8 * MILLION]))
@settings(max_examples=some(60))
def test_bounds_drop_no_pair_that_would_be_kept(rows: list[dict[str, Any]], floor: int) -> None:
    match_features = features_of([{**row, "key": str(n)} for n, row in enumerate(rows)])
    found = []
    for bounded in (True, False):
        with new_engine() as engine:
            engine.register("match_features", match_features)
            found.append(kept(engine, floor, bounded)[0])
    assert found[0].equals(found[1])


def test_most_candidates_of_the_sample_are_dropped_and_no_pair(demo_home: Home) -> None:
    files = [
        path
        for path in (demo_home.folder / "lake" / "features").rglob("*.parquet")
        if not path.name.endswith(".blocks.parquet")
    ]
    found = []
    for bounded in (True, False):
        with DuckEngine() as engine:
            engine.parquet("match_features", files)
            found.append(kept(engine, FLOOR, bounded))
    (pairs, compared), (every, candidates) = found
    assert pairs.equals(every) and len(every) > 500
    assert compared < 0.8 * candidates
