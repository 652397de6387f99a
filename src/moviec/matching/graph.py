"""Which pairs are chosen: one-to-one between two duplicate-free lists, or by clusters over many sources.

A cluster is returned as a label per record: the lowest record number in it.
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


class Rules(msgspec.Struct, frozen=True):
    """`certain` pairs are joined whatever contradicts them; `unseen` is the weight of a pair without an edge."""

    certain: Sequence[tuple[int, int]] = ()
    unseen: int = 0


def one_to_one(left: Integers, right: Integers, weight: Integers) -> npt.NDArray[np.bool_]:
    """Choose pairs so that no record is in two, by repeatedly taking those that are the best of both their records.

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
    """Return for each record the lowest number among the records it is connected with."""
    label = np.arange(edges.records, dtype=np.int64)
    while True:
        before = label.copy()
        lowest = np.minimum(label[edges.left], label[edges.right])
        np.minimum.at(label, edges.left, lowest)
        np.minimum.at(label, edges.right, lowest)
        label = label[label]
        if np.array_equal(label, before):
            return label


def clusters(edges: Edges, marks: pa.Table, rules: Rules) -> Integers:
    """Cluster records so that no cluster holds two values of one mark, leaving out the weakest edges first.

    `marks` (record, space, value): values of which a film has only one, such as its key at a duplicate-free source or
    its id in an id space. Records are joined along edges of a weight above zero; the others count against a cluster
    that would hold both ends. Components without a conflict stay whole; the others grow from their surest edges, two
    clusters joining where the mean weight of the pairs between them is not below zero.
    """
    joins = edges.weight > 0
    label = connected(_with(edges, joins, rules.certain))
    records = marks["record"].to_numpy().astype(np.int64)
    spaces, values = (
        pc.dictionary_encode(marks[name].combine_chunks()).indices.to_numpy() for name in ("space", "value")
    )
    torn = _torn(edges, label, np.column_stack([records, spaces, values]), rules)
    if not len(torn):
        return label
    members = np.flatnonzero(np.isin(label, torn))
    inside = np.isin(label[edges.left], torn) & (label[edges.left] == label[edges.right])
    inside &= edges.left != edges.right
    certain = [pair for pair in rules.certain if label[pair[0]] in torn]
    label[members] = members
    groups = {int(member): _Group([int(member)], {}, {}) for member in members}
    for at in np.flatnonzero(np.isin(records, members)):
        groups[int(records[at])].marks.setdefault(int(spaces[at]), set()).add(int(values[at]))
    for left, right, weight in _rows(edges, inside):
        for one, other in ((left, right), (right, left)):
            groups[one].bonds[other] = weight - rules.unseen
    for pair in certain:
        _join(label, groups, pair, None)
    for left, right, _ in _rows(edges, inside & joins):
        _join(label, groups, (left, right), rules.unseen)
    return label


def _with(edges: Edges, joins: npt.NDArray[np.bool_], certain: Sequence[tuple[int, int]]) -> Edges:
    added = np.array(certain, dtype=np.int64).reshape(-1, 2)
    left = np.concatenate([edges.left[joins], added[:, 0]])
    return Edges(edges.records, left, np.concatenate([edges.right[joins], added[:, 1]]), edges.weight[joins])


def _torn(edges: Edges, label: Integers, marks: Integers, rules: Rules) -> Integers:
    """Return the components that hold two values of a mark, or a pair that is not certainly one film."""
    records, spaces, values = marks.T
    several, kinds = int(values.max(initial=0)) + 1, int(spaces.max(initial=0)) + 1
    crowded = (np.bincount(label, minlength=edges.records) > 1)[label[records]]
    # Sorted here: of six million numbers NumPy's `unique` takes 9 s, this 0.1.
    codes = np.sort(((label[records] * kinds + spaces) * several + values)[crowded])
    held = codes[np.diff(codes, prepend=-1) != 0] // several
    torn = [held[1:][held[1:] == held[:-1]] // kinds]
    if rules.unseen < 0:
        inside = label[edges.left] == label[edges.right]
        weight = np.bincount(label[edges.left[inside]], edges.weight[inside] > 0, minlength=edges.records)
        sizes = np.bincount(label, minlength=edges.records)
        torn.append(np.flatnonzero(weight < sizes * (sizes - 1) // 2))
    return np.unique(np.concatenate(torn))


def _rows(edges: Edges, chosen: npt.NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return the chosen edges as left, right, weight, surest first."""
    left, right, weight = edges.left[chosen], edges.right[chosen], edges.weight[chosen]
    order = np.lexsort((right, left, -weight))
    return list(zip(left[order].tolist(), right[order].tolist(), weight[order].tolist(), strict=True))


class _Group(msgspec.Struct, frozen=True):
    """A growing cluster: its records, the values it has of each mark, and for each neighbour the sum of how much more
    the pairs between them weigh than unseen ones.
    """

    records: list[int]
    marks: dict[int, set[int]]
    bonds: dict[int, int]

    def contradicts(self, other: _Group) -> bool:
        return any(values.isdisjoint(other.marks.get(space, values)) for space, values in self.marks.items())


def _join(label: Integers, groups: dict[int, _Group], pair: tuple[int, int], unseen: int | None) -> None:
    """Join the clusters of a pair, unless they contradict or do not fit each other; `unseen` None: join regardless."""
    one, other = sorted((int(label[pair[0]]), int(label[pair[1]])))
    if one == other:
        return
    stays, goes = groups[one], groups[other]
    if unseen is not None:
        fit = stays.bonds.get(other, 0) + unseen * len(stays.records) * len(goes.records)
        if fit < 0 or stays.contradicts(goes):
            return
    del groups[other]
    for space, values in goes.marks.items():
        stays.marks.setdefault(space, set()).update(values)
    for third, bond in goes.bonds.items():
        if third != one:
            stays.bonds[third] = stays.bonds.get(third, 0) + bond
            groups[third].bonds[one] = stays.bonds[third]
            del groups[third].bonds[other]
    stays.bonds.pop(other, None)
    stays.records.extend(goes.records)
    label[goes.records] = one
