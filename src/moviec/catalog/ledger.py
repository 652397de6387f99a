"""The ledger as tables: pairs of records, which movie each record is, decisions, and pairs that wait for review."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.schema.identity import decisions, identities, matches, records
from moviec.catalog.schema.movies import movies
from moviec.catalog.schema.serving import changes
from moviec.catalog.staging import stage
from moviec.text import Column, pc

ENDS = ("left_source", "left_key", "right_source", "right_key")

#: The stored columns of a pair before clustering.
PAIR = (*ENDS, "weight", "contradiction", "shared_id", "evidence")

#: The stored columns of a pair after clustering: all of them.
MATCH = tuple(matches.c.keys())

# CROSS JOIN keeps SQLite from reading every match: it takes the tables in the order in which they are named.
_TOUCHED = """
CREATE TEMPORARY TABLE touched_pairs AS
SELECT left_source, left_key, right_source, right_key FROM some_records AS s CROSS JOIN matches AS m
WHERE m.left_source = s.source AND m.left_key = s.key
UNION
SELECT left_source, left_key, right_source, right_key FROM some_records AS s CROSS JOIN matches AS m
WHERE m.right_source = s.source AND m.right_key = s.key
"""


def touching(connection: sa.Connection, some: pa.Table) -> sa.ColumnElement[bool]:
    """Return for a row of `matches` whether one of its ends is among some records (source, key)."""
    stage(connection, "some_records", records, some.select(["source", "key"]))
    connection.execute(sa.text("DROP TABLE IF EXISTS touched_pairs"))
    connection.execute(sa.text(_TOUCHED))
    touched = sa.table("touched_pairs", *(sa.column(name) for name in ENDS))
    return sa.tuple_(*(matches.c[name] for name in ENDS)).in_(sa.select(*touched.c))


def pairs_touching(connection: sa.Connection, some: pa.Table, columns: Sequence[str] = PAIR) -> pa.Table:
    """Return the stored pairs that have an end among some records (source, key)."""
    return read(
        connection, sa.select(*(matches.c[name] for name in columns)).where(touching(connection, some))
    )


def ledger_of(connection: sa.Connection, some: pa.Table | None) -> pa.Table:
    """Return source, key, id (the movie) of some records and of every other record of their movies; of all if None."""
    query = sa.select(records.c.source, records.c.key, records.c.movie.label("id"))
    if some is not None:
        staged = stage(connection, "some_records", records, some.select(["source", "key"]))
        own = sa.tuple_(records.c.source, records.c.key).in_(sa.select(staged.c.source, staged.c.key))
        theirs = sa.select(records.c.movie).where(own)
        query = query.where(records.c.movie.in_(theirs))
    return read(connection, query)


def former_ids(connection: sa.Connection, movies: Column) -> pa.Table:
    """Return source, key, id, into: the records of movies (`id`) that were merged into some movies.

    They are read from the change log; of several mergers of a record into one movie the last counts.
    """
    staged = stage(connection, "some_movies", identities, pa.table({"movie": movies}))
    merged = sa.select(identities.c.movie, identities.c.successor).where(identities.c.state == "merged")
    first = merged.where(identities.c.successor.in_(sa.select(staged.c.movie)))
    led = first.cte("led", recursive=True)
    led = led.union(merged.join_from(identities, led, led.c.movie == identities.c.successor))
    query = (
        sa.select(changes.c.number, changes.c.movie, led.c.successor, changes.c.fields)
        .join_from(changes, led, led.c.movie == changes.c.movie)
        .where(changes.c.kind == "merged")
    )
    # Sorted here: for an order by number SQLite would read the whole log.
    rows = sorted(connection.execute(query), key=lambda row: row.number)
    mergers = {row.movie: (row.successor, row.fields) for row in rows}
    former: dict[tuple[str, str, int], int] = {}
    for movie, (successor, fields) in mergers.items():
        for record in json.loads(fields).get("records", [[]])[0]:
            source, _, key = record.partition(":")
            former[source, key, successor] = movie
    columns = {
        "source": pa.array([source for source, _, _ in former], pa.string()),
        "key": pa.array([key for _, key, _ in former], pa.string()),
        "id": pa.array(former.values(), pa.int64()),
        "into": pa.array([into for _, _, into in former], pa.int64()),
    }
    return pa.table(columns)


def movie_of_records(connection: sa.Connection) -> pa.Table:
    """Return source, key, movie of every live record."""
    return read(connection, sa.select(records.c.source, records.c.key, records.c.movie).where(records.c.live))


def records_of(connection: sa.Connection, movies: Column) -> pa.Table:
    """Return source, key, movie of the live records of some movies."""
    staged = stage(connection, "some_movies", identities, pa.table({"movie": movies}))
    query = sa.select(records.c.source, records.c.key, records.c.movie).where(
        records.c.live, records.c.movie.in_(sa.select(staged.c.movie))
    )
    return read(connection, query)


def records_alone(connection: sa.Connection, source: str, after: str, most: int) -> pa.Table:
    """Return source, key, movie of a source's records that are unmatched, by key, those after `after`."""
    table = records.c
    mine = sa.select(table.source, table.key, table.movie).where(
        table.source == source, table.method == "alone", table.live, table.key > after
    )
    return read(connection, mine.order_by(table.key).limit(most))


def records_in(connection: sa.Connection, movies: Sequence[int]) -> dict[tuple[str, str], int]:
    """Return the movie of each live record (source, key) of some movies."""
    query = sa.select(records.c.source, records.c.key, records.c.movie)
    rows = connection.execute(query.where(records.c.live, records.c.movie.in_(movies)))
    return {(row.source, row.key): row.movie for row in rows}


def given_ids(connection: sa.Connection, movies: Sequence[int]) -> set[int]:
    """Return which of these ids were ever given to a movie."""
    return set(connection.scalars(sa.select(identities.c.movie).where(identities.c.movie.in_(movies))))


class StoredIdentities(msgspec.Struct, frozen=True):
    """The ledger for matching: `IdentityLedger` of moviec.matching.resolution."""

    connection: sa.Connection

    def pairs_touching(self, some: pa.Table) -> pa.Table:
        """Return the stored pairs (PAIR) that have an end among some records (source, key)."""
        return pairs_touching(self.connection, some)

    def members(self, some: pa.Table | None) -> pa.Table:
        """Return source, key, id of some records and of every other record of their movies; of all if None."""
        return ledger_of(self.connection, some)

    def former_ids(self, movies: Column) -> pa.Table:
        """Return source, key, id, into: the records of movies that were merged into some movies."""
        return former_ids(self.connection, movies)

    def next_movie(self) -> int:
        """Return the next free movie id; no id is ever reused."""
        return (self.connection.scalar(sa.select(sa.func.max(identities.c.movie))) or 0) + 1


#: The columns read of a decision in force.
DECISION = (*ENDS, "verdict", "at", "who")


def decisions_in_force(connection: sa.Connection) -> pa.Table:
    """Return the decisions that were not undone as `in_order` does."""
    query = sa.select(*(decisions.c[name] for name in DECISION)).where(decisions.c.undone.is_(None))
    return in_order(read(connection, query))


def in_order(rows: pa.Table) -> pa.Table:
    """Order decisions in force (DECISION columns), oldest first: the ends of the pair, verdict. Among those that
    contradict each other the last wins.

    Their number says when they were stored here, `at` when they were made: an imported one may be older than those
    already stored. At the same time "different" comes last, as in files of decisions.
    """
    instants = pc.cast(rows["at"], pa.timestamp("us", "UTC"))
    order: list[tuple[str, Literal["ascending", "descending"]]] = [
        *((name, "ascending") for name in ("at", *ENDS)),
        ("verdict", "descending"),
        ("who", "ascending"),
    ]
    ordered = rows.set_column(DECISION.index("at"), "at", instants).sort_by(order)
    return ordered.select([*ENDS, "verdict"])


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
    probability, evidence. Left out are pairs where a verdict has already put another record of the other's source into
    one's film, and that source lists a film once.
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
    """Return whether a verdict gave the film of `mine` another record of the other's source, if that lists a film
    `once`.
    """
    third = records.alias()
    return sa.exists().where(
        third.c.movie == mine.c.movie,
        third.c.source == other.c.source,
        third.c.method == "decision",
        third.c.live,
        third.c.source.in_(once),
    )


def matched_films(connection: sa.Connection, name: str, aside: Sequence[str] = ()) -> tuple[int, int, str]:
    """Count the films of a list and those that another source has too, without those `aside`; return also the key of
    one, preferably matched.
    """
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
