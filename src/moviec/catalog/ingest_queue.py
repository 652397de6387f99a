"""The log of record changes: what arrived and waits to be published. Appended where it arises, followed by one aggregator.

An entry is a batch, or a single record to be looked at again. It is numbered under the lock that appends it, so that
no entry is skipped because it was committed late.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.queries import FOLLOWER, set_checkpoint
from moviec.catalog.schema.operations import checkpoints, record_changes

#: Single records: `delivery` names the one whose row holds and was not published before; NULL where it was.
RECORDS = pa.schema([("source", pa.string()), ("key", pa.string()), ("delivery", pa.string())])

#: Records that wait because of a person's decision, and its number.
_DECIDED: list[tuple[str, pa.DataType]] = [
    ("source", pa.string()),
    ("key", pa.string()),
    ("decision", pa.int64()),
]
DECIDED = pa.schema(_DECIDED)


class RecordChange(msgspec.Struct, frozen=True):
    """An entry: a delivery's batch with so many records; or one record (source, key), because of a decision or replay."""

    cause: str
    records: int = 1
    delivery: str | None = None
    source: str | None = None
    key: str | None = None
    decision: int | None = None


class Pending(msgspec.Struct, frozen=True):
    """What waits: up to which number, how many entries and records, since when; its single records (RECORDS), and
    those among them that a decision is behind (DECIDED)."""

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
