"""Broken CSV lines mended where only one reading is possible; the rest stay rejected, with text and reason.

A record torn by a stray line break leaves pieces on adjacent lines whose cells add up to one whole row: they are
rejoined. The row counts only if its key looks like a key.
"""

from __future__ import annotations

import csv
import re

import msgspec

from moviec.engine.textfile.dialect import CSV, Dialect
from moviec.engine.textfile.refused import Broken

#: A record that is torn into more pieces than this stays in pieces; those of the real deliveries are in two.
MOST_PIECES = 20


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
        """Return whether the cells are a row that can be believed."""
        return (
            len(cells) == self.width and re.fullmatch(self.key_pattern, cells[self.key].strip()) is not None
        )


def mend(pieces: list[Broken], shape: Shape) -> tuple[list[Mended], list[Broken]]:
    """Join pieces (in file order) on adjacent lines whose cells add up to one row; return the rows, and what stays."""
    mended: list[Mended] = []
    rest: list[Broken] = []
    cut = [_cells(piece, shape) for piece in pieces]
    at = 0
    while at < len(pieces):
        end, wide = at, len(cut[at])
        last = min(at + MOST_PIECES, len(pieces)) - 1
        while wide < shape.width and end < last and _adjacent(pieces[end], pieces[end + 1]):
            end += 1
            wide += len(cut[end]) - 1
        cells = _joined(cut[at : end + 1]) if end > at and wide == shape.width else []
        if shape.whole(cells):
            first = pieces[at]
            mended.append(
                Mended(first.line, first.before, f"rejoined from {end - at + 1} lines", tuple(cells))
            )
            at = end + 1
        else:
            rest.append(pieces[at])
            at += 1
    return mended, rest


def _joined(rows: list[list[str]]) -> list[str]:
    """Join pieces of one row: the last cell of each runs on in the first of the next."""
    cells = rows[0]
    for more in rows[1:]:
        cells = [*cells[:-1], f"{cells[-1]}\n{more[0]}", *more[1:]]
    return cells


def _cells(piece: Broken, shape: Shape) -> list[str]:
    """Cut a piece into cells; one that strict CSV refuses has more than any row, so that nothing is joined to it."""
    reader = shape.dialect.reader([piece.text], strict=True)
    try:
        return next(reader, [piece.text])
    except csv.Error:
        return [piece.text] * (shape.width + 1)


def _adjacent(one: Broken, other: Broken) -> bool:
    return one.line + one.text.rstrip("\r\n").count("\n") + 1 == other.line
