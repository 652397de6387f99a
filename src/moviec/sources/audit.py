"""Checks a delivery: columns and genre labels unknown to the facts, rows of no film, how full each field is, and what
could not be read.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.engine.unreadable_cells import Unread, unread_cells
from moviec.model import FIELDS
from moviec.reading.kinds import LISTS
from moviec.sources.spec import Reading, SourceSpec
from moviec.units import plural

#: SQL that is NULL where a field has no value, for fields that can be empty without being NULL.
_VALUE = {"ids": "nullif(cardinality(ids), 0)", "ratings": "nullif(len(ratings), 0)"}


class Audit(msgspec.Struct, frozen=True):
    """The findings on one delivery.

    `unknown_columns` by role; `unmapped_genres` with the number of films; `filled` is the number of films whose field
    has a value (so that rates compare exactly), of `films`, `ids` that of films with an id of each space; `strays`
    counts rows, by role, of films the main file does not list; `concerns` says in words which bounds of the facts are
    broken.
    """

    films: int
    unknown_columns: dict[str, tuple[str, ...]]
    unmapped_genres: dict[str, int]
    filled: dict[str, int]
    ids: dict[str, int]
    strays: dict[str, int]
    concerns: tuple[str, ...]

    def rate(self, field: str) -> float:
        """Return the share of films whose field has a value, 0 to 1."""
        return self.filled[field] / self.films if self.films else 0.0


def audit(
    engine: DuckEngine,
    spec: SourceSpec,
    reading: Reading,
    records: str = "records",
    labels: Collection[str] | None = None,
) -> Audit:
    """Check a reading and its records: `records` names a view or table with the fields of a record.

    `labels`, in lower case, are the genre labels with a meaning; without them those that the facts map.
    """
    known = {label.lower() for label in spec.genres} if labels is None else labels
    counts = ", ".join(
        f"count({_VALUE.get(field, identifier(field))}) AS {identifier(field)}" for field in FIELDS
    )
    filled = engine.query(f"SELECT count(*) AS films, {counts} FROM {records}").to_pylist()[0]
    films = filled.pop("films")
    return Audit(
        films=films,
        unknown_columns={
            role: file.unknown_columns for role, file in reading.files.items() if file.unknown_columns
        },
        unmapped_genres=_unmapped(engine, known, records),
        filled=filled,
        ids=_ids(engine, records),
        strays=_strays(engine, spec, reading),
        concerns=tuple(_concerns(spec, films)),
    )


def _ids(engine: DuckEngine, records: str) -> dict[str, int]:
    rows = engine.query(
        f"SELECT space, count(*) AS films FROM (SELECT unnest(map_keys(ids)) AS space FROM {records})"
        " GROUP BY space ORDER BY space"
    ).to_pylist()
    return {row["space"]: row["films"] for row in rows}


def _unmapped(engine: DuckEngine, known: Collection[str], records: str) -> dict[str, int]:
    rows = engine.query(
        f"SELECT label, count(*) AS films FROM (SELECT unnest(genres) AS label FROM {records})"
        f" WHERE label IS NOT NULL GROUP BY label ORDER BY films DESC, label"
    ).to_pylist()
    return {row["label"]: row["films"] for row in rows if row["label"].lower() not in known}


def _strays(engine: DuckEngine, spec: SourceSpec, reading: Reading) -> dict[str, int]:
    found = {}
    for role in reading.files:
        file = spec.files[role]
        if file.of and file.of in reading.files:
            key, main = identifier(file.key), identifier(spec.files[file.of].key)
            rows = engine.query(
                f"SELECT count(*) AS rows FROM {role} WHERE {key} NOT IN (SELECT {main} FROM {file.of}_rows)"
            )
            found[role] = rows.column(0)[0].as_py()
    return {role: rows for role, rows in found.items() if rows}


def _concerns(spec: SourceSpec, films: int) -> list[str]:
    concerns = []
    if films < spec.least_rows:
        concerns.append(
            f"{plural(films, 'film', 'films')}, fewer than the least expected ({spec.least_rows})"
        )
    if films > spec.most_rows:
        concerns.append(f"{plural(films, 'film', 'films')}, more than the most expected ({spec.most_rows})")
    return concerns


def count_problems(engine: DuckEngine, column: str, view: str) -> dict[str, int]:
    """Count the values set to unknown by rule, from `problems` or `list_problems` of a view, in order of name."""
    rows = engine.query(
        f"SELECT problem, count(*) AS found FROM (SELECT unnest({column}) AS problem FROM {view})"
        " GROUP BY problem ORDER BY problem"
    ).to_pylist()
    return {row["problem"]: row["found"] for row in rows}


#: The problem name for an unreadable cell of a field (macros.sql).
_SUFFIX = "_unreadable"


def unread_columns(
    engine: DuckEngine, spec: SourceSpec, reading: Reading, problems: dict[str, int], records: str = "records"
) -> list[Unread]:
    """Return the columns of a reading with cells that could not be read, file by file.

    For columns of a kind this is known from reading their cells; of the others, those whose fields `problems` names are
    checked. `records` has role, _position, problems and list_problems.
    """
    fields = {name.removesuffix(_SUFFIX) for name in problems if name.endswith(_SUFFIX)}
    found = [column for file in reading.files.values() for column in file.unread]
    for role in reading.files if fields else ():
        file = spec.files[role]
        feeds = {
            column: {feed.partition(".")[0] for feed in fed} & fields
            for column, fed in file.columns.items()
            if file.cells.get(column, "objects") in LISTS
        }
        there = set(engine.query(f"SELECT * FROM {role} LIMIT 0").column_names)
        failed = {column: _named(each) for column, each in feeds.items() if each and column in there}
        if failed and file.cells:
            rows = (
                f"(SELECT r.*, list_concat(p.problems, p.list_problems) AS problems_of FROM {role} r"
                f" JOIN (SELECT * FROM {records} WHERE role = '{role}') p ON p._position = r._position)"
            )
            found += unread_cells(engine, rows, failed, "_position")
    return found


def _named(fields: set[str]) -> str:
    """Return the condition that a row's problems name one of the fields."""
    named = ", ".join(f"'{field}{_SUFFIX}'" for field in sorted(fields))
    return f"list_has_any(problems_of, [{named}])"
