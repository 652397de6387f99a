"""The record of runs: what was run, its steps with counts and seconds, how it ended. Kept in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.leases import owner
from moviec.catalog.schema.operations import runs
from moviec.errors import StoreError
from moviec.pipeline.steps import Steps, Tell
from moviec.pipeline.workshop import Workshop


@contextmanager
def recorded(shop: Workshop, command: str, lease: str, tell: Tell = lambda _: None) -> Iterator[Steps]:
    """Record a run under the lease that it holds; its steps are those that were done when it ended.

    Recorded as failed where the block raises. A run whose process died is noted as died by the lease's next holder.
    """
    row = {"command": command, "lease": lease, "owner": owner(), "started_at": now()}
    with writing(shop.catalogue) as connection:
        made = connection.execute(sa.insert(runs).values(**row, outcome="running", steps=[]))
        number = (made.inserted_primary_key or (0,))[0]
    steps = Steps(tell)
    try:
        yield steps
    except BaseException as error:
        with suppress(StoreError):  # the run's own error counts; the lease's next holder notes how it ended
            _end(shop, number, steps, {"outcome": "failed", "error": str(error) or type(error).__name__})
        raise
    _end(shop, number, steps, {"outcome": steps.outcome})


def last_runs(connection: sa.Connection, most: int) -> list[dict[str, Any]]:
    """List the latest runs, latest first, as the table has them."""
    query = sa.select(runs).order_by(runs.c.number.desc()).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]


def _end(shop: Workshop, number: int, steps: Steps, said: dict[str, str]) -> None:
    done: Any = msgspec.to_builtins(steps.done)
    with writing(shop.catalogue) as connection:
        row = {"finished_at": now(), "steps": done, **said}
        connection.execute(sa.update(runs).where(runs.c.number == number).values(row))
