"""Many small answers in one compressed file: an open pack that survives a killed process, and the finished file.

The lines of an open pack are in NAME.lines. NAME.journal records, line by line, how many bytes were complete when what
was reached; whatever follows the last of these is cut off when the pack is opened again.
"""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

CHUNK = 1 << 20


class Reached(msgspec.Struct, frozen=True):
    """How far a pack is: whole bytes, lines, packs finished before it, what the writer had reached (in its own terms),
    and the CRC-32 of those bytes.
    """

    bytes: int = 0
    lines: int = 0
    packs: int = 0
    at: Any = None
    crc: int = 0


class Pack:
    """An open pack in a folder; use it as a context."""

    def __init__(self, folder: Path, name: str) -> None:
        """Open the pack, with what an earlier process had completed."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._name = folder, name
        self._lines, self._journal = folder / f"{name}.lines", folder / f"{name}.journal"
        self.reached = self._read()
        self._data = self._lines.open("ab")
        self._data.truncate(self.reached.bytes)
        self._data.seek(self.reached.bytes)
        self._begin()

    def __enter__(self) -> Self:
        """Write into the pack until the block ends."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files; what is complete stays for the next process."""
        self._data.close()
        self._notes.close()

    def add(self, lines: Sequence[bytes], at: Any) -> None:
        """Write lines, and the progress reached with them."""
        text = b"".join(line + b"\n" for line in lines)
        self._data.write(text)
        self._data.flush()
        now = self.reached
        crc = zlib.crc32(text, now.crc)
        self.reached = Reached(now.bytes + len(text), now.lines + len(lines), now.packs, at, crc)
        self._notes.write(msgspec.json.encode(self.reached) + b"\n")
        self._notes.flush()

    def finish(self, role: str) -> Path | None:
        """Finish the pack as one compressed file, the same bytes for the same lines, and begin a new one; None for an
        empty pack.
        """
        if not self.reached.lines:
            return None
        number = self.reached.packs + 1
        packed = self._folder / f"{role}-{number:04}.jsonl.gz"
        part = packed.with_name(f"{packed.name}.part")
        with (
            self._lines.open("rb") as lines,
            part.open("wb") as target,
            gzip.GzipFile(filename="", mode="wb", fileobj=target, compresslevel=6, mtime=0) as file,
        ):
            shutil.copyfileobj(lines, file, CHUNK)
        _sync(part)
        part.replace(packed)
        self.reached = Reached(0, 0, number, self.reached.at)
        self._notes.close()
        self._begin()
        self._data.truncate(0)
        self._data.seek(0)
        return packed

    def finished(self, role: str) -> list[Path]:
        """Return the finished files in the folder, oldest first."""
        return sorted(self._folder.glob(f"{role}-[0-9]*.jsonl.gz"))

    def _begin(self) -> None:
        """Rewrite the journal with only its last line."""
        fresh = self._journal.with_name(f"{self._journal.name}.part")
        fresh.write_bytes(msgspec.json.encode(self.reached) + b"\n")
        _sync(fresh)
        fresh.replace(self._journal)
        self._notes = self._journal.open("ab")

    def _read(self) -> Reached:
        """Return the last complete line of the journal that matches the data."""
        text = self._journal.read_bytes() if self._journal.exists() else b""
        self._lines.touch()
        found, size, crc = Reached(), 0, 0
        with self._lines.open("rb") as lines:
            for line in text.split(b"\n"):
                try:
                    each = msgspec.json.decode(line, type=Reached)
                except msgspec.DecodeError:
                    continue
                more = lines.read(max(each.bytes - size, 0))
                size, crc = size + len(more), zlib.crc32(more, crc)
                if (each.bytes, each.crc) == (size, crc):
                    found = each
        return found


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
