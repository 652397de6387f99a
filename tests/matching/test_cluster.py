"""Pairs that stand: one-to-one, and clusters that hold no contradiction."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from moviec.matching.graph import Edges, Rules, clusters, connected, one_to_one

PAIR = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5))


def edges(records: int, *pairs: tuple[int, int, int]) -> Edges:
    left, right, weight = (np.array([pair[at] for pair in pairs], dtype=np.int64) for at in range(3))
    return Edges(records, left, right, weight)


def marks(*rows: tuple[int, str, str]) -> pa.Table:
    names = ("record", "space", "value")
    columns = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    types = {"record": pa.int64(), "space": pa.string(), "value": pa.string()}
    return pa.table({name: pa.array(values, types[name]) for name, values in columns.items()})


@given(st.lists(PAIR, max_size=30, unique_by=lambda pair: pair[:2]))
def test_one_to_one_is_greedy_by_weight(pairs: list[tuple[int, int, int]]) -> None:
    some = edges(0, *pairs)
    chosen = one_to_one(some.left, some.right, some.weight)
    taken: set[tuple[int, int]] = set()
    for left, right, _ in sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1])):
        if all(left != one and right != other for one, other in taken):
            taken.add((left, right))
    assert {pair[:2] for pair, keep in zip(pairs, chosen, strict=True) if keep} == taken


@given(st.lists(PAIR, max_size=20))
def test_connected_records_share_the_lowest_number(pairs: list[tuple[int, int, int]]) -> None:
    label = connected(edges(10, *pairs))
    expected = list(range(10))
    for _ in range(10):
        for left, right, _ in pairs:
            expected[left] = expected[right] = min(expected[left], expected[right])
    assert label.tolist() == expected


def test_contradicting_ids_split_a_cluster_at_its_weakest_link() -> None:
    chain = edges(4, (0, 1, 9), (1, 2, 3), (2, 3, 8))
    ids = marks((0, "imdb", "tt1"), (3, "imdb", "tt2"))
    assert clusters(chain, ids, Rules()).tolist() == [0, 0, 2, 2]
    assert clusters(chain, marks((0, "imdb", "tt1"), (3, "imdb", "tt1")), Rules()).tolist() == [0, 0, 0, 0]


@given(st.lists(PAIR, max_size=30), st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ab"), st.sampled_from("xyz")), max_size=12, unique_by=lambda row: row[:2]))  # fmt: skip
def test_no_cluster_contradicts_itself_and_no_edge_is_dropped_without_reason(
    pairs: list[tuple[int, int, int]], rows: list[tuple[int, str, str]]
) -> None:
    label = clusters(edges(10, *pairs), marks(*rows), Rules())
    values: dict[tuple[int, str], set[str]] = defaultdict(set)
    for record, space, value in rows:
        values[int(label[record]), space].add(value)
    assert all(len(found) == 1 for found in values.values())
    for left, right, _ in pairs:
        joined = [
            values.get((int(label[left]), space), set()) | values.get((int(label[right]), space), set())
            for space in "ab"
        ]
        assert label[left] == label[right] or any(len(found) > 1 for found in joined)
