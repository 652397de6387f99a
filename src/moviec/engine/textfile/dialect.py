"""How a text file separates and quotes its cells: one object that DuckDB's reader and Python's both follow."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from moviec.engine.duck import quoted

if TYPE_CHECKING:
    from _csv import Reader

#: A record longer than this is refused as one (its text is kept). The longest real one, in credits, has 0.3 MB.
LONGEST_RECORD = 2_000_000
csv.field_size_limit(LONGEST_RECORD)  # Python's own limit is 131,072, for the whole process


class Dialect(msgspec.Struct, frozen=True):
    """The delimiter, the quote (none: cells are taken as they stand), and what stands for no value besides ""."""

    delimiter: str = ","
    quote: str = '"'
    null: str = ""

    def reader(self, lines: Iterable[str], strict: bool = False) -> Reader:
        """Read rows as Python's csv module does."""
        if not self.quote:
            return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=strict)
        return csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=strict)

    def options(self) -> str:
        """Write the options of DuckDB's read_csv."""
        quote = quoted(self.quote)
        nulls = f", nullstr = ['', {quoted(self.null)}]" if self.null else ""
        return f"delim = {quoted(self.delimiter)}, quote = {quote}, escape = {quote}{nulls}"


CSV = Dialect()
TSV = Dialect(delimiter="\t", quote="", null="\\N")
#: One cell a line: JSON text never holds the unit separator, which would have to be escaped.
LINES = Dialect(delimiter="\x1f", quote="")
