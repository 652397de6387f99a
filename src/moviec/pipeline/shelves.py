"""The shelf of every batch: what matching needs of its records, folded once and kept beside it in the lake.

A shelf file is derived from the batch and the words of the match model; a missing one is made again.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from moviec.catalog.deliveries import Batch
from moviec.engine import DuckEngine
from moviec.engine.duck import quoted
from moviec.pipeline.holdings import holding, name_rows
from moviec.pipeline.workshop import Workshop
from moviec.resolve.model import Model
from moviec.resolve.shelf import SHELF, shelve_batches

FOLDER = "shelf"


class Shelved(msgspec.Struct, frozen=True):
    """Whose shelves: the batches under a match model, rows (RECORDS) set `aside`, and rows shown `again` that were."""

    shop: Workshop
    model: Model
    batches: Sequence[Batch]
    aside: pa.Table
    again: pa.Table


def name_shelves(engine: DuckEngine, ground: Shelved) -> None:
    """Name the SHELF rows that hold `shelf`, and those that held when the catalogue was last published `shelf_before`.

    Tombstones are in neither; `shelf_before` has only records that the engine's `asking` names.
    """
    whole = [one for one in ground.batches if one.records_file]
    published = [one for one in whole if one.published]
    unseen = pa.concat_tables([ground.aside, ground.again])
    _name(engine, "shelf", [_shelf_file(engine, ground, one) for one in whole], ground.aside)
    _name(engine, "shelf_published", [_shelf_file(engine, ground, one) for one in published], unseen)
    engine.view("shelf_before", "SELECT * FROM shelf_published SEMI JOIN asking USING (source, key)")


def remove_stale_shelves(shop: Workshop, model: Model, batches: Sequence[Batch]) -> None:
    """Remove shelf files of other models and of batches that are no more."""
    wanted = {_name_of(model, batch.records_file) for batch in batches if batch.records_file}
    for name in shop.store.names(FOLDER):
        if name not in wanted:
            shop.store.remove(name)


def _name(engine: DuckEngine, name: str, files: Sequence[str], aside: pa.Table) -> None:
    if not files:
        engine.table(name, SHELF.empty_table())
        return
    name_rows(engine, f"{name}_rows", files, aside)
    engine.view(name, f"{holding(f'{name}_rows')} AND NOT deleted")


def _name_of(model: Model, records_file: str) -> str:
    return f"{FOLDER}/{model.version}/{records_file.partition('/')[2]}"


def _shelf_file(beside: DuckEngine, ground: Shelved, batch: Batch) -> str:
    """Give the path of a batch's shelf file; make it where there is none."""
    shop, name = ground.shop, _name_of(ground.model, batch.records_file or "")
    if not shop.store.has(name):
        records = shop.store.path(batch.records_file or "")
        made = shop.work / f"{batch.delivery}.shelf.parquet"
        with DuckEngine(beside=beside) as engine, pq.ParquetWriter(made, SHELF, compression="zstd") as writer:
            rows = engine.stream(f"SELECT * FROM read_parquet({quoted(str(records))})")
            for shelved in shelve_batches(rows, ground.model, beside):
                writer.write_batch(shelved)
        shop.store.put(made, name)
        made.unlink()
    return str(shop.store.path(name))
