"""Broken CSV lines mended where only one reading is possible; the rest stay rejected, with text and reason.

Two faults are mended. A record torn by a stray line break leaves pieces on adjacent lines whose cells add up
to one whole row: they are rejoined. An unclosed quote swallows the good lines after it: those are given back.
A mended row counts only if its key looks like a key.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import msgspec

from moviec.sources.dialect import CSV, Dialect


class Broken(msgspec.Struct, frozen=True):
    """A stretch of lines the CSV reader refused: first physical line, place among the rows, reason, text.

    `before` is the number of good rows ahead of it in the file.
    """

    line: int
    before: int
    reason: str
    text: str


class Mended(msgspec.Struct, frozen=True):
    """A whole row won back from broken lines."""

    line: int
    before: int
    reason: str
    cells: tuple[str, ...]


class Shape(msgspec.Struct, frozen=True):
    """What a whole row looks like: how many cells, which one is the key, and the pattern of a key."""

    width: int
    key: int
    key_pattern: str
    dialect: Dialect = CSV

    def whole(self, cells: list[str]) -> bool:
        """Say whether the cells are a row that can be believed."""
        return (
            len(cells) == self.width and re.fullmatch(self.key_pattern, cells[self.key].strip()) is not None
        )


def mend(broken: list[Broken], shape: Shape) -> tuple[list[Mended], list[Broken]]:
    """Split broken stretches (in file order) into rows won back and stretches that stay rejected."""
    mended: list[Mended] = []
    pieces: list[Broken] = []
    for stretch in broken:
        for part in _released(stretch, shape):
            (mended if isinstance(part, Mended) else pieces).append(part)  # type: ignore[arg-type]
    rejoined, rest = _rejoined(pieces, shape)
    return sorted([*mended, *rejoined], key=lambda row: row.line), rest


def _released(stretch: Broken, shape: Shape) -> Iterator[Mended | Broken]:
    """Give back the rows that an unclosed quote on the first line swallowed."""
    lines = stretch.text.splitlines(keepends=True)
    if len(lines) < 2 or "quote" not in stretch.reason:
        yield stretch
        return
    at = 0
    while at < len(lines):
        cells, taken = _first_row(lines[at:], shape.dialect)
        text = "".join(lines[at : at + taken]).rstrip("\r\n")
        place = stretch.line + at
        if shape.whole(cells):
            yield Mended(place, stretch.before, "given back after an unclosed quote", tuple(cells))
        elif text:
            yield Broken(place, stretch.before, stretch.reason, text)
        at += taken


def _first_row(lines: list[str], dialect: Dialect) -> tuple[list[str], int]:
    """Read one row; a row that strict CSV refuses has no cells and takes one line."""
    reader = dialect.reader(lines, strict=True)
    try:
        return next(reader), max(reader.line_num, 1)
    except (csv.Error, StopIteration):
        return [], 1


def _rejoined(pieces: list[Broken], shape: Shape) -> tuple[list[Mended], list[Broken]]:
    """Join pieces on adjacent lines whose cells add up to one row: the last cell of one runs on in the next."""
    mended: list[Mended] = []
    rest: list[Broken] = []
    at = 0
    while at < len(pieces):
        end, cells = at, _cells(pieces[at], shape)
        while len(cells) < shape.width and end + 1 < len(pieces) and _adjacent(pieces[end], pieces[end + 1]):
            end += 1
            more = _cells(pieces[end], shape)
            cells = [*cells[:-1], cells[-1] + "\n" + more[0], *more[1:]]
        if end > at and shape.whole(cells):
            first = pieces[at]
            mended.append(
                Mended(first.line, first.before, f"rejoined from {end - at + 1} lines", tuple(cells))
            )
            at = end + 1
        else:
            rest.append(pieces[at])
            at += 1
    return mended, rest


def _cells(piece: Broken, shape: Shape) -> list[str]:
    """Cut a piece into cells as leniently as CSV allows; at least one."""
    strictly, _ = _first_row([piece.text], shape.dialect)
    if strictly:
        return strictly
    try:
        loosely = next(shape.dialect.reader(piece.text.splitlines(keepends=True)), [])
    except csv.Error:
        loosely = []
    return loosely or [piece.text]


def _adjacent(one: Broken, other: Broken) -> bool:
    return one.line + one.text.rstrip("\r\n").count("\n") + 1 == other.line
