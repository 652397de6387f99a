"""Makes derived data again: a source's records from its payloads, in order of arrival, replaced at once; records of rows that can
be read after a fix; and the catalogue from the lake's copy of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import replace_rows
from moviec.catalog.company_details import replace_details
from moviec.catalog.connect import writing
from moviec.catalog.deliveries import (
    Arrival,
    Batch,
    Delivery,
    Reread,
    all_batches,
    all_deliveries,
    has_deliveries,
    payloads_of,
    publish_all,
    register,
    rejected,
    replace_batches,
    settle_rejected,
)
from moviec.catalog.facts import LOG_BEGINS, fact, note_fact
from moviec.catalog.ingest_queue import RECORDS
from moviec.catalog.leases import ARRIVALS, CATALOGUE, holding
from moviec.catalog.queries import last_change
from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.errors import DamagedError, StoreError, WithdrawError
from moviec.home.context import RunContext, Tell
from moviec.home.lake_identity import FACT, name_lake, new_name, readable_name
from moviec.home.ledger_copy import UNITS, name_copies, note_copies
from moviec.home.models import BUILT_WITH
from moviec.lake.batches import view_rows
from moviec.model import live_rows
from moviec.pipeline.read_delivery import Read, Target, apply, known_of, read_payloads, rejected_of, report_of
from moviec.sources.registry import find_source
from moviec.sources.spec import Source, SourceSpec
from moviec.storage.files import State, Store


def rebuild_source(
    context: RunContext, source: Source, tell: Tell = lambda _: None, accept_shrink: bool = False
) -> list[Batch]:
    """Read a source's deliveries again from their payloads; its batches and rejected rows are replaced in one transaction.

    Raises WithdrawError, with nothing changed, where so many records would disappear that an ingestion would be held. A
    held delivery stays held. The same code and payloads give the same bytes. Where retention has removed a delivery's
    payloads, its records are kept as read before, and `tell` reports it.
    """
    name = source.spec.name
    before = all_batches(context.catalogue, name)
    folder = f"records/{name}/{_generation(before) + 1}"
    done: list[Delivery] = []
    fresh: list[Batch] = []
    again: list[Reread] = []
    companies: dict[str, pa.Table] = {}
    for delivery in all_deliveries(context.catalogue, name):
        if delivery.state == "applied":
            payloads = payloads_of(context.catalogue, delivery.id)
            target = Target(source.spec, delivery.id, folder)
            if any(payload.removed_at for payload in payloads):
                tell(f"the payloads of {delivery.id} are gone: its records stay unchanged")
                fresh.append(_carried_over(context, target, before))
            else:
                tell(f"reading {delivery.id} again")
                with DuckEngine(context.limits) as engine:
                    room = context.room(f"rebuild-{delivery.id}")
                    read = read_payloads(engine, context, source, payloads, room)
                    if delivery.replay_of is None:
                        still = rejected_of(read, delivery.id, name)
                        report = {**delivery.report, **report_of(read, source.spec)}
                        again.append(Reread(delivery.id, read.audit.films, report, still))
                    if read.companies is not None:
                        companies[delivery.id] = read.companies
                    known = known_of(context, source.spec, delivery.id, done, fresh)
                    fresh.append(apply(engine, context, target, read, known))
        if delivery.state != "held":
            done.append(delivery)
    _check_withdrawn(context, source, (before, fresh), accept_shrink)
    with context.writing() as copy:
        context.confirm(copy.connection, ARRIVALS)
        replace_batches(copy.connection, name, fresh, again)
        if any(file.about == "companies" for file in source.spec.files.values()):
            replace_details(copy.connection, name, companies)
        copy.deliveries([batch.delivery for batch in fresh])
    kept = {file for batch in fresh for file in (batch.records_file, batch.keys_file)}
    old = {file for batch in before for file in (batch.records_file, batch.keys_file) if file}
    for file in sorted(old - kept):
        if context.store.has(file):
            context.store.remove(file)
    return fresh


def _check_withdrawn(
    context: RunContext, source: Source, batches: tuple[list[Batch], list[Batch]], accepted: bool
) -> None:
    """Raise WithdrawError where the batches read again have far fewer records than the undamaged ones before."""
    store = context.store
    files = [
        [
            store.path(batch.records_file)
            for batch in some
            if batch.records_file and _is_sound(store, batch.records_file)
        ]
        for some in batches
    ]
    with DuckEngine(context.limits) as engine:
        for side, some in zip(("before", "after"), files, strict=True):
            view_rows(engine, f"{side}_rows", some, RECORDS.empty_table())
            engine.view(f"{side}_keys", f"SELECT key FROM ({live_rows(f'{side}_rows')})")
        there = engine.query("SELECT count(*) AS keys FROM before_keys")["keys"][0].as_py()
        gone = engine.query("SELECT key FROM before_keys ANTI JOIN after_keys USING (key) ORDER BY key")[
            "key"
        ]
    if accepted or len(gone) <= there * source.spec.shrink:
        return
    for batch in batches[1]:
        for file in (batch.records_file, batch.keys_file):
            if file and file not in {
                name for old in batches[0] for name in (old.records_file, old.keys_file)
            }:
                context.store.remove(file)
    named = ", ".join(str(key) for key in gone.slice(0, 5).to_pylist())
    raise WithdrawError(
        f"reading again would withdraw {len(gone):,} of {there:,} records ({named}, …); nothing was changed",
        source.spec.name,
        "repeat with --accept-shrink if that is intended",
    )


def _is_sound(store: Store, name: str) -> bool:
    return store.has(name) and store.check(name) is not State.DAMAGED


def _carried_over(context: RunContext, target: Target, before: list[Batch]) -> Batch:
    """Copy a delivery's rows from the batches before into a new file; its file of keys stays where it is."""
    own = next(batch for batch in before if batch.delivery == target.delivery)
    files = context.record_files(before)
    ready = context.room(f"carried-{target.delivery}") / "records.parquet"
    file = None
    with DuckEngine(context.limits) as engine:
        view_rows(engine, "every_record", files, RECORDS.empty_table())
        mine = f"SELECT * FROM every_record WHERE delivery = {quoted(target.delivery)} ORDER BY key"
        if engine.write(mine, ready):
            file = f"{target.folder}/{target.delivery}.parquet"
            context.store.put(ready, file)
    return msgspec.structs.replace(own, records_file=file, published=False)


def replay(context: RunContext, source: Source, delivery: Delivery) -> int:
    """Read a delivery with rejected rows again after a fix; rows that can be read now become a batch of their own.

    The batch comes right after the delivery's own, or after the last that had the same bytes, so that later deliveries still
    win. Returns how many rejected rows were read.
    """
    name = source.spec.name
    before = [delivery for delivery in all_deliveries(context.catalogue, name) if delivery.state != "held"]
    replays = [other.id for other in before if other.replay_of == delivery.id]
    alike = [other for other in before if other.same_as in (delivery.id, *replays)]
    place = max([delivery, *alike], key=lambda delivery: delivery.id)
    again = f"{place.id}-r{len(replays) + 1}"
    with DuckEngine(context.limits) as engine:
        payloads = payloads_of(context.catalogue, delivery.id)
        read = read_payloads(engine, context, source, payloads, context.room(again))
        still = rejected_of(read, delivery.id, name)
        if len(still) == _open(context, delivery):
            return 0
        batches = all_batches(context.catalogue, name)
        known = known_of(context, source.spec, again, before, batches)
        batch = apply(
            engine, context, Target(source.spec, again, batches[-1].keys_file.rpartition("/")[0]), read, known
        )
    replayed = _replayed(
        msgspec.structs.replace(delivery, delivered_at=place.delivered_at), again, read, source.spec
    )
    with context.writing() as copy:
        context.confirm(copy.connection, ARRIVALS)
        register(copy.connection, Arrival(replayed, payloads, batch))
        done = settle_rejected(copy.connection, delivery.id, still)
        copy.deliveries([delivery.id, again])
    return done


def replay_waiting(context: RunContext, name: str | None, tell: Tell = lambda _: None) -> dict[str, int]:
    """Read again the deliveries with open rejected rows, of a source or of all; return how many rows were read by delivery."""
    waiting = {row.delivery for row in rejected(context.catalogue, "open", name)}
    done = {}
    for delivery in all_deliveries(context.catalogue):
        if delivery.id in waiting and delivery.state == "applied":
            tell(f"reading {delivery.id} again")
            done[delivery.id] = replay(context, find_source(delivery.source, context.home.folder), delivery)
    return done


def _open(context: RunContext, delivery: Delivery) -> int:
    return sum(
        1 for row in rejected(context.catalogue, "open", delivery.source) if row.delivery == delivery.id
    )


def _replayed(delivery: Delivery, again: str, read: Read, spec: SourceSpec) -> Delivery:
    return Delivery(
        id=again,
        source=delivery.source,
        delivered_at=delivery.delivered_at,
        received_at=delivery.received_at,
        fingerprint=delivery.fingerprint,
        complete=delivery.complete,
        state="applied",
        replay_of=delivery.id,
        records=read.audit.films,
        report=report_of(read, spec),
    )


def _generation(batches: list[Batch]) -> int:
    """Return the number of the folder of a source's batches; each rebuild uses the next."""
    return int(batches[-1].keys_file.split("/")[2]) if batches else 0


def from_lake(context: RunContext, tell: Tell = lambda _: None) -> dict[str, int]:
    """Replace the ledger's tables by the lake's copy of them, so that everything is published again; return the rows by
    table.

    In one transaction. Raises StoreError where the lake has no copy, or the catalogue belongs to another lake.
    """
    patience = context.home.settings.patience
    with (
        holding(context.catalogue, ARRIVALS, patience, tell),
        holding(context.catalogue, CATALOGUE, patience, tell),
        DuckEngine(context.limits) as engine,
    ):
        tell("reading the lake's copy of the ledger")
        lake = readable_name(context.store)
        name = lake or new_name()
        try:
            named = name_copies(engine, context.store)
        except DamagedError as error:
            raise DamagedError(error.what, error.where, _NO_COPY) from error
        tell("writing it to the catalogue")
        with writing(context.catalogue) as connection:
            _check(context, connection, lake)
            rows = _put(connection, engine, named)
            begins = engine.query("SELECT value FROM catalogue_state") if "catalogue_state" in named else None
            newest = int(begins["value"][0].as_py()) if begins is not None and begins.num_rows else 0
            if newest > last_change(connection):
                note_fact(connection, LOG_BEGINS, str(newest))
            note_fact(connection, FACT, name)
            note_fact(connection, BUILT_WITH, None)
            note_copies(connection, context.store)
            publish_all(connection)
        if lake is None:
            name_lake(context.store, name, context.work)
    return rows


#: The hint if the copy is damaged, too.
_NO_COPY = "restore a backup; without one, ingest the payloads under raw/ again into a new home"


def _check(context: RunContext, connection: sa.Connection, lake: str | None) -> None:
    known = fact(connection, FACT)
    if has_deliveries(connection) and known != lake:
        raise StoreError(
            "the catalogue belongs to another lake",
            context.store.root,
            "name a new one with MOVIEC_CATALOGUE",
        )


def _put(connection: sa.Connection, engine: DuckEngine, named: list[str]) -> dict[str, int]:
    """Replace the rows of the copied tables."""

    def parts(name: str) -> Iterator[pa.Table] | None:
        if name not in named:
            return None
        return (pa.Table.from_batches([rows]) for rows in engine.stream(f"SELECT * FROM {name}"))

    return replace_rows(connection, UNITS.keys() - {"catalogue_state"}, parts)
