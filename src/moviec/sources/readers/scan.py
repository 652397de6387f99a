"""One pass over one file, whatever its format: its rows as text in Parquet, and what could not be read."""

from __future__ import annotations

from pathlib import Path

import msgspec

from moviec.engine import DuckEngine
from moviec.engine.textfile.dialect import CSV, TSV, Dialect
from moviec.engine.textfile.rows import BREAKS, Header, Scanned, check_encoding, copy_rows, read_names
from moviec.errors import PayloadError
from moviec.reading.film_table import with_positions
from moviec.reading.table_start import ONE_COLUMN, delimiter_of
from moviec.sources.readers.json_files import scan_lines, scan_list, scan_parquet
from moviec.sources.spec import FileSpec, Format, Wanted, check_columns

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_SCANS = {"jsonl": scan_lines, "json": scan_list, "parquet": scan_parquet}


def format_of(path: Path, spec: FileSpec) -> Format:
    """Return a file's format: as in the facts, else by its bytes, else by its name, else CSV."""
    if spec.format != "any":
        return spec.format
    with path.open("rb") as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith((b"{", b"[")):
        return "json" if start.startswith(b"[") else "jsonl"
    return _SUFFIXES.get(path.suffix.lower(), "csv")


def check_file(path: Path, spec: FileSpec) -> None:
    """Raise PayloadError, by a cheap check, if a file cannot be what the facts describe."""
    if format_of(path, spec) in ("csv", "tsv"):
        _header(path, spec)
    elif path.stat().st_size == 0:
        raise PayloadError("the file is empty", path.name)


def scan(engine: DuckEngine, role: str, path: Path, spec: FileSpec, wanted: Wanted) -> Scanned:
    """Stage the columns of a file that the wanted fields take; raises PayloadError for a different file."""
    staged = wanted.work / f"{role}.parquet"
    needed = spec.needed(wanted.fields)
    scan_rows = _SCANS.get(format_of(path, spec))
    if scan_rows:
        return scan_rows(engine, path, spec, tuple(name for name in spec.columns if name in needed), staged)
    header = _header(path, spec)
    columns = tuple(name for name in header.names if name in needed)
    if "line" in wanted.fields:
        columns = (*columns, BREAKS)
    found = copy_rows(engine, header, columns, staged)
    check_encoding(engine, found)
    return found


def _header(path: Path, spec: FileSpec) -> Header:
    if format_of(path, spec) == "tsv":
        return read_header(path, spec, TSV)
    delimiter = spec.delimiter
    if spec.format == "any" and delimiter == ",":
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            first = file.readline()
        delimiter = delimiter_of(first)
        if delimiter not in first:
            delimiter = ONE_COLUMN
    return read_header(path, spec, Dialect(delimiter=delimiter))


def read_header(path: Path, spec: FileSpec, dialect: Dialect = CSV) -> Header:
    """Read the column names; raises PayloadError when this cannot be the file that the facts describe."""
    header = read_names(path, dialect)
    if spec.format == "any":  # a user's file: a repeated name gets its position appended
        header = msgspec.structs.replace(header, names=with_positions(header.names))
    names = header.names
    check_columns(path, names, spec, "its first line reads")
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice:
        raise PayloadError(f"column {', '.join(twice)} occurs twice in the header", path.name)
    return header
