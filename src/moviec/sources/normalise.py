"""The last step of every reader: rows as the source means them, held against the rules that hold for all."""

from __future__ import annotations

import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.engine.unreadable_cells import Unread, unread_cells
from moviec.model import FIELDS, RECORD
from moviec.reading.kinds import LISTS
from moviec.reading.money import rates_of
from moviec.sources.spec import Reading, SourceSpec, Staged, Wanted
from moviec.sql import filled, read_sql

#: What a `read.sql` may give; what it does not name is unknown. `role` and `line` say where a record was read.
UNKNOWN: dict[str, pa.DataType] = {
    **{name: RECORD.field(name).type for name in ("key", *FIELDS, "line")},
    "role": pa.string(),
    "problems": pa.list_(pa.string()),
    "list_problems": pa.list_(pa.string()),
    "_position": pa.int64(),
}


def normalise(engine: DuckEngine, query: str, staged: list[Staged], wanted: Wanted) -> Reading:
    """Name a source's `read.sql`, with the rules over it, `records`: the wanted fields of every kept row."""
    engine.register("unknown", pa.schema(UNKNOWN).empty_table())
    given = _types(engine, f"({query})")
    columns = ", ".join(
        f"{identifier(name) if name in given else 'NULL'}::{kind} AS {identifier(name)}"
        for name, kind in _types(engine, "unknown").items()
    )
    statements = read_sql("moviec.sources", "checked.sql")
    priced = ""
    if "money" in given:
        engine.register("exchange_rates", rates_of(wanted.home))
        priced = f", priced AS ({statements['priced']}), dollars AS ({statements['dollars']})"
    checked = filled(statements["checked"], {"rows": "dollars" if priced else "read"})
    fields = ", ".join(wanted.fields)
    # One view, not three: a long query takes as long to name as to run on a small file.
    engine.view(
        "records",
        f"WITH read AS (SELECT {columns} FROM ({query})){priced}, checked AS ({checked})"
        f" SELECT key, role, {fields}, problems, list_problems, _position FROM checked",
    )
    return Reading(files={file.role: file for file in staged})


def _types(engine: DuckEngine, rows: str) -> dict[str, str]:
    """Return the columns of rows with their types as SQL writes them."""
    found = engine.connection.sql(f"SELECT * FROM {rows}")
    return dict(zip(found.columns, map(str, found.types), strict=True))


def count_problems(engine: DuckEngine, column: str, view: str) -> dict[str, int]:
    """Count the values set to unknown by rule, from `problems` or `list_problems` of a view, in order of name."""
    rows = engine.query(
        f"SELECT problem, count(*) AS found FROM (SELECT unnest({column}) AS problem FROM {view})"
        " GROUP BY problem ORDER BY problem"
    ).to_pylist()
    return {row["problem"]: row["found"] for row in rows}


#: How a reader calls a cell of a field that it could not read (macros.sql).
_SUFFIX = "_unreadable"


def unread_columns(
    engine: DuckEngine, spec: SourceSpec, reading: Reading, problems: dict[str, int], records: str = "records"
) -> list[Unread]:
    """Return the columns of a reading with cells that could not be read, file by file.

    Columns of a kind were told when their cells were read; of the others those are looked for whose fields `problems` names.
    `records` has role, _position, problems and list_problems.
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
    """Write the condition that a row's problems name one of the fields."""
    named = ", ".join(f"'{field}{_SUFFIX}'" for field in sorted(fields))
    return f"list_has_any(problems_of, [{named}])"
