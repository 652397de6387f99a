"""Writers of export files: tables that grow part by part, JSON lines; and putting a finished folder in place of an older one."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from moviec.text import pc
from moviec.work import left_behind

#: What a spreadsheet would take for a formula when a cell begins with it.
FORMULA = "^(\\s*[=+\\-@＝＋－＠]|[\\t\\r\\n])"


class Writer(Protocol):
    """A file that grows."""

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
    """Set an apostrophe before each text that a spreadsheet would run as a formula."""
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


#: The older folder, while it stands aside within a work folder.
OLD = "old"

_AT_CWD, _EXCHANGE = -100, 2


def put_in_place(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`; what was there, if anything, goes into the folder that `fresh` was in."""
    old = fresh.parent / OLD
    if not folder.exists():
        fresh.replace(folder)
    elif _exchange(fresh, folder):
        fresh.replace(old)
    else:
        folder.replace(old)
        fresh.replace(folder)


def take_up(folder: Path, prefix: str) -> None:
    """Put back what a killed run had moved aside from `folder`, and remove the rest that such runs left beside it."""
    for left in left_behind(folder.parent, prefix):
        if (left / OLD).exists() and not folder.exists():
            (left / OLD).replace(folder)
        shutil.rmtree(left, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; return whether the system can."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return int(rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE)) == 0
