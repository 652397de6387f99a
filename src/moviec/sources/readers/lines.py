"""The lines of a text file: the physical line of every good row, the text at given lines, and repair of broken lines.

Broken lines are repaired where only one reading is possible; the rest stay rejected, with text and reason. A record
torn by a stray line break leaves pieces on adjacent lines whose cells add up to one whole row: they are rejoined. The
row counts only if its key looks like a key.
"""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path
from typing import TextIO

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.engine.textfile.dialect import CSV, Dialect
from moviec.engine.textfile.refused import Broken, line_breaks
from moviec.engine.textfile.rows import BREAKS, LINE, TEXT, Scanned, copy_rows

# A good row starts after the header, the good rows before it (their line breaks counted), and the broken ones.
_LINES = """
SELECT k, ({header} + through - _breaks + coalesce(broken_lines, 0))::BIGINT AS line, _breaks + 1 AS lines
FROM (SELECT file_row_number AS k, _breaks, sum(_breaks + 1) OVER (ORDER BY file_row_number) AS through
      FROM read_parquet({staged}, file_row_number = true))
ASOF LEFT JOIN {name}_broken ON before <= k
"""


def name_lines(engine: DuckEngine, file: Scanned, name: str) -> None:
    """Make `name` a view of `k` (number of the good row, from 0), `line` (physical, from 1) and `lines` it takes.

    Blank lines, which the CSV reader skips silently, are noticed by their sum; then the file is read line by line.
    """
    if LINE in file.columns:
        source = f"read_parquet({quoted(str(file.staged))}, file_row_number = true)"
        engine.view(name, f"SELECT file_row_number AS k, {LINE} AS line, 1 AS lines FROM {source}")
        return
    staged = file.staged
    if BREAKS not in file.columns:
        staged = file.staged.with_suffix(".breaks.parquet")
        copy_rows(engine, file.header, (BREAKS,), staged)
    lines = [row.text.count("\n") + 1 for row in file.broken]
    schema = pa.schema([("before", pa.int64()), ("broken_lines", pa.int64())])
    through = dict(zip((row.before for row in file.broken), accumulate(lines), strict=True))
    columns = {"before": list(through), "broken_lines": list(through.values())}
    engine.register(f"{name}_broken", pa.table(columns, schema=schema))
    engine.view(name, _LINES.format(header=file.header.lines, name=name, staged=quoted(str(staged))))
    if TEXT in file.columns:
        return  # each line is a row, including blank ones
    accounted = (
        engine.query(
            f"SELECT coalesce(sum(_breaks + 1), 0) AS lines FROM read_parquet({quoted(str(staged))})"
        )
        .column(0)[0]
        .as_py()
    )
    if accounted + sum(lines) + file.header.lines != physical_lines(file.header.path):
        engine.register(f"{name}_walked", _walked(file))
        engine.view(name, f"SELECT * FROM {name}_walked")


def physical_lines(path: Path) -> int:
    """Count the lines of a file up to the last that is not blank; it may lack its line break."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - 4096, 0))
        end = file.read()
        blank = len(end) - len(end.rstrip(b"\r\n"))
        file.seek(0)
        return line_breaks(file, size - blank) + 1


def _walked(file: Scanned) -> pa.Table:
    """Return the lines of a file's good rows by reading it row by row: slow, but correct after blank lines.

    Broken stretches are skipped.
    """
    broken = {row.line: row.line + row.text.count("\n") + 1 for row in file.broken}
    lines, sizes, pulled = array("q"), array("q"), array("q")

    def pull(source: TextIO) -> Iterator[str]:
        resume = file.header.lines + 1
        for number, text in enumerate(source, 1):
            resume = broken.get(number, resume)
            if number >= resume:
                pulled.append(number)
                yield text

    with file.header.path.open(encoding="utf-8", errors="replace", newline="\n") as source:
        for row in file.header.dialect.reader(pull(source)):
            if row:
                lines.append(pulled[0])
                sizes.append(pulled[-1] - pulled[0] + 1)
            del pulled[:]
    types: dict[str, pa.DataType] = {"k": pa.int64(), "line": pa.int64(), "lines": pa.int64()}
    return pa.table({"k": range(len(lines)), "line": lines, "lines": sizes}, schema=pa.schema(types))


def line_of_positions(engine: DuckEngine, file: Scanned, rows: list[int]) -> list[tuple[int, int]]:
    """Return (physical line, lines taken) of the good rows with these numbers, in their order."""
    if not rows:
        return []
    name_lines(engine, file, "placed")
    engine.register("asked", pa.table({"asked": rows}))
    found = engine.query("SELECT k, line, lines FROM placed JOIN asked ON k = asked").to_pylist()
    places = {row["k"]: (row["line"], row["lines"]) for row in found}
    # After a short row the engine may return a last row whose quote does not close, and also reject it.
    last = (physical_lines(file.header.path), 1)
    return [places.get(row, last) for row in rows]


def lines_at(path: Path, places: list[tuple[int, int]]) -> dict[int, str]:
    """Read the text at (line, lines taken), in one pass over the file."""
    texts: dict[int, str] = {}
    if not places:
        return texts
    with path.open(encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        at = 1
        for line, lines in sorted(set(places)):
            for _ in islice(file, line - at):
                pass
            texts[line] = "".join(islice(file, lines)).rstrip("\r\n")
            at = line + lines
    return texts


#: A record torn into more pieces than this is not rejoined; those of the real deliveries are in two.
MOST_PIECES = 20


class Mended(msgspec.Struct, frozen=True):
    """A whole row recovered from broken lines."""

    line: int
    before: int
    reason: str
    cells: tuple[str, ...]


class Shape(msgspec.Struct, frozen=True):
    """The form of a whole row: how many cells, which one is the key, and the pattern of a key."""

    width: int
    key: int
    key_pattern: str
    dialect: Dialect = CSV

    def whole(self, cells: list[str]) -> bool:
        """Return whether the cells are a plausible row."""
        return (
            len(cells) == self.width and re.fullmatch(self.key_pattern, cells[self.key].strip()) is not None
        )


def mend(pieces: list[Broken], shape: Shape) -> tuple[list[Mended], list[Broken]]:
    """Join pieces (in file order) on adjacent lines whose cells add up to one row; return the rows, and the remaining
    pieces.
    """
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
    """Join pieces of one row: the last cell of each continues in the first of the next."""
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
