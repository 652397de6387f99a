"""Deliveries, batches and rejected rows in the catalogue: what arrived, what became of it, what could not be read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.company_details import put_details
from moviec.catalog.ingest_queue import RecordChange, append
from moviec.catalog.schema.arrivals import batches, deliveries, delivery_payloads, rejected_rows
from moviec.catalog.schema.identity import models, records
from moviec.catalog.schema.operations import failures, record_changes
from moviec.catalog.schema.serving import changes

#: Changed records from which the share of unmatched ones is counted again: that reads all of the source's records.
ENOUGH = 100

#: Rows named in one statement.
AT_ONCE = 1000

T = TypeVar("T", bound=msgspec.Struct)


class Payloads(msgspec.Struct, frozen=True):
    """A payload of a delivery; `reused`: it came with an earlier one; `removed_at`: when its bytes were removed."""

    name: str
    sha256: str
    size: int
    reused: bool = False
    removed_at: str | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as the catalogue has it; `number` is its place in the order of arrival, 0 before it has one.

    `report`: what became of its rows, and warnings.
    """

    id: str
    source: str
    delivered_at: str
    received_at: str
    fingerprint: str
    complete: bool
    state: str
    same_as: str | None = None
    replay_of: str | None = None
    records: int | None = None
    report: dict[str, Any] = {}
    number: int = 0


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch: the files of its records (none where nothing changed) and of the keys the delivery named.

    `published` once the catalogue shows it.
    """

    delivery: str
    source: str
    records_file: str | None
    keys_file: str
    changed: int
    tombstones: int
    outdated: int
    published: bool = False


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A row that could not be read: its place, the reason, its text. `state` is open or replayed."""

    delivery: str
    source: str
    role: str
    payload: str | None
    line: int
    reason: str
    text: str
    state: str = "open"
    number: int = 0


class Arrival(msgspec.Struct, frozen=True):
    """Everything registered for one delivery, in one transaction; `companies`: what it says of companies (DETAILS)."""

    delivery: Delivery
    payloads: Sequence[Payloads]
    batch: Batch | None = None
    rejected: Sequence[Rejected] = ()
    companies: pa.Table | None = None


def delivery_id(at: dt.datetime, source: str, number: int, fingerprint: str) -> str:
    """Return the id of a source's `number`th delivery: a later delivery has a greater id, by time, then by arrival.

    The letter before the number sorts it behind ids without one, as older homes have.
    """
    return f"{at:%Y%m%dT%H%M%SZ}-{source}-n{number:06}-{fingerprint[:8]}"


def has_deliveries(connection: sa.Connection) -> bool:
    """Return whether there is any delivery."""
    return connection.scalar(sa.select(deliveries.c.id).limit(1)) is not None


def publish_all(connection: sa.Connection) -> None:
    """Mark every batch to be published again, inside a `writing` transaction."""
    connection.execute(sa.update(batches).values(published=False))
    query = sa.select(batches).join(deliveries, deliveries.c.id == batches.c.delivery)
    every = connection.execute(query.order_by(deliveries.c.number)).all()
    append(
        connection,
        [RecordChange("delivery", batch.changed + batch.tombstones, batch.delivery) for batch in every],
    )


def payloads_there(connection: sa.Connection) -> set[str]:
    """Return the SHA-256 of every payload that was not removed."""
    there = sa.select(delivery_payloads.c.sha256).where(delivery_payloads.c.removed_at.is_(None))
    return set(connection.scalars(there))


def derived_files(connection: sa.Connection) -> set[str]:
    """Return the names of the lake's files of batches and of fitted models."""
    columns = (batches.c.records_file, batches.c.keys_file, models.c.file)
    return {
        file
        for column in columns
        for file in connection.scalars(sa.select(column).where(column.is_not(None)))
    }


def rename_deliveries(connection: sa.Connection, renamed: Mapping[str, str]) -> None:
    """Give deliveries new ids everywhere but in `batches`, inside a `writing` transaction."""
    for old, new in renamed.items():
        connection.execute(sa.update(deliveries).where(deliveries.c.id == old).values(id=new))
        for column in _NAMED:
            connection.execute(sa.update(column.table).where(column == old).values({column.name: new}))
        subject = sa.func.replace(failures.c.subject, old, new)
        connection.execute(
            sa.update(failures).where(failures.c.subject.contains(old)).values(subject=subject)
        )


#: Columns with the id of a delivery, besides its own table and its batch's.
_NAMED = (
    deliveries.c.same_as,
    deliveries.c.replay_of,
    delivery_payloads.c.delivery,
    rejected_rows.c.delivery,
    record_changes.c.delivery,
    changes.c.delivery,
)


def has_older_ids(catalogue: sa.Engine) -> bool:
    """Return whether there are deliveries whose ids, from older homes, do not give the order of arrival."""
    query = sa.select(deliveries.c.id).where(deliveries.c.id.not_like("%-n______-%")).limit(1)
    with catalogue.connect() as connection:
        return connection.scalar(query) is not None


def register(connection: sa.Connection, arrival: Arrival) -> None:
    """Register a delivery with its payloads, its batch, its entry in the log and its rejected rows.

    Inside a `writing` transaction. A held delivery that is accepted later keeps its place.
    """
    delivery = arrival.delivery
    held = sa.and_(deliveries.c.id == delivery.id, deliveries.c.state == "held")
    if connection.execute(sa.select(deliveries.c.id).where(held)).first():
        for table in (delivery_payloads, rejected_rows):
            connection.execute(sa.delete(table).where(table.c.delivery == delivery.id))
        connection.execute(sa.delete(deliveries).where(held))
    connection.execute(sa.insert(deliveries), [_row(delivery)])
    payloads = [{"delivery": delivery.id, **msgspec.structs.asdict(payload)} for payload in arrival.payloads]
    if payloads:
        connection.execute(sa.insert(delivery_payloads), payloads)
    if arrival.batch:
        connection.execute(sa.insert(batches), [msgspec.structs.asdict(arrival.batch)])
        changed = arrival.batch.changed + arrival.batch.tombstones
        append(connection, [RecordChange("delivery", changed, delivery.id)])
    _insert_rejected(connection, arrival.rejected)
    if arrival.companies is not None:
        put_details(connection, delivery.source, {delivery.id: arrival.companies})


class Reread(msgspec.Struct, frozen=True):
    """The result of reading a delivery again: its records, report, and rejected rows."""

    delivery: str
    records: int
    report: dict[str, Any]
    rejected: Sequence[Rejected]


def replace_batches(
    connection: sa.Connection, source: str, fresh: Iterable[Batch], read: Iterable[Reread] = ()
) -> None:
    """Replace a source's batches by the rebuilt ones, with their reports and rejected rows.

    Inside a `writing` transaction that has confirmed the lease on arrivals.
    """
    connection.execute(sa.delete(batches).where(batches.c.source == source))
    for batch in fresh:
        connection.execute(sa.insert(batches), [msgspec.structs.asdict(batch)])
    for report_read in read:
        values = {"records": report_read.records, "report": report_read.report}
        connection.execute(
            sa.update(deliveries).where(deliveries.c.id == report_read.delivery).values(**values)
        )
        settle_rejected(connection, report_read.delivery, report_read.rejected)


def note_refused(connection: sa.Connection, delivery: str, report: dict[str, Any]) -> None:
    """Write the report of a held delivery that a person refused."""
    connection.execute(sa.update(deliveries).where(deliveries.c.id == delivery).values(report=report))


def all_deliveries(catalogue: sa.Engine, source: str | None = None) -> list[Delivery]:
    """List deliveries in the order of their arrival."""
    query = sa.select(deliveries).order_by(deliveries.c.number)
    return _read(catalogue, query if source is None else query.where(deliveries.c.source == source), Delivery)


def is_waiting(delivery: Delivery) -> bool:
    """Return whether a delivery is held, and nobody has refused it."""
    return delivery.state == "held" and "refused" not in delivery.report


def applied_before(delivery: Delivery, every: Iterable[Delivery]) -> Delivery | None:
    """Return the latest applied delivery of a held one's source, which it is held against."""
    earlier = [other for other in every if other.source == delivery.source and other.state == "applied"]
    return max(earlier, key=lambda other: other.id, default=None)


def shrunk(delivery: Delivery, before: Delivery | None) -> list[tuple[str, int, int]]:
    """List what a delivery has less of than the one before (name, now, then), the largest loss first: films, then films with
    each field and with an id of each space (`ids.imdb`).
    """
    if before is None:
        return []
    now, then = (_counted(each.report.get("audit", {})) for each in (delivery, before))
    less = [(name, now.get(name, 0), count) for name, count in then.items() if now.get(name, 0) < count]
    films = [("films", delivery.records or 0, before.records or 0)]
    return [row for row in films if row[1] < row[2]] + sorted(less, key=lambda row: (row[1] / row[2], row[0]))


def _counted(audit: Mapping[str, Any]) -> dict[str, int]:
    return {
        **audit.get("filled", {}),
        **{f"ids.{space}": count for space, count in audit.get("ids", {}).items()},
    }


def all_batches(catalogue: sa.Engine, source: str | None = None) -> list[Batch]:
    """List batches in the order in which their deliveries arrived."""
    query = (
        sa.select(batches)
        .join(deliveries, deliveries.c.id == batches.c.delivery)
        .order_by(deliveries.c.number)
    )
    return _read(catalogue, query if source is None else query.where(batches.c.source == source), Batch)


def payloads_of(catalogue: sa.Engine, delivery: str) -> list[Payloads]:
    """List the payloads of a delivery, by name."""
    columns = [delivery_payloads.c[field.name] for field in msgspec.structs.fields(Payloads)]
    query = (
        sa.select(*columns).where(delivery_payloads.c.delivery == delivery).order_by(delivery_payloads.c.name)
    )
    return _read(catalogue, query, Payloads)


def rejected(catalogue: sa.Engine, state: str | None = "open", source: str | None = None) -> list[Rejected]:
    """List rejected rows, oldest first."""
    query = sa.select(rejected_rows).order_by(rejected_rows.c.number)
    if state is not None:
        query = query.where(rejected_rows.c.state == state)
    if source is not None:
        query = query.where(rejected_rows.c.source == source)
    return _read(catalogue, query, Rejected)


def count_rejected(catalogue: sa.Engine) -> dict[str, int]:
    """Count the open rejected rows of each source."""
    query = sa.select(rejected_rows.c.source, sa.func.count()).where(rejected_rows.c.state == "open")
    with catalogue.connect() as connection:
        return dict(connection.execute(query.group_by(rejected_rows.c.source)).all())


def note_unmatched(connection: sa.Connection, published: Sequence[Batch]) -> None:
    """Note in the reports of deliveries how many of the source's records are unmatched after publication.

    Only where a delivery changed enough of a source to move the share.
    """
    counts = sa.select(sa.func.count(), sa.func.sum(sa.case((records.c.method == "alone", 1), else_=0)))
    for batch in published:
        if batch.changed + batch.tombstones < ENOUGH:
            continue
        every, alone = connection.execute(
            counts.where(records.c.live, records.c.source == batch.source)
        ).one()
        where = deliveries.c.id == batch.delivery
        report = connection.scalar(sa.select(deliveries.c.report).where(where)) or {}
        noted = {**report, "unmatched": {"records": int(every), "alone": int(alone or 0)}}
        connection.execute(sa.update(deliveries).where(where).values(report=noted))


def settle_rejected(connection: sa.Connection, delivery: str, still: Sequence[Rejected]) -> int:
    """Set a delivery's open rejected rows to those `still` rejected: the others become replayed, new ones are added.

    Return how many became replayed. Inside a `writing` transaction that has confirmed the lease on arrivals.
    """
    table = rejected_rows.c
    rows = connection.execute(sa.select(rejected_rows).where(table.delivery == delivery)).all()
    there = {(row.role, row.line): row for row in rows}
    wanted = {(row.role, row.line) for row in still}
    read = [row.number for at, row in there.items() if row.state == "open" and at not in wanted]
    again = [row.number for at, row in there.items() if row.state != "open" and at in wanted]
    for numbers, state in ((read, "replayed"), (again, "open")):
        for start in range(0, len(numbers), AT_ONCE):
            some = table.number.in_(numbers[start : start + AT_ONCE])
            connection.execute(sa.update(rejected_rows).where(some).values(state=state))
    _insert_rejected(connection, [row for row in still if (row.role, row.line) not in there])
    return len(read)


def _insert_rejected(connection: sa.Connection, rows: Sequence[Rejected]) -> None:
    if rows:
        connection.execute(sa.insert(rejected_rows), [_row(row) for row in rows])


def _row(value: Delivery | Rejected) -> dict[str, Any]:
    """Return the columns of a new row; the database assigns its number."""
    row = msgspec.structs.asdict(value)
    del row["number"]
    return row


def _read(catalogue: sa.Engine, query: sa.Select[Any], kind: type[T]) -> list[T]:
    with catalogue.connect() as connection:
        return [kind(**row) for row in connection.execute(query).mappings()]


def every_payload(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
    """Return the payloads of all deliveries, in the order of these, as `delivery_payloads` has them."""
    return connection.execute(sa.select(delivery_payloads).order_by(delivery_payloads.c.delivery)).all()


def removed_payloads(connection: sa.Connection) -> set[str]:
    """Return the SHA-256 of payloads marked as removed in every delivery that had them."""
    kept = sa.select(delivery_payloads.c.sha256).where(delivery_payloads.c.removed_at.is_(None))
    removed = sa.select(delivery_payloads.c.sha256).where(delivery_payloads.c.sha256.not_in(kept))
    return set(connection.scalars(removed))


def payloads_of_open_rows(connection: sa.Connection) -> set[str]:
    """Return the SHA-256 of the payloads of every delivery with an open rejected row."""
    open_rows = sa.select(rejected_rows.c.delivery).where(rejected_rows.c.state == "open")
    waiting = sa.select(delivery_payloads.c.sha256).where(delivery_payloads.c.delivery.in_(open_rows))
    return set(connection.scalars(waiting))


def mark_payloads_removed(connection: sa.Connection, sums: Iterable[str]) -> None:
    """Mark payloads, by their SHA-256, as removed now."""
    where = delivery_payloads.c.sha256.in_(list(sums))
    connection.execute(sa.update(delivery_payloads).where(where).values(removed_at=now()))


def compact_batches(connection: sa.Connection, some: Sequence[str], newest: str, file: str) -> None:
    """Record that the records of some deliveries are in one file, that of the newest of them."""
    for delivery in some:
        where = batches.c.delivery == delivery
        kept = file if delivery == newest else None
        connection.execute(sa.update(batches).where(where).values(records_file=kept))
