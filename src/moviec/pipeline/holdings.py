"""The records that hold, over all sources: views on the lake's batches for the stages behind it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from moviec.catalog.deliveries import Batch
from moviec.engine import DuckEngine
from moviec.engine.duck import identifier
from moviec.model import RECORD
from moviec.pipeline.workshop import Workshop


def name_records(engine: DuckEngine, shop: Workshop, batches: Sequence[Batch]) -> None:
    """Name every record that some source still lists `live` (RECORD columns)."""
    files = [shop.store.path(batch.records_file) for batch in batches if batch.records_file]
    if not files:
        engine.table("every_record", RECORD.empty_table())
    else:
        engine.parquet("every_record", files)
    engine.view("live", f"{holding('every_record')} AND NOT deleted")


def name_changed(
    engine: DuckEngine, shop: Workshop, batches: Sequence[Batch], also: pa.Table | None = None
) -> None:
    """Keep as `asking` (source, key) the records that batches not yet published speak of, and `also` some others."""
    files = [shop.store.path(one.records_file) for one in batches if one.records_file and not one.published]
    if not files:
        engine.table("fresh_records", RECORD.empty_table())
    else:
        engine.parquet("fresh_records", files)
    engine.table("asking_too", RECORD.empty_table() if also is None else also)
    engine.keep("asking", "SELECT source, key FROM fresh_records UNION SELECT source, key FROM asking_too")


def holding(rows: str) -> str:
    """Write the rows that hold among those of several batches: per source and key those of the greatest delivery."""
    return (
        f"SELECT every.* FROM {identifier(rows)} AS every WHERE (every.source, every.key, every.delivery) IN"
        f" (SELECT (source, key, max(delivery)) FROM {identifier(rows)} GROUP BY source, key)"
    )
