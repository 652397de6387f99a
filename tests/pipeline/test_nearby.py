"""The match features that a change can concern give the pairs that all of them give."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.catalog.ingest_queue import RECORDS
from moviec.matching.candidate_pairs import PairLimits, find_pairs
from moviec.matching.nearby import narrow_to_nearby
from moviec.pipeline.feature_files import SEEN
from tests.engines import new_engine
from tests.examples import some
from tests.matching.catalogue import MODEL, Key, features, features_of, pairs_of, record
from tests.matching.test_pairs import histories

FLOOR = -30_000_000


def nearby(
    every: pa.Table, limits: PairLimits, changed_records: list[Key], last: str
) -> tuple[pa.Table, pa.Table, int]:
    """Find the pairs of the changed records on some of the features; say how many records were looked at."""
    seen = {(row["source"], row["delivery"]) for row in every.to_pylist() if row["delivery"] != last}
    with new_engine() as engine:
        engine.register("every_features", every)
        blocks = "SELECT source, key, delivery = '0' AS in_largest, unnest(blocks) AS b FROM every_features"
        engine.view("every_block", f"SELECT b.block AS block, source, key, in_largest FROM ({blocks})")
        engine.view("other_versions", "SELECT source, key FROM every_features WHERE delivery <> '0'")
        engine.register(
            "changed_records",
            pa.table(
                {"source": [one for one, _ in changed_records], "key": [key for _, key in changed_records]}
            ),
        )
        rows = [{"source": source, "delivery": delivery} for source, delivery in sorted(seen)]
        engine.register("seen", pa.Table.from_pylist(rows, SEEN))
        engine.register("seen_again", RECORDS.empty_table())
        engine.register("set_aside", RECORDS.empty_table())
        narrow_to_nearby(engine, limits)
        found = find_pairs(engine, MODEL, FLOOR)
        return found.pairs, found.to_match, engine.query("SELECT * FROM numbered").num_rows


@settings(max_examples=some(12), deadline=None)
@given(histories(), st.sampled_from([1, 2, 4, 8]), st.sampled_from([frozenset(), frozenset({"b"})]))
def test_the_records_nearby_are_enough(
    history: list[dict[Key, dict[str, Any]]], most_pairs: int, repeating: frozenset[str]
) -> None:
    limits = PairLimits(most_pairs=most_pairs, repeating=repeating)
    every, place = features(history)

    def held(batches: list[dict[Key, dict[str, Any]]]) -> pa.Table:
        fresh = {key: place[*key, str(number)] for number, batch in enumerate(batches) for key in batch}
        there = sorted(at for at in fresh.values() if not every["deleted"][at].as_py())
        return every.take(pa.array(there, pa.int64()))

    changed_records = list(history[-1])
    names = {f"{source}/{key}" for source, key in changed_records}
    before = held(history[:-1])
    theirs = [f"{row['source']}/{row['key']}" in names for row in before.to_pylist()]
    whole = pairs_of(
        held(history), limits, changed_records, before.filter(pa.array(theirs, pa.bool_())), FLOOR
    )
    pairs, to_match, _ = nearby(every, limits, changed_records, str(len(history) - 1))
    assert pairs.equals(whole.pairs)
    assert sorted(to_match.to_pylist(), key=str) == sorted(whole.to_match.to_pylist(), key=str)


def test_what_shares_no_block_is_not_looked_at() -> None:
    films = [
        record("a", str(n), f"Zeppelin{n} Quagga{n}", year=1900 + 3 * n, delivery="0") for n in range(30)
    ]
    films += [record("b", "1", "Zeppelin7 Quagga7", year=1921, delivery="1")]
    pairs, _, looked = nearby(features_of(films), PairLimits(), [("b", "1")], "1")
    assert pairs.select(["left_key", "right_key"]).to_pylist() == [{"left_key": "7", "right_key": "1"}]
    assert looked == 2


def test_a_block_that_stays_over_the_cap_is_not_read_for_a_change() -> None:
    films = [
        record(source, str(n), f"Zeppelin Quagga{n}", year=1900 + 3 * n, delivery="0")
        for source, count in (("a", 30), ("b", 3))
        for n in range(count)
    ]
    every = features_of([*films, record("b", "7", "Zeppelin Quagga7", year=1921, delivery="1")])
    pairs, _, looked = nearby(every, PairLimits(most_pairs=20), [("b", "7")], "1")
    assert pairs.select(["left_key", "right_key"]).to_pylist() == [{"left_key": "7", "right_key": "7"}]
    assert looked == 2
    assert nearby(every, PairLimits(most_pairs=400), [("b", "7")], "1")[2] == 34, "all share a word"


def test_blocks_of_one_source_are_not_read_for_a_change_in_it() -> None:
    films = [record("a", str(n), f"Zeppelin Quagga{n}", year=1900 + 3 * n, delivery="0") for n in range(20)]
    every = features_of([*films, record("a", "7", "Zeppelin Quagga7", year=1921, runtime=90, delivery="1")])
    assert nearby(every, PairLimits(), [("a", "7")], "1")[2] == 1
    assert nearby(every, PairLimits(repeating=frozenset("a")), [("a", "7")], "1")[2] == 20
