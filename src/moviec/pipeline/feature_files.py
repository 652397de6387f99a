"""The match features of every batch, folded once and kept in the lake (folder `features`).

A batch has two files, derived from its records and the words of the match model; missing ones are rebuilt. One has the
MATCH_FEATURES rows by key, the other the blocks by number (block, source, key), so that records that share a block are found
without reading the rest. Only changes need the second one: where all records are matched, it is made while the results are
written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Semaphore

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from moviec.catalog.deliveries import Batch, Delivery, all_batches
from moviec.catalog.ingest_queue import RECORDS
from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.home.context import RunContext, Tell
from moviec.home.models import pinned_models
from moviec.lake.batches import view_files
from moviec.matching.match_features import FOLDING, MATCH_FEATURES, features_of_batches
from moviec.matching.model import Model
from moviec.model import live_rows
from moviec.pipeline.on_cluster import fold_records

FOLDER = "features"

#: The folder of version 0.1.
OLDER_FOLDER = "shelf"

#: Rows in a group of a feature file: reading a few films among 700,000 takes half the time of groups of 8,192.
GROUP = 2_048

#: The rows of a feature file come in order of their source and key, and their numbers are sorted faster than these.
_BLOCKS = """
SELECT features.block AS block, source, key FROM (
  SELECT source, key, file_row_number AS place, unnest(blocks) AS features FROM read_parquet({file}, file_row_number = true))
ORDER BY block, place"""

_BLOCKS_OF: list[tuple[str, pa.DataType]] = [
    ("block", pa.int64()),
    ("source", pa.string()),
    ("key", pa.string()),
    ("in_largest", pa.bool_()),
]
BLOCKS = pa.schema(_BLOCKS_OF)
SEEN = RECORDS.empty_table().select(["source", "delivery"]).schema


class FeatureFiles(msgspec.Struct, frozen=True):
    """Which features are wanted: of which batches, under a match model; rows (RECORDS) set `aside`, and those matched
    `again`.
    """

    context: RunContext
    model: Model
    batches: Sequence[Batch]
    aside: pa.Table
    again: pa.Table


def name_match_features(engine: DuckEngine, wanted: FeatureFiles) -> list[Path]:
    """Create the view `match_features`: each record's latest row, without deleted records; return the files behind it.

    Also creates, for reading only a part: `every_features`, every row of every batch; `seen` (source, delivery), the batches
    that are published; `seen_again`, rows of these that count as new.
    """
    batches = _with_records(wanted)
    folded = _folded(wanted, batches)
    with threads(wanted.context.cores) as (pool, stopping):  # a first load has several files
        making = [pool.submit(_feature_file, engine, wanted, batch, folded, stopping) for batch in batches]
        files = [made.result() for made in making]
    if files:
        view_files(engine, "every_features", files, wanted.aside)
    else:
        engine.register("every_features", MATCH_FEATURES.empty_table())
    engine.view("match_features", live_rows("every_features"))
    seen = [{"source": batch.source, "delivery": batch.delivery} for batch in batches if batch.published]
    engine.register("seen", pa.Table.from_pylist(seen, SEEN))
    engine.register("seen_again", wanted.again)
    engine.register("set_aside", wanted.aside)
    return files


def name_blocks(engine: DuckEngine, wanted: FeatureFiles) -> None:
    """Create the views `every_block` (block, source, key, in_largest), the blocks of every row of every batch, and
    `other_versions` (source, key), the rows of batches that are not the largest of their source.
    """
    largest: dict[str, Batch] = {}
    for batch in _with_records(wanted):
        if batch.source not in largest or batch.changed > largest[batch.source].changed:
            largest[batch.source] = batch
    files = dict(zip(_with_records(wanted), make_block_files(engine, wanted), strict=True))
    blocks: dict[bool, list[str]] = {True: [], False: []}
    others: list[Path] = []
    for batch, file in files.items():
        blocks[is_largest := largest[batch.source] is batch].append(quoted(str(file)))
        if not is_largest:
            others.append(wanted.context.store.path(_names_of(wanted.model, batch.records_file or "")[0]))
    if files:
        parts = [
            f"SELECT *, {is_largest} AS in_largest FROM read_parquet([{', '.join(some)}])"
            for is_largest, some in blocks.items()
            if some
        ]
        engine.view("every_block", " UNION ALL ".join(parts))
    else:
        engine.register("every_block", BLOCKS.empty_table())
    if others:
        engine.parquet("others", others)
        engine.view("other_versions", "SELECT source, key FROM others")
    else:
        engine.register("other_versions", RECORDS.empty_table())


def make_block_files(engine: DuckEngine, wanted: FeatureFiles) -> list[Path]:
    """Return the paths of the batches' block files, building the missing ones from the feature files."""
    store = wanted.context.store
    files = []
    for batch in _with_records(wanted):
        match_features, blocks = _names_of(wanted.model, batch.records_file or "")
        if not store.has(blocks):
            with _made(wanted.context, blocks) as made:
                engine.write(_BLOCKS.format(file=quoted(str(store.path(match_features)))), made, sought=True)
        files.append(store.path(blocks))
    return files


def _with_records(wanted: FeatureFiles) -> list[Batch]:
    return [batch for batch in wanted.batches if batch.records_file]


@contextmanager
def folding_ahead(
    context: RunContext, tell: Tell = lambda _: None
) -> Iterator[Callable[[Delivery], Future[None] | None]]:
    """Yield a function that folds a delivery's records on another core while the next delivery is read, one after another; it
    returns None where there is nothing to fold here.

    The block's end folds what is left, on all cores. What fails here is folded again where its features are needed, and the
    error is raised there.
    """
    nothing = RECORDS.empty_table()
    each = context.limits.shared(context.cores, context.cores)
    free = Semaphore(1)  # the other cores read
    begun: list[Future[None]] = []

    def fold(wanted: FeatureFiles, stopping: Event) -> None:
        with free:
            if stopping.is_set():
                return
            with DuckEngine(each) as engine:
                for batch in wanted.batches:
                    _feature_file(engine, wanted, batch, {}, stopping)

    with threads(context.cores) as (pool, stopping):

        def begin(delivery: Delivery) -> Future[None] | None:
            every = all_batches(context.catalogue, delivery.source)
            made = [batch for batch in every if batch.delivery == delivery.id and batch.records_file]
            if not made or context.spark:
                return None
            wanted = FeatureFiles(context, pinned_models(context).match, made, nothing, nothing)
            begun.append(pool.submit(fold, wanted, stopping))
            return begun[-1]

        yield begin
        if not all(folding.done() for folding in begun):
            tell("folding titles and names")
        free.release(context.cores)
        wait(begun)


@contextmanager
def threads(count: int) -> Iterator[tuple[ThreadPoolExecutor, Event]]:
    """Open threads; where the block ends, what they have not begun is dropped, and where it fails, the event is set by which they
    give up.
    """
    stopping = Event()
    with ThreadPoolExecutor(count) as pool:
        try:
            yield pool, stopping
        except BaseException:
            stopping.set()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def remove_stale_features(context: RunContext, model: Model, batches: Sequence[Batch]) -> None:
    """Remove the feature files of other models, and of batches that no longer exist."""
    wanted = {
        name for batch in batches if batch.records_file for name in _names_of(model, batch.records_file)
    }
    for name in (*context.store.names(OLDER_FOLDER), *context.store.names(FOLDER)):
        if name not in wanted:
            context.store.remove(name)


def _names_of(model: Model, records_file: str) -> tuple[str, str]:
    """Return the names of a batch's feature file and block file."""
    stem = f"{FOLDER}/{model.version}-{FOLDING}/{records_file.partition('/')[2].removesuffix('.parquet')}"
    return f"{stem}.parquet", f"{stem}.blocks.parquet"


#: The files with the features of a batch that a cluster has folded, by delivery.
Folded = Mapping[str, Sequence[Path]]


def _folded(wanted: FeatureFiles, batches: Sequence[Batch]) -> Folded:
    """Fold the batches without feature files on the cluster, if there is one."""
    store, spark = wanted.context.store, wanted.context.spark
    missing = [
        batch for batch in batches if not store.has(_names_of(wanted.model, batch.records_file or "")[0])
    ]
    if spark is None or not missing:
        return {}
    files = fold_records(spark, wanted.context.record_files(missing), wanted.model)
    return dict(zip((batch.delivery for batch in missing), files, strict=True))


def _feature_file(
    beside: DuckEngine, wanted: FeatureFiles, batch: Batch, folded: Folded, stopping: Event
) -> Path:
    """Return the path of a batch's feature file, building it if it is missing."""
    store = wanted.context.store
    match_features, _ = _names_of(wanted.model, batch.records_file or "")
    if not store.has(match_features):
        with _made(wanted.context, match_features) as made:
            if batch.delivery in folded:
                _put_in_order(beside, folded[batch.delivery], made)
            else:
                _make_features(beside, wanted, store.path(batch.records_file or ""), made, stopping)
    return store.path(match_features)


def _make_features(
    beside: DuckEngine, wanted: FeatureFiles, records: Path, made: Path, stopping: Event
) -> None:
    with DuckEngine(beside=beside) as engine:
        rows = engine.stream(f"SELECT * FROM read_parquet({quoted(str(records))})")
        _write(features_of_batches(_unless(stopping, rows), wanted.model, beside), made)


def _unless(stopping: Event, rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches until stopped; raises KeyboardInterrupt then, in a thread that nobody waits for."""
    for batch in rows:
        if stopping.is_set():
            raise KeyboardInterrupt
        yield batch


def _put_in_order(beside: DuckEngine, folded: Sequence[Path], made: Path) -> None:
    """Put the features of one batch into one file, in the order of its records."""
    with DuckEngine(beside=beside) as engine:
        engine.parquet("folded", folded)
        columns = ", ".join(MATCH_FEATURES.names)
        engine.materialize("in_order", f"SELECT {columns} FROM folded ORDER BY source, key")
        _write(engine.stream("SELECT * FROM in_order"), made)


def _write(batches: Iterable[pa.RecordBatch], made: Path) -> None:
    with pq.ParquetWriter(made, MATCH_FEATURES, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_batches([batch]).cast(MATCH_FEATURES), row_group_size=GROUP)


@contextmanager
def _made(context: RunContext, name: str) -> Iterator[Path]:
    """Yield a path for a new file, which is then stored in the lake under `name`."""
    made = context.work / name.replace("/", "-")
    yield made
    context.store.put(made, name)
    made.unlink()
