"""Opens a home for a run: its lake and catalogue, alone or next to other runs, after cleaning up what a killed run left
half done.

Older homes ordered deliveries of one instant by checksum. They are put in order of arrival when such a home is first
opened for arrivals: their ids change, in the catalogue and in the rows of their batches, and the source is read again
from its payloads, since rows that seemed outdated were not kept.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec
import pyarrow as pa

from moviec.catalog.connect import connect, writing
from moviec.catalog.deliveries import (
    Batch,
    Delivery,
    all_batches,
    all_deliveries,
    delivery_id,
    has_older_ids,
    rename_deliveries,
    replace_batches,
)
from moviec.catalog.facts import fact, note_fact
from moviec.catalog.ingest_queue import RecordChange, append
from moviec.catalog.leases import ARRIVALS, CATALOGUE, holding
from moviec.config import Home, Running
from moviec.engine import DuckEngine
from moviec.engine.spark import Spark, open_spark
from moviec.home.context import RunContext, Tell
from moviec.home.lake_identity import check_pair
from moviec.home.ledger_copy import OF_DELIVERIES, complete
from moviec.lake.payloads import adopt, move_aside
from moviec.pipeline.rebuild import rebuild_source
from moviec.sources.registry import find_sources
from moviec.storage.archives import sha256
from moviec.storage.files import Store
from moviec.units import plural
from moviec.work import work_folder


@contextmanager
def open_run(
    home: Home, alone: bool = False, tell: Tell = lambda _: None, spark: Spark | None = None
) -> Iterator[RunContext]:
    """Open a home; `alone` for work during which nothing may arrive or be published.

    Waits for other runs as long as the settings allow; then raises StoreError. A publication of everything uses
    `spark`.
    """
    with work_folder() as work:
        store = Store(home.lake, home.folder / "cache", home.settings.options(home.lake))
        catalogue = connect(home.catalogue, home.settings.patience)
        context = RunContext(home, store, catalogue, work, spark=spark)
        try:
            if alone:
                with arriving(context, tell) as first, publishing(first, tell) as both:
                    yield both
            else:
                yield context
        finally:
            context.catalogue.dispose()


@contextmanager
def arriving(context: RunContext, tell: Tell = lambda _: None) -> Iterator[RunContext]:
    """Hold the lease on arrivals, after cleaning up what a killed run left half done."""
    with holding(context.catalogue, ARRIVALS, context.home.settings.patience, tell) as held:
        check_pair(context.store, context.catalogue, context.work)
        _clear(context, tell)
        adopt(context.store, tell)
        complete(context.copies, context.catalogue)
        alone = msgspec.structs.replace(context, leases=(*context.leases, held))
        if has_older_ids(context.catalogue):
            _order_by_arrival(alone, tell)
        yield alone


@contextmanager
def publishing(context: RunContext, tell: Tell = lambda _: None) -> Iterator[RunContext]:
    """Hold the lease on the catalogue, needed to publish."""
    with holding(context.catalogue, CATALOGUE, context.home.settings.patience, tell) as held:
        check_pair(context.store, context.catalogue, context.work)
        yield msgspec.structs.replace(context, leases=(*context.leases, held))


@contextmanager
def on_engine(home: Home, running: Running) -> Iterator[Spark | None]:
    """Open the cluster that a run is to use: None where it works in this process.

    Raises UsageError where something for it is missing. Executors and driver exchange data through a folder in
    the home, which all of them can access.
    """
    if not running.spark:
        yield None
        return
    with work_folder(home.folder) as work, open_spark(running.master, work) as spark:
        yield spark


def _clear(context: RunContext, tell: Tell) -> None:
    """Move files of records that no registered batch names aside: they are left by a run that died."""
    context.store.clear_parts()
    known = {
        name for batch in all_batches(context.catalogue) for name in (batch.records_file, batch.keys_file)
    }
    unknown = [name for name in context.store.names("records") if name not in known]
    if unknown:
        folder = move_aside(context.store, unknown, "no batch names it", context.work)
        tell(f"{plural(len(unknown), 'file', 'files')} that no batch names moved to {folder}")


#: The fact that a source must be read again, kept in case the run is killed in between.
_READ_AGAIN = "read_again"


def _order_by_arrival(context: RunContext, tell: Tell) -> None:
    """Give deliveries of one instant ids in the order of their arrival, in a home where they have different ones."""
    every: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in all_deliveries(context.catalogue):
        every[delivery.source].append(delivery)
    known = find_sources(context.home.folder)
    for source in sorted(every.keys() & known.keys()):
        if renamed := _renamed(every[source]):
            _rename(context, source, renamed)
        with context.catalogue.connect() as connection:
            is_left = fact(connection, f"{_READ_AGAIN}/{source}")
        if is_left:
            tell(f"{source}: putting deliveries of one instant in order of arrival, and reading them again")
            rebuild_source(context, known[source], tell, accept_shrink=True)
            with writing(context.catalogue) as connection:
                note_fact(connection, f"{_READ_AGAIN}/{source}", None)


def _renamed(some: Sequence[Delivery]) -> dict[str, str]:
    """Return the new ids of deliveries, and of replays of them, by the old ones, where those of an instant are out of order."""
    instants: dict[str, list[tuple[int, Delivery]]] = defaultdict(list)
    for number, delivery in enumerate(some, 1):
        if delivery.replay_of is None:
            instants[delivery.delivered_at].append((number, delivery))
    fresh = {
        delivery.id: delivery_id(dt.datetime.fromisoformat(at), delivery.source, number, delivery.fingerprint)
        for at, those in instants.items()
        if [delivery.id for _, delivery in those] != sorted(delivery.id for _, delivery in those)
        for number, delivery in those
    }
    replays = {
        delivery.id: f"{fresh[behind]}-r{number}"
        for delivery in some
        for behind, _, number in [delivery.id.rpartition("-r")]
        if delivery.replay_of is not None and behind in fresh
    }
    return fresh | replays


def _rename(context: RunContext, source: str, renamed: Mapping[str, str]) -> None:
    before = all_batches(context.catalogue, source)
    after = [_rewritten(context, batch, renamed) for batch in before]
    with context.writing() as copy:
        connection = copy.connection
        context.confirm(connection, ARRIVALS)
        rename_deliveries(connection, renamed)
        replace_batches(connection, source, after)
        entries = [
            RecordChange("delivery", batch.changed + batch.tombstones, batch.delivery)
            for batch in after
            if not batch.published
        ]
        append(connection, entries)
        note_fact(connection, f"{_READ_AGAIN}/{source}", "its deliveries were put in order")
        for name in OF_DELIVERIES:
            copy.table(name)
    kept = {file for batch in after for file in _files(batch)}
    for file in sorted({file for batch in before for file in _files(batch)} - kept):
        context.store.remove(file)


def _rewritten(context: RunContext, batch: Batch, renamed: Mapping[str, str]) -> Batch:
    """Write a batch's files again where they name a delivery that has a new id; such a batch must be published
    again.
    """
    delivery = renamed.get(batch.delivery, batch.delivery)
    folder = batch.keys_file.rpartition("/")[0]
    if delivery != batch.delivery:
        keys = f"{folder}/{delivery}.keys.parquet"
        context.store.put(context.store.path(batch.keys_file), keys)
        batch = msgspec.structs.replace(batch, delivery=delivery, keys_file=keys, published=False)
    if batch.records_file is None:
        return batch
    ready = context.room("renamed") / "records.parquet"
    ids = {"delivery": list(renamed), "fresh": list(renamed.values())}
    with DuckEngine(context.limits) as engine:
        engine.parquet("batch_rows", [context.store.path(batch.records_file)])
        engine.register("renamed", pa.table(ids))
        if not engine.query("SELECT 1 FROM batch_rows SEMI JOIN renamed USING (delivery) LIMIT 1").num_rows:
            return batch
        engine.write(
            "SELECT b.* REPLACE (coalesce(r.fresh, b.delivery) AS delivery)"
            " FROM batch_rows b LEFT JOIN renamed r USING (delivery) ORDER BY b.key, delivery",
            ready,
        )
    file = f"{folder}/{batch.delivery}.{sha256(ready)[:16]}.parquet"
    context.store.put(ready, file)
    return msgspec.structs.replace(batch, records_file=file, published=False)


def _files(batch: Batch) -> set[str]:
    return {file for file in (batch.records_file, batch.keys_file) if file}
