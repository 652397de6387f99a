"""The effect of a verdict before it is done: which records would come to another film, and what it contradicts.

Worked out by settling the records under the decisions as they would be: this only reads, so that it neither waits for a
publication nor keeps one waiting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog import decisions as store
from moviec.catalog.decisions import Record, Verdict
from moviec.catalog.ledger import DECISION, given_ids, in_order, records_in
from moviec.catalog.queries import titles_and_years
from moviec.home.context import RunContext
from moviec.matching.decisions import contradictions
from moviec.pipeline.decision_files import log_of
from moviec.pipeline.publication import outlook
from moviec.pipeline.reviewing import sides
from moviec.sources.registry import find_sources


class Effect(msgspec.Struct, frozen=True):
    """What a verdict would come to.

    `moved`: records that would be another movie than now: source, key, title and year as the source has them, before and
    after (null: a new one), before_title and after_title (null: not published under this id). `new`: how many
    decisions it makes; `decided`: numbers of those by which this person has said the same already. A line each: `takes_back`, the decisions that are
    taken back; `overrules`, those in force that say the contrary; `contradicts`, those that it contradicts through
    others; `doubts`, what speaks against the verdict itself, or holds when it is taken back.
    """

    moved: list[dict[str, Any]]
    new: int = 0
    decided: list[int] = []
    takes_back: list[str] = []
    overrules: list[str] = []
    contradicts: list[str] = []
    doubts: list[str] = []


def effect(context: RunContext, said: Sequence[Verdict]) -> Effect:
    """Work out what verdicts would do; nothing is written, and nobody is waited for."""
    with context.catalogue.connect() as connection:
        planned = store.plan(connection, said)
        log = [*store.all_decisions(connection), *planned.fresh]
        ends = _ends(planned.rows)
        moved = _moved(context, connection, ends, log)
        overruled = [
            store.told(decision)
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
    """Work out what taking a decision back would do; nothing is written, and nobody is waited for."""
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
    return Effect(moved, takes_back=[store.told(row) for row in undone], doubts=left)


def _contrary(connection: sa.Connection, undone: Sequence[dict[str, Any]]) -> list[str]:
    """Return which contrary decision has overruled what is taken back, or comes into force again in its place."""
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
    """List the records that come to another movie when some are settled anew under these decisions."""
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
    """Return title and year of movies as one text; one that is not published yet has none."""
    return {movie: titled(title, year) for movie, title, year in titles_and_years(connection, sorted(some))}


def titled(title: str | None, year: int | None) -> str:
    """Write a title with its year: "Heat (1995)"."""
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
