"""A file of ratings (CSV, TSV, JSON lines, Parquet; text ones also gzipped) as the view `ratings`, cells as delivered.

Lines that cannot be read as rows at all become the table `ratings_unread` (file_row, movie, source, value, reason).
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import duckdb

from moviec.engine import DuckEngine
from moviec.engine.duck import quoted
from moviec.errors import PayloadError, UsageError

#: A longer line is no rating; it is kept as one that cannot be read.
LONGEST_LINE = 1_000_000

DELIMITERS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson", ".json")


def open_ratings(engine: DuckEngine, path: Path) -> list[str]:
    """Make the file known as `ratings`, its rows numbered in `file_row`; return its column names in lower case.

    Raises UsageError when there is no such file or its ending is not known, PayloadError when it cannot be read.
    """
    if not path.is_file():
        raise UsageError("there is no such file", str(path))
    kind = path.with_suffix("").suffix.lower() if path.suffix == ".gz" else path.suffix.lower()
    try:
        if kind in DELIMITERS:
            return _open_csv(engine, path, DELIMITERS[kind])
        if kind in JSON_LINES:
            return _open_json(engine, path)
        if kind == ".parquet":
            return _open_parquet(engine, path)
    except (duckdb.Error, UnicodeDecodeError, gzip.BadGzipFile, csv.Error) as error:
        raise PayloadError(f"cannot be read ({str(error).splitlines()[0]})", path.name) from error
    raise UsageError(
        f"cannot tell a table from the ending '{kind}'", path.name, "give .csv, .tsv, .jsonl or .parquet"
    )


def _open_csv(engine: DuckEngine, path: Path, delimiter: str) -> list[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(file, delimiter=delimiter), [])
    names = [name.strip().lower() for name in names]
    if not names or len(set(names)) < len(names):
        raise PayloadError("the first line names no columns, or one twice", path.name)
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
    engine.keep(
        "ratings",
        f"SELECT *, row_number() OVER () AS file_row FROM read_csv({quoted(str(path))}, columns = {{{columns}}},"
        f" auto_detect = false, header = true, delim = {quoted(delimiter)}, quote = '\"', escape = '\"',"
        f" max_line_size = {LONGEST_LINE}, store_rejects = true, rejects_table = 'unread', rejects_scan = 'scans')",
    )
    engine.keep(
        "ratings_unread",
        "SELECT min(line)::BIGINT AS file_row, NULL::VARCHAR AS movie, NULL::VARCHAR AS source, any_value(csv_line) AS value,"
        " concat('line ', min(line), ': ', replace(lower(any_value(error_type)::VARCHAR), '_', ' ')) AS reason"
        " FROM unread GROUP BY line_byte_position",
    )
    return [*names, "file_row"]


def _open_json(engine: DuckEngine, path: Path) -> list[str]:
    lines = (
        f"read_csv({quoted(str(path))}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, header = false,"
        f" delim = '\x1f', quote = '', escape = '', max_line_size = {LONGEST_LINE})"
    )
    engine.keep("rating_lines", f"SELECT line, row_number() OVER () AS file_row FROM {lines}")
    engine.keep(
        "ratings_unread",
        "SELECT file_row, NULL::VARCHAR AS movie, NULL::VARCHAR AS source, line AS value, 'not a JSON object' AS reason"
        " FROM rating_lines WHERE NOT CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END"
        " AND trim(line) <> ''",
    )
    engine.keep(
        "rating_objects",
        "SELECT * FROM rating_lines WHERE file_row NOT IN (SELECT file_row FROM ratings_unread) AND trim(line) <> ''",
    )
    keys = engine.query("SELECT DISTINCT unnest(json_keys(line)) AS name FROM rating_objects ORDER BY name")
    names = [name for name in map(str, keys.column("name").to_pylist()) if name.replace("_", "").isalnum()]
    cells = ", ".join(f"json_extract_string(line, {quoted('$.' + name)}) AS {name.lower()}" for name in names)
    if not cells:
        raise PayloadError("not one line is a JSON object", path.name, "give one object a line")
    engine.keep("ratings", f"SELECT {cells}, file_row FROM rating_objects")
    return [*(name.lower() for name in names), "file_row"]


def _open_parquet(engine: DuckEngine, path: Path) -> list[str]:
    engine.parquet("rating_file", [path])
    given = engine.query("SELECT * FROM rating_file LIMIT 0").column_names
    cells = ", ".join(f'"{name}" AS "{name.lower()}"' for name in given)
    engine.view("ratings", f"SELECT {cells}, row_number() OVER () AS file_row FROM rating_file")
    engine.keep(
        "ratings_unread",
        "SELECT 0::BIGINT AS file_row, NULL::VARCHAR AS movie, NULL::VARCHAR AS source, NULL::VARCHAR AS value,"
        " NULL::VARCHAR AS reason WHERE false",
    )
    return [*(name.lower() for name in given), "file_row"]
