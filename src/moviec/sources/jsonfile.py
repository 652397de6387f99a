"""JSON lines, JSON lists and Parquet into the same staged form as CSV: the wanted columns as text, row by row.

Text and numbers are taken as they are, lists and objects as JSON text. A row that is no object, or has no key, is
staged without values and with its own text in `_text`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duck import identifier, quoted
from moviec.engine.textfile.dialect import LINES
from moviec.engine.textfile.rows import BREAKS, LINE, TEXT, Header, Scanned, read_start, write_rows
from moviec.errors import PayloadError
from moviec.sources.base import FileSpec
from moviec.sources.csvfile import check_columns
from moviec.sources.jsonarray import Piece, cut

_OBJECTS: dict[str, pa.DataType] = {LINE: pa.int64(), "line": pa.string()}
_BATCH = 10_000


def scan_lines(
    engine: DuckEngine, path: Path, spec: FileSpec, columns: tuple[str, ...], staged: Path
) -> Scanned:
    """Stage a file with one JSON object a line."""
    read_start(path)
    header = Header(path, ("line",), 0, LINES)
    select = _fields(columns, spec, f"0 AS {BREAKS}", "rows_of_file")
    header, rows, broken = write_rows(engine, header, select, staged)
    names = _names(engine, staged)
    check_columns(path, names, spec)
    header = Header(header.path, names, 0, LINES)
    return Scanned(header, staged, (*columns, BREAKS, TEXT), rows, broken)


def scan_list(
    engine: DuckEngine, path: Path, spec: FileSpec, columns: tuple[str, ...], staged: Path
) -> Scanned:
    """Stage a file that is one JSON list of objects."""
    read_start(path)
    objects = staged.with_suffix(".objects.parquet")
    from pyarrow.parquet import ParquetWriter  # here, since only JSON needs it and it takes a while to load

    with ParquetWriter(objects, pa.schema(_OBJECTS), compression="zstd") as writer:
        for batch in _batches(cut(path)):
            writer.write_batch(batch)
    rows = engine.write(_fields(columns, spec, LINE, f"read_parquet({quoted(str(objects))})"), staged)
    names = _names(engine, staged)
    check_columns(path, names, spec)
    return Scanned(Header(path, names, 0, LINES), staged, (*columns, LINE, TEXT), rows, [])


def scan_parquet(
    engine: DuckEngine, path: Path, spec: FileSpec, columns: tuple[str, ...], staged: Path
) -> Scanned:
    """Stage a Parquet file; the line of a row is its number, from 1."""
    source = f"read_parquet({quoted(str(path))}, file_row_number = true)"
    try:
        types = engine.query(f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {source}").to_pylist()
        names = tuple(row["column_name"] for row in types)
        check_columns(path, names, spec)
        texts = {row["column_name"]: _as_text(row["column_name"], row["column_type"]) for row in types}
        cells = ", ".join(f"{texts[name]} AS {identifier(name)}" for name in columns if name in texts)
        # Read once before anything is written, so that damage is not taken for a full disk.
        engine.query(f"SELECT bit_xor(hash(to_json(file))) FROM (SELECT * FROM {source}) AS file")
    except duckdb.Error as error:  # damage shows as any kind of error
        raise PayloadError("the Parquet file is damaged", path.name, str(error).splitlines()[0]) from error
    fault = _fault(texts[spec.key], spec)
    rows = engine.write(
        f"SELECT {cells}, CASE WHEN {fault} THEN to_json(file)::VARCHAR END AS {TEXT},"
        f" file_row_number + 1 AS {LINE} FROM (SELECT * FROM {source}) AS file",
        staged,
    )
    staged_columns = tuple(name for name in columns if name in texts)
    return Scanned(Header(path, names, 0, LINES), staged, (*staged_columns, LINE, TEXT), rows, [])


def _fields(columns: tuple[str, ...], spec: FileSpec, also: str, source: str) -> str:
    """Write the query that takes the columns out of JSON texts called `line`."""
    paths = ", ".join(
        quoted('$."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"') for name in columns
    )
    cells = ", ".join(f"cells[{at}] AS {identifier(name)}" for at, name in enumerate(columns, 1))
    fault = _fault(f"cells[{columns.index(spec.key) + 1}]", spec)
    return (
        f"SELECT {cells}, {also}, CASE WHEN {fault} THEN coalesce(line, '') END AS {TEXT},"
        f" CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN json_keys(line)::VARCHAR END AS _names"
        f" FROM (SELECT *, CASE WHEN json_valid(line) THEN json_extract_string(line, [{paths}]) END AS cells"
        f" FROM {source})"
    )


def _fault(key: str, spec: FileSpec) -> str:
    return f"NOT coalesce(regexp_full_match(trim({key}), {quoted(spec.key_pattern)}), false)"


def _names(engine: DuckEngine, staged: Path) -> tuple[str, ...]:
    """Name every key that an object of the file has, in order of their first sight."""
    found = engine.query(
        f"SELECT DISTINCT unnest(_names::VARCHAR[]) AS name FROM (SELECT DISTINCT _names FROM"
        f" read_parquet({quoted(str(staged))})) ORDER BY name"
    )
    return tuple(row["name"] for row in found.to_pylist())


def _as_text(name: str, kind: str) -> str:
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))
    return f"to_json({identifier(name)})::VARCHAR" if nested else f"{identifier(name)}::VARCHAR"


def _batches(pieces: Iterator[Piece]) -> Iterator[pa.RecordBatch]:
    while some := list(islice(pieces, _BATCH)):
        lines, texts = zip(*some, strict=True)
        yield pa.record_batch([lines, texts], schema=pa.schema(_OBJECTS))
