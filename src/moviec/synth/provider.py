"""What every provider's writer is made with: repeatable chance, rows written as each format has them, and the interface it has."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import count
from pathlib import Path
from statistics import NormalDist
from typing import Literal, Protocol, TypeAlias, TypeVar

import msgspec

from moviec.synth.film import Film

T = TypeVar("T")

_BLOCK = struct.Struct("<16I")
#: Level 6, zlib's usual one, packs IMDb's files a fifth smaller and takes four times as long, a twentieth of all the work.
_LEVEL = 1
_standard = NormalDist().inv_cdf


class Chance:
    """Uniform draws read off BLAKE2b of the place and a block number: the same on every machine and version."""

    #: Draws from the open interval (0, 1).
    uniform: Callable[[], float]

    def __init__(self, *place: int | str) -> None:
        self._key = "/".join(map(str, place)).encode()
        self._blocks = count()
        self.uniform = _uniform(self._key, self._blocks).__next__

    def happens(self, rate: float) -> bool:
        """Say yes at the given rate, 0–1."""
        return self.uniform() < rate

    def below(self, limit: int) -> int:
        """Draw a whole number from 0 to limit - 1."""
        return int(self.uniform() * limit)

    def letters(self, count: int) -> str:
        """Draw so many of the 16 hexadecimal digits, up to 128."""
        salt = next(self._blocks) + 1
        return blake2b(self._key, salt=salt.to_bytes(16, "big")).hexdigest()[:count]

    def pick(self, items: Sequence[T]) -> T:
        """Draw one of the items."""
        return items[int(self.uniform() * len(items))]

    def normal(self) -> float:
        """Draw from the standard normal distribution."""
        return _standard(self.uniform())


def _uniform(key: bytes, blocks: Iterator[int]) -> Iterator[float]:
    for block in blocks:
        digest = blake2b(key, salt=block.to_bytes(16, "little")).digest()
        for drawn in reversed(_BLOCK.unpack(digest)):
            yield (drawn + 0.5) / 4_294_967_296


#: A row is its cells, or the text itself where it is JSON or deliberately malformed.
Row: TypeAlias = Sequence[str] | str


class FileFormat(msgspec.Struct, frozen=True):
    """How a provider writes one of its files; `header` is empty for JSON. TSV cells must hold no tab or line break.

    A file named .gz is gzipped in pieces that follow each other, without a date and a name inside, so that equal rows are equal bytes.
    """

    name: str
    kind: Literal["csv", "tsv", "jsonl", "json"]
    header: tuple[str, ...] = ()
    delimiter: str = ","
    newline: str = "\n"

    def encoded(self, rows: Iterable[Row]) -> bytes:
        """Write rows as a piece of the file; between pieces of JSON a comma is due."""
        line, between = self.line, ",\n" if self.kind == "json" else ""
        text = between.join([row if isinstance(row, str) else line(row) for row in rows])
        data = text.encode()
        return gzip.compress(data, compresslevel=_LEVEL, mtime=0) if self.name.endswith(".gz") else data

    def line(self, cells: Sequence[str]) -> str:
        """Write cells as one row."""
        if self.kind == "tsv":
            return "\t".join(cells) + "\n"
        text = self.delimiter.join(cells)
        if '"' in text or "\n" in text or "\r" in text or text.count(self.delimiter) >= len(cells):
            text = self.delimiter.join([_quoted(cell, self.delimiter) for cell in cells])
        return text + self.newline


def _quoted(cell: str, delimiter: str) -> str:
    """Quote a cell of CSV that would be read as another without (RFC 4180)."""
    if delimiter in cell or '"' in cell or "\n" in cell or "\r" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell


class DeliveryFile:
    """One open file, to be closed; `rows` counts what was written besides the header."""

    def __init__(self, folder: Path, format: FileFormat) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.format = format
        self.rows = 0
        self._file = (folder / format.name).open("wb")
        self._file.write(format.encoded([format.header]) if format.header else b"")
        self._file.write(b"[\n" if format.kind == "json" else b"")

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows in order."""
        self.append(self.format.encoded(rows), len(rows))

    def append(self, piece: bytes, rows: int) -> None:
        """Write a piece of so many rows that the format has encoded."""
        if not rows:
            return
        if self.format.kind == "json" and self.rows:
            self._file.write(b",\n")
        self._file.write(piece)
        self.rows += rows

    def close(self) -> None:
        """End the file as its format demands."""
        self._file.write(b"\n]" if self.format.kind == "json" else b"")
        self._file.close()


class Rendering(msgspec.Struct, frozen=True, gc=False):
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
        """Return what the provider has of the film, whatever other films there are, or None where it has nothing."""


class Memory(Protocol):
    """What a provider's file holds of the films before, where a film's rows depend on them."""

    @property
    def file(self) -> str:
        """The file in which they do."""

    def settle(self, number: int, rendering: Rendering) -> Rendering | None:
        """Return what is left of the rendering of a film, by its number, after those before; the films come in order."""
