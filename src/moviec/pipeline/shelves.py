"""The shelf of every batch: what matching needs of its records, folded once and kept beside it in the lake.

Two files, derived from the batch and the words of the match model; missing ones are made again. One has the SHELF rows by
key, the other the blocks by number (block, source, key), so that who shares a block is found without reading the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from moviec.catalog.deliveries import Batch
from moviec.catalog.ingest_queue import RECORDS
from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.matching.model import Model
from moviec.matching.shelf import FOLDING, SHELF, shelve_batches
from moviec.pipeline.context import Workshop
from moviec.pipeline.current_records import current_rows, name_rows

FOLDER = "shelf"

#: Rows in a group of a shelf file: a few films among 700,000 are read in half the time that groups of 8,192 take.
GROUP = 2_048

_BLOCKS = """
SELECT shelved.block AS block, source, key
FROM (SELECT source, key, unnest(blocks) AS shelved FROM read_parquet({file})) ORDER BY block, source, key"""

_BLOCKS_OF: list[tuple[str, pa.DataType]] = [
    ("block", pa.int64()),
    ("source", pa.string()),
    ("key", pa.string()),
]
BLOCKS = pa.schema(_BLOCKS_OF)
SEEN = RECORDS.empty_table().select(["source", "delivery"]).schema


class Shelved(msgspec.Struct, frozen=True):
    """Whose shelves: the batches under a match model, rows (RECORDS) set `aside`, and rows shown `again` that were."""

    shop: Workshop
    model: Model
    batches: Sequence[Batch]
    aside: pa.Table
    again: pa.Table


def name_shelves(engine: DuckEngine, ground: Shelved) -> None:
    """Name the SHELF rows that hold `shelf`: those of the freshest batch that has the record, but for tombstones.

    For a part of it: `every_shelf`, every row of every batch; `every_block`, the blocks of those; `seen` (source,
    delivery), the batches that are published; `seen_again`, rows of theirs that count as new.
    """
    batches = [one for one in ground.batches if one.records_file]
    files = [_shelf_files(engine, ground, one) for one in batches]
    if files:
        name_rows(engine, "every_shelf", [shelf for shelf, _ in files], ground.aside)
        engine.parquet("every_block", [blocks for _, blocks in files])
    else:
        engine.register("every_shelf", SHELF.empty_table())
        engine.register("every_block", BLOCKS.empty_table())
    engine.view("shelf", f"{current_rows('every_shelf')} AND NOT deleted")
    seen = [{"source": one.source, "delivery": one.delivery} for one in batches if one.published]
    engine.register("seen", pa.Table.from_pylist(seen, SEEN))
    engine.register("seen_again", ground.again)


def name_shelf_of(engine: DuckEngine, name: str, among: str, columns: str) -> None:
    """Name the rows that hold of the records that the table `among` (source, key) names; the lake is read for them once.

    `columns`: those wanted beside source, key, delivery and deleted.
    """
    some = f"source, key, delivery, deleted, {columns}"
    engine.materialize(
        f"{name}_rows", f"SELECT {some} FROM every_shelf SEMI JOIN {among} USING (source, key)"
    )
    engine.view(name, f"{current_rows(f'{name}_rows')} AND NOT deleted")


def remove_stale_shelves(shop: Workshop, model: Model, batches: Sequence[Batch]) -> None:
    """Remove shelf files of other models and of batches that are no more."""
    wanted = {
        name for batch in batches if batch.records_file for name in _names_of(model, batch.records_file)
    }
    for name in shop.store.names(FOLDER):
        if name not in wanted:
            shop.store.remove(name)


def _names_of(model: Model, records_file: str) -> tuple[str, str]:
    """Name a batch's shelf file, and that of its blocks."""
    stem = f"{FOLDER}/{model.version}-{FOLDING}/{records_file.partition('/')[2].removesuffix('.parquet')}"
    return f"{stem}.parquet", f"{stem}.blocks.parquet"


def _shelf_files(beside: DuckEngine, ground: Shelved, batch: Batch) -> tuple[Path, Path]:
    """Give the paths of a batch's shelf file and of its blocks; make those that are not there."""
    store = ground.shop.store
    shelf, blocks = _names_of(ground.model, batch.records_file or "")
    if not store.has(shelf):
        with _made(ground.shop, shelf) as made:
            _shelve(beside, ground, store.path(batch.records_file or ""), made)
    if not store.has(blocks):
        with _made(ground.shop, blocks) as made, DuckEngine(beside=beside) as engine:
            engine.write(_BLOCKS.format(file=quoted(str(store.path(shelf)))), made, sought=True)
    return store.path(shelf), store.path(blocks)


def _shelve(beside: DuckEngine, ground: Shelved, records: Path, made: Path) -> None:
    with DuckEngine(beside=beside) as engine, pq.ParquetWriter(made, SHELF, compression="zstd") as writer:
        rows = engine.stream(f"SELECT * FROM read_parquet({quoted(str(records))})")
        for shelved in shelve_batches(rows, ground.model, beside):
            writer.write_batch(shelved, row_group_size=GROUP)


@contextmanager
def _made(shop: Workshop, name: str) -> Iterator[Path]:
    """Give a place where a file is made that is then stored under `name`."""
    made = shop.work / name.replace("/", "-")
    yield made
    shop.store.put(made, name)
    made.unlink()
