"""Ingests one delivery into the lake: keeps payloads, reads rows, writes what changed as a batch, registers all at
once.

A delivery that looks wrong is held: registered, not applied, until a person accepts or refuses it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from moviec.bounds import check_regular
from moviec.catalog.accounts import now, plain_name
from moviec.catalog.company_details import apply_details
from moviec.catalog.deliveries import (
    Arrival,
    Delivery,
    Payloads,
    all_batches,
    all_deliveries,
    delivery_id,
    note_refused,
    payloads_of,
    register,
)
from moviec.catalog.leases import ARRIVALS
from moviec.engine import DuckEngine
from moviec.errors import SourceError, UsageError
from moviec.home.context import RunContext, Steps, Tell, check_delivery, recorded
from moviec.home.models import spaces_shown
from moviec.lake.payloads import Payload, keep_payload, let_go, payload_path
from moviec.pipeline.read_delivery import (
    MAPPING,
    Target,
    apply,
    is_about_companies,
    known_of,
    mapping_of,
    read_payloads,
    rejected_of,
    report_of,
)
from moviec.sources.audit import Audit
from moviec.sources.registry import extract_function, find_source
from moviec.sources.spec import Source, SourceSpec, assign_roles
from moviec.storage.files import Put
from moviec.units import plural

#: In a report: names of files whose bytes in the lake were damaged until they were delivered again.
MENDED = "mended_payloads"

#: A complete delivery is held where a field or id that at least FEW films had is known for less than this share of what it was
#: known for before: a column that is renamed or empty reads perfectly. Judgements: no evaluation set them.
EMPTIED, FEW = 0.5, 20


class Order(msgspec.Struct, frozen=True):
    """What to ingest: a source's files, when they were delivered, and whether a shrunken delivery may pass."""

    source: Source
    paths: Sequence[Path]
    delivered_at: dt.datetime
    accept_shrink: bool = False


def ingest(context: RunContext, order: Order, tell: Tell = lambda _: None) -> Delivery:
    """Ingest one delivery and return it with its state: applied, unchanged (nothing was new) or held.

    Raises SourceError, with nothing registered or kept, when the files are not what the source delivers.
    """
    name = order.source.spec.name
    with recorded(context, f"ingest {name}", ARRIVALS, tell) as steps:
        every = all_deliveries(context.catalogue, name)
        before = [delivery for delivery in every if delivery.state != "held"]
        order = _narrowed(context, order, steps, tell)
        check_delivery(context.home, order.paths)
        with steps.step("keeping") as counts:
            kept = _keep(context, order.paths)
            mended = [payload.name for payload in kept if payload.put is Put.MENDED]
            payloads = [Payloads(payload.name, payload.sha256, payload.size) for payload in kept]
            payloads += _reused(context, order.source.spec, before, payloads)
            counts.update(bytes=sum(payload.size for payload in payloads), mended=len(mended))
        same_mapping = _is_read_alike(order.source.spec, before)
        delivery = _delivery(order, payloads, every if same_mapping else [], len(every) + 1)
        known = next((other for other in before if other.id == delivery.id), None)
        if known:
            return _with_mended(known, mended)
        newest = max(before, key=lambda delivery: delivery.id, default=None)
        if newest and same_mapping and newest.fingerprint == delivery.fingerprint and newest.id < delivery.id:
            of = newest.same_as or newest.id
            same = msgspec.structs.replace(delivery, same_as=of, records=newest.records)
            _register(context, Arrival(same, payloads))
            return _with_mended(same, mended)
        try:
            done = _read_and_apply(context, order, Arrival(delivery, payloads), before, steps)
        except SourceError as error:
            if not error.retryable:
                let_go(context.store, kept)
            raise
        steps.outcome = "held" if done.state == "held" else "done"
        return _with_mended(done, mended)


def _narrowed(context: RunContext, order: Order, steps: Steps, tell: Tell) -> Order:
    """Return an order with its files reduced to films, where the source can do that; only these are kept."""
    extract = extract_function(order.source.spec, context.home.folder)
    if extract is None:
        return order
    with steps.step("extracting") as counts:
        room = context.room("extracted")
        paths = [extract(order.source.spec, path, room, tell) or path for path in order.paths]
        counts.update(files=sum(path.parent == room for path in paths))
    return msgspec.structs.replace(order, paths=paths)


def _with_mended(delivery: Delivery, mended: list[str]) -> Delivery:
    """Add to a delivery's report the lake's payloads that were damaged and are now as delivered."""
    if not mended:
        return delivery
    return msgspec.structs.replace(delivery, report={**delivery.report, MENDED: mended})


def _read_and_apply(
    context: RunContext, order: Order, arrival: Arrival, before: Sequence[Delivery], steps: Steps
) -> Delivery:
    spec, delivery = order.source.spec, arrival.delivery
    batches = all_batches(context.catalogue, spec.name)
    with DuckEngine(context.limits) as engine:
        with steps.step("reading") as counts:
            read = read_payloads(engine, context, order.source, arrival.payloads, context.room(delivery.id))
            rejected = rejected_of(read, delivery.id, spec.name)
            counts.update(records=read.audit.films, rejected=len(rejected))
        report = report_of(read, spec)
        reasons = [] if order.accept_shrink else hold_reasons(spec, read.audit, before)
        if reasons:
            report["held"] = reasons
            held = msgspec.structs.replace(delivery, state="held", records=read.audit.films, report=report)
            _register(context, Arrival(held, arrival.payloads, None, rejected))
            return held
        with steps.step("comparing with what is known") as counts:
            folder = batches[-1].keys_file.rpartition("/")[0] if batches else f"records/{spec.name}/1"
            known = known_of(context, spec, delivery.id, before, batches)
            batch = apply(engine, context, Target(spec, delivery.id, folder), read, known)
            report["batch"] = {name: getattr(batch, name) for name in ("changed", "tombstones", "outdated")}
            counts.update(report["batch"])
    records = read.audit.films
    if is_about_companies(spec, read.payloads):  # its size says nothing about the number of films
        newest = max(before, key=lambda earlier: earlier.id, default=None)
        records = (newest.records or 0) if newest else 0
    applied = msgspec.structs.replace(delivery, state="applied", records=records, report=report)
    _register(context, Arrival(applied, arrival.payloads, batch, rejected, read.companies))
    return applied


def _register(context: RunContext, arrival: Arrival) -> None:
    with context.writing() as copy:
        context.confirm(copy.connection, ARRIVALS)
        register(copy.connection, arrival)
        if arrival.companies is not None:  # no film changes, so no publication follows
            apply_details(copy.connection, spaces_shown(context))
        copy.deliveries([arrival.delivery.id])


def hold_reasons(spec: SourceSpec, found: Audit, before: Sequence[Delivery]) -> list[str]:
    """Return why a delivery should not be applied without a check: fewer or more rows than expected, or far fewer rows or
    values than before.
    """
    reasons = list(found.concerns)
    newest = max(before, key=lambda delivery: delivery.id, default=None)
    if spec.complete and newest and newest.records:
        gone = 1 - found.films / newest.records
        if gone > spec.shrink:
            reasons.append(
                f"{plural(found.films, 'film', 'films')} where the delivery before had {newest.records:,}:"
                f" {gone:.1%} fewer, more than {spec.shrink:.0%}"
            )
    return reasons + (_emptied(spec, found, before) if spec.complete else [])


def _emptied(spec: SourceSpec, found: Audit, before: Sequence[Delivery]) -> list[str]:
    """Name fields and ids that far fewer films have than in the last delivery that was read, and whose values would go."""
    read = [delivery for delivery in before if delivery.report.get("audit", {}).get("films")]
    newest = max(read, key=lambda delivery: delivery.id, default=None)
    if newest is None or not found.films:
        return []
    last = newest.report["audit"]
    counts = [
        (name, then, found.filled.get(name, 0))
        for name, then in last["filled"].items()
        if not spec.keeps(name)
    ]
    if not spec.keeps("ids"):
        counts += [
            (f"ids.{space}", then, found.ids.get(space, 0)) for space, then in last.get("ids", {}).items()
        ]
    return [
        f"{name} is known for {now / found.films:.0%} of films, before for {then / last['films']:.0%}"
        for name, then, now in counts
        if then >= FEW and now / found.films < EMPTIED * then / last["films"]
    ]


def _keep(context: RunContext, paths: Sequence[Path]) -> list[Payload]:
    """Keep the delivered bytes, by name."""
    for path in paths:
        check_regular(path)
    names = [path.name for path in paths]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError("two files of one name in a delivery", ", ".join(twice), "rename one")
    return [keep_payload(context.store, path) for path in sorted(paths, key=lambda path: path.name)]


def _reused(
    context: RunContext, spec: SourceSpec, before: Sequence[Delivery], payloads: Sequence[Payloads]
) -> list[Payloads]:
    """Return the latest payload of each role that is missing from this delivery, by file name."""
    present = assign_roles([Path(payload.name) for payload in payloads], spec)[0]
    found: list[Payloads] = []
    names = {payload.name for payload in payloads}
    for role in spec.files:
        if role in present or spec.fetch:  # answers to requests are complete in themselves
            continue
        for delivery in sorted(before, key=lambda delivery: delivery.id, reverse=True):
            last = [
                payload
                for payload in payloads_of(context.catalogue, delivery.id)
                if not payload.reused
                and payload.name not in names
                and role in assign_roles([Path(payload.name)], spec)[0]
            ]
            if last:
                found.append(msgspec.structs.replace(last[0], reused=True))
                break
    return found


def _is_read_alike(spec: SourceSpec, before: Sequence[Delivery]) -> bool:
    """Return whether the last delivery that was read was read under the source's facts as they are now."""
    read = [delivery for delivery in before if MAPPING in delivery.report]
    newest = max(read, key=lambda delivery: delivery.received_at, default=None)
    return newest is None or newest.report[MAPPING] == mapping_of(spec)


def _delivery(order: Order, payloads: Sequence[Payloads], every: Sequence[Delivery], number: int) -> Delivery:
    """Return the source's `number`th delivery. It has the id of an earlier one of this instant with the same bytes where that
    one is held or the last of its instant; bytes that were corrected since are a new delivery.
    """
    at = order.delivered_at.astimezone(dt.UTC)
    spec = order.source.spec
    fingerprint = hashlib.sha256(
        " ".join(sorted(payload.sha256 for payload in payloads)).encode()
    ).hexdigest()
    same = [
        delivery
        for delivery in every
        if delivery.delivered_at == at.isoformat() and delivery.replay_of is None
    ]
    again = [
        delivery
        for delivery in same
        if delivery.fingerprint == fingerprint and (delivery.state == "held" or delivery is same[-1])
    ]
    return Delivery(
        id=again[-1].id if again else delivery_id(at, spec.name, number, fingerprint),
        source=spec.name,
        delivered_at=at.isoformat(),
        received_at=dt.datetime.now(dt.UTC).isoformat(),
        fingerprint=fingerprint,
        complete=spec.complete,
        state="unchanged",
    )


def note_unchanged(context: RunContext, newest: Delivery, delivered_at: dt.datetime, tell: Tell) -> Delivery:
    """Register an unchanged delivery: the provider still publishes the bytes of the newest one."""
    with recorded(context, f"ingest {newest.source}", ARRIVALS, tell):
        number = len(all_deliveries(context.catalogue, newest.source)) + 1
        same = _again(newest, delivered_at, number)
        if same.id > newest.id:
            _register(context, Arrival(same, payloads_of(context.catalogue, newest.id)))
    return same


def _again(newest: Delivery, delivered_at: dt.datetime, number: int) -> Delivery:
    """Return a later delivery of the newest one's bytes, the source's `number`th."""
    at = delivered_at.astimezone(dt.UTC)
    return msgspec.structs.replace(
        newest,
        id=delivery_id(at, newest.source, number, newest.fingerprint),
        delivered_at=at.isoformat(),
        received_at=dt.datetime.now(dt.UTC).isoformat(),
        state="unchanged",
        same_as=newest.same_as or newest.id,
        report={},
    )


def accept_held(context: RunContext, delivery: str, tell: Tell = lambda _: None) -> Delivery:
    """Apply a held delivery from the bytes that the lake keeps of it; needs the lease on arrivals.

    Raises UsageError for any other id.
    """
    held = _held(context, delivery)
    folder = context.room("held")
    paths = []
    for payload in payloads_of(context.catalogue, delivery):
        if not payload.reused:
            paths.append(folder / payload.name)
            shutil.copyfile(payload_path(context.store, payload.name, payload.sha256), paths[-1])
    source = find_source(held.source, context.home.folder)
    at = dt.datetime.fromisoformat(held.delivered_at)
    return ingest(context, Order(source, paths, at, accept_shrink=True), tell)


def refuse_held(context: RunContext, delivery: str, who: str) -> Delivery:
    """Record that a held delivery was refused, and by which person: it no longer waits.

    Raises UsageError for any other id.
    """
    held = _held(context, delivery)
    report = {**held.report, "refused": {"who": plain_name(who, "who refuses"), "at": now()}}
    with context.writing() as copy:
        note_refused(copy.connection, delivery, report)
        copy.deliveries([delivery])
    return msgspec.structs.replace(held, report=report)


def _held(context: RunContext, delivery: str) -> Delivery:
    found = next((known for known in all_deliveries(context.catalogue) if known.id == delivery), None)
    if found is None or found.state != "held":
        raise UsageError("no held delivery has this id", delivery, "see `moviec status`")
    return found
