"""CSV files into staged rows: every good row as text in Parquet, every broken one mended or kept as rejected.

Hands on one view per role, with the columns as text and `_position`, the order in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.errors import PayloadError, UsageError
from moviec.model import REJECTED
from moviec.sources.base import FileCount, FileSpec, SourceSpec, Staged, Wanted
from moviec.sources.csvfile import BREAKS, CsvFile, Header, check_encoding, copy_rows, read_header
from moviec.sources.lines import line_of_positions, lines_at
from moviec.sources.repair import Broken, Mended, Shape, mend

#: Room between two good rows' positions for rows mended in between.
STEP = 1_000_000


class Rows(msgspec.Struct, frozen=True):
    """One file while it is being staged."""

    role: str
    spec: FileSpec
    header: Header
    csv: CsvFile
    mended: list[Mended]
    rejected: list[Broken]


def stage_all(
    engine: DuckEngine, spec: SourceSpec, files: Mapping[str, Path], wanted: Wanted
) -> list[Staged]:
    """Stage every file of a delivery; an optional role that was not delivered is an empty view."""
    headers = {role: read_header(path, spec.files[role]) for role, path in files.items()}
    staged = []
    for role, file in spec.files.items():
        if role in headers:
            staged.append(stage(engine, role, file, headers[role], wanted))
        elif file.optional:
            empty = ", ".join(f"NULL::VARCHAR AS {name}" for name in file.columns)
            engine.view(role, f"SELECT {empty}, NULL::BIGINT AS _position WHERE false")
        else:
            raise UsageError(
                f"the file of role '{role}' is missing", spec.name, f"it is called {file.names[0]}"
            )
    return staged


def stage(engine: DuckEngine, role: str, spec: FileSpec, header: Header, wanted: Wanted) -> Staged:
    """Stage one CSV file as the view `role`: its rows as text, valid keys only, the later of two alike.

    Raises PayloadError when the file is not what the facts describe.
    """
    feeding = {spec.key, *spec.feeding(wanted.fields)}
    columns = tuple(name for name in header.names if name in feeding)
    if "line" in wanted.fields:
        columns = (*columns, BREAKS)
    csv = copy_rows(engine, header, columns, wanted.work / f"{role}.parquet")
    check_encoding(engine, csv)
    shape = Shape(len(header.names), header.names.index(spec.key), spec.key_pattern)
    mended, rest = mend(csv.broken, shape)
    rows = Rows(role, spec, header, csv, mended, rest)
    _name_rows(engine, rows)
    unkeyed = _without_key(engine, rows)
    merged = _merge_alike(engine, rows) if spec.unique else 0
    engine.view(role, _good_rows(rows))
    rejected = sorted([*rest, *unkeyed], key=lambda row: row.line)
    read = csv.rows + len(mended) + len(rest)
    if read == len(rejected):
        raise PayloadError(
            f"not one of {read} rows could be read; the first: {rejected[0].reason}" if read else "no rows",
            header.path.name,
        )
    return Staged(
        role=role,
        count=FileCount(read, read - merged - len(rejected), merged, len(rejected), len(mended)),
        rejected=_as_table(role, [(row.line, row.reason, row.text) for row in rejected]),
        repaired=_as_table(role, [(row.line, row.reason, row.cells[shape.key]) for row in mended]),
        unknown_columns=tuple(name for name in header.names if name not in spec.columns),
    )


def _name_rows(engine: DuckEngine, rows: Rows) -> None:
    """Make the view `<role>_rows`: good rows and mended ones in the file's order, with every column of the facts."""
    at = {name: place for place, name in enumerate(rows.header.names)}
    staged = [name for name in rows.csv.columns if name != BREAKS]
    mended = {name: [row.cells[at[name]] for row in rows.mended] for name in staged}
    positions = [row.before * STEP + 1 + number for number, row in enumerate(rows.mended)]
    schema = pa.schema([pa.field(name, pa.string()) for name in staged]).append(
        pa.field("_position", pa.int64())
    )
    engine.table(f"{rows.role}_mended", pa.table({**mended, "_position": positions}, schema=schema))
    engine.parquet(f"{rows.role}_staged", [rows.csv.staged])
    columns = ", ".join(
        (f'"{name}"' if name in staged else f'NULL::VARCHAR AS "{name}"') for name in rows.spec.columns
    )
    engine.view(
        f"{rows.role}_rows",
        f"SELECT {columns}, (file_row_number + 1) * {STEP} AS _position"
        f" FROM read_parquet('{rows.csv.staged}', file_row_number = true)"
        f" UNION ALL SELECT {columns}, _position FROM {rows.role}_mended",
    )


def _without_key(engine: DuckEngine, rows: Rows) -> list[Broken]:
    """Find rows whose key is no key (a shifted row, say) and name them `<role>_unkeyed`."""
    engine.keep(
        f"{rows.role}_unkeyed",
        f'SELECT _position, "{rows.spec.key}" AS key FROM {rows.role}_rows'
        f" WHERE NOT coalesce(regexp_full_match(trim(\"{rows.spec.key}\"), '{rows.spec.key_pattern}'), false)",
    )
    found = engine.query(f"SELECT * FROM {rows.role}_unkeyed ORDER BY _position").to_pylist()
    lines = line_of_positions(engine, rows.csv, [row["_position"] // STEP - 1 for row in found])
    texts = lines_at(rows.header.path, lines)
    return [
        Broken(
            line,
            0,
            f"{rows.spec.key} is {repr(row['key']) if row['key'] else 'empty'}, which is no key",
            texts[line],
        )
        for row, (line, _) in zip(found, lines, strict=True)
    ]


def _merge_alike(engine: DuckEngine, rows: Rows) -> int:
    """Of rows with the same key keep the last; name the others `<role>_merged`."""
    key = f'"{rows.spec.key}"'
    engine.keep(
        f"{rows.role}_twice",
        f"SELECT trim({key}) AS key, max(_position) AS last FROM {rows.role}_rows GROUP BY 1 HAVING count(*) > 1",
    )
    engine.keep(
        f"{rows.role}_merged",
        f"SELECT _position FROM {rows.role}_rows JOIN {rows.role}_twice ON key = trim({key}) WHERE _position < last"
        f" AND _position NOT IN (SELECT _position FROM {rows.role}_unkeyed)",
    )
    return engine.query(f"SELECT count(*) AS rows FROM {rows.role}_merged").column(0)[0].as_py()  # type: ignore[no-any-return]


def _good_rows(rows: Rows) -> str:
    role, key = rows.role, rows.spec.key
    merged = f" AND _position NOT IN (SELECT _position FROM {role}_merged)" if rows.spec.unique else ""
    return (
        f'SELECT * REPLACE (trim("{key}") AS "{key}") FROM {role}_rows'
        f" WHERE _position NOT IN (SELECT _position FROM {role}_unkeyed){merged}"
    )


def _as_table(role: str, rows: list[tuple[int, str, str]]) -> pa.Table:
    lines, reasons, texts = ([row[at] for row in rows] for at in range(3))
    return pa.table(
        {"role": [role] * len(rows), "line": lines, "reason": reasons, "text": texts}, schema=REJECTED
    )
