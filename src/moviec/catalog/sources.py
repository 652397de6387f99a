"""What the catalogue knows of its sources: when they last delivered, and how much of what they list it shows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from moviec.catalog.schema.arrivals import deliveries, rejected_rows
from moviec.catalog.schema.identity import matches, records


def freshness(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Return by source its last delivery, when, its state, its records, and the rejected rows that wait."""
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
    """Return how many records a source has, how many movies they are, and how many of these others list too."""
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
    """Return by source how its live records came to their movies; the last five add up to the first.

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
    """Write which part of a source's records some other record was matched with, as a person reads it."""
    if not shares or not shares["records"]:
        return "–"
    matched = shares["by_id"] + shares["by_match"] + shares["by_decision"]
    return f"{100 * matched / shares['records']:.1f}%"
