"""Texts joined group by group in a given order: what SQL's ordered aggregates do, at a tenth of their time.

DuckDB sorts every group of an ordered aggregate on its own; with millions of groups of a few rows each, sorting all rows
once and cutting them where the keys change is ten times as fast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moviec.engine import Engine
from moviec.fuse.statements import statement


def join_in_order(
    engine: Engine, file: str, name: str, keys: Sequence[str], parts: Mapping[str, str] | None = None
) -> None:
    """Make `name` (the keys, items) from the statement of that name in `file`.

    The statement gives the keys and `item`, a text that is never NULL, in the order of the keys; `items` are a group's
    texts with commas between them.
    """
    rows = engine.query(statement(file, name, parts))
    engine.table(name, joined(rows, keys))


def joined(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Join the column `item` of rows whose keys are the same and which stand together."""
    count = rows.num_rows
    begins = np.ones(count, dtype=bool)
    if count > 1:
        begins[1:] = False
        for key in keys:
            column = rows.column(key).combine_chunks()
            other = pc.not_equal(column.slice(1), column.slice(0, count - 1))
            begins[1:] |= other.to_numpy(zero_copy_only=False)
    starts = np.flatnonzero(begins)
    cuts = pa.array(np.append(starts, count), pa.int64())
    lists = pa.LargeListArray.from_arrays(cuts, rows.column("item").combine_chunks())
    return rows.select(list(keys)).take(pa.array(starts)).append_column("items", pc.binary_join(lists, ","))
