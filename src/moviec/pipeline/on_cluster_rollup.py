"""The monthly job's sums on a cluster: entries by splits of the films, sums by genre or company, in Arrow tables."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pyarrow as pa

from moviec.engine import Batches, DuckEngine, Limits
from moviec.engine.duckdb import quoted
from moviec.engine.spark import Spark
from moviec.pipeline.on_cluster import PARTS
from moviec.rollup.monthly import entries_sql, monthly_sums

_ONE = Limits(threads=1)

#: All entries of a genre, or of a company, are in one part: its name is the commonest of all its months.
_PARTED = "SELECT CAST(pmod(hash(kind, entry), {parts}) AS INT) AS part, * FROM entries"


def spread_sums(spark: Spark, films: Path, split: str, labels: pa.Table, numeric_keys: bool) -> pa.Table:
    """Sum films (a file of `films_sql` rows) by genre or company, year and month, as `monthly_sums` does, in no order."""
    with DuckEngine(_ONE) as engine:
        engine.view("films", f"SELECT * FROM read_parquet({quoted(str(films))}) LIMIT 0")
        engine.materialize("entries", entries_sql(numeric_keys))
        entries = engine.query("SELECT * FROM entries").schema
        sums = monthly_sums(engine, split, labels).schema
    spark.parquet("films", [films])
    spark.map("entries", "films", partial(_entries, numeric_keys), entries)
    spark.view("parted", _PARTED.format(parts=PARTS * spark.slots))
    spark.group("sums", "parted", partial(_sums, split, labels), sums)
    files = spark.write("SELECT * FROM sums")
    with DuckEngine(_ONE) as engine:
        if not files:
            return sums.empty_table()
        engine.parquet("sums", files)
        return engine.query("SELECT * FROM sums").cast(sums)


def _entries(numeric_keys: bool, batches: Iterable[pa.RecordBatch]) -> Batches:
    with DuckEngine(_ONE) as engine:
        for batch in batches:
            engine.register("films", pa.Table.from_batches([batch]))
            yield from engine.query(entries_sql(numeric_keys)).to_batches()


def _sums(split: str, labels: pa.Table, entries: pa.Table) -> pa.Table:
    with DuckEngine(_ONE) as engine:
        engine.register("entries", entries.drop_columns(["part"]))
        return monthly_sums(engine, split, labels)
