"""Homes older than arrival numbers: deliveries of one instant, ordered by their sums until now, put in order of arrival.

Their ids are given anew, in the catalogue and in the rows of their batches, and the source is read again from its payloads:
rows that were taken for outdated were not kept. What holds then is published by the next run.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
import pyarrow as pa

from moviec.catalog.connect import writing
from moviec.catalog.deliveries import (
    Batch,
    Delivery,
    all_batches,
    all_deliveries,
    delivery_id,
    rename_deliveries,
    replace_batches,
)
from moviec.catalog.facts import fact, note_fact
from moviec.catalog.ingest_queue import RecordChange, append
from moviec.catalog.leases import ARRIVALS
from moviec.engine import DuckEngine
from moviec.home.context import RunContext, Tell
from moviec.home.ledger_copy import OF_DELIVERIES
from moviec.pipeline.rebuild import rebuild_source
from moviec.sources.registry import find_sources
from moviec.storage import archives as transport

#: The fact that a source is to be read again, which outlives a run that is killed in between.
READ_AGAIN = "read_again"


def settle_ties(context: RunContext, tell: Tell = lambda _: None) -> None:
    """Order deliveries of one instant by their arrival where they are not. Needs the lease on arrivals."""
    every: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in all_deliveries(context.catalogue):
        every[delivery.source].append(delivery)
    known = find_sources(context.home.folder)
    for source in sorted(every.keys() & known.keys()):
        if renamed := _renamed(every[source]):
            _rename(context, source, renamed)
        with context.catalogue.connect() as connection:
            is_left = fact(connection, f"{READ_AGAIN}/{source}")
        if is_left:
            tell(f"{source}: deliveries of one instant are put in the order of their arrival, and read again")
            rebuild_source(context, known[source], tell, accept_shrink=True)
            with writing(context.catalogue) as connection:
                note_fact(connection, f"{READ_AGAIN}/{source}", None)


def _renamed(some: Sequence[Delivery]) -> dict[str, str]:
    """Return by the id of a delivery, or of a replay of it, its new id where those of its instant are out of order."""
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
        note_fact(connection, f"{READ_AGAIN}/{source}", "its deliveries were put in order")
        for name in OF_DELIVERIES:
            copy.table(name)
    kept = {file for batch in after for file in _files(batch)}
    for file in sorted({file for batch in before for file in _files(batch)} - kept):
        context.store.remove(file)


def _rewritten(context: RunContext, batch: Batch, renamed: Mapping[str, str]) -> Batch:
    """Write a batch's files under the new ids, where they name a delivery that has one; it is to be published again."""
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
    file = f"{folder}/{batch.delivery}.{transport.sha256(ready)[:16]}.parquet"
    context.store.put(ready, file)
    return msgspec.structs.replace(batch, records_file=file, published=False)


def _files(batch: Batch) -> set[str]:
    return {file for file in (batch.records_file, batch.keys_file) if file}
