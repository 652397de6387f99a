"""Files written row by row in the providers' own formats: CSV, TSV without quoting, JSON lines, JSON lists; gzip by name."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Literal, TypeAlias, cast

import msgspec

#: A row is its cells, or the text itself where it is JSON or deliberately malformed.
Row: TypeAlias = Sequence[str] | str


class FileFormat(msgspec.Struct, frozen=True):
    """How a provider writes one of its files; `header` is empty for JSON. TSV cells must hold no tab or line break."""

    name: str
    kind: Literal["csv", "tsv", "jsonl", "json"]
    header: tuple[str, ...] = ()
    delimiter: str = ","
    newline: str = "\n"


class RowFile:
    """One open file, to be closed; `rows` counts what was written besides the header."""

    def __init__(self, folder: Path, format: FileFormat) -> None:
        self.format = format
        self.rows = 0
        self._text = _opened(folder / format.name)
        self._csv = csv.writer(self._text, delimiter=format.delimiter, lineterminator=format.newline)
        if format.kind == "json":
            self._text.write("[\n")
        elif format.header:
            self.write([format.header])
            self.rows = 0

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows in order."""
        for row in rows:
            if self.format.kind == "json" and self.rows:
                self._text.write(",\n")
            if isinstance(row, str):
                self._text.write(row)
            elif self.format.kind == "tsv":
                self._text.write("\t".join(row) + "\n")
            else:
                self._csv.writerow(row)
            self.rows += 1

    def close(self) -> None:
        """End the file as its format demands."""
        if self.format.kind == "json":
            self._text.write("\n]")
        self._text.close()


def csv_line(cells: Sequence[str], newline: str = "\n") -> str:
    """Write cells as one CSV record."""
    text = io.StringIO()
    csv.writer(text, lineterminator=newline).writerow(cells)
    return text.getvalue()


def _opened(path: Path) -> IO[str]:
    """Open for writing, gzipped by name: without a date and a name inside, so equal rows are equal bytes."""
    if path.suffix != ".gz":
        return path.open("w", encoding="utf-8", newline="")
    packed = _Gzip(path)
    return io.TextIOWrapper(cast("IO[bytes]", packed), encoding="utf-8", newline="")


class _Gzip(gzip.GzipFile):
    """A gzip file that closes what it opened."""

    def __init__(self, path: Path) -> None:
        self._plain = path.open("wb")
        super().__init__(filename="", mode="wb", fileobj=self._plain, mtime=0, compresslevel=6)

    def close(self) -> None:
        super().close()
        self._plain.close()
