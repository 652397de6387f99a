"""Loads a film list's file into the engine's table `listed`: every column as text, and `position`, the number of the
row.

Unreadable rows have numbers too, and are returned with their line and text. Objects inside cells are unfolded, as
sites export them (Trakt, Simkl): a column `movie` of objects gives the columns `movie.title`, `movie.ids.imdb`, ….
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.engine.textfile.dialect import LINES, LONGEST_RECORD, Dialect, gunzip
from moviec.engine.textfile.refused import Broken
from moviec.engine.textfile.rows import (
    Header,
    Scanned,
    check_encoding,
    copy_rows,
    keep_rows,
    read_names,
    read_start,
)
from moviec.errors import PayloadError
from moviec.reading.table_start import ONE_COLUMN

#: The depth to which nested objects are unfolded.
DEEPEST = 3
#: The most columns from one column of objects: with more keys, they are not column names.
MOST_KEYS = 60

_IS_OBJECT = (
    "CASE WHEN {cell}[1] = '{{' AND json_valid({cell}) THEN json_type({cell}) = 'OBJECT' ELSE false END"
)


def unfold(engine: DuckEngine, rows: str, columns: list[str]) -> list[str]:
    """Add to the table `rows` the columns inside its columns of objects; return all of its columns' names."""
    every, fresh = list(columns), list(columns)
    for _ in range(DEEPEST):
        found = _objects(engine, rows, fresh)
        paths = {
            f"{column}.{key}": (column, key)
            for column in found
            for key in _keys(engine, rows, column)
            if f"{column}.{key}".lower() not in {name.lower() for name in every}
        }
        if not paths:
            break
        added = ", ".join(
            f"CASE WHEN {_IS_OBJECT.format(cell=identifier(column))} THEN"
            f" json_extract_string({identifier(column)}, {quoted(path_of(key))}) END AS {identifier(name)}"
            for name, (column, key) in paths.items()
        )
        engine.materialize(f"{rows}_unfolded", f"SELECT *, {added} FROM {rows}")
        engine.materialize(rows, f"SELECT * FROM {rows}_unfolded")
        fresh = list(paths)
        every += fresh
    return every


def path_of(key: str) -> str:
    """Return the JSON path of a key with any characters."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'$."{escaped}"'


def _objects(engine: DuckEngine, rows: str, columns: list[str]) -> list[str]:
    """Return the columns whose filled cells are all JSON objects."""
    tests = ", ".join(
        f"coalesce(bool_and({_IS_OBJECT.format(cell=identifier(column))}) FILTER ({identifier(column)} IS NOT NULL), false) AS c{at}"
        for at, column in enumerate(columns)
    )
    found = engine.query(f"SELECT {tests} FROM {rows}").to_pylist()[0]
    return [column for at, column in enumerate(columns) if found[f"c{at}"]]


def _keys(engine: DuckEngine, rows: str, column: str) -> list[str]:
    cell = identifier(column)
    found = engine.query(
        f"SELECT DISTINCT unnest(json_keys({cell})) AS key FROM {rows} WHERE {cell} IS NOT NULL ORDER BY key LIMIT {MOST_KEYS + 1}"
    )["key"].to_pylist()
    return [str(key) for key in found] if len(found) <= MOST_KEYS else []


LINED = ("jsonl", "ndjson")

Listed = tuple[list[str], tuple[Broken, ...]]

_OBJECTS = """
SELECT line, position FROM lines
WHERE CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END
"""

_NAMES = """
SELECT name FROM (SELECT unnest(json_keys(line)) AS name, position FROM objects) GROUP BY name ORDER BY min(position), name
"""

_TORN = """
SELECT position, line FROM lines ANTI JOIN objects USING (position) WHERE trim(line) <> '' ORDER BY position
"""


def stage_list(engine: DuckEngine, path: Path, kind: str, work: Path) -> Listed:
    """Register the rows of a file of this kind ("csv", "jsonl", …) as `listed`; return its columns and unreadable rows.

    Raises PayloadError for a file that has no rows of its kind.
    """
    if kind in ("csv", "tsv", "txt", "dat", *LINED):
        plain = gunzip(path, work / path.stem) if path.suffix == ".gz" else path
        return _stage_lines(engine, plain, work) if kind in LINED else _stage_csv(engine, plain, work)
    if kind == "parquet":
        rows = f"read_parquet({quoted(str(path))})"
    else:
        rows = f"read_json({quoted(str(path))}, maximum_object_size = {LONGEST_RECORD}, sample_size = -1, convert_strings_to_integers = false)"
    described = engine.connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
    if kind != "parquet" and not engine.query(f"SELECT 1 FROM {rows} LIMIT 1"):
        raise PayloadError("its list has no object", path.name)
    texts = ", ".join(_as_text(column[0], column[1]) for column in described)
    engine.materialize("listed", f"SELECT {texts}, row_number() OVER () AS position FROM {rows}")
    return [column[0] for column in described], ()


def _as_text(column: str, kind: str) -> str:
    named = identifier(column)
    if kind == "JSON":  # rows differ in type: keep text without quotes, as if all rows had text
        return f"{named} ->> '$' AS {named}"
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    return (
        f"CAST(to_json({named}) AS VARCHAR) AS {named}" if nested else f"CAST({named} AS VARCHAR) AS {named}"
    )


def _stage_lines(engine: DuckEngine, path: Path, work: Path) -> Listed:
    """Read one JSON object per line; an invalid line does not affect the others."""
    read_start(path)
    file = copy_rows(engine, Header(path, ("line",), 0, LINES), ("line",), work / "lines.parquet")
    check_encoding(engine, file)
    keep_rows(engine, file, "lines", "position")
    engine.materialize("objects", _OBJECTS)
    names = [str(name) for name in engine.query(_NAMES)["name"].to_pylist()]
    if not names:
        raise PayloadError("no line is a JSON object", path.name, "give one object a line")
    paths = ", ".join(quoted('$."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"') for name in names)
    own = with_positions(names)
    cells = ", ".join(f"cells[{at}] AS {identifier(name)}" for at, name in enumerate(own, 1))
    engine.materialize(
        "listed",
        f"SELECT {cells}, position FROM (SELECT json_extract_string(line, [{paths}]) AS cells, position FROM objects)",
    )
    torn = engine.query(_TORN).to_pylist()
    broken = [Broken(row["position"], 0, "no JSON object", row["line"]) for row in torn]
    return list(own), tuple(sorted([*file.broken, *broken], key=lambda row: row.line))


def _stage_csv(engine: DuckEngine, path: Path, work: Path) -> Listed:
    first = read_start(path).decode("utf-8-sig", errors="replace").splitlines()[0]
    delimiter = max("\t,;|", key=first.count)
    if delimiter not in first:
        delimiter = ONE_COLUMN
    file = _copied(engine, path, Dialect(delimiter), work)
    if file.broken and delimiter == "\t":  # IMDb's own files hold bare quotes; others quote their cells
        file = min(file, _copied(engine, path, Dialect(delimiter, quote=""), work), key=_unread)
    check_encoding(engine, file)
    keep_rows(engine, file, "listed", "position")
    return list(file.header.names), tuple(file.broken)


def _copied(engine: DuckEngine, path: Path, dialect: Dialect, work: Path) -> Scanned:
    """Copy the rows of a file with the dialect into Parquet."""
    header = read_names(path, dialect)
    own = with_positions(header.names)
    staged = work / f"rows{len(dialect.quote)}.parquet"
    return copy_rows(engine, msgspec.structs.replace(header, names=own), own, staged)


def with_positions(columns: Sequence[str]) -> tuple[str, ...]:
    """Return column names with the position appended to repeated ones (in any case)."""
    names = [name.lower() for name in columns]
    return tuple(
        f"{name} {place}" if name.lower() in names[: place - 1] else name
        for place, name in enumerate(columns, 1)
    )


def _unread(file: Scanned) -> int:
    return len(file.broken)
