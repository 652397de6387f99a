"""Which pairs stand: one-to-one between two duplicate-free lists, and clusters over many sources."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


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
