"""Which pairs stand: one-to-one between two duplicate-free lists, and clusters over many sources.

Hands on, per record, the number of its cluster: the lowest record number in it.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.text import pc

Integers = npt.NDArray[np.int64]


class Edges(msgspec.Struct, frozen=True):
    """Matches between records 0 to `records` - 1: both ends and a weight, higher is surer."""

    records: int
    left: Integers
    right: Integers
    weight: Integers


def one_to_one(left: Integers, right: Integers, weight: Integers) -> npt.NDArray[np.bool_]:
    """Choose pairs so that no record is in two: again and again those that are the best of both their records.

    Ties go to the lower left number, then the lower right one. The same as taking pairs greedily by weight.
    """
    order = np.lexsort((right, left, -weight))
    chosen = np.zeros(len(order), dtype=np.bool_)
    while len(order):
        first_left = np.zeros(len(order), dtype=np.bool_)
        first_right = np.zeros(len(order), dtype=np.bool_)
        first_left[np.unique(left[order], return_index=True)[1]] = True
        first_right[np.unique(right[order], return_index=True)[1]] = True
        best = order[first_left & first_right]
        chosen[best] = True
        order = order[~(np.isin(left[order], left[best]) | np.isin(right[order], right[best]))]
    return chosen


def connected(edges: Edges) -> Integers:
    """Give each record the lowest record number that it is connected with."""
    label = np.arange(edges.records, dtype=np.int64)
    while True:
        before = label.copy()
        lowest = np.minimum(label[edges.left], label[edges.right])
        np.minimum.at(label, edges.left, lowest)
        np.minimum.at(label, edges.right, lowest)
        label = label[label]
        if np.array_equal(label, before):
            return label


def clusters(edges: Edges, marks: pa.Table) -> Integers:
    """Cluster records so that no cluster holds two values of one mark, leaving out the weakest edges first.

    `marks` (record, space, value): what a film has one of, such as its key at a duplicate-free source or its id in
    an id space. Components without a contradiction stay whole; the others grow from their surest edges.
    """
    label = connected(edges)
    spaces, values = (
        pc.dictionary_encode(marks[name].combine_chunks()).indices.to_numpy() for name in ("space", "value")
    )
    records = marks["record"].to_numpy().astype(np.int64)
    distinct = np.unique(np.column_stack([label[records], spaces, values]), axis=0)
    seen, times = np.unique(distinct[:, :2], axis=0, return_counts=True)
    torn = np.unique(seen[times > 1, 0])
    if not len(torn):
        return label
    inside = np.isin(label[edges.left], torn)
    members = np.flatnonzero(np.isin(label, torn))
    label[members] = members
    owned: dict[int, dict[int, int]] = {int(member): {} for member in members}
    for at in np.flatnonzero(np.isin(records, members)):
        owned[int(records[at])][int(spaces[at])] = int(values[at])
    _grow(label, owned, _surest_first(edges, inside))
    return label


def _surest_first(edges: Edges, inside: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    left, right, weight = edges.left[inside], edges.right[inside], edges.weight[inside]
    order = np.lexsort((right, left, -weight))
    return list(zip(left[order].tolist(), right[order].tolist(), strict=True))


def _grow(label: Integers, owned: dict[int, dict[int, int]], edges: list[tuple[int, int]]) -> None:
    """Join along the edges, in their order, what does not contradict; changes `label`."""
    groups = {record: [record] for record in owned}
    for left, right in edges:
        one, other = sorted((int(label[left]), int(label[right])))
        marks, others = owned[one], owned[other]
        if one == other or any(others.get(space, value) != value for space, value in marks.items()):
            continue
        owned[one] = marks | others
        groups[one] += groups.pop(other)
        label[groups[one]] = one
