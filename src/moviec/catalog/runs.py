"""The record of runs: what was run under which lease, its steps, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.leases import owner
from moviec.catalog.schema.operations import runs


def begin_run(catalogue: sa.Engine, command: str, lease: str) -> int:
    """Record that a run begins; return its number."""
    row = {"command": command, "lease": lease, "owner": owner(), "started_at": now()}
    with writing(catalogue) as connection:
        made = connection.execute(sa.insert(runs).values(**row, outcome="running", steps=[]))
        return int((made.inserted_primary_key or (0,))[0])


def end_run(catalogue: sa.Engine, number: int, steps: Any, outcome: str, error: str | None = None) -> None:
    """Record how a run ended, with its `steps` (a list of name, seconds, counts)."""
    said = {"outcome": outcome} | ({"error": error} if error is not None else {})
    with writing(catalogue) as connection:
        row = {"finished_at": now(), "steps": steps, **said}
        connection.execute(sa.update(runs).where(runs.c.number == number).values(row))


def last_runs(connection: sa.Connection, most: int) -> list[dict[str, Any]]:
    """Return the latest runs, latest first, as the table has them."""
    query = sa.select(runs).order_by(runs.c.number.desc()).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]


def last_step(connection: sa.Connection, step: str) -> tuple[str, dict[str, int]] | None:
    """Return when the latest run that ended well and had a step began, and what the step counted; None where none had."""
    named = sa.cast(runs.c.steps, sa.Text).contains(step, autoescape=True)
    query = sa.select(runs.c.started_at, runs.c.steps).where(runs.c.outcome == "done", named)
    row = connection.execute(query.order_by(runs.c.number.desc()).limit(1)).first()
    return row and (row.started_at, next(each["counts"] for each in row.steps if each["name"] == step))


def last_run_of_each(connection: sa.Connection, but: str) -> Sequence[sa.Row[Any]]:
    """Return the latest run of each command other than `but`, in the order of their names."""
    latest = sa.select(sa.func.max(runs.c.number)).where(runs.c.command != but).group_by(runs.c.command)
    return connection.execute(sa.select(runs).where(runs.c.number.in_(latest)).order_by(runs.c.command)).all()


def ran_since(connection: sa.Connection, command: str, instant: str) -> bool:
    """Return whether a command was begun after an instant."""
    query = sa.select(runs.c.number).where(runs.c.command == command, runs.c.started_at > instant)
    return connection.execute(query.limit(1)).first() is not None


def remove_runs(catalogue: sa.Engine, before: str) -> int:
    """Remove ended runs that began before an instant; return how many."""
    with writing(catalogue) as connection:
        old = sa.and_(runs.c.started_at < before, runs.c.outcome != "running")
        return connection.execute(sa.delete(runs).where(old)).rowcount
