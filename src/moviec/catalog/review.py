"""The pairs that wait for a person, and what is known of their records."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.ledger import ENDS
from moviec.catalog.schema.identity import matches, records
from moviec.catalog.schema.movies import movies

#: Of every record that has a pair in review its movie, and that movie's votes and records.
_SIZES = (
    sa.select(records.c.movie, sa.func.count().label("records"))
    .where(records.c.live)
    .group_by(records.c.movie)
    .subquery()
)
_IN_REVIEW = [
    sa.select(matches.c[f"{side}_source"], matches.c[f"{side}_key"]).where(matches.c.band == "review")
    for side in ("left", "right")
]
_KNOWN = (
    sa.select(records.c.source, records.c.key, records.c.movie, movies.c.votes, _SIZES.c.records)
    .join_from(records, _SIZES, _SIZES.c.movie == records.c.movie)
    .outerjoin(movies, movies.c.movie == records.c.movie)
    .where(
        records.c.live, sa.or_(*(sa.tuple_(records.c.source, records.c.key).in_(ends) for ends in _IN_REVIEW))
    )
)


def pairs_in_review(connection: sa.Connection, once: Sequence[str], source: str | None) -> pa.Table:
    """Return the pairs in review whose records are two movies (all, or of a source): ends, weight, contradiction,
    probability, evidence; unless a verdict has put into the one's film another
    record of the other's source, and that source lists a film once.
    """
    ends = {side: records.alias(f"{side}_record") for side in ("left", "right")}
    query = sa.select(
        *(matches.c[name] for name in (*ENDS, "weight", "contradiction", "probability", "evidence"))
    )
    for side, end in ends.items():
        query = query.join(
            end, (end.c.source == matches.c[f"{side}_source"]) & (end.c.key == matches.c[f"{side}_key"])
        )
    left, right = ends.values()
    query = query.where(matches.c.band == "review", left.c.movie != right.c.movie)
    for mine, other in ((left, right), (right, left)):
        query = query.where(~_decided_elsewhere(mine, other, once))
    if source:
        query = query.where(sa.or_(left.c.source == source, right.c.source == source))
    return read(connection, query)


def records_in_review(connection: sa.Connection) -> pa.Table:
    """Return the records that have a pair in review: source, key, movie, that movie's votes, and how many records it has."""
    return read(connection, _KNOWN)


def _decided_elsewhere(
    mine: sa.FromClause, other: sa.FromClause, once: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Return whether the film of `mine` has by a verdict another record of the other's source, if that lists a film `once`."""
    third = records.alias()
    return sa.exists().where(
        third.c.movie == mine.c.movie,
        third.c.source == other.c.source,
        third.c.method == "decision",
        third.c.live,
        third.c.source.in_(once),
    )


def matched_films(connection: sa.Connection, name: str, aside: Sequence[str] = ()) -> tuple[int, int, str]:
    """Count the films of a list and those that another source has, too, those `aside` not counted; return the key of one, a matched one first."""
    others = records.alias()
    is_matched = (
        sa.select(others.c.movie)
        .where(others.c.movie == records.c.movie, others.c.live, others.c.source.not_in([name, *aside]))
        .exists()
    )
    own = sa.select(sa.func.count(), sa.func.min(records.c.key)).where(
        records.c.source == name, records.c.live
    )
    films, first = connection.execute(own).one()
    matched, first_matched = connection.execute(own.where(is_matched)).one()
    return films, matched, first_matched or first or ""
