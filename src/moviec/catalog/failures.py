"""Dead letters: records, deliveries and webhooks set aside after repeated failure, so that the rest goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.ingest_queue import RECORDS, RecordChange, append
from moviec.catalog.queries import FOLLOWER
from moviec.catalog.schema.operations import failures
from moviec.catalog.schema.serving import webhooks
from moviec.errors import UsageError


class Failure(msgspec.Struct, frozen=True):
    """What was set aside: whose work it was, what it is about, why, how often it was tried, when; open or replayed."""

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
    """Set subjects aside for one and the same error; one that is set aside already stays as it is."""
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
    """Count the records set aside after the failure of this number that are so still."""
    mine = sa.and_(failures.c.number > number, failures.c.follower == FOLLOWER, failures.c.state == "open")
    return connection.scalar(sa.select(sa.func.count()).where(mine)) or 0


def failed(connection: sa.Connection, state: str | None = "open") -> list[Failure]:
    """List failures in order; of every state where None."""
    query = sa.select(failures).order_by(failures.c.number)
    rows = connection.execute(query if state is None else query.where(failures.c.state == state))
    return [Failure(**{**row, "subject": msgspec.json.decode(row["subject"])}) for row in rows.mappings()]


def records_aside(connection: sa.Connection) -> pa.Table:
    """Return the records (RECORDS) that the catalogue leaves out, as if that delivery had not named them."""
    rows = [failure.subject for failure in failed(connection) if failure.follower == FOLLOWER]
    columns = {name: [row[name] for row in rows] for name in RECORDS.names}
    return pa.table(columns, schema=RECORDS)


def replay(catalogue: sa.Engine, numbers: Sequence[int] = ()) -> int:
    """Set failures to be tried again, all that are open where none are named; return how many.

    Raises UsageError where a number is none of theirs. A record goes back into the log of record changes; a webhook is switched on again where it stopped; a delivery is
    due again.
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
