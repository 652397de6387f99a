"""A source that is a folder with facts and one query: its files staged, its `read.sql` run over them, then the rules that hold
for all sources (checked.sql).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.errors import UsageError
from moviec.model import FIELDS, RECORD
from moviec.reading.money import rates_of
from moviec.sources.readers.tabular import ColumnsOf, declared_columns, stage_all
from moviec.sources.spec import Reading, SourceSpec, Staged, Wanted, load_spec
from moviec.sql import filled, read_sql, statements


class SqlSource:
    """A source read by the query in its folder, over one view per role."""

    def __init__(self, spec: SourceSpec, read_sql: str, columns: ColumnsOf = declared_columns) -> None:
        """Set the facts, the file's text, and the columns to read before it runs."""
        self.spec = spec
        self.read_sql = read_sql
        self.columns = columns

    def read(self, engine: DuckEngine, files: Mapping[str, Path], wanted: Wanted) -> Reading:
        """Read plain files, by role, into the view `records`."""
        return self.records(engine, self.stage(engine, files, wanted), wanted)

    def stage(self, engine: DuckEngine, files: Mapping[str, Path], wanted: Wanted) -> list[Staged]:
        """Read plain files, by role, into one view for each role."""
        return stage_all(engine, self.spec, files, wanted, self.columns)

    def records(self, engine: DuckEngine, staged: list[Staged], wanted: Wanted) -> Reading:
        """Make the view `records` of the roles' views: all rows, or all of some films (`film_columns`)."""
        kept, query = _kept_and_query(self.read_sql)
        for name, statement in kept.items():
            engine.materialize(name, statement)
        reading = normalise(engine, query, staged, wanted)
        return msgspec.structs.replace(reading, kept=tuple(kept))


def film_columns(spec: SourceSpec, roles: Collection[str]) -> dict[str, str]:
    """Return the column with the film's key in the rows of each role, those of look-ups aside: rows with other keys there
    make no difference to a film's record. Empty where these roles are only read together.
    """
    main = next(iter(spec.files))
    about = {role: spec.files[role] for role in roles if spec.files[role].about == "films"}
    keyed = {role: file.key for role, file in about.items() if role == main or file.of == main}
    apart = [role for role, file in about.items() if role not in keyed and not file.lookup]
    return {} if apart or main not in keyed else keyed


def _kept_and_query(text: str) -> tuple[Mapping[str, str], str]:
    """Return the statements of a `read.sql` whose rows are kept for those after them, by name, and the query of the records:
    the last statement, or the whole file where none has a name.

    The engine guesses how many rows a statement inside another has; where it guesses far too few, it works on one core.
    """
    named = dict(statements(text))
    return named, named.popitem()[1] if named else text


def load_sql_source(folder: Traversable) -> SqlSource:
    """Load a source from its folder."""
    return SqlSource(load_spec(folder), folder.joinpath("read.sql").read_text("utf-8"))


#: The columns that a `read.sql` may return; missing ones are unknown. `role` and `line` say where a record was read.
UNKNOWN: dict[str, pa.DataType] = {
    **{name: RECORD.field(name).type for name in ("key", *FIELDS, "line")},
    "role": pa.string(),
    "problems": pa.list_(pa.string()),
    "list_problems": pa.list_(pa.string()),
    "_position": pa.int64(),
}


def normalise(engine: DuckEngine, query: str, staged: list[Staged], wanted: Wanted) -> Reading:
    """Create the view `records` from a source's `read.sql` and the common rules: the wanted fields of every kept
    row. Raises UsageError for a column that no record has.
    """
    engine.register("unknown", pa.schema(UNKNOWN).empty_table())
    given = types_of(engine, f"({query})")
    if strange := sorted(given.keys() - UNKNOWN.keys() - {"money"}):
        raise UsageError(
            f"its query gives {', '.join(strange)}, which no record has",
            "read.sql",
            f"a record has {', '.join(FIELDS)}",
        )
    columns = ", ".join(
        f"{identifier(name) if name in given else 'NULL'}::{kind} AS {identifier(name)}"
        for name, kind in types_of(engine, "unknown").items()
    )
    statements = read_sql("moviec.sources", "checked.sql")
    priced = ""
    if "money" in given:
        engine.register("exchange_rates", rates_of(wanted.home))
        priced = f", priced AS ({statements['priced']}), dollars AS ({statements['dollars']})"
    checked = filled(statements["checked"], {"rows": "dollars" if priced else "read"})
    fields = ", ".join(wanted.fields)
    # One view, not three: creating a view of a long query takes as long as running it on a small file.
    engine.view(
        "records",
        f"WITH read AS (SELECT {columns} FROM ({query})){priced}, checked AS ({checked})"
        f" SELECT key, role, {fields}, problems, list_problems, _position FROM checked",
    )
    return Reading(files={file.role: file for file in staged})


def types_of(engine: DuckEngine, rows: str) -> dict[str, str]:
    """Return the columns of rows with their types as SQL writes them."""
    found = engine.connection.sql(f"SELECT * FROM {rows}")
    return dict(zip(found.columns, map(str, found.types), strict=True))
