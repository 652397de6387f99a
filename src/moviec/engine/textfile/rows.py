"""One text file of rows on disk: its good rows into Parquet, its broken stretches with their text."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

import duckdb
import msgspec
import pyarrow as pa

from moviec.engine.duckdb import DuckEngine, identifier, quoted
from moviec.engine.textfile.dialect import CSV, LONGEST_RECORD, Dialect
from moviec.engine.textfile.refused import (
    REASONS,
    Broken,
    Taken,
    line_breaks,
    read_broken,
    refused,
    swallowers,
    swallowing,
    take_out,
)
from moviec.errors import PayloadError
from moviec.units import plural

#: Columns a staged file may have besides its own: the line breaks inside a row's cells; the physical line of a row;
#: the text of an unreadable row.
BREAKS, LINE, TEXT = OWN = ("_breaks", "_line", "_text")

#: Suffix of a staged file's additional columns.
_OWN_NAMES, _APART = frozenset((*OWN, "_position", "_names", "file_row_number")), " (column)"


def apart(name: str) -> str:
    """Return a column's staged name: its own, unless it equals that of an additional column."""
    return f"{name}{_APART}" if name.lower() in _OWN_NAMES else name


def as_delivered(name: str) -> str:
    """Return a column's name in the file from its staged name."""
    return name.removesuffix(_APART) if name.removesuffix(_APART).lower() in _OWN_NAMES else name


#: After more broken bytes than this, lines are counted to see whether the engine skipped any: it does where a stretch
#: of the file that it reads at once (8 MB) holds no row.
MOST_BROKEN = 1_000_000

#: Name ending of a copy without the lines with open quotes.
CLOSED = ".closed"


class Header(msgspec.Struct, frozen=True):
    """A file's first record: its column names and how many physical lines it takes; none without a header."""

    path: Path
    names: tuple[str, ...]
    lines: int
    dialect: Dialect = CSV

    @property
    def name(self) -> str:
        """The file's delivered name, even if a copy is read."""
        return self.path.name.removesuffix(CLOSED).removesuffix(EVEN)


class Scanned(msgspec.Struct, frozen=True):
    """A file after one pass: the wanted columns of its good rows in Parquet, and its broken stretches in order."""

    header: Header
    staged: Path
    columns: tuple[str, ...]
    rows: int
    broken: list[Broken]

    @property
    def cells(self) -> tuple[str, ...]:
        """The staged columns that are the file's own."""
        return tuple(name for name in self.columns if name not in OWN)


def read_start(path: Path) -> bytes:
    """Read a text file's first bytes; raises PayloadError when it is empty or plainly not UTF-8."""
    with path.open("rb") as file:
        start = file.read(1_000_000)
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        raise PayloadError("the file is empty", path.name)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise PayloadError("the file is in UTF-16", path.name, "save it as UTF-8")
    return start


def read_names(path: Path, dialect: Dialect) -> Header:
    """Read a file's first record as its column names; raises PayloadError if it is not a header."""
    start = read_start(path)
    try:
        text = start[: start.rfind(b"\n") + 1 or None].decode("utf-8-sig", errors="backslashreplace")
        reader = dialect.reader(text.splitlines(keepends=True))
        names = tuple(
            apart(name.strip()) or f"unnamed column {at}" for at, name in enumerate(next(reader), 1)
        )
    except (csv.Error, StopIteration) as error:
        raise PayloadError(f"the first line is not a header ({error})", path.name) from error
    return Header(path, names, reader.line_num, dialect)


def copy_rows(engine: DuckEngine, header: Header, columns: tuple[str, ...], staged: Path) -> Scanned:
    """Copy the good rows of the file into Parquet; keep the broken stretches, each with its bytes' text."""
    every = ", ".join(identifier(name) for name in header.names)
    breaks = f"{_breaks(every)} AS {BREAKS}"
    select = ", ".join(breaks if name == BREAKS else identifier(name) for name in columns)
    header, rows, broken = write_rows(engine, header, f"SELECT {select} FROM rows_of_file", staged)
    return Scanned(header, staged, columns, rows, broken)


def _breaks(columns: str) -> str:
    """Return SQL for the number of line breaks in a row's cells."""
    return f"(strlen(concat({columns})) - strlen(replace(concat({columns}), chr(10), '')))::INTEGER"


def write_rows(
    engine: DuckEngine, header: Header, select: str, staged: Path
) -> tuple[Header, int, list[Broken]]:
    """Write the result of `select` over the file's good rows, `rows_of_file`; return their number and what is broken.

    The header returned names the file that was read: a copy, where lines end now one way, now another.
    """
    header = msgspec.structs.replace(header, path=with_one_ending(header.path, staged.parent))
    rows = _write(engine, header, select, staged)
    stretches = refused(engine)
    taken: dict[int, Taken] = {}
    if header.dialect.quote and swallowing(stretches):
        header, taken = _without_open_quotes(header, staged.parent)
        rows = _write(engine, header, select, staged)
        stretches = refused(engine)
    broken = read_broken(header.path, stretches, taken, header.lines)
    if sum(stretch.size for stretch in stretches) > MOST_BROKEN:
        _check_accounted(engine, header, broken)
    return header, rows, broken


def _check_accounted(engine: DuckEngine, header: Header, broken: list[Broken]) -> None:
    """Raise PayloadError if lines of the file are neither rows nor rejected."""
    _forget_refused(engine)
    every = ", ".join(identifier(name) for name in header.names)
    sums = f"SELECT coalesce(sum({_breaks(every)} + 1), 0) AS lines FROM ({_rows_of(header)})"
    good = int(engine.query(sums).column(0)[0].as_py())
    refused_lines = sum(row.text.count("\n") + 1 for row in broken)
    with header.path.open("rb") as file:
        there = sum(1 for line in file if line.strip(b"\r\n"))
    lost = there - header.lines - good - refused_lines
    if lost > 0:
        raise PayloadError(
            f"{plural(lost, 'line', 'lines')} can be neither read nor rejected: for megabytes there is no row",
            header.name,
            "check whether two files were joined, or repair it",
        )


def _without_open_quotes(header: Header, folder: Path) -> tuple[Header, dict[int, Taken]]:
    """Copy a file without the lines whose quotes do not close."""
    taken = swallowers(header.path, len(header.names), header.dialect)
    copy = folder / f"{header.path.name}{CLOSED}"
    take_out(header.path, copy, taken, "-" if len(header.names) > 1 else header.dialect.delimiter)
    return msgspec.structs.replace(header, path=copy), taken


def _write(engine: DuckEngine, header: Header, select: str, staged: Path) -> int:
    _forget_refused(engine)
    try:
        return engine.write(f"WITH rows_of_file AS ({_rows_of(header)}) {select}", staged, passing=True)
    except duckdb.InvalidInputException as error:
        raise PayloadError(str(error).splitlines()[0], header.name) from error


def _forget_refused(engine: DuckEngine) -> None:
    engine.connection.execute("DROP TABLE IF EXISTS csv_rejects; DROP TABLE IF EXISTS csv_scans")


def _rows_of(header: Header) -> str:
    """Return the query that reads a file, every cell as text, and stores what it rejects."""
    types = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in header.names)
    return (
        f"SELECT * FROM read_csv({quoted(str(header.path))}, columns = {{{types}}}, auto_detect = false,"
        f" header = {header.lines > 0}, {header.dialect.options()}, max_line_size = {LONGEST_RECORD},"
        f" store_rejects = true, rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')"
    )


def keep_rows(engine: DuckEngine, file: Scanned, name: str, position: str) -> None:
    """Keep the good rows as `name` with `position`, their number in the file from 1; rejected ones have numbers,
    too.
    """
    refused_at = Counter(row.before for row in file.broken)
    columns = {"_before": list(refused_at), "_through": list(accumulate(refused_at.values()))}
    schema = pa.schema([("_before", pa.int64()), ("_through", pa.int64())])
    engine.register(f"{name}_refused", pa.table(columns, schema=schema))
    engine.materialize(
        name,
        f"SELECT * EXCLUDE (file_row_number, _before, _through),"
        f" file_row_number + 1 + coalesce(_through, 0) AS {position}"
        f" FROM read_parquet({quoted(str(file.staged))}, file_row_number = true)"
        f" ASOF LEFT JOIN {name}_refused ON _before <= file_row_number ORDER BY {position}",
    )


def check_encoding(engine: DuckEngine, file: Scanned) -> None:
    """Raise PayloadError for a file in another encoding: bytes that are not UTF-8, and nothing beyond ASCII that is."""
    wrong = [stretch for stretch in file.broken if stretch.reason == REASONS["INVALID ENCODING"]]
    if not wrong:
        return
    engine.parquet("encoded", [file.staged])
    beyond = " OR ".join(f"bool_or(strlen({name}) > length({name}))" for name in map(identifier, file.cells))
    if not engine.query(f"SELECT {beyond} AS beyond FROM encoded").column(0)[0].as_py():
        raise PayloadError(
            f"not UTF-8 ({plural(len(wrong), 'line', 'lines')}, the first is line {wrong[0].line})",
            file.header.name,
            "save it as UTF-8; it looks like an 8-bit encoding such as Latin-1",
        )


#: Name ending of such a copy.
EVEN = ".lf"

#: No list of films has a longer line, and the engine would skip it silently.
LONGEST_LINE = 16_000_000


def with_one_ending(path: Path, folder: Path) -> Path:
    """Copy a file with mixed line endings into `folder`, with one line ending; the count of lines stays.

    Raises PayloadError for a line that is too long to be read.
    """
    lone = _lone_returns(path)
    if not lone:
        return path
    even = folder / f"{path.name}{EVEN}"
    with path.open("rb") as source, even.open("wb") as target:
        held = b""
        while chunk := source.read(1 << 24):
            chunk = held + chunk
            held = chunk[-1:] if chunk.endswith(b"\r") else b""
            target.write(chunk[: len(chunk) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", lone))
        target.write(held.replace(b"\r", b"\n"))
    return even


def _lone_returns(path: Path) -> bytes:
    """Return the replacement of a lone carriage return; empty if all line endings are the same.

    It is a line break in a file without other line breaks, else a blank.
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
    """Return whether a file has carriage returns; raises PayloadError for a line that is too long to be read."""
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
                "fetch it again, or repair that line",
            )
    return returns
