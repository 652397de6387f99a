"""How large and how strange a delivered file may be (`Bounds`), and how much of a server one caller may take (`Serving`).

A file beyond is refused in one line before anything is read.

The defaults for files are judgements, far above the deliveries that were tried: the widest of these has 24 columns, the longest row 0.3 MB.
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

#: Bytes that a packed file may always unpack to, whatever the ratio: small files pack well.
SMALL = 64_000_000

#: Rows that a file may always have, however small it is.
FEW_ROWS = 1_000_000

#: Connections that a server process has at the least.
LEAST_CONNECTIONS = 64

_CHUNK = 1 << 22
_NO_FILES = ("/proc/", "/sys/")
_DELIMITERS = b",;\t|\x01"


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that a delivered file may have.

    `columns` of a table; bytes of one `cell` of a Parquet file (a row of a text file may have 2 MB); `unpacked` bytes of a packed
    payload; `ratio` of what is unpacked to what was delivered, also as rows per byte; `rows`; `hours` that reading a delivery may take.
    """

    columns: int = 2_000
    cell: int = 16_000_000
    unpacked: int = 200_000_000_000
    ratio: int = 200
    rows: int = 2_000_000_000
    hours: float = 12

    def __post_init__(self) -> None:
        """Refuse what nothing could pass."""
        if min(self.columns, self.cell, self.unpacked, self.ratio, self.rows) < 1 or not self.hours > 0:
            raise ValueError("a bound is a number above 0")


DEFAULT = Bounds()


class Serving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that callers may take of one server process at once.

    Of one key, or of one address where no key is shown: `requests` under way, `streams` open. Of one address: open
    `connections`. Of all: `connections_in_all`, a part of which is kept for probes. Seconds that the head of a request
    (`head`), its `body`, and the next request on a connection (`idle`) may take.
    """

    requests: int = 100
    streams: int = 20
    connections: int = 200
    connections_in_all: int = 4_096
    head: int = 10
    body: int = 30
    idle: int = 75

    def __post_init__(self) -> None:
        """Refuse what nobody could be served with."""
        if min(getattr(self, name) for name in self.__struct_fields__) < 1:
            raise ValueError("a limit on serving is a number above 0")
        if self.connections_in_all < LEAST_CONNECTIONS:
            raise ValueError(f"connections_in_all: from {LEAST_CONNECTIONS}")


SERVING = Serving()


def check_regular(path: Path) -> None:
    """Raise UsageError for what is no file with an end: a folder, a pipe, a device, what the kernel makes up."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise UsageError("no such file" if not path.exists() else str(error.strerror), str(path)) from error
    if stat.S_ISDIR(mode):
        raise UsageError("this is a folder, a file is wanted", str(path))
    if not stat.S_ISREG(mode) or f"{path.resolve()}".startswith(_NO_FILES):
        raise UsageError(
            "this is a device or a pipe, a file is wanted", str(path), "write it to a file first"
        )


def copy_bounded(
    packed: BinaryIO, plain: BinaryIO, path: Path, bounds: Bounds = DEFAULT, before: int = 0
) -> int:
    """Copy what a packed file holds; return its bytes, and those that were unpacked `before`.

    Raises PayloadError as soon as it is more than the bounds allow of a file of this size.
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
    """Raise PayloadError where a plain file is beyond the bounds, at the price of a glance; UsageError where it is no file."""
    check_regular(path)
    with path.open("rb") as file:
        start = file.read(1 << 20)
    if start.startswith(b"\x1f\x8b"):
        return  # what it holds is looked at when it is unpacked
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
            "leave out those that tell nothing of films, or raise columns under [bounds] in the settings",
        )


def _check_zip(path: Path, bounds: Bounds) -> None:
    """Look at what an office document says it unpacks to."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        return  # whoever opens it says what is wrong with it
    if size > min(bounds.unpacked, max(SMALL, bounds.ratio * path.stat().st_size)):
        raise PayloadError(f"it unpacks to {size:,} bytes", path.name, "save it as CSV")


def _check_parquet(path: Path, bounds: Bounds) -> None:
    import pyarrow as pa  # here, since settings hold the bounds and need not wait for it
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
    """Refuse cells that are too long on the average. Of a dictionary, which lets one long cell stand in a million rows for two
    bytes each, the whole counts as one cell.
    """
    size, cells = chunk.total_uncompressed_size, max(chunk.num_values, 1)
    if size / cells > bounds.cell or (chunk.has_dictionary_page and _dictionary(chunk) > bounds.cell):
        raise PayloadError(
            f"column {chunk.path_in_schema} has cells of more than {bounds.cell:,} bytes",
            path.name,
            "raise cell under [bounds] in the settings",
        )


def _dictionary(chunk: pq.ColumnChunkMetaData) -> int:
    """Return the bytes of a column's dictionary: what lies before its first page of cells."""
    start = chunk.dictionary_page_offset
    packed = (chunk.data_page_offset - start) if start is not None else 0
    return round(packed * chunk.total_uncompressed_size / max(chunk.total_compressed_size, 1))
