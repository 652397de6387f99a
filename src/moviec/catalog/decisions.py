"""People's verdicts in the catalogue: written with the log entries that resolve their records again, undone, and
listed.

A verdict is two records, each (source, key), and "same" or "different"; docs/matching.md says what it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.accounts import now, plain_name
from moviec.catalog.ingest_queue import RecordChange, append
from moviec.catalog.ledger import ENDS
from moviec.catalog.schema.identity import decisions, matches, records
from moviec.catalog.staging import stage
from moviec.errors import UsageError

Record = tuple[str, str]


class Verdict(msgspec.Struct, frozen=True):
    """A person's verdict on two records, in any order: they are the same film, or not."""

    left: Record
    right: Record
    same: bool
    who: str


class Planned(msgspec.Struct, frozen=True):
    """The decisions that verdicts make: their rows of `decisions`, and which of these are `fresh`, not in force yet."""

    rows: list[dict[str, Any]]
    fresh: list[dict[str, Any]]


def plan(connection: sa.Connection, verdicts: Sequence[Verdict]) -> Planned:
    """Return the decisions that verdicts make; nothing is written.

    One that the same person made and that is in force is not fresh: repeating a killed command makes no second
    decision. Another person's is a separate decision: undoing one leaves the other.
    Raises UsageError for a record that no source ever listed, or that is paired with itself, and for an author without
    a name.
    """
    at = now()
    rows = [_row(connection, verdict, at) for verdict in verdicts]
    held = [
        next((decision for decision in in_force(connection, row) if decision["who"] == row["who"]), None)
        for row in rows
    ]
    fresh = [row for row, known in zip(rows, held, strict=True) if known is None]
    return Planned([known or row for row, known in zip(rows, held, strict=True)], fresh)


def decide(connection: sa.Connection, verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Write verdicts and queue their records, inside a `writing` transaction; return the rows of `decisions`.

    Raises what `plan` raises.
    """
    planned = plan(connection, verdicts)
    new = iter(insert(connection, planned.fresh))
    return [next(new) if row in planned.fresh else row for row in planned.rows]


def insert(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write rows of `decisions` and queue their records, inside a `writing` transaction; return them with their
    numbers.
    """
    if not rows:
        return []
    numbered = sa.insert(decisions).returning(decisions.c.number, sort_by_parameter_order=True)
    made = [
        {"number": number, **row}
        for number, row in zip(connection.scalars(numbered, rows), rows, strict=True)
    ]
    ask(connection, made)
    return made


def plan_undoing(connection: sa.Connection, number: int) -> list[dict[str, Any]]:
    """Return the rows that undoing a decision undoes, that one first; nothing is written.

    Where one person decided the same twice with nothing contrary in between, both are undone.
    Raises UsageError where there is no such decision, or it is already undone.
    """
    row = connection.execute(sa.select(decisions).where(decisions.c.number == number)).mappings().first()
    if row is None:
        raise UsageError("no decision has this number", str(number), "see `moviec review list --decided`")
    if row["undone"]:
        by = f" by {row['undone_by']}" if row["undone_by"] else ""
        raise UsageError(
            f"decision {number} was taken back already{by}, {minute(row['undone'])}",
            "undo",
            "see `moviec review list --decided`",
        )
    repeated = [
        decision
        for decision in in_force(connection, row)
        if decision["who"] == row["who"] and decision["number"] != number
    ]
    return [dict(row), *repeated]


def undo(connection: sa.Connection, number: int, who: str | None = None) -> dict[str, Any]:
    """Undo a decision on a person's behalf and queue its records, inside a `writing` transaction; return its row.

    Raises what `plan_undoing` raises, and UsageError for an invalid name.
    """
    taken_back = {"undone": now(), "undone_by": who and plain_name(who, "who decides")}
    rows = plan_undoing(connection, number)
    numbers = [row["number"] for row in rows]
    connection.execute(sa.update(decisions).where(decisions.c.number.in_(numbers)).values(taken_back))
    ask(connection, rows[:1])
    return {**rows[0], **taken_back}


def ask(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Append to the ingest queue that the records of these decisions are to be resolved again."""
    ends = {
        (row[f"{side}_source"], row[f"{side}_key"]): row["number"]
        for row in rows
        for side in ("left", "right")
    }
    append(
        connection,
        [RecordChange("decision", source=end[0], key=end[1], decision=ends[end]) for end in sorted(ends)],
    )


def all_decisions(connection: sa.Connection) -> list[dict[str, Any]]:
    """List every decision ever made, oldest first, as the table has them."""
    return [
        dict(row) for row in connection.execute(sa.select(decisions).order_by(decisions.c.number)).mappings()
    ]


def with_states(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add to every decision ever made `state` (in force, overruled or undone) and `overruled_by`, the number of the
    first later contrary one on its pair, or None.
    """
    overruling: dict[int, int] = {}
    in_force: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in sorted((row for row in rows if not row["undone"]), key=_in_turn):
        agreeing = in_force.setdefault(tuple(row[name] for name in ENDS), [])
        if agreeing and agreeing[0]["verdict"] != row["verdict"]:
            overruling |= {decision["number"]: row["number"] for decision in agreeing}
            agreeing.clear()
        agreeing.append(row)
    return [
        {
            **row,
            "state": "undone"
            if row["undone"]
            else "overruled"
            if row["number"] in overruling
            else "in force",
            "overruled_by": overruling.get(row["number"]),
        }
        for row in rows
    ]


def prevailing(
    connection: sa.Connection, row: Mapping[str, Any], without: Sequence[int] = ()
) -> list[dict[str, Any]]:
    """List the decisions in force on the pair of a row, with either verdict, the latest first; as if those `without`
    were undone.
    """
    pair = [decisions.c[name] == row[name] for name in ENDS]
    query = sa.select(decisions).where(*pair, decisions.c.number.not_in(without))
    rows = with_states([dict(decision) for decision in connection.execute(query).mappings()])
    return sorted(
        (decision for decision in rows if decision["state"] == "in force"), key=_in_turn, reverse=True
    )


def _in_turn(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Order decisions on one pair as they overrule each other: by time, at the same time "different" last."""
    return row["at"], row["verdict"] == "different", row["number"]


def described(row: Mapping[str, Any]) -> str:
    """Describe a decision in one line: its number, author and time, its records and verdict."""
    ends = " and ".join(f"{row[f'{side}_source']}:{row[f'{side}_key']}" for side in ("left", "right"))
    verdict = "the same film" if row["verdict"] == "same" else "different films"
    return f"decision {row['number']} of {row['who']}, {minute(row['at'])}: {ends} are {verdict}"


def minute(instant: str) -> str:
    """Format a time of the catalogue to the minute: "2026-11-21 14:05 UTC"."""
    return f"{instant[:16].replace('T', ' ')} UTC"


def naming_unlisted(connection: sa.Connection, rows: pa.Table) -> int:
    """Count the rows (ENDS columns) that name a record which no source has listed here."""
    staged = stage(connection, "some_decisions", decisions, rows.select(ENDS))
    listed = [
        sa.exists().where(
            records.c.source == staged.c[f"{side}_source"], records.c.key == staged.c[f"{side}_key"]
        )
        for side in ("left", "right")
    ]
    return connection.scalar(sa.select(sa.func.count()).select_from(staged).where(~sa.and_(*listed))) or 0


def records_of_movie(connection: sa.Connection, movie: int) -> list[Record]:
    """List the live records of a movie, in order."""
    query = sa.select(records.c.source, records.c.key).where(records.c.movie == movie, records.c.live)
    return [(row.source, row.key) for row in connection.execute(query.order_by(*query.selected_columns))]


def pairs_between(
    connection: sa.Connection, ones: Sequence[Record], others: Sequence[Record]
) -> list[tuple[Record, Record]]:
    """List the stored pairs between some records and some others, the likeliest first."""
    left, right = (
        sa.tuple_(matches.c[f"{side}_source"], matches.c[f"{side}_key"]) for side in ("left", "right")
    )
    query = sa.select(*(matches.c[name] for name in ENDS)).where(
        sa.or_(left.in_(ones) & right.in_(others), left.in_(others) & right.in_(ones))
    )
    found = connection.execute(
        query.order_by(matches.c.probability.desc(), *(matches.c[name] for name in ENDS))
    )
    return [((row[0], row[1]), (row[2], row[3])) for row in found]


def in_force(connection: sa.Connection, row: Mapping[str, Any] | sa.RowMapping) -> list[dict[str, Any]]:
    """List the decisions in force, of any person, with the verdict of a row of `decisions` and nothing contrary in
    between; the latest first.
    """
    alike = [decisions.c[name] == row[name] for name in (*ENDS, "verdict")]
    query = sa.select(decisions).where(
        *alike, decisions.c.undone.is_(None), *_after_the_contrary(connection, row)
    )
    latest_first = query.order_by(decisions.c.at.desc(), decisions.c.number.desc())
    return [dict(decision) for decision in connection.execute(latest_first).mappings()]


def _after_the_contrary(
    connection: sa.Connection, row: Mapping[str, Any] | sa.RowMapping
) -> list[sa.ColumnElement[bool]]:
    """Select the decisions on a row's pair since the last contrary one in force before it."""
    pair = [decisions.c[name] == row[name] for name in ENDS]
    contrary = sa.select(decisions.c.at).where(
        *pair, decisions.c.undone.is_(None), decisions.c.verdict != row["verdict"]
    )
    before = connection.scalar(
        contrary.where(decisions.c.at <= row["at"]).order_by(decisions.c.at.desc()).limit(1)
    )
    after = connection.scalar(contrary.where(decisions.c.at > row["at"]).order_by(decisions.c.at).limit(1))
    return [
        *([decisions.c.at > before] if before else []),
        *([decisions.c.at < after] if after else []),
    ]


def _row(connection: sa.Connection, verdict: Verdict, at: str) -> dict[str, Any]:
    ends = sorted((verdict.left, verdict.right))
    if ends[0] == ends[1]:
        raise UsageError(
            "a record is always the same film as itself", ":".join(ends[0]), "give two different records"
        )
    for source, key in ends:
        if not connection.scalar(
            sa.select(records.c.movie).where(records.c.source == source, records.c.key == key)
        ):
            raise UsageError(
                "no source has listed this record", f"{source}:{key}", "see `moviec review list`"
            )
    named = dict(zip(ENDS, (*ends[0], *ends[1]), strict=True))
    return {
        **named,
        "verdict": "same" if verdict.same else "different",
        "who": plain_name(verdict.who, "who decides"),
        "at": at,
        "undone": None,
        "undone_by": None,
    }
