"""Settling: which records become one film, what people's verdicts do, and that components are independent."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.matching.candidate_pairs import PAIRS
from moviec.matching.clustering import MEMBERS, SETTLED_PAIRS, Settled, settle
from moviec.matching.decisions import DECISIONS
from tests.examples import some
from tests.matching.catalogue import MODEL, Key, clusters_of, record, settled

Graph = tuple[pa.Table, pa.Table, pa.Table]

A1, A2, B1, B2, C1 = ("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("c", "1")


def bands(result: Settled) -> dict[tuple[Key, Key], str]:
    return {
        ((row["left_source"], row["left_key"]), (row["right_source"], row["right_key"])): row["band"]
        for row in result.pairs.to_pylist()
    }


def methods(result: Settled) -> dict[Key, str]:
    return {(row["source"], row["key"]): row["method"] for row in result.members.to_pylist()}


def kagemusha(source: str, key: str = "1", **fields: Any) -> dict[str, Any]:
    return record(source, key, "Kagemusha", **{"year": 1980, **fields})


def test_records_of_three_sources_become_one_film() -> None:
    result = settled(*(kagemusha(source) for source in "abc"), record("a", "2", "Ran", year=1985))
    assert clusters_of(result) == {frozenset({A1, B1, C1}), frozenset({A2})}
    assert set(bands(result).values()) == {"accept"}
    assert methods(result) == {A1: "match", B1: "match", C1: "match", A2: "alone"}
    assert result.pairs.schema.equals(SETTLED_PAIRS) and result.members.schema.equals(MEMBERS)
    probability = {
        row["key"]: row["probability"] for row in result.members.to_pylist() if row["source"] == "a"
    }
    assert probability["1"] > 900_000 and probability["2"] is None


def with_votes(votes: int, **fields: Any) -> dict[str, Any]:
    rating = {"rater": "a", "panel": "audience", "value": 6.0, "votes": votes}
    return {**kagemusha("a", **fields), "ratings": [rating]}


def test_of_two_films_that_fit_alike_the_far_better_known_is_meant() -> None:
    listed = kagemusha("b")
    fit = clusters_of(settled(listed, with_votes(90_000), with_votes(20, key="2")))
    assert fit == {frozenset({A1, B1}), frozenset({A2})}
    undecided = clusters_of(settled(listed, with_votes(90), with_votes(60, key="2")))
    assert undecided == {frozenset({A1}), frozenset({A2}), frozenset({B1})}


def test_fame_is_less_than_what_a_record_says() -> None:
    directed = kagemusha("b", directors=["Akira Kurosawa"])
    rivals = (with_votes(90_000), with_votes(20, key="2", directors=["Akira Kurosawa"]))
    assert clusters_of(settled(directed, *rivals)) == {frozenset({A1}), frozenset({A2, B1})}
    alone = settled(kagemusha("b"), with_votes(20)).pairs["probability"].to_pylist()
    assert alone == settled(kagemusha("b"), with_votes(90_000)).pairs["probability"].to_pylist()


def test_no_records_settle_to_none() -> None:
    records = pa.table({"source": pa.array([], pa.string()), "key": pa.array([], pa.string()),
                        "ids": pa.array([], pa.map_(pa.string(), pa.string())), "votes": pa.array([], pa.int64())})  # fmt: skip
    result = settle(records, PAIRS.empty_table(), DECISIONS.empty_table(), MODEL)
    assert result.pairs.num_rows == result.members.num_rows == 0


def test_a_film_has_one_record_in_a_duplicate_free_source_and_two_where_it_may_repeat() -> None:
    cast = ["Tatsuya Nakadai", "Ken Uehara"]
    films = [kagemusha("a"), kagemusha("b", cast=cast), kagemusha("b", "2", year=1981, cast=cast)]
    assert clusters_of(settled(*films)) == {frozenset({A1, B1}), frozenset({B2})}
    twice = settled(*films, repeating=frozenset({"b"}))
    assert clusters_of(twice) == {frozenset({A1, B1, B2})}
    namesake = kagemusha("b", "2", year=1981, cast=["Bo Ek", "Ann Lee"])
    others = settled(*films[:2], namesake, repeating=frozenset({"b"}))
    assert clusters_of(others) == {frozenset({A1, B1}), frozenset({B2})}


@pytest.mark.parametrize(
    ("ids", "alike", "films"),
    [
        (["tt1", "", "tt2"], ["12", "23"], {"12", "3"}),
        (["tt1", "", "tt2", "tt1", "tt2"], ["14", "35", "12", "23"], {"124", "35"}),
        (["1", "2"], ["12"], {"12"}),  # their keys at the source
        (["tt1 7", "tt1 8"], ["12"], {"12"}),
        (["tt1 7", "tt1 8", "tt3 8"], ["12", "23"], {"123"}),
    ],
)
def test_twins_have_other_ids_only_where_these_are_their_keys_or_one_is_shared(
    ids: list[str], alike: list[str], films: set[str]
) -> None:
    """A record without ids between two of other ids makes them no more one film than without it."""
    keys = [("c", str(number)) for number in range(1, len(ids) + 1)]
    weights = {(("c", pair[0]), ("c", pair[1])): 9 - place for place, pair in enumerate(alike)}
    records, pairs, decisions = graph_of(keys, weights)
    known = [list(zip(("imdb", "tmdb"), said.split(), strict=False)) for said in ids]
    records = records.set_column(2, "ids", pa.array(known, pa.map_(pa.string(), pa.string())))
    result = settle(records, pairs, decisions, MODEL, REPEATING)
    assert {"".join(sorted(key for _, key in film)) for film in clusters_of(result)} == films


def test_two_records_that_fit_equally_well_go_to_review() -> None:
    result = settled(kagemusha("a"), kagemusha("b"), kagemusha("b", "2"))
    assert bands(result) == {(A1, B1): "review", (A1, B2): "review"}
    assert len(clusters_of(result)) == 3


def test_an_id_that_only_the_titles_speak_against_holds_and_one_that_all_speaks_against_does_not() -> None:
    french = record("a", "1", "Au revoir les enfants", year=1987, ids={"imdb": "tt0092593"})
    english = {"ids": {"imdb": "tt0092593"}, "directors": ["Louis Malle"], "runtime": 104}
    assert clusters_of(settled(french, record("b", "1", "Goodbye, Children", year=1987, **english))) == {
        frozenset({A1, B1})
    }
    planted = [
        record("b", "1", "Goodbye, Children", year=1993, **english),
        record("b", "1", "The Firm", year=1987, **english),
    ]
    known = {"cast": ["Gaspard Manesse", "Raphael Fejtö"], "directors": ["Luc Besson"]}
    for other, more in zip(planted, ({}, known), strict=True):
        result = settled({**french, "people": record("a", "1", "x", **more)["people"]}, other)
        assert clusters_of(result) == {frozenset({A1}), frozenset({B1})}
        assert set(bands(result).values()) == {"review"}


def test_shared_ids_say_how_a_record_was_matched_and_contradicting_ids_part_films() -> None:
    same = settled(kagemusha("a", ids={"imdb": "tt1"}), kagemusha("b", ids={"imdb": "tt1"}))
    assert clusters_of(same) == {frozenset({A1, B1})} and set(methods(same).values()) == {"id"}
    others = settled(
        kagemusha("a", ids={"imdb": "tt1"}), kagemusha("b"), kagemusha("c", ids={"imdb": "tt2"}, year=1981)
    )
    assert clusters_of(others) == {frozenset({A1, B1}), frozenset({C1})}
    assert bands(others)[A1, C1] == "review"


def test_a_wrong_shared_id_goes_to_review_and_joins_nothing() -> None:
    heat = [record(source, "1", "Heat", year=1995, directors=["Michael Mann"]) for source in "ab"]
    wrong = record("c", "1", "Jumanji", year=1969, directors=["Joe Johnston"], ids={"imdb": "tt1"})
    result = settled({**heat[0], "ids": [("imdb", "tt1")]}, heat[1], wrong)
    assert clusters_of(result) == {frozenset({A1, B1}), frozenset({C1})}
    assert bands(result)[A1, C1] == "review"


def test_same_joins_what_nothing_else_would() -> None:
    films = [kagemusha("a", ids={"imdb": "tt1"}), record("a", "2", "Ran", year=1985, ids={"imdb": "tt2"})]
    result = settled(*films, decisions=[(A2, A1, True)])
    assert clusters_of(result) == {frozenset({A1, A2})}
    assert set(methods(result).values()) == {"decision"}


def test_same_beats_a_better_match_in_the_same_source() -> None:
    films = [kagemusha("a"), kagemusha("b"), record("b", "2", "The Shadow Warrior", year=1980)]
    result = settled(*films, decisions=[(A1, B2, True)])
    assert clusters_of(result) == {frozenset({A1, B2}), frozenset({B1})}


def test_not_same_keeps_apart_also_what_a_third_would_join() -> None:
    films = [kagemusha("a"), kagemusha("b"), kagemusha("c")]
    apart = settled(*films, decisions=[(A1, C1, False)])
    assert not any({A1, C1} <= cluster for cluster in clusters_of(apart))
    assert bands(apart)[A1, C1] == "reject"
    also = settled(*films, decisions=[(A1, B1, True), (B1, C1, True), (A1, C1, False)])
    assert not any({A1, C1} <= cluster for cluster in clusters_of(also))
    assert also.overruled.to_pylist() == [dict(zip(DECISIONS.names, (*A1, *B1, True), strict=True))]


@pytest.mark.parametrize("last", [True, False])
def test_of_two_verdicts_on_one_pair_the_later_holds_and_the_earlier_is_reported(last: bool) -> None:
    result = settled(kagemusha("a"), kagemusha("b"), decisions=[(A1, B1, not last), (B1, A1, last)])
    assert clusters_of(result) == ({frozenset({A1, B1})} if last else {frozenset({A1}), frozenset({B1})})
    assert result.overruled["same"].to_pylist() == [not last]


def test_what_speaks_against_a_cluster_counts_not_only_what_links_it() -> None:
    def joined(against: int) -> bool:
        weights = {(A1, B1): 12, (B1, C1): 3, (A1, C1): against}
        result = settle(*graph_of([A1, B1, C1], weights), MODEL)
        return frozenset({A1, B1, C1}) in clusters_of(result)

    assert joined(against=2) and not joined(against=-9)


def graph_of(keys: list[Key], weights: dict[tuple[Key, Key], int]) -> Graph:
    """Make records without ids and pairs of given weights, in bits, with no decisions."""
    records = {"source": [source for source, _ in keys], "key": [key for _, key in keys]}
    ids = pa.array([[]] * len(keys), pa.map_(pa.string(), pa.string()))
    pairs = [
        dict(zip(PAIRS.names, (*one, *other, weight * 1_000_000, None, False, "[]"), strict=True))
        for (one, other), weight in weights.items()
    ]
    return (
        pa.table({**records, "ids": ids, "votes": pa.nulls(len(keys), pa.int64())}),
        pa.Table.from_pylist(pairs, schema=PAIRS),
        DECISIONS.empty_table(),
    )


REPEATING = frozenset({"c", "c2"})
KEYS = [(source, key) for source in "abc" for key in "123"]
VOTES = st.none() | st.integers(0, 3_000_000)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Records, pairs and decisions as they may come, however unlikely."""
    ends = st.lists(st.sampled_from(KEYS), min_size=2, max_size=2, unique=True).map(sorted)
    rows = draw(st.lists(st.tuples(ends, st.integers(-9, 15), st.sampled_from([None, "other ids"]), st.booleans()), max_size=15,
                         unique_by=lambda row: tuple(row[0])))  # fmt: skip
    pairs = [
        dict(zip(PAIRS.names, (*one, *other, weight * 1_000_000, odd, shared, "[]"), strict=True))
        for (one, other), weight, odd, shared in rows
        if one[0] != other[0] or one[0] == "c"
    ]
    said = draw(st.lists(st.tuples(ends, st.booleans()), max_size=4))
    decisions = [dict(zip(DECISIONS.names, (*one, *other, same), strict=True)) for (one, other), same in said]
    ids = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["tt1", "tt2"]), max_size=5))
    records = {
        "source": [source for source, _ in KEYS],
        "key": [key for _, key in KEYS],
        "ids": pa.array([[("imdb", ids[key])] if key in ids else [] for key in KEYS], pa.map_(pa.string(), pa.string())),
        "votes": pa.array(draw(st.lists(VOTES, min_size=len(KEYS), max_size=len(KEYS))), pa.int64()),
    }  # fmt: skip
    return (
        pa.table(records),
        pa.Table.from_pylist(pairs, schema=PAIRS),
        pa.Table.from_pylist(decisions, schema=DECISIONS),
    )


def renamed(table: pa.Table) -> pa.Table:
    """Give the same rows with sources of other names, in the same order among themselves."""
    for name in ("source", "left_source", "right_source"):
        if name in table.column_names:
            values = pa.array([f"{value}2" for value in table[name].to_pylist()], pa.string())
            table = table.set_column(table.column_names.index(name), name, values)
    return table


@settings(max_examples=some(60), deadline=None)
@given(graphs(), graphs())
def test_components_come_out_the_same_together_and_apart(one: Graph, other: Graph) -> None:
    other = (renamed(other[0]), renamed(other[1]), renamed(other[2]))
    records, pairs, decisions = (pa.concat_tables(both) for both in zip(one, other, strict=True))
    together = settle(records, pairs, decisions, MODEL, REPEATING)
    apart = [settle(*part, MODEL, REPEATING) for part in (one, other)]
    assert clusters_of(together) == clusters_of(apart[0]) | clusters_of(apart[1])
    rows = [row for part in apart for row in part.pairs.to_pylist()]
    assert sorted(together.pairs.to_pylist(), key=str) == sorted(rows, key=str)


@settings(max_examples=some(60), deadline=None)
@given(graphs())
def test_no_cluster_breaks_a_rule_that_no_verdict_broke(graph: Graph) -> None:
    records, pairs, decisions = graph
    result = settle(records, pairs, decisions, MODEL, REPEATING)
    ids = {(row["source"], row["key"]): dict(row["ids"]) for row in records.to_pylist()}
    overruled = result.overruled.to_pylist()
    verdicts = [row for row in decisions.to_pylist() if row not in overruled]
    cluster = {key: members for members in clusters_of(result) for key in members}
    for row in verdicts:
        together = (
            cluster[row["left_source"], row["left_key"]] == cluster[row["right_source"], row["right_key"]]
        )
        assert together == row["same"]
    decided = {key for row in verdicts if row["same"]
               for key in ((row["left_source"], row["left_key"]), (row["right_source"], row["right_key"]))}  # fmt: skip
    for members in set(cluster.values()):
        if not members & decided:
            once = [source for source, _ in members if source not in REPEATING]
            assert len(set(once)) == len(once)
            assert len({ids[key]["imdb"] for key in members if ids[key]}) <= 1
    for (left, right), band in bands(result).items():
        assert band != "accept" or cluster[left] == cluster[right]
