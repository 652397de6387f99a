"""What the engine refused of a text file: its stretches read back with their text, and lines that swallow others.

A quote that does not close makes one record of all that follows, up to the next quote or for megabytes; the engine
keeps the beginning of such a record only, if it does not pass over it. So where it met one, the file is walked row by
row, lines that begin no row are taken out in a copy, and the copy is read: the lines after them stand for themselves.
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

from moviec.engine import DuckEngine
from moviec.sources.dialect import LONGEST_RECORD, Dialect
from moviec.sources.repair import Broken

#: The engine keeps no more of a refused record than so many bytes.
SHOWN = 10_000

#: A row has no more lines than this in a file with a quote that does not close.
MOST_LINES = 1_000

OPEN_QUOTE = "a quote that does not close, or text after a closing quote"

REASONS = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "UNQUOTED VALUE": OPEN_QUOTE,
    "INVALID ENCODING": "not UTF-8",
    "LINE SIZE OVER MAXIMUM": f"a quote that does not close, or a record over {LONGEST_RECORD:,} bytes",
}


class Taken(msgspec.Struct, frozen=True):
    """A line that was taken out of a copy of its file: why, and its bytes."""

    reason: str
    line: bytes


class Refused(msgspec.Struct, frozen=True):
    """A stretch as the engine tells of it: its first byte (blank lines included), its row, why, how much it kept."""

    start: int
    ordinal: int
    reason: str
    size: int


def refused(engine: DuckEngine) -> list[Refused]:
    """Give what the engine's last reading of a file refused, in the file's order."""
    rows = engine.query(
        "SELECT line_byte_position - 1 AS start, min(line) AS ordinal, first(error_type) AS type,"
        " max(strlen(csv_line)) AS size FROM csv_rejects GROUP BY start ORDER BY start"
    ).to_pylist()
    return [
        Refused(row["start"], row["ordinal"], REASONS.get(row["type"], row["type"].lower()), row["size"])
        for row in rows
    ]


def swallowing(stretches: list[Refused]) -> bool:
    """Say whether a stretch may go on beyond what the engine tells of it."""
    return any(stretch.size >= SHOWN or "quote" in stretch.reason for stretch in stretches)


def swallowers(path: Path, width: int, dialect: Dialect) -> dict[int, Taken]:
    """Give, by place in the file, the lines that no row begins with: their quote does not close."""
    found: dict[int, Taken] = {}
    place = 0
    with path.open("rb") as file:
        ahead: deque[bytes] = deque()
        while _fill(ahead, file, 1):
            lines = _lines_of_row(ahead, file, width, dialect)
            if not lines:
                found[place] = Taken(OPEN_QUOTE, ahead[0].rstrip(b"\r\n"))
            for _ in range(max(lines, 1)):
                place += len(ahead.popleft())
    return found


def _lines_of_row(ahead: deque[bytes], file: BinaryIO, width: int, dialect: Dialect) -> int:
    """Say how many of the lines ahead make one row; 0 where none begins. One of another width may be a short one."""
    if len(ahead[0]) < SHOWN and not (dialect.quote and dialect.quote.encode() in ahead[0]):
        return 1

    def upcoming() -> Iterator[str]:
        for number in range(MOST_LINES):
            if not _fill(ahead, file, number + 1):
                return
            yield ahead[number].decode("utf-8", errors="backslashreplace")

    reader = dialect.reader(upcoming(), strict=True)
    try:
        cells = next(reader)
    except (csv.Error, StopIteration):
        return 0
    size = sum(map(len, islice(ahead, reader.line_num)))
    return reader.line_num if len(cells) == width or size < SHOWN else 0


def _fill(ahead: deque[bytes], file: BinaryIO, lines: int) -> bool:
    """Have so many lines ahead, if the file has them."""
    while len(ahead) < lines and (line := file.readline()):
        ahead.append(line)
    return len(ahead) >= lines


def take_out(path: Path, copy: Path, lines: dict[int, Taken], filler: str) -> None:
    """Copy the file with lines overwritten, byte for byte, so that each is refused for itself."""
    shutil.copyfile(path, copy)
    blank = filler.encode()
    with copy.open("r+b") as file:
        for place, taken in lines.items():
            file.seek(place)
            file.write(blank * len(taken.line))


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
