"""How far behind the catalogue is: what waits to be published, who follows the change log from where, what is set aside,
how long ago each source delivered. Returns figures that `/metrics` and `moviec status --metrics` write alike.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.queries import FOLLOWER, last_change
from moviec.catalog.schema.operations import checkpoints, failures, record_changes
from moviec.catalog.sources import freshness

#: Seconds in a day.
DAY = 86400


class Figure(msgspec.Struct, frozen=True):
    """A figure by name, of a source or follower."""

    name: str
    of: str
    value: float


def lag(connection: sa.Connection, now: dt.datetime) -> list[Figure]:
    """Return queue_changes, queue_seconds, follower_behind, set_aside and source_age_days."""
    waiting, since = _waiting(connection)
    age = _seconds(now, since) if since else 0.0
    newest = last_change(connection)
    open_ones = sa.select(failures.c.follower).where(failures.c.state == "open")
    aside = Counter(connection.scalars(open_ones))
    ages = {name: _seconds(now, last["delivered_at"]) / DAY for name, last in freshness(connection).items()}
    return [
        Figure("queue_changes", FOLLOWER, waiting),
        Figure("queue_seconds", FOLLOWER, round(age, 1)),
        *(Figure("follower_behind", row.follower, newest - row.position) for row in followers(connection)),
        *(Figure("set_aside", name, aside[name]) for name in sorted({*aside, FOLLOWER})),
        *(Figure("source_age_days", name, round(age, 3)) for name, age in sorted(ages.items())),
    ]


def followers(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Return the checkpoints of all who follow the change log, by name; the aggregator follows another one."""
    rows = connection.execute(sa.select(checkpoints).where(checkpoints.c.follower != FOLLOWER)).all()
    return sorted(rows, key=lambda row: str(row.follower))


def _waiting(connection: sa.Connection) -> tuple[int, str | None]:
    """Count the record changes that are not published yet; say since when the first of them waits."""
    done = sa.select(checkpoints.c.position).where(checkpoints.c.follower == FOLLOWER).scalar_subquery()
    after = record_changes.c.number > sa.func.coalesce(done, 0)
    figures = sa.select(
        sa.func.coalesce(sa.func.sum(record_changes.c.records), 0), sa.func.min(record_changes.c.at)
    )
    changes, since = connection.execute(figures.where(after)).one()
    return int(changes), since


def gauges(figures: Iterable[Figure]) -> str:
    """Write figures in Prometheus's format."""
    some = list(figures)
    lines = []
    for name in dict.fromkeys(figure.name for figure in some):
        lines.append(f"# TYPE moviec_{name} gauge")
        lines += [
            f'moviec_{name}{{of="{figure.of}"}} {figure.value:g}' for figure in some if figure.name == name
        ]
    return "\n".join(lines) + "\n"


def _seconds(now: dt.datetime, since: str) -> float:
    return max((now - dt.datetime.fromisoformat(since)).total_seconds(), 0.0)
