"""Which pairs stand: one-to-one between two duplicate-free lists, and clusters over many sources.

Hands on, per record, the number of its cluster: the lowest record number in it.
"""

from __future__ import annotations

from collections.abc import Sequence

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


def clusters(edges: Edges, marks: pa.Table, certain: Sequence[tuple[int, int]] = ()) -> Integers:
    """Cluster records so that no cluster holds two values of one mark, leaving out the weakest edges first.

    `marks` (record, space, value): what a film has one of, such as its key at a duplicate-free source or its id in
    an id space. `certain` pairs are joined whatever their marks. Components without a contradiction stay whole;
    the others grow from their surest edges.
    """
    label = connected(_with(edges, certain))
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
    certain = [pair for pair in certain if label[pair[0]] in torn]
    members = np.flatnonzero(np.isin(label, torn))
    label[members] = members
    groups = {int(member): _Group({}, [int(member)]) for member in members}
    for at in np.flatnonzero(np.isin(records, members)):
        groups[int(records[at])].marks.setdefault(int(spaces[at]), set()).add(int(values[at]))
    for pair in certain:
        _join(label, groups, pair, whatever=True)
    for pair in _surest_first(edges, inside):
        _join(label, groups, pair, whatever=False)
    return label


class _Group(msgspec.Struct, frozen=True):
    """A cluster as it grows: the values it has of each mark, and its records."""

    marks: dict[int, set[int]]
    records: list[int]

    def contradicts(self, other: _Group) -> bool:
        return any(values.isdisjoint(other.marks.get(space, values)) for space, values in self.marks.items())


def _with(edges: Edges, certain: Sequence[tuple[int, int]]) -> Edges:
    added = np.array(certain, dtype=np.int64).reshape(-1, 2)
    left, right = (np.concatenate([ends, added[:, at]]) for at, ends in enumerate((edges.left, edges.right)))
    return Edges(edges.records, left, right, edges.weight)


def _surest_first(edges: Edges, inside: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    left, right, weight = edges.left[inside], edges.right[inside], edges.weight[inside]
    order = np.lexsort((right, left, -weight))
    return list(zip(left[order].tolist(), right[order].tolist(), strict=True))


def _join(label: Integers, groups: dict[int, _Group], pair: tuple[int, int], whatever: bool) -> None:
    """Make one cluster of those of a pair, where they do not contradict or `whatever` they say."""
    one, other = sorted((int(label[pair[0]]), int(label[pair[1]])))
    if one == other or (not whatever and groups[one].contradicts(groups[other])):
        return
    joined = groups.pop(other)
    for space, values in joined.marks.items():
        groups[one].marks.setdefault(space, set()).update(values)
    groups[one].records.extend(joined.records)
    label[joined.records] = one
