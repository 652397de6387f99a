"""The records that hold, over all sources: views on the lake's batches for the stages behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from moviec.catalog.deliveries import Batch
from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.model import RECORD
from moviec.pipeline.context import RunContext


def name_records(
    engine: DuckEngine, context: RunContext, batches: Sequence[Batch], aside: pa.Table, among: str = ""
) -> None:
    """Name every record that some source still lists `live` (RECORD columns), without rows set `aside` (RECORDS).

    `among`: only records that this table (source, key) names.
    """
    files = [context.store.path(batch.records_file) for batch in batches if batch.records_file]
    name_rows(engine, "every_record", files, aside)
    rows = "every_record"
    if among:  # before it is asked which row holds: else every row of the lake would be
        rows = "some_record"
        engine.view(rows, f"SELECT * FROM every_record SEMI JOIN {among} USING (source, key)")
    engine.view("live", f"{current_rows(rows)} AND NOT deleted")


def name_changed(
    engine: DuckEngine, context: RunContext, batches: Sequence[Batch], also: pa.Table, aside: pa.Table
) -> None:
    """Keep as `changed_records` (source, key) the records that batches not yet published speak of, and `also` some others."""
    files = [
        context.store.path(one.records_file) for one in batches if one.records_file and not one.published
    ]
    name_rows(engine, "fresh_records", files, aside)
    engine.register("changed_too", also)
    engine.materialize(
        "changed_records", "SELECT source, key FROM fresh_records UNION SELECT source, key FROM changed_too"
    )


def name_rows(engine: DuckEngine, name: str, files: Sequence[Path | str], aside: pa.Table) -> None:
    """Name the rows of batches, or of files made from them, but for those set aside (RECORDS); none without a file."""
    if not files:
        engine.register(name, RECORD.empty_table())
    elif not aside.num_rows:
        engine.parquet(name, files)
    else:
        engine.parquet(f"{name}_read", files)
        engine.register(f"{name}_aside", aside)
        engine.view(
            name,
            f"SELECT * FROM {identifier(f'{name}_read')}"
            f" ANTI JOIN {identifier(f'{name}_aside')} USING (source, key, delivery)",
        )


def current_rows(rows: str) -> str:
    """Write the rows that hold among those of several batches: per source and key those of the greatest delivery."""
    return (
        f"SELECT every.* FROM {identifier(rows)} AS every WHERE (every.source, every.key, every.delivery) IN"
        f" (SELECT (source, key, max(delivery)) FROM {identifier(rows)} GROUP BY source, key)"
    )
