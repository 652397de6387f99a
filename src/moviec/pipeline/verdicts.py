"""Verdicts: reading them from names of films and records, previewing their effect, and every decision as a file.

The effect is computed by resolving the records under the decisions as they would be. That only reads, so it neither
waits for a publication nor delays one. docs/matching.md says what a verdict does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog import decisions as store
from moviec.catalog.decisions import Record, Verdict
from moviec.catalog.finding import movie_named
from moviec.catalog.ledger import DECISION, ENDS, given_ids, in_order, records_in
from moviec.catalog.queries import titles_and_years
from moviec.errors import UsageError
from moviec.home.context import RunContext
from moviec.matching.decisions import DECISION_LOG, contradictions, normal, read_decisions, write_decisions
from moviec.pipeline.publication import outlook
from moviec.pipeline.reviewing import sides
from moviec.sources.registry import find_sources


def read_verdicts(context: RunContext, ends: tuple[str, str], same: bool, who: str) -> list[Verdict]:
    """Return verdicts on records from what a person names: records as `source:key`, or movies as `mc…`.

    "Same" on two movies is a verdict on their likeliest pair, "different" on every compared pair of theirs.
    """
    with context.catalogue.connect() as connection:
        ones, others = (_records(connection, text) for text in ends)
        pairs = [(ones[0], others[0])]
        if len(ones) > 1 or len(others) > 1:
            pairs = store.pairs_between(connection, ones, others)[: 1 if same else None] or pairs
    return [Verdict(one, other, same, who) for one, other in pairs]


def _records(connection: sa.Connection, text: str) -> list[Record]:
    source, colon, key = text.partition(":")
    if colon and source and key:
        return [(source, key)]
    found = store.records_of_movie(connection, movie_named(connection, text))
    if not found:
        raise UsageError("no source lists this film any more", text, "see `moviec show`")
    return found


class Effect(msgspec.Struct, frozen=True):
    """What a verdict would change.

    `moved`: records that would belong to another movie: source, key, title and year in the source, before and after
    (null: a new one), before_title and after_title (null: not published under this id). `new`: the number of decisions
    that the verdict makes; `decided`: the numbers of this person's decisions with the same verdict. A line each:
    `takes_back`, the decisions that are taken back; `overrules`, decisions in force that say the opposite;
    `contradicts`, decisions that it contradicts through others; `doubts`, arguments against the verdict itself, or
    decisions that stay in force when it is undone.
    """

    moved: list[dict[str, Any]]
    new: int = 0
    decided: list[int] = []
    takes_back: list[str] = []
    overrules: list[str] = []
    contradicts: list[str] = []
    doubts: list[str] = []


def effect(context: RunContext, said: Sequence[Verdict]) -> Effect:
    """Return what verdicts would change; it writes nothing and waits for no run."""
    with context.catalogue.connect() as connection:
        planned = store.plan(connection, said)
        log = [*store.all_decisions(connection), *planned.fresh]
        ends = _ends(planned.rows)
        moved = _moved(context, connection, ends, log)
        overruled = [
            store.described(decision)
            for row in planned.fresh
            for decision in store.prevailing(connection, row)
            if decision["verdict"] != row["verdict"]
        ]
    known = [row["number"] for row in planned.rows if row not in planned.fresh]
    contradicted = [
        str(contradiction)
        for contradiction in contradictions(log_of(log))
        if not set(ends).isdisjoint(contradiction.through)
    ]
    doubts = list(_doubts(context, said))
    return Effect(
        moved, len(planned.fresh), known, overrules=overruled, contradicts=contradicted, doubts=doubts
    )


def effect_of_undoing(context: RunContext, number: int) -> Effect:
    """Return what taking a decision back would change; it writes nothing and waits for no run."""
    with context.catalogue.connect() as connection:
        undone = store.plan_undoing(connection, number)
        log = [row for row in store.all_decisions(connection) if row not in undone]
        moved = _moved(context, connection, _ends(undone[:1]), log)
        others = [decision for decision in store.in_force(connection, undone[0]) if decision not in undone]
        left = [
            f"decision {decision['number']} of {decision['who']} says the same and stays in force"
            for decision in others
        ]
        left += _contrary(connection, undone)
    return Effect(moved, takes_back=[store.described(row) for row in undone], doubts=left)


def _contrary(connection: sa.Connection, undone: Sequence[dict[str, Any]]) -> list[str]:
    """Return, a line each, the opposite decisions that overrule what is taken back already, or that are in force again after it."""
    [now, *_] = store.prevailing(connection, undone[0])
    if now["verdict"] != undone[0]["verdict"]:
        return [f"decision {now['number']} of {now['who']} ({now['verdict']}) overrules it already"]
    earlier = store.prevailing(connection, undone[0], [row["number"] for row in undone])
    return [
        f"decision {decision['number']} of {decision['who']} ({decision['verdict']}) is in force again"
        for decision in earlier
        if decision["verdict"] != undone[0]["verdict"]
    ]


def _ends(rows: Sequence[dict[str, Any]]) -> list[Record]:
    return [(row[f"{side}_source"], row[f"{side}_key"]) for row in rows for side in ("left", "right")]


def _moved(
    context: RunContext, connection: sa.Connection, ends: Sequence[Record], log: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the records that belong to another movie once `ends` are resolved again under these decisions."""
    held = [{name: row[name] for name in DECISION} for row in log if row["undone"] is None]
    decisions = in_order(pa.Table.from_pylist(held, pa.schema([(name, pa.string()) for name in DECISION])))
    resolved = outlook(context, connection, ends, decisions)
    touched = {int(movie) for movie in resolved.identities["movie"].to_pylist() if movie is not None}
    now = {(row["source"], row["key"]): row["movie"] for row in resolved.records.to_pylist() if row["live"]}
    before = records_in(connection, sorted(touched))
    created = touched - given_ids(connection, sorted(touched))
    changed = [(end, movie) for end, movie in sorted(now.items()) if before.get(end, movie) != movie]
    found = sides(context, [end for end, _ in changed])
    titles = _titles(connection, {movie for end, after in changed for movie in (before[end], after)})
    return [
        {
            "source": end[0],
            "key": end[1],
            "title": found.get(end, {}).get("title"),
            "year": found.get(end, {}).get("year"),
            "before": f"mc{before[end]}",
            "before_title": titles.get(before[end], ""),
            "after": None if movie in created else f"mc{movie}",
            "after_title": titles.get(movie),
        }
        for end, movie in changed
    ]


def _titles(connection: sa.Connection, some: set[int]) -> dict[int, str]:
    """Return title and year of movies as one text; movies that are not published are left out."""
    return {movie: titled(title, year) for movie, title, year in titles_and_years(connection, sorted(some))}


def titled(title: str | None, year: int | None) -> str:
    """Return a title with its year: "Heat (1995)"."""
    return f"{title or 'without a title'}{f' ({year})' if year else ''}"


def _doubts(context: RunContext, said: Sequence[Verdict]) -> Iterator[str]:
    sources = find_sources(context.home.folder)
    for verdict in said:
        source = verdict.left[0]
        if (
            verdict.same
            and verdict.right[0] == source
            and source in sources
            and not sources[source].spec.repeating
        ):
            names = " and ".join(":".join(end) for end in (verdict.left, verdict.right))
            yield f"{names} are both of {source}, which lists a film once"


def export_decisions(context: RunContext, path: Path) -> int:
    """Write every decision ever made as CSV (DECISION_LOG); return how many."""
    with context.catalogue.connect() as connection:
        log = log_of(store.all_decisions(connection))
    write_decisions(log, path)
    return int(log.num_rows)


class Imported(msgspec.Struct, frozen=True):
    """The result of importing a file of decisions: how many are `new`, how many of the file's decisions are `unlisted`
    (they name a record that no source has listed here), and every contradiction now in force, a line each.
    """

    new: int
    unlisted: int
    contradictions: list[str]


def import_decisions(context: RunContext, path: Path) -> Imported:
    """Add a file's decisions to the stored ones, without duplicates.

    A decision undone in the file is undone here; one about records that are not here waits for them. Raises
    PayloadError with line and reason.
    """
    read = read_decisions(path, dt.datetime.now(dt.UTC))
    given = [_stored(row) for row in read.to_pylist()]
    with context.writing() as copy:
        connection = copy.connection
        known = {_identity(row): row for row in store.all_decisions(connection)}
        fresh = [row for row in given if _identity(row) not in known]
        store.insert(connection, fresh)
        for row in given:
            mine = known.get(_identity(row))
            if mine and row["undone"] and not mine["undone"]:
                store.undo(connection, mine["number"], row["undone_by"])
        unlisted = store.naming_unlisted(connection, read)
        log = log_of(store.all_decisions(connection))
        copy.table("decisions")
    return Imported(len(fresh), unlisted, [str(contradiction) for contradiction in contradictions(log)])


def _identity(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        *(row[name] for name in ENDS),
        row["verdict"],
        row["who"],
        dt.datetime.fromisoformat(row["at"]).isoformat(),
    )


def _stored(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "at": row["at"].isoformat(), "undone": row["undone"] and row["undone"].isoformat()}


def log_of(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return rows of `decisions` as DECISION_LOG."""
    read_rows = [
        {
            **{name: row[name] for name in DECISION_LOG.names},
            "at": dt.datetime.fromisoformat(row["at"]),
            "undone": row["undone"] and dt.datetime.fromisoformat(row["undone"]),
        }
        for row in rows
    ]
    return normal(pa.Table.from_pylist(read_rows, schema=DECISION_LOG))
