"""An export: a folder of open files with every film as of an instant, a manifest, and the licences of what is in it.

The same catalogue at the same instant gives the same bytes, whenever the export is made. The folder appears complete,
replacing an older one.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import sqlalchemy as sa

from moviec.catalog.history import documents_as_of
from moviec.catalog.queries import newest_change
from moviec.decoding import decodable
from moviec.errors import UsageError
from moviec.export.tables import Gathered, Wanted, pass_on, table_names
from moviec.text import pc
from moviec.units import plural
from moviec.work import left_behind, remove_left, work_folder

#: Characters that make a spreadsheet treat a cell as a formula.
FORMULA = "^(\\s*[=+\\-@＝＋－＠]|[\\t\\r\\n])"


class Writer(Protocol):
    """A file being written."""

    def write(self, part: pa.Table) -> None:
        """Append rows."""

    def close(self) -> None:
        """Finish the file."""


def open_writer(path: Path, schema: pa.Schema) -> Writer:
    """Open a file by its suffix: .parquet, .csv (formulas escaped) or .jsonl (of a table's only column)."""
    if path.suffix == ".parquet":
        return _Parquet(path, schema)
    if path.suffix == ".csv":
        return _Csv(path, schema)
    return _Lines(path)


def escaped(part: pa.Table) -> pa.Table:
    """Prefix an apostrophe to each text that a spreadsheet would run as a formula."""
    for place, field in enumerate(part.schema):
        if pa.types.is_string(field.type):
            column = part.column(place)
            formula = pc.fill_null(pc.match_substring_regex(column, FORMULA), False)
            safe = pc.if_else(formula, pc.binary_join_element_wise("'", column, ""), column)
            part = part.set_column(place, field, safe)
    return part


class _Parquet:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = pq.ParquetWriter(path, schema, compression="zstd")

    def write(self, part: pa.Table) -> None:
        self._file.write_table(part)

    def close(self) -> None:
        self._file.close()


class _Csv:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = pyarrow.csv.CSVWriter(path, schema)

    def write(self, part: pa.Table) -> None:
        self._file.write(escaped(part))

    def close(self) -> None:
        self._file.close()


class _Lines:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, part: pa.Table) -> None:
        lines = pc.binary_join_element_wise(part.column(0), "", "\n").to_pylist()
        self._file.write("".join(lines).encode())

    def close(self) -> None:
        self._file.close()


#: The name of the older folder while it is inside a work folder.
OLD = "old"

_AT_CWD, _EXCHANGE = -100, 2


def put_in_place(fresh: Path, folder: Path) -> None:
    """Replace `folder` by `fresh`; the old content, if any, is moved to where `fresh` was."""
    old = fresh.parent / OLD
    if not folder.exists():
        fresh.replace(folder)
    elif _exchange(fresh, folder):
        fresh.replace(old)
    else:
        folder.replace(old)
        fresh.replace(folder)


def take_up(folder: Path, prefix: str) -> None:
    """Restore what a killed run had moved away from `folder`, and remove other leftovers of such runs."""
    for left in left_behind(folder.parent, prefix):
        if (left / OLD).exists() and not folder.exists():
            (left / OLD).replace(folder)
        shutil.rmtree(left, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders atomically; return whether the system can."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return int(rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE)) == 0


MANIFEST, LICENCES = "manifest.json", "LICENCES.md"

Format = Literal["parquet", "jsonl", "csv"]


class Licence(msgspec.Struct, frozen=True, kw_only=True):
    """The terms of a source; `redistribute` says whether what it delivers may be passed on."""

    name: str
    title: str
    licence: str
    attribution: str
    home_page: str
    redistribute: bool


class Order(msgspec.Struct, frozen=True):
    """What to export and where. `as_of` is an instant in the catalogue's form; None: now.

    `own_use` includes what licences do not allow passing on.
    """

    folder: Path
    format: Format = "parquet"
    as_of: str | None = None
    own_use: bool = False


@decodable
class Exported(msgspec.Struct, frozen=True):
    """The result of an export, as in its manifest: rows and SHA-256 by file; the last change in it."""

    format: str
    own_use: bool
    last_change: int
    at: str
    films: int
    left_out: int
    files: dict[str, dict[str, Any]]
    sources: list[Licence]


def export(
    connection: sa.Connection, order: Order, licences: Sequence[Licence], tell: Callable[[str], None]
) -> Exported:
    """Write an export next to its folder and move it into place when complete: an earlier one stays until then.

    Raises UsageError if the folder has anything but an export.
    """
    folder = order.folder.resolve()
    _check(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{folder.name}-part-"
    take_up(folder, prefix)
    remove_left()
    with work_folder(folder.parent, prefix) as beside:
        fresh = beside / "new"
        fresh.mkdir()
        done = _write(connection, order, licences, fresh, tell)
        (fresh / LICENCES).write_text(_licences(done), "utf-8")
        (fresh / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(done), indent=2) + b"\n")
        put_in_place(fresh, folder)
    return done


def _check(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError("this is not a folder", str(folder), "choose another one")
    if folder.exists() and (others := {path.name for path in folder.iterdir()} - _own_files(folder)):
        what = f"the folder holds something else ({min(others)})"
        raise UsageError(what, str(folder), "choose an empty or a new one")


def _own_files(folder: Path) -> set[str]:
    """Return the files of an earlier export in a folder, from its manifest; empty without a valid one."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Exported)
    except (OSError, msgspec.DecodeError):
        return set()
    return {MANIFEST, LICENCES, *manifest.files}


def _write(
    connection: sa.Connection,
    order: Order,
    licences: Sequence[Licence],
    folder: Path,
    tell: Callable[[str], None],
) -> Exported:
    allowed = None if order.own_use else [licence.name for licence in licences if licence.redistribute]
    files = _Files(folder, order.format)
    films = left_out = 0
    behind: set[str] = set()
    for held in documents_as_of(connection, order.as_of):
        passed = pass_on(held.select(["movie", "document", "claims"]), allowed, files.wanted)
        files.write(passed.documents, passed.tables)
        films += passed.documents.num_rows
        left_out += passed.left_out
        behind |= passed.sources
        tell(f"{plural(films, 'film', 'films')}")
    if not films + left_out:
        when = f" on {order.as_of}" if order.as_of else ""
        raise UsageError(f"no film was published{when}", "the catalogue", "see `moviec status`")
    if not films:
        what = f"nothing may be passed on: {plural(left_out, 'film', 'films')}, all of {', '.join(sorted(behind))}"
        raise UsageError(what, "the catalogue", "--own-use includes them, for your own machines")
    last, at = newest_change(connection, order.as_of)
    at = at or ""
    named = [licence for licence in licences if licence.name in behind]
    return Exported(order.format, order.own_use, last, at, films, left_out, files.close(), named)


class _Files:
    """The files of one format, opened with the first rows."""

    def __init__(self, folder: Path, form: Format) -> None:
        self._folder, self._form = folder, form
        self._open: dict[str, Writer] = {}
        self._rows: dict[str, int] = {}
        lines = form == "jsonl"
        self._gathered = None if lines else Gathered()
        self.wanted = Wanted(["claims"] if lines else table_names(), as_lines=lines)

    def write(self, documents: pa.Table, tables: dict[str, pa.Table]) -> None:
        """Append the documents, or the rows of the tables."""
        if self._form == "jsonl":
            self._append("movies", documents.select(["document"]))
        for name, rows in tables.items():
            self._append(name, rows)
        if self._gathered and documents.num_rows:
            self._gathered.add(tables)

    def close(self) -> dict[str, dict[str, Any]]:
        """Finish the files, the rollups among them; give rows and SHA-256 of each."""
        if self._gathered:
            self._append("rollups", self._gathered.rollups())
        for writer in self._open.values():
            writer.close()
        found = {}
        for name in sorted(self._open):
            path = self._folder / f"{name}.{self._form}"
            with path.open("rb") as file:
                found[path.name] = {
                    "rows": self._rows[name],
                    "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
                }
        return found

    def _append(self, name: str, rows: pa.Table) -> None:
        if name not in self._open:
            self._open[name] = open_writer(self._folder / f"{name}.{self._form}", rows.schema)
        self._open[name].write(rows)
        self._rows[name] = self._rows.get(name, 0) + rows.num_rows


def _licences(done: Exported) -> str:
    """Return a text on what comes from which source and on which terms."""
    lines = [
        "# Licences",
        "",
        "What is in this folder was fused by MovieC from the sources below; each keeps its own terms.",
        "",
        "| source | licence | attribution | in this export |",
        "|---|---|---|---|",
        *(_row(source, done.own_use) for source in done.sources),
        "",
    ]
    if done.own_use:
        lines += ["This export is for your own use: it holds values that may not be passed on.", ""]
    return "\n".join(lines)


def _row(one: Licence, own_use: bool) -> str:
    inside = "its values" if one.redistribute else "its values, not to be passed on" if own_use else "nothing"
    title = f"[{one.title}]({one.home_page})" if one.home_page else one.title
    cells: Iterable[str] = (title, one.licence, one.attribution or "–", inside)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
