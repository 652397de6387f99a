"""How fresh the catalogue is: each source's last delivery, what waits to be published, how far followers have read.

`/metrics` and `moviec status --metrics` write the same figures.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.queries import FOLLOWER, last_change
from moviec.catalog.schema.arrivals import deliveries, rejected_rows
from moviec.catalog.schema.identity import matches, records
from moviec.catalog.schema.operations import checkpoints, failures, record_changes


def freshness(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Return by source its last delivery, its time, state, records, and open rejected rows."""
    newest = sa.select(sa.func.max(deliveries.c.id)).group_by(deliveries.c.source)
    query = sa.select(deliveries).where(deliveries.c.id.in_(newest))
    waiting = sa.select(rejected_rows.c.source, sa.func.count()).where(rejected_rows.c.state == "open")
    rejected: dict[str, int] = dict(map(tuple, connection.execute(waiting.group_by(rejected_rows.c.source))))
    return {
        row.source: {
            "last_delivery": row.id,
            "delivered_at": row.delivered_at,
            "state": row.state,
            "records": row.records,
            "rejected": rejected.get(row.source, 0),
        }
        for row in connection.execute(query)
    }


def coverage(connection: sa.Connection, source: str) -> dict[str, int]:
    """Return how many records a source has, how many movies they are, and how many of these other sources list too."""
    mine = sa.select(records.c.movie).where(records.c.source == source, records.c.live).distinct().subquery()
    theirs = sa.select(records.c.movie).where(records.c.source != source, records.c.live)
    every = sa.select(sa.func.count()).select_from(records).where(records.c.source == source, records.c.live)
    shared = sa.select(sa.func.count()).select_from(mine).where(mine.c.movie.in_(theirs))
    return {
        "records": connection.scalar(every) or 0,
        "movies": connection.scalar(sa.select(sa.func.count()).select_from(mine)) or 0,
        "shared_movies": connection.scalar(shared) or 0,
    }


def matching(connection: sa.Connection) -> dict[str, dict[str, int]]:
    """Return by source how its live records were assigned to movies; the last five add up to the first.

    records, by_id, by_match, by_decision, in_review (alone, with a pair that a person should look at), alone.
    """
    ends = (
        sa.select(matches.c[f"{side}_source"], matches.c[f"{side}_key"]).where(matches.c.band == "review")
        for side in ("left", "right")
    )
    waits = sa.tuple_(records.c.source, records.c.key).in_(sa.union(*ends))
    method = sa.case(
        (records.c.method != "alone", sa.literal("by_") + records.c.method),
        (waits, "in_review"),
        else_="alone",
    ).label("method")
    query = sa.select(records.c.source, method, sa.func.count().label("many")).where(records.c.live)
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(query.group_by(records.c.source, method).order_by(records.c.source)):
        empty = dict.fromkeys(("records", "by_id", "by_match", "by_decision", "in_review", "alone"), 0)
        shares = found.setdefault(row.source, empty)
        shares[row.method] = row.many
        shares["records"] += row.many
    return found


def pairs_to_review(connection: sa.Connection) -> int:
    """Count the uncertain pairs of records that are not one movie."""
    left, right = records.alias("one"), records.alias("other")
    query = (
        sa.select(sa.func.count())
        .select_from(matches)
        .join(left, sa.and_(left.c.source == matches.c.left_source, left.c.key == matches.c.left_key))
        .join(right, sa.and_(right.c.source == matches.c.right_source, right.c.key == matches.c.right_key))
        .where(matches.c.band == "review", left.c.live, right.c.live, left.c.movie != right.c.movie)
    )
    return connection.scalar(query) or 0


def matched_share(shares: dict[str, int] | None) -> str:
    """Return the matched share of a source's records as text."""
    if not shares or not shares["records"]:
        return "–"
    matched = shares["by_id"] + shares["by_match"] + shares["by_decision"]
    return f"{100 * matched / shares['records']:.1f}%"


#: Seconds in a day.
DAY = 86400


class Figure(msgspec.Struct, frozen=True):
    """A named figure, of a source or follower."""

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
    """Return the checkpoints of all who follow the change log, by name; without the aggregator, which follows the
    ingest queue.
    """
    rows = connection.execute(sa.select(checkpoints).where(checkpoints.c.follower != FOLLOWER)).all()
    return sorted(rows, key=lambda row: str(row.follower))


def _waiting(connection: sa.Connection) -> tuple[int, str | None]:
    """Count the record changes that are not published yet; return since when the first of them waits."""
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
