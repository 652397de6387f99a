"""Texts joined group by group in a given order: what SQL's ordered aggregates do, at a tenth of their time.

DuckDB sorts every group of an ordered aggregate on its own; with millions of groups of a few rows each, sorting all rows
once and cutting them where the keys change is ten times as fast.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from moviec.engine import Engine
from moviec.text import Column, pc


def join_in_order(engine: Engine, name: str, items: str, keys: str, order: str = "") -> None:
    """Make `name` (the keys, items): the texts `item` of a group with commas between them.

    `items` is a table with the keys, `item` (never NULL) and the columns in `order`, by which a group is put in order.
    """
    rows = engine.query(f"SELECT {keys}, item FROM {items} ORDER BY {keys}{order and ', '}{order}")
    engine.table(name, _joined(rows, keys.split(", ")))


def _joined(rows: pa.Table, keys: list[str]) -> pa.Table:
    """Join the items of rows whose keys are the same and which stand together."""
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
    items: Column = pc.binary_join(lists, ",")
    return rows.select(keys).take(pa.array(starts, pa.int64())).append_column("items", items)
