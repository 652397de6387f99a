"""Retention: merge a source's many batches into one, and delete raw payloads and the record of old runs by policy.

Nothing that a live record needs is deleted, and nothing that the catalogue shows changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec

from moviec.catalog.deliveries import (
    Delivery,
    all_batches,
    all_deliveries,
    compact_batches,
    every_payload,
    mark_payloads_removed,
    payloads_of_open_rows,
    removed_payloads,
)
from moviec.catalog.ingest_queue import RECORDS
from moviec.catalog.leases import ARRIVALS, CATALOGUE, ran_since, remove_runs
from moviec.config import KEEP_RAW
from moviec.engine import DuckEngine
from moviec.home.context import RunContext, Tell, recorded
from moviec.home.ledger_copy import compact
from moviec.lake.batches import view_batches, view_current_records
from moviec.lake.payloads import payload_name
from moviec.pipeline.opening import arriving, publishing
from moviec.sources.registry import find_sources
from moviec.sources.spec import SourceSpec
from moviec.storage import archives as transport
from moviec.storage.files import PAYLOADS

#: Current rows, and superseded ones whose successor is not older than the horizon (a delivery id begins with a date).
_KEPT = """
SELECT * EXCLUDE (next_delivery) FROM (
  SELECT *, lead(delivery) OVER (PARTITION BY source, key ORDER BY delivery) AS next_delivery FROM every_record)
WHERE next_delivery IS NULL OR next_delivery >= {horizon} ORDER BY key, delivery
"""


class Tidied(msgspec.Struct, frozen=True):
    """What was removed: batches merged, by source; payloads and their bytes; runs."""

    compacted: dict[str, int]
    payloads: int
    bytes: int
    runs: int


def tidy(context: RunContext, at: dt.datetime, tell: Tell = lambda _: None) -> Tidied:
    """Apply the settings' retention as of an instant. Needs the leases on arrivals and on the catalogue."""
    horizon = at - dt.timedelta(days=context.home.settings.keep_history)
    with recorded(context, "tidy", ARRIVALS, tell) as steps:
        compacted = {}
        with steps.step("compacting") as counts:
            for source in find_sources(context.home.folder).values():
                if made := _compact(context, source.spec, horizon):
                    compacted[source.spec.name] = made
            counts.update(compacted)
        with steps.step("removing payloads") as counts:
            payloads, size = _remove_payloads(context, at)
            counts.update(payloads=payloads, bytes=size)
        with steps.step("making the copy of the ledger few files") as counts:
            counts.update(
                tables=compact(context.copies, context.catalogue, context.home.settings.compact_after)
            )
        with steps.step("removing runs") as counts:
            counts.update(runs=remove_runs(context.catalogue, horizon.isoformat()))
    return Tidied(compacted, payloads, size, counts["runs"])


def tidy_daily(context: RunContext, at: dt.datetime, tell: Tell = lambda _: None) -> None:
    """Tidy unless that was done within a day, taking the leases."""
    since = (at - dt.timedelta(days=1)).isoformat()
    with context.catalogue.connect() as connection:
        if ran_since(connection, "tidy", since):
            return
    with arriving(context, tell) as first, publishing(first, tell) as both:
        tidy(both, at, tell)


def _compact(context: RunContext, spec: SourceSpec, horizon: dt.datetime) -> int:
    """Merge a source's published batches into one file where they are many; return how many there were.

    The rows of batches stay under their deliveries. Of a source whose fields outlive empty values every row stays:
    reading a payload again may need the value of an older row.
    """
    some = [
        batch for batch in all_batches(context.catalogue, spec.name) if batch.records_file and batch.published
    ]
    if len(some) <= context.home.settings.compact_after:
        return 0
    keeps_values = set(spec.empty.values()) & {"keep"}
    since = "" if keeps_values else f"{horizon:%Y%m%dT%H%M%SZ}"
    newest = max(some, key=lambda batch: batch.delivery)
    folder = newest.keys_file.rpartition("/")[0]
    ready = context.room(f"compact-{spec.name}") / "records.parquet"
    with DuckEngine(context.limits) as engine:
        view_batches(engine, "every_record", [context.store.path(batch.records_file or "") for batch in some])
        engine.write(_KEPT.format(horizon=f"'{since}'"), ready, sought=True)
    # Named by content: another set of as many batches must not get the same name.
    file = f"{folder}/{newest.delivery}.{transport.sha256(ready)[:16]}.parquet"
    context.store.put(ready, file)
    with context.writing() as copy:
        for lease in (ARRIVALS, CATALOGUE):
            context.confirm(copy.connection, lease)
        compact_batches(copy.connection, [batch.delivery for batch in some], newest.delivery, file)
        copy.deliveries([batch.delivery for batch in some])
    for old in sorted({batch.records_file or "" for batch in some} - {file}):
        context.store.remove(old)
    return len(some)


def _remove_payloads(context: RunContext, at: dt.datetime) -> tuple[int, int]:
    """Remove the bytes of payloads that the policy no longer keeps; return how many payloads and bytes."""
    kept = _kept_deliveries(all_deliveries(context.catalogue), context.home.settings.keep_raw, at)
    if kept is None:
        return 0, 0
    needed = _needed(context)
    with context.catalogue.connect() as connection:
        there = [row for row in every_payload(connection) if row.removed_at is None]
    needed |= {row.sha256 for row in there if row.delivery in kept}
    gone = {row.sha256: row.size for row in there if row.sha256 not in needed}
    if gone:
        with context.writing() as copy:
            context.confirm(copy.connection, ARRIVALS)
            mark_payloads_removed(copy.connection, gone)
            copy.deliveries(sorted({row.delivery for row in there if row.sha256 in gone}))
    # Also those left by a run that was killed here.
    with context.catalogue.connect() as connection:
        names = {payload_name(sha256) for sha256 in removed_payloads(connection)}
    for name in sorted(names & set(context.store.names(PAYLOADS.rstrip("/")))):
        context.store.remove(name)
    return len(gone), sum(gone.values())


def _needed(context: RunContext) -> set[str]:
    """Return the payloads behind every live record and every rejected row that waits."""
    batches = context.record_files(all_batches(context.catalogue))
    with DuckEngine(context.limits) as engine:
        view_current_records(engine, batches, RECORDS.empty_table())
        found = {
            str(payload)
            for payload in engine.query("SELECT DISTINCT payload FROM live")["payload"].to_pylist()
        }
    with context.catalogue.connect() as connection:
        return found | payloads_of_open_rows(connection)


def _kept_deliveries(deliveries: Sequence[Delivery], policy: str, at: dt.datetime) -> set[str] | None:
    """Return the deliveries whose payloads are kept; None for all.

    The latest of each source and held ones are always kept.
    """
    said = KEEP_RAW.fullmatch(policy)
    if said is None or policy == "all":
        return None
    kept = {delivery.id for delivery in deliveries if delivery.state == "held"}
    since = f"{at - dt.timedelta(days=int(said[2])):%Y%m%dT%H%M%SZ}" if said[2] else ""
    for source in {delivery.source for delivery in deliveries}:
        mine = sorted((delivery.id for delivery in deliveries if delivery.source == source), reverse=True)
        kept |= set(mine[: int(said[1] or 1)])
        kept |= {delivery_id for delivery_id in mine if since and delivery_id >= since}
    return kept
