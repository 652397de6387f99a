"""Line endings: a file is read as it is where its lines all end alike, else in a copy whose lines do."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from moviec.engine.textfile.refused import line_breaks
from moviec.errors import PayloadError

#: What the name of such a copy ends with.
EVEN = ".lf"

#: A line longer than this is in no list of films, and the engine would pass over it without a word.
LONGEST_LINE = 16_000_000


def with_one_ending(path: Path, folder: Path) -> Path:
    """Copy a file whose lines do not all end alike into `folder`, with one line ending; the count of lines stays.

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
