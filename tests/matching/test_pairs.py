"""Stored pairs: what becomes one, and that comparing what changed gives what comparing everything gives."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.matching.candidate_pairs import HELD_PAIRS, PAIRS, PairLimits, find_best_candidates, match_all
from moviec.text import pc
from tests.engines import new_engine
from tests.examples import some
from tests.matching.catalogue import Key, features, features_of, pairs_of, record

LIMITS = PairLimits()


def ends(pairs: pa.Table) -> list[tuple[Key, Key]]:
    return [
        ((row["left_source"], row["left_key"]), (row["right_source"], row["right_key"]))
        for row in pairs.to_pylist()
    ]


def test_a_pair_has_its_ends_in_order_its_weight_and_the_evidence_for_it() -> None:
    match_features = features_of(
        [record("b", "1", "Kagemusha", year=1980), record("a", "9", "Kagemusha", year=1981)]
    )
    pairs = pairs_of(match_features, LIMITS).pairs
    assert pairs.schema.equals(HELD_PAIRS) and ends(pairs) == [(("a", "9"), ("b", "1"))]
    row = pairs.to_pylist()[0]
    assert row["weight"] > 0 and row["contradiction"] is None and not row["shared_id"]
    evidence = {name: bits for name, _, bits in json.loads(row["evidence"])}
    assert list(evidence) == ["title", "year"] and evidence["title"] > 10


@pytest.mark.parametrize(("repeating", "found"), [(frozenset(), 0), (frozenset({"a"}), 1)])
def test_pairs_within_a_source_are_sought_only_where_it_may_repeat_itself(
    repeating: frozenset[str], found: int
) -> None:
    match_features = features_of(
        [record("a", "1", "Kagemusha", year=1980), record("a", "2", "Kagemusha", year=1980)]
    )
    assert len(pairs_of(match_features, PairLimits(repeating=repeating)).pairs) == found


def test_a_block_over_the_cap_is_left_out_and_reported_but_not_one_of_an_id() -> None:
    films = [
        record(source, str(n), "Love", year=1990, ids={"imdb": f"tt{n}"}) for source in "ab" for n in range(9)
    ]
    found = pairs_of(features_of(films), PairLimits(most_pairs=50))
    assert len(found.pairs) == 9 and all(found.pairs["shared_id"].to_pylist())
    left_out = {row["rule"]: row["left_out"] for row in found.rules.to_pylist()}
    assert left_out["title"] == 1 and left_out["id"] == 0


def test_a_shared_id_is_a_pair_however_different_the_films_and_a_person_should_look() -> None:
    one = record("a", "1", "Heat", year=1995, directors=["Michael Mann"], ids={"imdb": "tt1"})
    other = record("b", "1", "Jumanji", year=1969, directors=["Joe Johnston"], ids={"imdb": "tt1"})
    assert (
        pairs_of(features_of([one, other]), LIMITS).pairs.to_pylist()[0]["contradiction"]
        == "an id that nothing else bears out"
    )


def test_how_many_records_there_are_does_not_change_a_weight() -> None:
    two = [record(source, "1", "Zeppelin Rising", year=1990) for source in "ab"]
    crowd = [record("b", str(n), f"Zeppelin {n}", year=1950 + n) for n in range(2, 30)]
    alone, among = (pairs_of(features_of(films), LIMITS).pairs for films in (two, two + crowd))
    same = pc.and_(pc.equal(among["left_key"], "1"), pc.equal(among["right_key"], "1"))
    assert alone.equals(among.filter(same).combine_chunks())


def test_films_of_one_director_and_actor_are_compared_whatever_their_titles_and_years() -> None:
    one = record("a", "1", "Heat", year=1995, directors=["Michael Mann"], cast=["Al Pacino"], runtime=170)
    other = record("b", "1", "Sacramento", year=1999, directors=["Michael Mann"], cast=["Al Pacino"])
    alone = {**other, "people": other["people"][:1]}
    found = pairs_of(features_of([one, other]), LIMITS, floor=-60_000_000)
    assert ends(found.pairs) == [(("a", "1"), ("b", "1"))]
    assert [row["rule"] for row in found.rules.to_pylist()] == ["two people"]
    assert not len(pairs_of(features_of([one, alone]), LIMITS, floor=-60_000_000).pairs)


def test_the_best_candidates_of_a_film_share_the_blocks_with_the_fewest_pairs() -> None:
    one = record("a", "1", "Zeppelin Night", year=1990)
    crowd = [record("b", str(n), f"Night of {n}", year=1990) for n in range(2, 9)]
    match_features = features_of([one, *crowd, record("b", "1", "Zeppelin Night", year=1990)])
    with new_engine() as engine:
        engine.register("match_features", match_features)
        match_all(engine, LIMITS)
        cut = find_best_candidates(engine, 1)
        left, right = engine.query(
            "SELECT a.key AS l, b.key AS r FROM found JOIN numbered a ON a.n = l JOIN numbered b ON b.n = r"
        ).columns
    assert (left.to_pylist(), right.to_pylist(), cut) == (["1"], ["1"], 7)


TITLES = ["Love", "Love Story", "The Love of Night", "Night", "Zeppelin", "Zeppelin II", "Rocky: Love"]


@st.composite
def histories(draw: st.DrawFn) -> list[dict[Key, dict[str, Any]]]:
    """Batches of records by key; one without a title is a tombstone."""
    films = st.fixed_dictionaries(
        {
            "title": st.sampled_from(["", *TITLES]),
            "year": st.sampled_from([None, 1990, 1991]),
            "cast": st.sampled_from([[], ["Ann Lee"], ["Bo Ek", "Ann Lee"]]),
            "ids": st.sampled_from([{}, {}, {"imdb": "tt1"}, {"imdb": "tt2"}]),
        }
    )
    keys = st.tuples(st.sampled_from("abc"), st.sampled_from("123456"))
    batch = st.dictionaries(keys, films, min_size=1, max_size=9)
    return draw(st.lists(batch, min_size=2, max_size=3))


@settings(max_examples=some(12), deadline=None)
@given(histories(), st.sampled_from([1, 2, 4, 8]), st.sampled_from([frozenset(), frozenset({"b"})]))
def test_comparing_what_changed_gives_what_comparing_everything_gives(
    history: list[dict[Key, dict[str, Any]]], most_pairs: int, repeating: frozenset[str]
) -> None:
    limits, floor = PairLimits(most_pairs=most_pairs, repeating=repeating), -30_000_000
    every, place = features(history)
    known: dict[Key, int] = {}  # where its row stands
    kept = PAIRS.empty_table()
    for number, batch in enumerate(history):
        before = every.take(pa.array([known[key] for key in batch if key in known], pa.int64()))
        known |= {key: place[*key, str(number)] for key in batch}
        known = {key: at for key, at in known.items() if not every["deleted"][at].as_py()}
        match_features = every.take(pa.array(sorted(known.values()), pa.int64()))
        found = pairs_of(match_features, limits, batch, before, floor)
        to_match = {(row["source"], row["key"]) for row in found.to_match.to_pylist()} | set(batch)
        stays = [not to_match & set(pair) for pair in ends(kept)]
        kept = pa.concat_tables([kept.filter(pa.array(stays, pa.bool_())), found.pairs.cast(PAIRS)])
    rebuilt = pairs_of(match_features, limits, floor=floor).pairs.cast(PAIRS)
    assert sorted(kept.to_pylist(), key=str) == sorted(rebuilt.to_pylist(), key=str)
