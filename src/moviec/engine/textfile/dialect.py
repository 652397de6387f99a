"""How a text file separates and quotes its cells: one object that DuckDB's reader and Python's both follow."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from moviec.engine.duckdb import quoted

if TYPE_CHECKING:
    from _csv import Reader
import gzip
import zlib
from pathlib import Path

from moviec.bounds import DEFAULT, Bounds, check_bounds, copy_bounded
from moviec.errors import PayloadError

#: A longer record is rejected (its text is kept). The longest real one, in credits, has 0.3 MB.
LONGEST_RECORD = 2_000_000
csv.field_size_limit(LONGEST_RECORD)  # Python's own limit is 131,072, for the whole process


class Dialect(msgspec.Struct, frozen=True):
    """The delimiter, the quote (none: cells are taken unchanged), and the texts for no value besides ""."""

    delimiter: str = ","
    quote: str = '"'
    null: str = ""

    def reader(self, lines: Iterable[str], strict: bool = False) -> Reader:
        """Return the rows, read by Python's csv module."""
        if not self.quote:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=strict)
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=strict)

    def options(self) -> str:
        """Return the options of DuckDB's read_csv."""
        quote = quoted(self.quote)
        nulls = f", nullstr = ['', {quoted(self.null)}]" if self.null else ""
        return f"delim = {quoted(self.delimiter)}, quote = {quote}, escape = {quote}{nulls}"


CSV = Dialect()
TSV = Dialect(delimiter="\t", quote="", null="\\N")
#: One cell per line: JSON text never contains the unit separator, which would have to be escaped.
LINES = Dialect(delimiter="\x1f", quote="")


def gunzip(path: Path, plain: Path, bounds: Bounds = DEFAULT) -> Path:
    """Unpack a gzip file to `plain`; raises PayloadError if it is truncated, damaged or beyond the bounds."""
    try:
        with gzip.open(path) as packed, plain.open("wb") as file:
            copy_bounded(packed, file, path, bounds)  # type: ignore[arg-type]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise PayloadError("the gzip is truncated or damaged", path.name, "fetch it again") from error
    check_bounds(plain, bounds)
    return plain
