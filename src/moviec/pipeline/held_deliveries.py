"""Held deliveries: taking one in after all, as it was delivered then, or noting that it is not to be taken in."""

from __future__ import annotations

import datetime as dt
import shutil

import msgspec

from moviec.catalog.accounts import now, plain_name
from moviec.catalog.deliveries import Delivery, all_deliveries, note_refused, payloads_of
from moviec.errors import UsageError
from moviec.home.context import RunContext, Tell
from moviec.lake.payloads import payload_path
from moviec.pipeline.ingest import Order, ingest
from moviec.sources.registry import find_source


def accept_held(context: RunContext, delivery: str, tell: Tell = lambda _: None) -> Delivery:
    """Apply a held delivery from the bytes that the lake keeps of it; needs the lease on arrivals.

    Raises UsageError where no held delivery has this id.
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
    """Note of a held delivery that it is not to be taken in, and by whom: it no longer waits for anybody.

    Raises UsageError where no held delivery has this id.
    """
    held = _held(context, delivery)
    report = {**held.report, "refused": {"who": plain_name(who, "who refuses"), "at": now()}}
    with context.writing() as copy:
        note_refused(copy.connection, delivery, report)
        copy.deliveries([delivery])
    return msgspec.structs.replace(held, report=report)


def _held(context: RunContext, delivery: str) -> Delivery:
    found = next((each for each in all_deliveries(context.catalogue) if each.id == delivery), None)
    if found is None or found.state != "held":
        raise UsageError("no delivery of this id is held", delivery, "see `moviec status`")
    return found
