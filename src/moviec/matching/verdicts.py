"""Verdicts on pairs of records as settling takes them: which of them hold where they contradict each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.matching.score import Integers

#: One verdict on two records, in either order: they are the same film, or not. Rows stand oldest first.
_DECISIONS: list[tuple[str, pa.DataType]] = [
    ("left_source", pa.string()),
    ("left_key", pa.string()),
    ("right_source", pa.string()),
    ("right_key", pa.string()),
    ("same", pa.bool_()),
]
DECISIONS = pa.schema(_DECISIONS)


def adopt(left: Integers, right: Integers, same: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Say which verdicts hold (records by number, oldest first): of those that contradict, the later ones.

    A verdict may contradict several others together: A is B, B is C, A is not C.
    """
    label: dict[int, int] = {int(record): int(record) for record in np.append(left, right)}
    groups = {record: [record] for record in label}
    apart: dict[int, set[int]] = {record: set() for record in label}  # labels that this one must not join
    holds = np.zeros(len(left), dtype=np.bool_)
    for at in range(len(left) - 1, -1, -1):
        one, other = sorted((label[int(left[at])], label[int(right[at])]))
        holds[at] = other not in apart[one] if same[at] else one != other
        if not holds[at] or one == other:
            continue
        if not same[at]:
            apart[one].add(other)
            apart[other].add(one)
            continue
        for record in groups[other]:
            label[record] = one
        groups[one] += groups.pop(other)
        for third in apart.pop(other):
            apart[third].discard(other)
            apart[third].add(one)
            apart[one].add(third)
    return holds
