"""Reads a file of claims (`movie,field,source,value`; CSV, TSV, JSON, JSON lines, Parquet or a workbook) into
`claim_cells`.

`claim_cells` has file_row, movie, field, source and value as text; rows without a film, field or source, and unreadable
rows, become `claims_unusable` (file_row, movie, field, source, value, reason). An empty value is not a claim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from moviec.bounds import check_regular
from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.errors import PayloadError, UsageError
from moviec.reading.conversion import readable
from moviec.reading.film_table import stage_list
from moviec.reading.layouts import plain_name
from moviec.work import work_folder

REQUIRED = ("movie", "field", "source", "value")

#: Accepted names of the columns, folded and without blanks; the name itself takes precedence.
_CALLED = {
    "movie": ("movie", "movieid", "film", "filmid", "tconst", "imdbid", "id", "key"),
    "field": ("field", "attribute", "property", "fieldname"),
    "source": ("source", "provider", "origin", "site"),
    "value": ("value", "claim", "content"),
}

_SUFFIX = re.compile(
    r"\.(csv|tsv|txt|json|jsonl|ndjson|parquet|xlsx|xlsm|xlsb|xls|ods)(\.gz)?$", re.IGNORECASE
)
_WORKBOOKS = ("xlsx", "xlsm", "xlsb", "xls", "ods")

_BROKEN_COLUMNS: dict[str, pa.DataType] = {
    "file_row": pa.int64(),
    **dict.fromkeys((*REQUIRED, "reason"), pa.string()),
}
_BROKEN = pa.schema(_BROKEN_COLUMNS)

_UNUSABLE = """
SELECT * FROM claims_broken UNION ALL
SELECT file_row, movie, field, source, value,
       'no ' || CASE WHEN movie IS NULL THEN 'movie' WHEN field IS NULL THEN 'field' ELSE 'source' END AS reason
FROM claims_given WHERE value IS NOT NULL AND (movie IS NULL OR field IS NULL OR source IS NULL)
"""


def open_claims_file(engine: DuckEngine, path: Path) -> None:
    """Make `claim_cells` and `claims_unusable`; raises UsageError or PayloadError for other files."""
    check_regular(path)
    suffix = _SUFFIX.search(path.name)
    if suffix is None:
        raise UsageError(
            "the file's ending is not that of a table", path.name, "give .csv, .tsv, .jsonl or .parquet"
        )
    if path.stat().st_size == 0:
        raise PayloadError("the file is empty", path.name)
    kind = suffix.group(1).lower()
    with work_folder() as work:
        try:
            opened = readable(path, Path(work))
            kind = "csv" if kind in _WORKBOOKS else kind
            seen, broken = stage_list(engine, opened, kind, Path(work))
            _keep(engine, _columns(seen, path))
        except duckdb.Error as error:
            raise PayloadError(f"cannot be read ({str(error).splitlines()[0]})", path.name) from error
    rows = [
        {"file_row": row.before + number, "value": row.text, "reason": f"line {row.line}: {row.reason}"}
        for number, row in enumerate(broken, 1)
    ]
    engine.register("claims_broken", pa.Table.from_pylist(rows, _BROKEN))
    engine.materialize("claims_unusable", _UNUSABLE)


def _columns(seen: Sequence[str], path: Path) -> dict[str, str]:
    """Return which column holds which field; raises PayloadError where one is missing."""
    names = {plain_name(column): column for column in reversed(seen)}
    found = {
        name: next((names[alias] for alias in called if alias in names), None)
        for name, called in _CALLED.items()
    }
    if missing := [name for name, column in found.items() if column is None]:
        raise PayloadError(
            f"no column {', '.join(missing)}", path.name, f"a table of claims has {', '.join(REQUIRED)}"
        )
    return {name: column for name, column in found.items() if column is not None}


def _keep(engine: DuckEngine, columns: dict[str, str]) -> None:
    cells = ", ".join(
        f"nullif(trim({identifier(column)}, ' \t\r\n'), '') AS {name}" for name, column in columns.items()
    )
    engine.materialize("claims_given", f"SELECT position AS file_row, {cells} FROM listed")
    engine.materialize(
        "claim_cells",
        "SELECT * FROM claims_given WHERE movie IS NOT NULL AND field IS NOT NULL AND source IS NOT NULL"
        " AND value IS NOT NULL ORDER BY file_row",
    )
