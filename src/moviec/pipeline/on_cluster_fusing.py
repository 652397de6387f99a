"""Fusing on a cluster: each slice of films in a part of its own, with the records that the executors read from the lake.

What comes of a slice are a dozen tables of different columns, which travel as Arrow's own bytes, one row for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine, Limits
from moviec.engine.spark import Spark
from moviec.fusion.model import FuseModel
from moviec.fusion.source_facts import FuseFacts
from moviec.model import RECORD
from moviec.pipeline.fusing import AllShown, Shown, Sliced, show_stored, together
from moviec.pipeline.on_cluster import SQL, parts_of

#: A table of a slice: of which group of Shown ("tables", "documents" or "lists"), its name there, and its rows.
_PACKED_OF: list[tuple[str, pa.DataType]] = [
    ("part", pa.int32()),
    ("field", pa.string()),
    ("name", pa.string()),
    ("rows", pa.binary()),
]
PACKED = pa.schema(_PACKED_OF)

#: Records in a slice at least: setting one out costs a second.
LEAST = 1_000

#: Each record with the slice that its film is in, by how many records there are before it.
_SLICES = """
SELECT source, key, delivery, movie, part
FROM placed JOIN (
  SELECT movie, CAST((sum(records) OVER (ORDER BY movie) - records) // {slice} AS INTEGER) AS part
  FROM (SELECT movie, count(*) AS records FROM placed GROUP BY movie)) USING (movie)"""

_CREDITS = """
SELECT s.part, 'people_ids' AS list, c.* FROM people_ids c JOIN slices s USING (movie)
UNION ALL BY NAME SELECT s.part, 'companies_ids' AS list, c.* FROM companies_ids c JOIN slices s USING (movie)"""


def show_spread(
    spark: Spark, records: Sequence[Path], given: Sliced, model: FuseModel, facts: FuseFacts
) -> AllShown:
    """Fuse movies slice by slice on a cluster, as `show_all` does here; the members of `given` are named by delivery alone
    (movie, source, key, delivery), and `records` are the files that have them.
    """
    with DuckEngine(given.limits) as engine:
        engine.parquet("placed", [given.members])
        placed = engine.query("SELECT count(*) AS records FROM placed")["records"][0].as_py()
        if not placed:
            return together([show_here(given, model, facts)])
        size = -(-placed // parts_of(spark, placed, (LEAST, given.records)))
        engine.materialize("sliced", _SLICES.format(slice=size))
        engine.view("slices", "SELECT DISTINCT movie, part FROM sliced")
        for name, table in given.tables.items():
            engine.register(name, table)
        spark.register("members_placed", engine.query("SELECT * FROM sliced"))
        spark.register("credit_ids", engine.query(_CREDITS))
    spark.parquet("every_record", records)
    spark.view("members", SQL["members"])
    spark.group_two("shown", ("members", "credit_ids"), partial(_shown, model, facts), PACKED)
    files = spark.write("SELECT * FROM shown")
    with DuckEngine(given.limits) as engine:
        engine.parquet("shown", files)
        parts: dict[int, Shown] = {}
        for row in engine.query("SELECT * FROM shown ORDER BY part").to_pylist():
            known = parts.get(row["part"], Shown({}, NOTHING, {}))
            parts[row["part"]] = _with(known, row["field"], row["name"], _unpacked(row["rows"]))
    return together(list(parts.values()))


NOTHING = pa.table({})


def show_here(given: Sliced, model: FuseModel, facts: FuseFacts) -> Shown:
    """Return what is shown of no movie."""
    with DuckEngine(given.limits) as engine:
        engine.register("members", pa.schema([pa.field("movie", pa.int64()), *RECORD]).empty_table())
        for name, table in given.tables.items():
            engine.register(name, table)
        return show_stored(engine, model, facts)


def _with(shown: Shown, field: str, name: str, rows: pa.Table) -> Shown:
    if field == "documents":
        return msgspec.structs.replace(shown, documents=rows)
    getattr(shown, field)[name] = rows
    return shown


def _shown(model: FuseModel, facts: FuseFacts, members: pa.Table, credits: pa.Table) -> pa.Table:
    """Fuse one slice: its members, in no order, and the parties of their credits."""
    part = members["part"][0].as_py()
    with DuckEngine(Limits(threads=1)) as engine:
        engine.register("given", members)
        engine.materialize("members", "SELECT * EXCLUDE (part) FROM given ORDER BY movie, source, key")
        engine.register("credits_given", credits)
        for name in ("people_ids", "companies_ids"):
            engine.view(name, f"SELECT * EXCLUDE (part, list) FROM credits_given WHERE list = '{name}'")
        shown = show_stored(engine, model, facts)
    tables = [
        *(("tables", name, rows) for name, rows in shown.tables.items()),
        *(("lists", name, rows) for name, rows in shown.lists.items()),
        ("documents", "", shown.documents),
    ]
    columns = [
        [part] * len(tables),
        [field for field, _, _ in tables],
        [name for _, name, _ in tables],
        [_packed(rows) for _, _, rows in tables],
    ]
    return pa.table(
        [pa.array(values, kind.type) for values, kind in zip(columns, PACKED, strict=True)], schema=PACKED
    )


def _packed(rows: pa.Table) -> bytes:
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, rows.schema) as writer:
        writer.write_table(rows)
    return out.getvalue().to_pybytes()


def _unpacked(rows: bytes) -> pa.Table:
    return pa.ipc.open_stream(rows).read_all()
