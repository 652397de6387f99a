"""What the engine refused of a text file: its stretches, and each read back with its physical line and its text."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import msgspec

from moviec.engine.duckdb import DuckEngine
from moviec.engine.textfile.dialect import LONGEST_RECORD
from moviec.engine.textfile.openquotes import OPEN_QUOTE, SHOWN, TOO_FEW, TOO_MANY, Taken

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
    """A stretch as the engine tells of it: its first byte (blank lines included), its row, why, how much it kept."""

    start: int
    ordinal: int
    reason: str
    size: int


def refused(engine: DuckEngine) -> list[Refused]:
    """Return what the engine's last reading of a file refused, in the file's order."""
    rows = engine.query(
        "SELECT line_byte_position - 1 AS start, min(line) AS ordinal, first(error_type) AS type,"
        " max(strlen(csv_line)) AS size FROM csv_rejects GROUP BY start ORDER BY start"
    ).to_pylist()
    return [
        Refused(row["start"], row["ordinal"], REASONS.get(row["type"], row["type"].lower()), row["size"])
        for row in rows
    ]


def swallowing(stretches: list[Refused]) -> bool:
    """Return whether a stretch may go on beyond what the engine tells of it."""
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
