"""One text file of rows on disk: its header, its good rows into Parquet, its broken stretches with their text."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import BinaryIO

import duckdb
import msgspec

from moviec.engine import DuckEngine
from moviec.engine.duck import identifier, quoted
from moviec.errors import PayloadError
from moviec.sources.base import FileSpec
from moviec.sources.dialect import CSV, LONGEST_RECORD, Dialect
from moviec.sources.repair import Broken

#: Columns a staged file may have besides its own: the line breaks inside a row's cells; the physical line of a row;
#: the text of a row that is none.
BREAKS, LINE, TEXT = OWN = ("_breaks", "_line", "_text")

#: A line longer than this is in no list of films, and the engine would pass over it without a word.
LONGEST_LINE = 16_000_000

REASONS = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "UNQUOTED VALUE": "a quote that does not close, or text after a closing quote",
    "INVALID ENCODING": "not UTF-8",
    "LINE SIZE OVER MAXIMUM": f"a quote that does not close, or a record over {LONGEST_RECORD:,} bytes",
}


class Header(msgspec.Struct, frozen=True):
    """A file's first record: its column names and how many physical lines it takes; none where there is no header."""

    path: Path
    names: tuple[str, ...]
    lines: int
    dialect: Dialect = CSV


class Scanned(msgspec.Struct, frozen=True):
    """A file after one pass: the wanted columns of its good rows in Parquet, and its broken stretches in order."""

    header: Header
    staged: Path
    columns: tuple[str, ...]
    rows: int
    broken: list[Broken]

    @property
    def cells(self) -> tuple[str, ...]:
        """Name the staged columns that are the file's own."""
        return tuple(name for name in self.columns if name not in OWN)


def read_header(path: Path, spec: FileSpec, dialect: Dialect = CSV) -> Header:
    """Read the column names; raises PayloadError when this cannot be the file that the facts describe."""
    start = read_start(path)
    try:
        text = start[: start.rfind(b"\n") + 1 or None].decode("utf-8-sig", errors="backslashreplace")
        reader = dialect.reader(text.splitlines(keepends=True))
        names = tuple(name.strip() or f"unnamed column {at}" for at, name in enumerate(next(reader), 1))
    except (csv.Error, StopIteration) as error:
        raise PayloadError(f"the first line is no header ({error})", path.name) from error
    check_columns(path, names, spec, "its first line reads")
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice:
        raise PayloadError(f"column {', '.join(twice)} stands twice in the header", path.name)
    return Header(path, names, reader.line_num, dialect)


def read_start(path: Path) -> bytes:
    """Read a text file's first bytes; raises PayloadError when it is empty or plainly not UTF-8."""
    with path.open("rb") as file:
        start = file.read(1_000_000)
    if not start.strip():
        raise PayloadError("the file is empty", path.name)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise PayloadError("the file is in UTF-16", path.name, "save it as UTF-8")
    return start


def check_columns(path: Path, names: tuple[str, ...], spec: FileSpec, seen_in: str = "it has") -> None:
    """Raise PayloadError when a required column is not there."""
    missing = [name for name in dict.fromkeys((spec.key, *spec.required)) if name not in names]
    if missing:
        shown = ", ".join(names)[:200].encode("ascii", "replace").decode()
        seen = " ".join("".join(letter if letter.isprintable() else " " for letter in shown).split())
        raise PayloadError(f"no column {', '.join(missing)}", path.name, f"{seen_in}: {seen}")


def copy_rows(engine: DuckEngine, header: Header, columns: tuple[str, ...], staged: Path) -> Scanned:
    """Copy the good rows of the file into Parquet; keep the broken stretches, each with its bytes' text."""
    every = ", ".join(identifier(name) for name in header.names)
    breaks = f"(strlen(concat({every})) - strlen(replace(concat({every}), chr(10), '')))::INTEGER AS {BREAKS}"
    select = ", ".join(breaks if name == BREAKS else identifier(name) for name in columns)
    header, rows, broken = write_rows(engine, header, f"SELECT {select} FROM rows_of_file", staged)
    return Scanned(header, staged, columns, rows, broken)


def write_rows(
    engine: DuckEngine, header: Header, select: str, staged: Path
) -> tuple[Header, int, list[Broken]]:
    """Write what `select` makes of the file's good rows, `rows_of_file`; return their number and what is broken.

    The header returned names the file that was read: a copy, where lines end now one way, now another.
    """
    header = _one_line_ending(header, staged.parent)
    try:
        rows = _write(engine, header, select, staged)
    except duckdb.InvalidInputException as error:
        raise PayloadError(str(error).splitlines()[0], header.path.name) from error
    return header, rows, _broken(engine, header)


def _write(engine: DuckEngine, header: Header, select: str, staged: Path) -> int:
    engine.connection.execute("DROP TABLE IF EXISTS csv_rejects; DROP TABLE IF EXISTS csv_scans")
    types = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in header.names)
    source = (
        f"SELECT * FROM read_csv({quoted(str(header.path))}, columns = {{{types}}}, auto_detect = false,"
        f" header = {header.lines > 0}, {header.dialect.options()}, max_line_size = {LONGEST_RECORD},"
        f" store_rejects = true, rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')"
    )
    return engine.write(f"WITH rows_of_file AS ({source}) {select}", staged, passing=True)


def _one_line_ending(header: Header, folder: Path) -> Header:
    """Copy a file whose lines do not all end alike, with one line ending; the count of lines stays."""
    lone = _lone_returns(header.path)
    if not lone:
        return header
    even = folder / f"{header.path.name}.lf"
    with header.path.open("rb") as source, even.open("wb") as target:
        held = b""
        while chunk := source.read(1 << 24):
            chunk = held + chunk
            held = chunk[-1:] if chunk.endswith(b"\r") else b""
            target.write(chunk[: len(chunk) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", lone))
        target.write(held.replace(b"\r", b"\n"))
    return msgspec.structs.replace(header, path=even)


def _lone_returns(path: Path) -> bytes:
    """Say what a carriage return that stands alone is worth; nothing where all lines end alike.

    It is a line break in a file without any other, else a blank.
    """
    with path.open("rb") as file:
        if not _look_over(file, path.name):
            return b""
        file.seek(0)
        returns = pairs = breaks = 0
        while chunk := file.read(1 << 24):
            if chunk.endswith(b"\r"):
                chunk += file.read(1)
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n")
            breaks += chunk.count(b"\n")
    if returns == pairs == breaks:
        return b""
    return b" " if breaks else b"\n"


def _look_over(file: BinaryIO, name: str) -> bool:
    """Say whether a file has carriage returns; raises PayloadError for a line that is too long to be read."""
    returns, since, at = False, 0, 0
    while chunk := file.read(1 << 20):
        returns = returns or b"\r" in chunk
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r") if returns else -1)
        since = len(chunk) - 1 - last if last >= 0 else since + len(chunk)
        at += len(chunk)
        if since > LONGEST_LINE:
            file.seek(0)
            line = 1 + line_breaks(file, at)
            raise PayloadError(
                f"line {line:,} is longer than {LONGEST_LINE:,} bytes",
                name,
                "fetch it again, or mend that line",
            )
    return returns


def _broken(engine: DuckEngine, header: Header) -> list[Broken]:
    """Read the refused stretches back from the file: one per record, with its physical line."""
    found = engine.query(
        "SELECT line_byte_position - 1 AS start, min(line) AS ordinal, first(error_type) AS type,"
        " max(strlen(csv_line)) AS size FROM csv_rejects GROUP BY start ORDER BY start"
    ).to_pylist()
    broken = []
    line, at = 1, 0
    with header.path.open("rb") as file:
        for number, row in enumerate(found):
            line += line_breaks(file, row["start"] - at)
            text = file.read(row["size"])
            at = row["start"] + len(text)
            blank = len(text) - len(text.lstrip(b"\r\n"))
            line += text.count(b"\n", 0, blank)
            text = text[blank:]
            decoded = text.decode("utf-8", errors="backslashreplace").rstrip("\r\n")
            before = row["ordinal"] - 1 - min(header.lines, 1) - number
            broken.append(Broken(line, before, REASONS.get(row["type"], row["type"].lower()), decoded))
            line += text.count(b"\n")
    return broken


def line_breaks(file: BinaryIO, size: int) -> int:
    """Count the line breaks in the next `size` bytes."""
    breaks = 0
    while size > 0 and (chunk := file.read(min(size, 1 << 24))):
        breaks += chunk.count(b"\n")
        size -= len(chunk)
    return breaks


def check_encoding(engine: DuckEngine, file: Scanned) -> None:
    """Raise PayloadError for a file in another encoding: bytes that are no UTF-8, and nothing beyond ASCII that is."""
    wrong = [stretch for stretch in file.broken if stretch.reason == REASONS["INVALID ENCODING"]]
    if not wrong:
        return
    engine.parquet("encoded", [file.staged])
    beyond = " OR ".join(f"bool_or(strlen({name}) > length({name}))" for name in map(identifier, file.cells))
    if not engine.query(f"SELECT {beyond} AS beyond FROM encoded").column(0)[0].as_py():
        raise PayloadError(
            f"not UTF-8 ({len(wrong)} lines, the first is line {wrong[0].line})",
            file.header.path.name,
            "save it as UTF-8; it looks like an 8-bit encoding such as Latin-1",
        )
