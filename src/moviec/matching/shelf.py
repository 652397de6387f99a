"""The shelf: what matching needs of each record, folded once when the record arrives. Hands on SHELF rows.

A row depends on its record, on the words of the pinned model and on how words are folded alone, so a shelf file lasts as
long as these.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from moviec.engine import Batches, DuckEngine
from moviec.matching.candidates import sections
from moviec.matching.features import FROM_RECORDS, Prepared, prepare
from moviec.matching.model import Model
from moviec.text import Column, pc

#: The blocking rules, in order of name; `blocks` holds their places in this list.
RULES = ("id", "person and year", "start and year", "title", "title and year", "word", "word and year")
ID_RULE = RULES.index("id")

#: One way a film is titled. `head` and `tail`: before and after a colon or dash. `article`: the one that opens it,
#: which the others lack. `bits`: what its words tell, in thousandths of a bit.
FORM = pa.struct(
    [
        ("title", pa.string()),
        ("squeezed", pa.string()),
        ("head", pa.string()),
        ("tail", pa.string()),
        ("digits", pa.string()),
        ("article", pa.string()),
        ("bits", pa.int32()),
    ]
)
NAME = pa.struct([("role", pa.string()), ("name", pa.string())])  # directors | cast
BLOCK = pa.struct([("rule", pa.int8()), ("block", pa.int64())])

#: One row per record, all words folded. Of a tombstone only the first four columns are known.
_SHELF: list[tuple[str, pa.DataType]] = [
    ("source", pa.string()),
    ("key", pa.string()),
    ("delivery", pa.string()),
    ("deleted", pa.bool_()),
    ("year", pa.int32()),
    ("runtime", pa.int32()),  # minutes
    ("kind", pa.string()),
    ("forms", pa.list_(FORM)),
    ("names", pa.list_(NAME)),
    ("genres", pa.list_(pa.string())),
    ("ids", pa.map_(pa.string(), pa.string())),
    ("blocks", pa.list_(BLOCK)),
]
SHELF = pa.schema(_SHELF)

#: Rises when folding changes, so that files of another folding are made anew.
FOLDING = 3

#: Records folded at once: enough to be quick, few enough that memory stays flat.
CHUNK = 20_000

_NEEDED = ("source", "key", "delivery", "deleted", "title", "original_title", "other_titles", "year", "released",
           "runtime", "kind", "people", "genres", "ids")  # fmt: skip


def shelve(records: pa.Table, model: Model) -> pa.Table:
    """Fold records (RECORD columns, tombstones among them) into SHELF rows, one per record, in their order."""
    return pa.Table.from_batches(shelve_batches(records.to_batches(CHUNK), model), SHELF)


def shelve_batches(
    batches: Iterable[pa.RecordBatch], model: Model, beside: DuckEngine | None = None
) -> Batches:
    """Do the same batch by batch, with flat memory, beside an engine that is open; CHUNK rows at a time suit best."""
    bits, rarest = model.word_bits()
    with DuckEngine(beside=beside) as engine:
        engine.register("word_bits", bits)
        engine.register("rarest", pa.table({"bits": [rarest]}))
        for batch in batches:
            yield from _shelved(engine, pa.Table.from_batches([batch]).select(_NEEDED)).to_batches()


def _shelved(engine: DuckEngine, records: pa.Table) -> pa.Table:
    """Fold one chunk; tombstones keep their rows, with nothing in them."""
    engine.register("records", records)
    prepared = prepare(engine.query(FROM_RECORDS))
    folded = _folded(engine, prepared)
    gone = pc.fill_null(records["deleted"], False)
    place = pc.cast(pc.cumulative_sum(pc.cast(pc.invert(gone), pa.int64())), pa.int64())
    rows = folded.take(pc.if_else(gone, None, pc.subtract(place, 1)))
    named = {
        "source": records["source"],
        "key": records["key"],
        "delivery": records["delivery"],
        "deleted": gone,
        "ids": pc.if_else(gone, None, records["ids"]),
    }
    columns = [named.get(name, rows[name] if name in rows.column_names else None) for name in SHELF.names]
    return pa.table(columns, names=SHELF.names).combine_chunks().cast(SHELF)


def _folded(engine: DuckEngine, prepared: Prepared) -> pa.Table:
    """Give the columns that are folded, one row per film: year, runtime, kind, forms, names, genres, blocks."""
    for name in Prepared.__struct_fields__:
        engine.register(name, getattr(prepared, name))
    sql = sections("shelf.sql")
    for name in ("told", "keys"):
        engine.materialize(name, sql[name])
    forms, blocks = engine.query(sql["weighed"]), engine.query(sql["blocks"])
    rules = pc.cast(pc.index_in(blocks["rule"], pa.array(RULES)), pa.int8())
    rows = prepared.records.num_rows
    lists = {
        "forms": _lists(forms["n"], _structs(forms, FORM), rows),
        "names": _lists(prepared.names["n"], _structs(prepared.names, NAME), rows),
        "genres": _lists(prepared.genres["n"], prepared.genres["genre"], rows),
        "blocks": _lists(blocks["n"], _structs(blocks.set_column(1, "rule", rules), BLOCK), rows),
    }
    return pa.table({**{name: prepared.records[name] for name in ("year", "runtime", "kind")}, **lists})


def _structs(table: pa.Table, kind: pa.StructType) -> Column:
    columns = [table[field.name].combine_chunks().cast(field.type) for field in kind]
    return pa.StructArray.from_arrays(columns, fields=list(kind))


def _lists(n: Column, values: Column, rows: int) -> Column:
    """Gather values into one list per record, in the order given."""
    numbers = n.to_numpy()
    order = np.argsort(numbers, kind="stable")
    offsets = np.append(0, np.cumsum(np.bincount(numbers, minlength=rows))).astype(np.int32)
    taken = pc.take(values, pa.array(order))
    flat = taken.combine_chunks() if isinstance(taken, pa.ChunkedArray) else taken
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat)
