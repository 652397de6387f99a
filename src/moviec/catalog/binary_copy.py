"""Rows in the binary format of PostgreSQL's COPY, made column by column.

A file is HEADER, rows, TRAILER. A row is the number of its cells (int16), then for each cell the length of its value in bytes (int32, -1
for NULL) and the value, numbers with their highest byte first (PostgreSQL's documentation of COPY, Binary Format).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.compression import Compressed
from moviec.text import pc

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, nothing more in the header
TRAILER = b"\xff\xff"

_NULL = pa.scalar(b"\xff\xff\xff\xff", pa.binary())

#: PostgreSQL counts days from 2000, Arrow from 1970.
_DAYS = 10_957

#: The Arrow type of a column's values. BigInteger is an Integer, too: the first that fits counts.
_ARROW: list[tuple[type[Any], pa.DataType]] = [
    (Compressed, pa.binary()),
    (sa.LargeBinary, pa.binary()),
    (sa.Boolean, pa.bool_()),
    (sa.BigInteger, pa.int64()),
    (sa.Integer, pa.int32()),
    (sa.Float, pa.float64()),
    (sa.Date, pa.date32()),
    (sa.Text, pa.string()),
    (sa.JSON, pa.string()),
]

#: The form of a value of fixed size, as numpy writes it.
_FIXED = {
    pa.bool_(): "u1",
    pa.int64(): ">i8",
    pa.int32(): ">i4",
    pa.date32(): ">i4",
    pa.float64(): ">f8",
}


def encoded(table: sa.Table, rows: pa.Table) -> memoryview:
    """Return rows as COPY reads them into these columns of a table; texts lose NUL, which PostgreSQL cannot hold."""
    parts = [_fixed(np.full(rows.num_rows, rows.num_columns, ">i2"))]
    for name, column in zip(rows.column_names, rows.itercolumns(), strict=True):
        kind = table.c[name].type
        wanted = next(arrow for sql, arrow in _ARROW if isinstance(kind, sql))
        parts += _cells(pa.concat_arrays([pa.array([], wanted), *column.cast(wanted).chunks]))
    joined = pc.binary_join_element_wise(*parts, b"")
    ends = np.frombuffer(joined.buffers()[1], np.int32)
    return memoryview(joined.buffers()[2])[ends[joined.offset] : ends[joined.offset + len(joined)]]


def _cells(column: Any) -> Iterator[Any]:
    """Yield the parts of a column's cells, in their order: each with its length, or the lengths and the values."""
    if form := _FIXED.get(column.type):
        values = column.cast(pa.int32()) if pa.types.is_date(column.type) else column
        plain = pc.fill_null(values, False if pa.types.is_boolean(column.type) else 0)
        numbers = plain.to_numpy(zero_copy_only=False)
        cells = np.empty(len(column), [("length", ">i4"), ("value", form)])
        cells["length"] = cells.dtype["value"].itemsize
        cells["value"] = numbers - _DAYS if pa.types.is_date(column.type) else numbers
        whole = _fixed(cells)
        yield pc.if_else(column.is_valid(), whole, _NULL) if column.null_count else whole
        return
    if pa.types.is_string(column.type) and pc.any(pc.match_substring(column, "\0")).as_py():
        column = pc.replace_substring(column, "\0", "")
    values = column.cast(pa.binary())
    yield _fixed(pc.fill_null(pc.binary_length(values), -1).to_numpy(zero_copy_only=False).astype(">i4"))
    yield pc.fill_null(values, b"")


def _fixed(values: Any) -> Any:
    """Return each value's bytes."""
    size = values.dtype.itemsize
    ends = pa.array(np.arange(0, (len(values) + 1) * size, size, dtype=np.int32)).buffers()[1]
    return pa.Array.from_buffers(pa.binary(), len(values), [None, ends, pa.py_buffer(values)])
