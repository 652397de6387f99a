"""What every provider's writer is made with: repeatable chance, files written row by row, and the interface it has."""

from __future__ import annotations

import csv
import gzip
import io
import struct
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from statistics import NormalDist
from typing import IO, Literal, Protocol, TypeAlias, TypeVar, cast

import msgspec

from moviec.synth.film import Film

T = TypeVar("T")

_BLOCK = struct.Struct("<16I")
_STANDARD = NormalDist()


class Chance:
    """Uniform draws read off BLAKE2b of the place and a block number: the same on every machine and version."""

    def __init__(self, *place: int | str) -> None:
        self._key = "/".join(map(str, place)).encode()
        self._block = 0
        self._drawn: list[int] = []

    def uniform(self) -> float:
        """Draw from the open interval (0, 1)."""
        if not self._drawn:
            digest = blake2b(self._key, salt=self._block.to_bytes(16, "little")).digest()
            self._drawn.extend(_BLOCK.unpack(digest))
            self._block += 1
        return (self._drawn.pop() + 0.5) / 4_294_967_296

    def happens(self, rate: float) -> bool:
        """Say yes at the given rate, 0–1."""
        return self.uniform() < rate

    def below(self, limit: int) -> int:
        """Draw a whole number from 0 to limit - 1."""
        return int(self.uniform() * limit)

    def letters(self, count: int) -> str:
        """Draw so many of the 16 hexadecimal digits, up to 128."""
        self._block += 1
        return blake2b(self._key, salt=self._block.to_bytes(16, "big")).hexdigest()[:count]

    def pick(self, items: Sequence[T]) -> T:
        """Draw one of the items."""
        return items[int(self.uniform() * len(items))]

    def normal(self) -> float:
        """Draw from the standard normal distribution."""
        return _STANDARD.inv_cdf(self.uniform())


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


class Rendering(msgspec.Struct, frozen=True):
    """What a provider has of one film: its key there, the rows by file name, and the faults planted in them.

    There is no key where the film's row cannot be read.
    """

    key: str | None
    rows: dict[str, list[Row]]
    planted: tuple[str, ...] = ()


class Provider(Protocol):
    """A provider: the name of the source that reads it, its files (the main one first), and how it has a film."""

    @property
    def name(self) -> str:
        """The source's name."""

    @property
    def files(self) -> tuple[FileFormat, ...]:
        """The files of a delivery."""

    def render(self, film: Film) -> Rendering | None:
        """Return what the provider has of the film, or None where it has nothing."""
