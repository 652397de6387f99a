"""Lines whose quote does not close, found by walking a text file and taken out in a copy.

Such a quote makes one record of all that follows, up to the next quote or for megabytes; the engine keeps the
beginning of such a record only, if it does not pass over it. In the copy the lines after them stand for themselves.
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

from moviec.engine.textfile.dialect import Dialect

#: The engine keeps no more of a refused record than so many bytes.
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
    """Give, by place in the file, the lines that no row begins with: their quote does not close."""
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
