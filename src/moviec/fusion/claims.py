"""Why every field of a movie is as it is: who claims what, with which weight, and what was chosen, as JSON texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from moviec.engine import Engine
from moviec.sql import materialize, read_sql, run, view
from moviec.text import Column, pc

_CLAIMS_SQL = read_sql("moviec.fusion", "claims.sql")
_TYPED = (materialize("claim_typed"),)
_WHOLE = (
    view("claim_dates"),
    view("movie_claims"),
)


#: View of items, the table their texts are joined into, by which keys, in which order.
_JOINED = (
    ("claim_items", "claim_lists", "movie, place", "lightness, source, given"),
    ("claim_union_items", "claim_unions", "movie, place", "doubt, given"),
    ("claim_field_items", "claim_fields", "movie", "place"),
    ("claim_label_items", "claim_labels", "movie, source", "item"),
    ("claim_labelled_items", "claim_labelled", "movie", "source"),
    ("claim_chance_items", "claim_chances", "movie", "position"),
    ("claim_name_items", "claim_names", "movie, field, source", "billing"),
    ("claim_named_items", "claim_named", "movie, field", "source"),
    ("claim_union_fields", "claim_name_fields", "movie", "field DESC"),
)

#: Views that the items read.
_BEFORE = {"claim_union_items": (view("claim_fused"),), "claim_field_items": (view("claim_values"),)}


def claims(engine: Engine, numbers: Sequence[str]) -> pa.Table:
    """Return movie, claims (JSON text) in order of movie, from what fusing has made; `numbers` are fields with numbers."""
    listed = ", ".join(f"'{name}'" for name in numbers)
    run(engine, _CLAIMS_SQL, _TYPED, {"numbers": listed})
    for items, joined, keys, order in _JOINED:
        run(engine, _CLAIMS_SQL, (*_BEFORE.get(items, ()), view(items)))
        join_in_order(engine, joined, items, keys, order)
    run(engine, _CLAIMS_SQL, _WHOLE)
    return engine.query("SELECT * FROM movie_claims ORDER BY movie")


def join_in_order(engine: Engine, name: str, items: str, keys: str, order: str = "") -> None:
    """Make `name` (the keys, items): the texts `item` of a group with commas between them.

    `items` is a table with the keys, `item` (never NULL) and the columns in `order`, by which a group is put in order.
    """
    rows = engine.query(f"SELECT {keys}, item FROM {items} ORDER BY {keys}{order and ', '}{order}")
    engine.register(name, _joined(rows, keys.split(", ")))


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
