"""The log of record changes that wait to be published, and what was set aside from it after repeated failure.

An entry is a batch, or a single record to be processed again; it is numbered under the lock that appends it, so that
none is skipped because it was committed late. Records, deliveries and webhooks that keep failing are set aside with
their cause, so that the rest proceeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.queries import FOLLOWER, set_checkpoint
from moviec.catalog.schema.operations import checkpoints, failures, record_changes
from moviec.catalog.schema.serving import webhooks
from moviec.errors import UsageError

#: Single records: `delivery` names the one with the current row if that was not published before; else NULL.
RECORDS = pa.schema([("source", pa.string()), ("key", pa.string()), ("delivery", pa.string())])

#: Records that wait because of a person's decision, and its number.
_DECIDED: list[tuple[str, pa.DataType]] = [
    ("source", pa.string()),
    ("key", pa.string()),
    ("decision", pa.int64()),
]
DECIDED = pa.schema(_DECIDED)


class RecordChange(msgspec.Struct, frozen=True):
    """An entry: a delivery's batch and its number of records; or one record (source, key), because of a decision or
    replay.
    """

    cause: str
    records: int = 1
    delivery: str | None = None
    source: str | None = None
    key: str | None = None
    decision: int | None = None


class Pending(msgspec.Struct, frozen=True):
    """What waits: up to which number, how many entries and records, since when; its single records (RECORDS), and those
    of them behind which there is a decision (DECIDED).
    """

    upto: int
    entries: int
    changes: int
    since: str | None
    records: pa.Table
    decided: pa.Table = DECIDED.empty_table()


def append(connection: sa.Connection, entries: Sequence[RecordChange]) -> int:
    """Append entries inside a `writing` transaction; return the number of the last."""
    last = newest(connection)
    rows = [
        {"number": last + place, "at": now(), **msgspec.structs.asdict(entry)}
        for place, entry in enumerate(entries, 1)
    ]
    if rows:
        connection.execute(sa.insert(record_changes), rows)
    return last + len(rows)


def newest(connection: sa.Connection) -> int:
    """Return the number of the last entry, 0 for none."""
    return connection.scalar(sa.select(sa.func.max(record_changes.c.number))) or 0


def position(connection: sa.Connection) -> int:
    """Return the number of the last entry that is published."""
    query = sa.select(checkpoints.c.position).where(checkpoints.c.follower == FOLLOWER)
    return connection.scalar(query) or 0


def pending(connection: sa.Connection) -> Pending:
    """Return what was appended after the aggregator's checkpoint."""
    done = position(connection)
    number = record_changes.c.number
    query = sa.select(record_changes).where(number > done).order_by(number)
    rows = connection.execute(query).all()
    single = [row for row in rows if row.key is not None]
    return Pending(
        upto=rows[-1].number if rows else done,
        entries=len(rows),
        changes=sum(row.records for row in rows),
        since=rows[0].at if rows else None,
        records=_columns(single, RECORDS),
        decided=_columns([row for row in single if row.decision is not None], DECIDED),
    )


def _columns(rows: Sequence[sa.Row[Any]], schema: pa.Schema) -> pa.Table:
    return pa.table({name: [getattr(row, name) for row in rows] for name in schema.names}, schema=schema)


def mark_done(connection: sa.Connection, upto: int) -> None:
    """Move the aggregator's checkpoint, inside the transaction that publishes."""
    set_checkpoint(connection, FOLLOWER, upto, now())


class Failure(msgspec.Struct, frozen=True):
    """What was set aside: by which follower, what it is about, why, how often it was tried, when; open or replayed."""

    number: int
    follower: str
    subject: dict[str, Any]
    error: str
    attempts: int
    at: str
    state: str


def set_aside(
    connection: sa.Connection, follower: str, subjects: Sequence[dict[str, Any]], error: str, attempts: int
) -> None:
    """Set subjects aside for one error; those already set aside do not change."""
    known = {
        msgspec.json.encode(failure.subject) for failure in failed(connection) if failure.follower == follower
    }
    rows = [
        {"follower": follower, "subject": text.decode(), "error": error, "attempts": attempts, "at": now(), "state": "open"}
        for subject in subjects
        if (text := msgspec.json.encode(subject)) not in known
    ]  # fmt: skip
    if rows:
        connection.execute(sa.insert(failures), rows)


def last_failure(connection: sa.Connection) -> int:
    """Return the number of the last failure, 0 for none."""
    return connection.scalar(sa.select(sa.func.max(failures.c.number))) or 0


def set_aside_after(connection: sa.Connection, number: int) -> int:
    """Count the records set aside after the failure of this number that are still set aside."""
    mine = sa.and_(failures.c.number > number, failures.c.follower == FOLLOWER, failures.c.state == "open")
    return connection.scalar(sa.select(sa.func.count()).where(mine)) or 0


def failed(connection: sa.Connection, state: str | None = "open") -> list[Failure]:
    """List failures in order; of every state where None."""
    query = sa.select(failures).order_by(failures.c.number)
    rows = connection.execute(query if state is None else query.where(failures.c.state == state))
    return [Failure(**{**row, "subject": msgspec.json.decode(row["subject"])}) for row in rows.mappings()]


def records_aside(connection: sa.Connection) -> pa.Table:
    """Return the records (RECORDS) that the catalogue leaves out, as if the delivery did not have them."""
    rows = [failure.subject for failure in failed(connection) if failure.follower == FOLLOWER]
    columns = {name: [row[name] for row in rows] for name in RECORDS.names}
    return pa.table(columns, schema=RECORDS)


def replay(catalogue: sa.Engine, numbers: Sequence[int] = ()) -> int:
    """Mark failures to be tried again, all open ones if none are named; return how many.

    Raises UsageError for an unknown number. A record goes back into the ingest queue; a webhook is switched on again
    where it stopped; a delivery is due again.
    """
    with writing(catalogue) as connection:
        waiting = failed(connection)
        if unknown := sorted(set(numbers) - {failure.number for failure in waiting}):
            raise UsageError(f"no open failure has the number {unknown[0]}", hint="see `moviec failures`")
        chosen = [failure for failure in waiting if not numbers or failure.number in numbers]
        for failure in chosen:
            connection.execute(
                sa.update(failures).where(failures.c.number == failure.number).values(state="replayed")
            )
            if failure.follower == FOLLOWER:
                append(connection, [RecordChange("replay", **failure.subject)])
            elif "webhook" in failure.subject:
                again = {"state": "active", "failed": 0, "retry_at": None}
                table = webhooks
                connection.execute(
                    sa.update(table).where(table.c.number == failure.subject["webhook"]).values(again)
                )
    return len(chosen)
