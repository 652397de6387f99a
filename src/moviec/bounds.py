"""Limits on delivered files (`Bounds`), and on a caller's share of a server (`Serving`).

A file beyond them is rejected with one line before anything is read.

The defaults for files are judgements, far above the tested deliveries: the widest of these has 24 columns, the longest
row 0.3 MB.
"""

from __future__ import annotations

import re
import stat
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from moviec.errors import PayloadError, UsageError

if TYPE_CHECKING:
    import pyarrow.parquet as pq

#: Bytes that a packed file may always unpack to, at any ratio: small files compress well.
SMALL = 64_000_000

#: Rows that a file may always have, at any size.
FEW_ROWS = 1_000_000

#: The least number of connections of a server process.
LEAST_CONNECTIONS = 64

_CHUNK = 1 << 22
_NO_FILES = ("/proc/", "/sys/")
_DELIMITERS = b",;\t|\x01"


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits on a delivered file.

    `columns` of a table; bytes of one `cell` of a Parquet file (a row of a text file may have 2 MB); `unpacked` bytes of a packed
    payload; `ratio` of what is unpacked to what was delivered, also as rows per byte; `rows`; `files` in a zip; `hours` that reading a delivery may take.
    """

    columns: int = 2_000
    cell: int = 16_000_000
    unpacked: int = 200_000_000_000
    ratio: int = 200
    rows: int = 2_000_000_000
    files: int = 1_000
    hours: float = 12

    def __post_init__(self) -> None:
        """Reject invalid limits."""
        if (
            min(self.columns, self.cell, self.unpacked, self.ratio, self.rows, self.files) < 1
            or not self.hours > 0
        ):
            raise ValueError("a bound must be above 0")


DEFAULT = Bounds()


class Serving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits on what callers may use of one server process at once.

    Per key, or per address without a key: concurrent `requests`, open `streams`. Per address: open
    `connections`. In all: `connections_in_all`, a part of which is reserved for probes. Seconds that a request's
    headers (`head`), its `body`, and the next request on a connection (`idle`) may take.
    """

    requests: int = 100
    streams: int = 20
    connections: int = 200
    connections_in_all: int = 4_096
    head: int = 10
    body: int = 30
    idle: int = 75

    def __post_init__(self) -> None:
        """Reject invalid limits."""
        if min(getattr(self, name) for name in self.__struct_fields__) < 1:
            raise ValueError("a limit on serving must be above 0")
        if self.connections_in_all < LEAST_CONNECTIONS:
            raise ValueError(f"connections_in_all: from {LEAST_CONNECTIONS}")


SERVING = Serving()


def check_regular(path: Path) -> None:
    """Raise UsageError for anything but a regular file: a folder, a pipe, a device, a kernel's virtual file."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UsageError("no such file" if not path.exists() else str(error.strerror), str(path)) from error
    if stat.S_ISDIR(mode):
        raise UsageError("this is a folder, not a file", str(path))
    if not stat.S_ISREG(mode) or f"{path.resolve()}".startswith(_NO_FILES):
        raise UsageError("this is a device or a pipe, not a file", str(path), "write it to a file first")


def copy_bounded(
    packed: BinaryIO, plain: BinaryIO, path: Path, bounds: Bounds = DEFAULT, before: int = 0
) -> int:
    """Unpack a file; return its bytes, plus those unpacked `before`.

    Raises PayloadError as soon as it exceeds the bounds for a file of this size.
    """
    most = min(bounds.unpacked, max(SMALL, bounds.ratio * path.stat().st_size))
    done = before
    while chunk := packed.read(_CHUNK):
        done += len(chunk)
        if done > most:
            raise PayloadError(
                f"it unpacks to more than {most:,} bytes, from {path.stat().st_size:,}",
                path.name,
                "unpack it yourself, or raise unpacked or ratio under [bounds] in the settings",
            )
        plain.write(chunk)
    return done


def check_bounds(path: Path, bounds: Bounds = DEFAULT) -> None:
    """Raise PayloadError if a plain file is beyond the bounds, by a cheap check; UsageError if it is not a file."""
    check_regular(path)
    with path.open("rb") as file:
        start = file.read(1 << 20)
    if start.startswith(b"\x1f\x8b"):
        return  # its content is checked when it is unpacked
    if start.startswith(b"PAR1"):
        _check_parquet(path, bounds)
    elif start.startswith(b"PK\x03\x04"):
        _check_zip(path, bounds)
    elif start.lstrip()[:1] not in (b"{", b"["):
        first = re.split(rb"[\r\n]", start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"), maxsplit=1)[0]
        _check_columns(path, max(first.count(mark) for mark in _DELIMITERS) + 1, bounds)


def _check_columns(path: Path, columns: int, bounds: Bounds) -> None:
    if columns > bounds.columns:
        raise PayloadError(
            f"it has {columns:,} columns, more than {bounds.columns:,}",
            path.name,
            "leave out those that are not about films, or raise columns under [bounds] in the settings",
        )


def _check_zip(path: Path, bounds: Bounds) -> None:
    """Check the unpacked size that an office document states."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        return  # opening it will report what is wrong
    if size > min(bounds.unpacked, max(SMALL, bounds.ratio * path.stat().st_size)):
        raise PayloadError(f"it unpacks to {size:,} bytes", path.name, "save it as CSV")


def _check_parquet(path: Path, bounds: Bounds) -> None:
    import pyarrow as pa  # imported here, since settings use this module and must not wait for it
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            facts = file.metadata
            _check_columns(path, facts.num_columns, bounds)
            if facts.num_rows > min(bounds.rows, max(FEW_ROWS, bounds.ratio * path.stat().st_size)):
                raise PayloadError(
                    f"it has {facts.num_rows:,} rows in {path.stat().st_size:,} bytes",
                    path.name,
                    "raise rows or ratio under [bounds] in the settings",
                )
            for number in range(facts.num_row_groups):
                for column in range(facts.num_columns):
                    _check_chunk(path, facts.row_group(number).column(column), bounds)
    except pa.ArrowException as error:
        raise PayloadError(f"cannot be read ({str(error).splitlines()[0]})", path.name) from error


def _check_chunk(path: Path, chunk: pq.ColumnChunkMetaData, bounds: Bounds) -> None:
    """Reject cells that are too long on average. A dictionary, which lets one long cell occur in a million rows for two
    bytes each, counts as one cell.
    """
    size, cells = chunk.total_uncompressed_size, max(chunk.num_values, 1)
    if size / cells > bounds.cell or (chunk.has_dictionary_page and _dictionary(chunk) > bounds.cell):
        raise PayloadError(
            f"column {chunk.path_in_schema} has cells of more than {bounds.cell:,} bytes",
            path.name,
            "raise cell under [bounds] in the settings",
        )


def _dictionary(chunk: pq.ColumnChunkMetaData) -> int:
    """Return the bytes of a column's dictionary: the part before its first page of cells."""
    start = chunk.dictionary_page_offset
    packed = (chunk.data_page_offset - start) if start is not None else 0
    return round(packed * chunk.total_uncompressed_size / max(chunk.total_compressed_size, 1))
