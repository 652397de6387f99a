"""Files into staged rows: every good row as text in Parquet, every broken one repaired or kept as rejected.

Returns one view per role, with the columns as text, `_position`, the order in the file, and `_line`, the physical
line (NULL unless `line` is among the wanted fields).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.engine.textfile.refused import Broken
from moviec.engine.textfile.rows import BREAKS, TEXT, Scanned
from moviec.errors import PayloadError, UsageError
from moviec.model import REJECTED
from moviec.reading.columns import Column, Rows, read_columns, read_types
from moviec.reading.conversion import readable
from moviec.sources.readers.lines import Mended, Shape, line_of_positions, lines_at, mend, name_lines
from moviec.sources.readers.scan import check_file, scan
from moviec.sources.spec import FileCount, FileSpec, SourceSpec, Staged, Wanted
from moviec.units import plural

#: Which columns of a file are read, and how.
ColumnsOf: TypeAlias = Callable[[FileSpec], list[Column]]

#: Gap between two good rows' positions for repaired rows in between.
STEP = 1_000_000


class Staging(msgspec.Struct, frozen=True):
    """A file being staged."""

    role: str
    spec: FileSpec
    file: Scanned
    mended: list[Mended]
    rejected: list[Broken]

    @property
    def key(self) -> str:
        """The key of a row, as SQL; for several columns "first (second) (third)"."""
        more = "".join(
            f" || coalesce(' (' || nullif(trim({identifier(name)}), '') || ')', '')"
            for name in self.spec.with_key
        )
        return f"(trim({identifier(self.spec.key)}){more})"


def declared_columns(spec: FileSpec) -> list[Column]:
    """Return the columns whose kind the facts declare; the value read replaces the cell."""
    return [Column(name, kind, name, spec.convention(kind)) for name, kind in spec.cells.items()]


def stage_all(
    engine: DuckEngine,
    spec: SourceSpec,
    files: Mapping[str, Path],
    wanted: Wanted,
    columns: ColumnsOf = declared_columns,
) -> list[Staged]:
    """Stage every file of a delivery, its cells read as `columns` says; an optional role that was not delivered is an empty view."""
    if not files:
        raise UsageError("no file of this source was given", spec.name, f"its files: {', '.join(spec.files)}")
    files = {role: _opened(path, spec.files[role], wanted.work) for role, path in files.items()}
    for role, path in files.items():
        check_file(path, spec.files[role])
    staged = []
    for role, file in spec.files.items():
        if role in files:
            found = stage(engine, role, file, files[role], wanted)
            needed = file.needed(wanted.fields)
            some = [
                column for column in columns(file) if column.name in needed or column.output != column.name
            ]
            if some:
                rows = Rows(f"{role}_films", f"{role}_rows", absent=found.absent_columns)
                readings = read_columns(engine, rows, role, some)
                found = msgspec.structs.replace(found, unread=readings.unread)
            staged.append(found)
        elif file.optional:
            empty = ", ".join(
                f"NULL::{kind} AS {identifier(name)}"
                for name, kind in (dict.fromkeys(file.columns, "VARCHAR") | read_types(columns(file))).items()
            )
            engine.view(
                role,
                f"SELECT {empty}, NULL::BIGINT AS _position, NULL::BIGINT AS _line, NULL::VARCHAR AS _key WHERE false",
            )
        else:
            raise UsageError(
                f"the file of role '{role}' is missing", spec.name, f"its name is {file.names[0]}"
            )
    return staged


def _opened(path: Path, spec: FileSpec, work: Path) -> Path:
    """Return a file in the readers' form; machine-written files in a declared format are unchanged."""
    return (
        readable(path, work, spec.sheet, spec.columns.keys())
        if spec.format == "any" or path.suffix.lower() == ".dat"
        else path
    )


def stage(engine: DuckEngine, role: str, spec: FileSpec, path: Path, wanted: Wanted) -> Staged:
    """Stage one file as the view `role` (also `<role>_films`): its rows as text, valid keys only, the later of two
    equal ones.

    Raises PayloadError if the file is not what the facts describe.
    """
    file = scan(engine, role, path, spec, wanted)
    names = file.header.names
    place = names.index(spec.key) if spec.key in names else 0  # inside an object it has no position
    shape = Shape(len(names), place, spec.key_pattern, file.header.dialect)
    mended, rest = ([], file.broken) if TEXT in file.columns else mend(file.broken, shape)
    rows = Staging(role, spec, file, mended, rest)
    _name_rows(engine, rows, "line" in wanted.fields)
    unkeyed = _without_key(engine, rows)
    merged = _merge_alike(engine, rows) if spec.unique else 0
    engine.view(f"{role}_good", _good_rows(rows))
    total = _total(engine, rows)
    only = f"{_only(spec)} AND _position <> {total}" if total else _only(spec)
    engine.view(f"{role}_films", f"SELECT * FROM {role}_good WHERE {only}")
    engine.view(role, f"SELECT * FROM {role}_films")
    filtered = spec.only or spec.gone or _kinds(spec) or total
    skipped = _count(engine, f"{role}_good WHERE NOT ({only})") if filtered else 0
    rejected = sorted([*rest, *unkeyed], key=lambda row: row.line)
    read = _count(engine, f"{role}_rows") + len(rest)
    if read == len(rejected):
        raise PayloadError(
            f"not one of {plural(read, 'row', 'rows')} could be read; the first: {rejected[0].reason}"
            if read
            else "no rows",
            path.name,
        )
    kept = read - merged - skipped - len(rejected)
    known = {*spec.columns, *(name.partition(".")[0] for name in spec.columns)}
    return Staged(
        role=role,
        count=FileCount(read, kept, merged, len(rejected), len(mended), skipped),
        rejected=_as_table(role, [(row.line, row.reason, row.text) for row in rejected]),
        repaired=_as_table(role, [(row.line, row.reason, row.cells[shape.key]) for row in mended]),
        unknown_columns=tuple(name for name in names if name not in known),
        absent_columns=frozenset(spec.columns).difference(file.cells),
    )


def _name_rows(engine: DuckEngine, rows: Staging, with_lines: bool) -> None:
    """Make the view `<role>_rows`: good and repaired rows in the file's order, with every column of the facts."""
    role, file = rows.role, rows.file
    at = {name: place for place, name in enumerate(file.header.names)}
    mended: dict[str, list[str] | list[int]] = {
        name: [row.cells[at[name]] for row in rows.mended] for name in file.cells
    }
    mended["_position"] = [row.before * STEP + 1 + number for number, row in enumerate(rows.mended)]
    mended["_line"] = [row.line for row in rows.mended]
    types: dict[str, pa.DataType] = dict.fromkeys(file.cells, pa.string())
    types |= {"_position": pa.int64(), "_line": pa.int64()}
    engine.register(f"{role}_mended", pa.table(mended, schema=pa.schema(types)))
    columns = ", ".join(
        f"f.{identifier(name)}" if name in file.cells else f"NULL::VARCHAR AS {identifier(name)}"
        for name in rows.spec.columns
    )
    text = f"f.{TEXT}" if TEXT in file.columns else "NULL::VARCHAR"
    source = f"read_parquet({quoted(str(file.staged))}, file_row_number = true) AS f"
    line = "NULL::BIGINT"
    if with_lines:
        name_lines(engine, file, f"{role}_lines")
        source, line = f"{source} LEFT JOIN {role}_lines AS n ON n.k = f.file_row_number", "n.line"
    engine.view(
        f"{role}_rows",
        f"SELECT {columns}, (f.file_row_number + 1) * {STEP} AS _position, {line} AS _line, {text} AS {TEXT} FROM {source}"
        + (
            f" WHERE f.{TEXT} IS NULL OR tidy(f.{TEXT}) IS NOT NULL"
            if BREAKS in file.columns and TEXT in file.columns
            else ""
        )
        + f" UNION ALL SELECT {columns}, _position, _line, NULL::VARCHAR FROM {role}_mended AS f",
    )


def _without_key(engine: DuckEngine, rows: Staging) -> list[Broken]:
    """Find invalid rows (not JSON, for example) and rows with an invalid key (shifted ones), as `<role>_unkeyed`."""
    name = f"{rows.role}_unkeyed"
    engine.materialize(
        name,
        f"SELECT _position, {TEXT}, CASE"
        f" WHEN NOT json_valid({TEXT}) THEN 'not valid JSON' WHEN json_type({TEXT}) <> 'OBJECT' THEN 'not a JSON object'"
        f" ELSE {quoted(rows.spec.key)} || ' is ' || coalesce('''' || nullif({rows.key}, '') || '''', 'empty') || ', which is not a valid key'"
        f" END AS reason FROM {rows.role}_rows"
        f" WHERE NOT coalesce(regexp_full_match({rows.key}, {quoted(rows.spec.key_pattern)}), false)"
        + "".join(f" AND NOT is_no_film({identifier(kind)})" for kind in _kinds(rows.spec)),
    )
    found = engine.query(f"SELECT * FROM {name} ORDER BY _position").to_pylist()
    places = line_of_positions(engine, rows.file, [row["_position"] // STEP - 1 for row in found])
    texts = {} if TEXT in rows.file.columns else lines_at(rows.file.header.path, places)
    return [
        Broken(line, 0, row["reason"], row[TEXT] if row[TEXT] is not None else texts[line])
        for row, (line, _) in zip(found, places, strict=True)
    ]


def _merge_alike(engine: DuckEngine, rows: Staging) -> int:
    """Keep the last of equal rows; the others are `<role>_merged`. Missing values are not equal."""
    role = rows.role
    alike = rows.key
    if rows.spec.alike:
        alike = " || chr(31) || ".join(map(identifier, rows.spec.alike))
    keyed = f"{role}_rows WHERE _position NOT IN (SELECT _position FROM {role}_unkeyed)"
    # Numbers take far less room than texts: first rows with equal hashes, then those really equal.
    engine.materialize(
        f"{role}_meeting", f"SELECT hash({alike}) AS hashed FROM {keyed} GROUP BY hashed HAVING count(*) > 1"
    )
    engine.materialize(
        f"{role}_met",
        f"SELECT {alike} AS alike, _position FROM {keyed} AND hash({alike}) IN (SELECT hashed FROM {role}_meeting)",
    )
    engine.materialize(
        f"{role}_merged",
        f"SELECT _position FROM (SELECT _position, alike IS NOT NULL AND _position < max(_position) OVER (PARTITION BY alike)"
        f" AS earlier FROM {role}_met) WHERE earlier",
    )
    return _count(engine, f"{role}_merged")


def _good_rows(rows: Staging) -> str:
    role, key = rows.role, identifier(rows.spec.key)
    replaced = f", {rows.key} AS _key" if rows.spec.with_key else f" REPLACE ({rows.key} AS {key})"
    merged = f" AND _position NOT IN (SELECT _position FROM {role}_merged)" if rows.spec.unique else ""
    return (
        f"SELECT * EXCLUDE ({TEXT}){replaced} FROM {role}_rows"
        f" WHERE _position NOT IN (SELECT _position FROM {role}_unkeyed){merged}"
    )


def _only(spec: FileSpec) -> str:
    """Return the condition that a row is of a film."""
    tests = [
        f"{identifier(name)} IN ({', '.join(map(quoted, values))})" for name, values in spec.only.items()
    ]
    if spec.gone:
        tests.append(f"NOT {_is_gone(spec)}")
    tests += [f"NOT is_no_film({identifier(name)})" for name in _kinds(spec)]
    return f"coalesce({' AND '.join(tests) or 'true'}, false)"


#: Names of the last row of a person's table if it sums those above.
_TOTALS = ("total", "totals", "grand total", "sum", "summe", "gesamt", "somme", "totale", "suma", "totaal")


def _total(engine: DuckEngine, rows: Staging) -> int | None:
    """Return the position of a person's last row if it sums the others: it has no year, and most of them have."""
    feeding = {
        field: [
            name for name, feeds in rows.spec.columns.items() if field in feeds and name in rows.file.cells
        ]
        for field in ("title", "year")
    }
    if rows.spec.format != "any" or not all(feeding.values()):
        return None
    title, year = (f"trim({identifier(names[0])})" for names in feeding.values())
    found = engine.query(
        f"SELECT arg_max(lower({title}), _position) AS title, arg_max(coalesce({year}, ''), _position) AS year,"
        f" max(_position) AS position, count(nullif({year}, '')) * 2 >= count(*) AS dated FROM {rows.role}_good"
    ).to_pylist()[0]
    is_total = (found["title"] or "").rstrip(":") in _TOTALS and not found["year"] and found["dated"]
    return int(found["position"]) if is_total else None


def _kinds(spec: FileSpec) -> list[str]:
    """Return the columns of a person's list that say what kind a row is: a series is skipped, as in providers'
    files.
    """
    return [name for name, feeds in spec.columns.items() if "kind" in feeds] if spec.format == "any" else []


def _is_gone(spec: FileSpec) -> str:
    return f"coalesce({identifier(spec.gone)} = 'true', false)"


def withdrawn(spec: SourceSpec, staged: Collection[str]) -> str:
    """Return the query of the keys marked as deleted in the staged files; empty if the facts name no such rows."""
    return " UNION ".join(
        f"SELECT {identifier(file.key)} AS key FROM {role}_good WHERE {_is_gone(file)}"
        for role, file in spec.files.items()
        if file.gone and role in staged and file.about == "films"
    )


def _count(engine: DuckEngine, rows: str) -> int:
    return int(engine.query(f"SELECT count(*) AS rows FROM {rows}").column(0)[0].as_py())


def _as_table(role: str, rows: list[tuple[int, str, str]]) -> pa.Table:
    lines, reasons, texts = ([row[at] for row in rows] for at in range(3))
    return pa.table(
        {"role": [role] * len(rows), "line": lines, "reason": reasons, "text": texts}, schema=REJECTED
    )
