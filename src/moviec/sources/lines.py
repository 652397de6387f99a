"""Where rows stand in a file: the physical line of every good row, and the text at given lines."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path

import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.sources.csvfile import BREAKS, CsvFile, copy_rows, line_breaks

# A good row starts after the header, the good rows before it (their line breaks counted), and the broken ones.
_LINES = """
SELECT k, CAST({header} + through - _breaks
       + coalesce((SELECT sum(lines) FROM {name}_broken WHERE before <= k), 0) AS BIGINT) AS line, _breaks + 1 AS lines
FROM (SELECT file_row_number AS k, _breaks, sum(_breaks + 1) OVER (ORDER BY file_row_number) AS through
      FROM read_parquet('{staged}', file_row_number = true))
"""


def name_lines(engine: DuckEngine, file: CsvFile, name: str) -> None:
    """Make `name` a view of `k` (number of the good row, from 0), `line` (physical, from 1) and `lines` it takes.

    Blank lines, which the CSV reader skips without a word, are noticed by their sum; then the file is walked.
    """
    staged = file.staged
    if BREAKS not in file.columns:
        staged = file.staged.with_suffix(".breaks.parquet")
        copy_rows(engine, file.header, (BREAKS,), staged)
    broken = [(row.before, row.text.count("\n") + 1) for row in file.broken]
    schema = pa.schema([("before", pa.int64()), ("lines", pa.int64())])
    columns = {"before": [row[0] for row in broken], "lines": [row[1] for row in broken]}
    engine.table(f"{name}_broken", pa.table(columns, schema=schema))
    sums = engine.query(
        f"SELECT coalesce(sum(_breaks + 1), 0)::BIGINT AS lines FROM read_parquet('{staged}')"
    )
    accounted = sums.column(0)[0].as_py() + sum(columns["lines"]) + file.header.lines
    if accounted == physical_lines(file.header.path):
        engine.view(name, _LINES.format(header=file.header.lines, name=name, staged=staged))
    else:
        engine.table(f"{name}_walked", _walked(file.header.path))
        engine.view(name, f"SELECT * FROM {name}_walked")


def physical_lines(path: Path) -> int:
    """Count the lines of a file; the last may lack its line break."""
    size = path.stat().st_size
    with path.open("rb") as file:
        breaks = line_breaks(file, size)
        file.seek(max(size - 1, 0))
        return breaks + (file.read(1) not in (b"\n", b""))


def _walked(path: Path) -> pa.Table:
    """Give the lines of a file's records by reading it record by record: slow, and right past blank lines."""
    starts, sizes, passed = [], [], 0
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        reader = csv.reader(file)
        for row in reader:
            if row:
                starts.append(passed + 1)
                sizes.append(reader.line_num - passed)
            passed = reader.line_num
    return pa.table({"k": list(range(len(starts) - 1)), "line": starts[1:], "lines": sizes[1:]})


def line_of_positions(engine: DuckEngine, file: CsvFile, rows: list[int]) -> list[tuple[int, int]]:
    """Give (physical line, lines taken) of the good rows with these numbers, in their order."""
    if not rows:
        return []
    name_lines(engine, file, "placed")
    engine.table("asked", pa.table({"asked": rows}))
    found = engine.query("SELECT k, line, lines FROM placed JOIN asked ON k = asked").to_pylist()
    places = {row["k"]: (row["line"], row["lines"]) for row in found}
    return [places[row] for row in rows]


def lines_at(path: Path, places: list[tuple[int, int]]) -> dict[int, str]:
    """Read the text at (line, lines taken), in one pass over the file."""
    texts: dict[int, str] = {}
    if not places:
        return texts
    with path.open(encoding="utf-8", errors="backslashreplace", newline="") as file:
        at = 1
        for line, lines in sorted(set(places)):
            for _ in islice(file, line - at):
                pass
            texts[line] = "".join(islice(file, lines)).rstrip("\r\n")
            at = line + lines
    return texts
