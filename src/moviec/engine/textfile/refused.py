"""Finds the parts of a text file that are not rows: stretches the engine rejected and quotes that never close, with
line and text.

A quote that does not close turns all that follows into one record, up to the next quote or for megabytes; the engine
keeps only the beginning of such a record, or skips it. Such lines are found by scanning the file and left out of a
copy, in which the lines after them are rows again.
"""

from __future__ import annotations

import csv
import shutil
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from moviec.engine.duckdb import DuckEngine
from moviec.engine.textfile.dialect import LONGEST_RECORD, Dialect

#: The most bytes that the engine keeps of a rejected record.
SHOWN = 10_000

#: A row has no more lines than this in a file with a quote that does not close; the longest of the real deliveries has 3.
MOST_LINES = 1_000

OPEN_QUOTE = "a quote that does not close, or text after a closing quote"
TOO_FEW, TOO_MANY = "too few columns", "too many columns"


class Taken(msgspec.Struct, frozen=True):
    """A line that was taken out of a copy of its file: why, and its bytes."""

    reason: str
    line: bytes


def swallowers(path: Path, width: int, dialect: Dialect) -> dict[int, Taken]:
    """Yield, by position in the file, the lines that begin no row: their quote does not close."""
    found: dict[int, Taken] = {}
    place = 0
    with path.open("rb") as file:
        ahead: deque[bytes] = deque()
        while _fill(ahead, file, 1):
            lines, reason = _row_ahead(ahead, file, width, dialect)
            if reason:
                found[place] = Taken(reason, ahead[0].rstrip(b"\r\n"))
            for _ in range(lines):
                place += len(ahead.popleft())
    return found


def _row_ahead(ahead: deque[bytes], file: BinaryIO, width: int, dialect: Dialect) -> tuple[int, str]:
    """Return how many of the lines ahead make one row, or why the first is taken out. A short row may have another width."""
    if len(ahead[0]) < SHOWN and not (dialect.quote and dialect.quote.encode() in ahead[0]):
        return 1, ""

    def upcoming() -> Iterator[str]:
        for number in range(MOST_LINES):
            if not _fill(ahead, file, number + 1):
                return
            yield ahead[number].decode("utf-8", errors="backslashreplace")

    reader = dialect.reader(upcoming(), strict=True)
    try:
        cells = next(reader)
    except (csv.Error, StopIteration):
        return 1, OPEN_QUOTE
    if len(cells) == width or sum(map(len, islice(ahead, reader.line_num))) < SHOWN:
        return reader.line_num, ""
    if reader.line_num > 1:
        return 1, OPEN_QUOTE
    return 1, TOO_FEW if len(cells) < width else TOO_MANY


def _fill(ahead: deque[bytes], file: BinaryIO, lines: int) -> bool:
    """Read ahead this many lines, if the file has them."""
    while len(ahead) < lines and (line := file.readline()):
        ahead.append(line)
    return len(ahead) >= lines


def take_out(path: Path, copy: Path, lines: dict[int, Taken], filler: str) -> None:
    """Copy the file with lines overwritten, byte for byte, so that each is rejected by itself."""
    shutil.copyfile(path, copy)
    blank = filler.encode()
    with copy.open("r+b") as file:
        for place, taken in lines.items():
            file.seek(place)
            file.write(blank * len(taken.line))


REASONS = {
    "MISSING COLUMNS": TOO_FEW,
    "TOO MANY COLUMNS": TOO_MANY,
    "UNQUOTED VALUE": OPEN_QUOTE,
    "INVALID ENCODING": "not UTF-8",
    "LINE SIZE OVER MAXIMUM": f"a quote that does not close, or a record over {LONGEST_RECORD:,} bytes",
}


class Broken(msgspec.Struct, frozen=True):
    """A stretch of lines the CSV reader refused: first physical line, place among the rows, reason, text.

    `before` is the number of good rows ahead of it in the file.
    """

    line: int
    before: int
    reason: str
    text: str


class Refused(msgspec.Struct, frozen=True):
    """A stretch as the engine reports it: its first byte (blank lines included), its row, why, how much was kept."""

    start: int
    ordinal: int
    reason: str
    size: int


def refused(engine: DuckEngine) -> list[Refused]:
    """Return what the engine rejected when it last read a file, in the file's order."""
    rows = engine.query(
        "SELECT line_byte_position - 1 AS start, min(line) AS ordinal, first(error_type) AS type,"
        " max(strlen(csv_line)) AS size FROM csv_rejects GROUP BY start ORDER BY start"
    ).to_pylist()
    return [
        Refused(row["start"], row["ordinal"], REASONS.get(row["type"], row["type"].lower()), row["size"])
        for row in rows
    ]


def swallowing(stretches: list[Refused]) -> bool:
    """Return whether a stretch may continue beyond what the engine reports."""
    return any(stretch.size >= SHOWN or "quote" in stretch.reason for stretch in stretches)


def read_broken(
    path: Path, stretches: list[Refused], taken: dict[int, Taken], header_lines: int
) -> list[Broken]:
    """Read the refused stretches back from the file: one per record, with its physical line."""
    broken = []
    line, at = 1, 0
    with path.open("rb") as file:
        for number, stretch in enumerate(stretches):
            line += line_breaks(file, stretch.start - at)
            text = file.read(stretch.size)
            if stretch.size >= SHOWN and not text.endswith(b"\n"):
                text += file.readline()
            at = stretch.start + len(text)
            blank = len(text) - len(text.lstrip(b"\r\n"))
            line += text.count(b"\n", 0, blank)
            text, reason = text[blank:], stretch.reason
            breaks = text.count(b"\n")
            if own := taken.get(stretch.start + blank):
                text, reason = own.line, own.reason
            decoded = text.decode("utf-8", errors="backslashreplace").rstrip("\r\n")
            before = stretch.ordinal - 1 - min(header_lines, 1) - number
            broken.append(Broken(line, before, reason, decoded))
            line += breaks
    return broken


def line_breaks(file: BinaryIO, size: int) -> int:
    """Count the line breaks in the next `size` bytes."""
    breaks = 0
    while size > 0 and (chunk := file.read(min(size, 1 << 24))):
        breaks += chunk.count(b"\n")
        size -= len(chunk)
    return breaks
