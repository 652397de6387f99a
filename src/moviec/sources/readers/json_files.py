"""JSON lines, JSON lists and Parquet into the same staged form as CSV: the wanted columns as text, row by row.

Text and numbers are taken unchanged, lists and objects as JSON text. A row that is not an object, or has no key, is
staged without values and with its own text in `_text`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path
from typing import NamedTuple, TextIO

import duckdb
import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.engine.textfile.dialect import LINES, LONGEST_RECORD
from moviec.engine.textfile.rows import (
    BREAKS,
    LINE,
    TEXT,
    Header,
    Scanned,
    apart,
    as_delivered,
    read_start,
    write_rows,
)
from moviec.errors import PayloadError
from moviec.sources.spec import FileSpec, check_columns

_OBJECTS: dict[str, pa.DataType] = {LINE: pa.int64(), "line": pa.string()}
_BATCH = 10_000


def scan_lines(
    engine: DuckEngine, path: Path, spec: FileSpec, columns: tuple[str, ...], staged: Path
) -> Scanned:
    """Stage a file with one JSON object per line."""
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
    from pyarrow.parquet import ParquetWriter  # here, since only JSON needs it and it is slow to load

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
        names = tuple(apart(row["column_name"]) for row in types)
        check_columns(path, names, spec)
        texts = {apart(row["column_name"]): _as_text(row["column_name"], row["column_type"]) for row in types}
        cells = ", ".join(f"{texts[name]} AS {identifier(name)}" for name in columns if name in texts)
        # Read once before anything is written, so that damage is not mistaken for a full disk.
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
    """Return the query that takes the columns out of JSON texts called `line`."""
    nested = [name for name in columns if "." in name]
    paths = ", ".join(
        [
            *(quoted(_path(as_delivered(name))) for name in columns),
            *(quoted(_path(*name.split("."))) for name in nested),
        ]
    )
    found = {name: f"cells[{at}]" for at, name in enumerate(columns, 1)}
    found |= {
        name: f"coalesce({found[name]}, cells[{len(columns) + at}])" for at, name in enumerate(nested, 1)
    }
    cells = ", ".join(f"{cell} AS {identifier(name)}" for name, cell in found.items())
    fault = _fault(found[spec.key], spec)
    return (
        f"SELECT {cells}, {also}, CASE WHEN {fault} THEN coalesce(line, '') END AS {TEXT},"
        f" CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN json_keys(line)::VARCHAR END AS _names"
        f" FROM (SELECT *, CASE WHEN json_valid(line) THEN json_extract_string(line, [{paths}]) END AS cells"
        f" FROM {source})"
    )


def _path(*keys: str) -> str:
    """Return the path of a value in an object, or in objects inside it."""
    return "$" + "".join('."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"' for key in keys)


def _fault(key: str, spec: FileSpec) -> str:
    return f"NOT coalesce(regexp_full_match(trim({key}), {quoted(spec.key_pattern)}), false)"


def _names(engine: DuckEngine, staged: Path) -> tuple[str, ...]:
    """Return every key of the file's objects, in order of first occurrence."""
    found = engine.query(
        f"SELECT DISTINCT unnest(_names::VARCHAR[]) AS name FROM (SELECT DISTINCT _names FROM"
        f" read_parquet({quoted(str(staged))})) ORDER BY name"
    )
    return tuple(apart(row["name"]) for row in found.to_pylist())


def _as_text(name: str, kind: str) -> str:
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))
    return f"to_json({identifier(name)})::VARCHAR" if nested else f"{identifier(name)}::VARCHAR"


def _batches(pieces: Iterator[Piece]) -> Iterator[pa.RecordBatch]:
    while some := list(islice(pieces, _BATCH)):
        lines, texts = zip(*some, strict=True)
        yield pa.record_batch([lines, texts], schema=pa.schema(_OBJECTS))


_CHUNK = 1 << 20
_GAP = re.compile(r"[\s,\ufeff]*")
_NEXT = re.compile(r"\}\s*,\s*(?=\{)")
_DECODER = json.JSONDecoder()
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


class Piece(NamedTuple):
    """The text of one element, or of an unreadable stretch, and the physical line where it starts."""

    line: int
    text: str


class _Window:
    """The part of the file being parsed: `text` from `at` on, which starts on `line`."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.text = ""
        self.at = 0
        self.line = 1
        self.passed = 0  # characters of the file before `text`
        self.ended = False

    def more(self) -> bool:
        """Read on; False when the file has ended."""
        chunk = self.file.read(_CHUNK)
        self.ended = not chunk
        self.passed += self.at
        self.text = self.text[self.at :] + chunk
        self.at = 0
        return not self.ended

    def take(self, end: int) -> Piece:
        """Move on to `end`, and return the text passed."""
        piece = Piece(self.line, self.text[self.at : end])
        self.line += piece.text.count("\n")
        self.at = end
        return piece

    def skip_gap(self) -> str:
        """Move past blanks and commas; return the next character, or nothing at the end of the file."""
        while True:
            found = _GAP.match(self.text, self.at)
            self.take(found.end() if found else self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""


def cut(path: Path) -> Iterator[Piece]:
    """Yield the elements of a JSON list in order.

    If an element is not JSON, the stretch up to the next possible start is one piece; a list without an end yields
    a last piece that says so. Raises PayloadError if the file is not a list.
    """
    with path.open(encoding="utf-8", errors="backslashreplace", newline="") as file:
        window = _Window(file)
        if window.skip_gap() != "[":
            raise PayloadError(
                "the file is not a JSON list", path.name, "it should begin with [ and hold objects"
            )
        window.take(window.at + 1)
        first = window.skip_gap()
        resync = _start_of_next(window.text[: window.at])
        singly = 0  # up to here the elements must be cut one by one
        while first not in ("", "]"):
            if window.passed + window.at >= singly:
                yield from (run := _run(window))
                singly = 0 if run else window.passed + len(window.text)
            else:
                yield _element(window, resync)
            first = window.skip_gap()
        if not first:
            yield Piece(window.line, "(the file ends before the list does)")
            return
        window.take(window.at + 1)
        while window.skip_gap():
            yield window.take(len(window.text))


def _start_of_next(before: str) -> re.Pattern[str]:
    """Return how the next element begins: if the first was on its own line, with the same indentation."""
    indentation = before[before.rfind("\n") + 1 :]
    if "\n" in before and not indentation.strip():
        return re.compile(rf"\n(?={indentation}\{{)")
    return _NEXT


def _run(window: _Window) -> list[Piece]:
    """Cut all whole elements of the window at once; none if the gaps between them differ."""
    text, at = window.text, window.at
    try:
        _, end = _DECODER.raw_decode(text, at)
        found = _GAP.match(text, end)
        gap = found[0] if found else ""
        last = text.rfind(gap + text[at], end) if "," in gap else -1
        elements = [bytes(raw) for raw in _ELEMENTS.decode(f"[{text[at:last]}]")] if last > 0 else []
    except (ValueError, RecursionError):  # not JSON, or not complete yet
        return []
    between = gap.encode()
    if between.join(elements) != text[at:last].encode():
        return []
    step = between.count(b"\n")
    lines = accumulate((element.count(b"\n") + step for element in elements), initial=window.line)
    window.take(last)
    return [Piece(line, element.decode()) for line, element in zip(lines, elements, strict=False)]


def _element(window: _Window, resync: re.Pattern[str]) -> Piece:
    while True:
        try:
            _, end = _DECODER.raw_decode(window.text, window.at)
            if end < len(window.text) or window.ended or not window.more():
                return window.take(end)
        except (json.JSONDecodeError, RecursionError):
            if len(window.text) - window.at > LONGEST_RECORD or not window.more():
                break
    found = resync.search(window.text, window.at + 1)
    return window.take(found.end() if found else len(window.text))
