"""Which columns of a delivery could not be read, told from the problems of its records."""

from __future__ import annotations

from moviec.engine import DuckEngine
from moviec.engine.unread import Unread, mostly_unread
from moviec.sources.base import Reading, SourceSpec

#: How a reader calls a cell of a field that it could not read (macros.sql).
_SUFFIX = "_unreadable"


def unread_columns(
    engine: DuckEngine, spec: SourceSpec, reading: Reading, problems: dict[str, int], records: str = "records"
) -> list[Unread]:
    """Give the columns of a reading of which most filled cells could not be read, file by file.

    `problems` are those that were counted: what they do not name is not looked for. `records` has role, _position,
    problems and list_problems.
    """
    fields = {name.removesuffix(_SUFFIX) for name in problems if name.endswith(_SUFFIX)}
    found: list[Unread] = []
    for role in reading.files if fields else ():
        feeds = {
            column: {feed.partition(".")[0] for feed in fed} & fields
            for column, fed in spec.files[role].columns.items()
        }
        there = set(engine.query(f"SELECT * FROM {role} LIMIT 0").column_names)
        failed = {column: _named(each) for column, each in feeds.items() if each and column in there}
        if failed:
            rows = (
                f"(SELECT r.*, list_concat(p.problems, p.list_problems) AS problems_of FROM {role} r"
                f" JOIN (SELECT * FROM {records} WHERE role = '{role}') p ON p._position = r._position)"
            )
            found += mostly_unread(engine, rows, failed, "_position")
    return found


def _named(fields: set[str]) -> str:
    """Write the condition that a row's problems name one of the fields."""
    named = ", ".join(f"'{field}{_SUFFIX}'" for field in sorted(fields))
    return f"list_has_any(problems_of, [{named}])"
