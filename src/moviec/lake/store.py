"""Where the lake's files lie: a local folder or any fsspec URL. A file appears whole or not at all, and is checked when read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from fsspec.implementations.local import LocalFileSystem

from moviec.errors import MovieCError, StoreError
from moviec.lake.distant import Options, open_files, told

#: What follows a file's name in that of the file with its SHA-256.
SUM = ".sha256"

#: The folder of payloads, whose names are their sums.
RAW = "raw"

#: What became of a file that was put: written, there already, or put in the place of damaged bytes.
Kept = Literal["written", "there", "healed"]


class Store:
    """Names such as `raw/ab/abcd…` below one root; written once, never changed.

    Beside every file but payloads stands its SHA-256. It is compared when a file is first read; a file of a home that
    has none yet gets it then.
    """

    def __init__(self, url: str, cache: Path, options: Options | None = None) -> None:
        """Open the store at `url`; files of a distant one are read through copies in `cache`."""
        self._root = url
        with self._failing("it"):
            self._files, root = open_files(url, options or {})
        self._root = root.rstrip("/")
        self._local = isinstance(self._files, LocalFileSystem)
        self._cache = cache
        self._checked: set[str] = set()

    @property
    def root(self) -> str:
        """The address of the whole, for messages."""
        return self._root

    def put(self, ready: Path, name: str) -> Kept:
        """Store a finished local file under `name`; the same bytes may be there already.

        Damaged bytes are replaced by the sound ones. Raises StoreError where other bytes have the name.
        """
        with self._copying(ready, name) as (part, total, _):
            return self._put(part, name, total)

    def keep(self, ready: Path) -> tuple[Kept, str, int]:
        """Store a file's bytes under their own SHA-256; return what became of them, the sum, and how many they are.

        What counts is what was written here, should the file change meanwhile.
        """
        with self._copying(ready, f"{RAW}/{ready.name}") as (part, total, size):
            return self._put(part, raw_name(total), total), total, size

    def has(self, name: str) -> bool:
        """Return whether the file exists."""
        with self._failing(name):
            return bool(self._files.exists(self._place(name)))

    def path(self, name: str) -> Path:
        """Return a local path to a file's bytes. Raises StoreError where there is none, or where it is damaged."""
        here = self._fetched(name)
        if name not in self._checked:
            said, there = self.sum_of(name), digest(here)
            if said is None:
                with contextlib.suppress(OSError):  # a home that may only be read
                    self._write_sum(name, there)
            elif said != there:
                raise StoreError(f"{name} is damaged", self._root, "run `moviec doctor --repair`")
            self._checked.add(name)
        return here

    def is_sound(self, name: str) -> bool:
        """Return whether a file's bytes are those that were written; true of one whose sum is not known."""
        try:
            return self.sum_of(name) in (None, digest(self._fetched(name)))
        except StoreError:
            return False

    def sum_of(self, name: str) -> str | None:
        """Return the SHA-256 that a file should have; None where none is known."""
        if name.startswith(f"{RAW}/"):
            return name.rpartition("/")[2]
        with self._failing(name):
            try:
                return bytes(self._files.cat_file(self._place(name + SUM))).decode("ascii", "replace").strip()
            except FileNotFoundError:
                return None

    def names(self, folder: str) -> list[str]:
        """Return the names below a folder, in order."""
        with self._failing(folder):
            there = self._files.exists(self._place(folder))
            found = self._files.find(self._place(folder)) if there else []
        names = (path[len(self._root) + 1 :] for path in found)
        return sorted(name for name in names if not name.endswith((SUM, ".part")))

    def remove(self, name: str) -> None:
        """Remove a file that nothing refers to."""
        with self._failing(name):
            self._files.rm_file(self._place(name))
            if self._files.exists(self._place(name + SUM)):
                self._files.rm_file(self._place(name + SUM))
        self._forget(name)

    def move(self, name: str, to: str) -> None:
        """Give a file another name; nothing may have that name."""
        if self.has(to):
            raise StoreError(f"{to} is there already", self._root, "move it away")
        with self._failing(name):
            self._files.makedirs(self._place(to).rpartition("/")[0], exist_ok=True)
            self._files.mv(self._place(name), self._place(to))
            if self._files.exists(self._place(name + SUM)):
                self._files.rm_file(self._place(name + SUM))
        self._forget(name)

    @contextmanager
    def _copying(self, ready: Path, name: str) -> Iterator[tuple[Path, str, int]]:
        """Copy a file to where it will be stored; give the copy, its SHA-256 and its size. The copy goes afterwards."""
        folder = self._here(name).parent if self._local else self._cache
        part = folder / f".{uuid.uuid4().hex}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            yield part, *_copied(ready, part)
        except OSError as error:
            raise StoreError(
                f"cannot write {name} ({error.strerror or error})", self._root, "make room, run again"
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def _put(self, part: Path, name: str, total: str) -> Kept:
        kept = self._standing(name, total)
        if kept != "there":
            self._write(part, name, total)
        elif self.sum_of(name) is None:
            self._write_sum(name, total)
        self._checked.add(name)
        return kept

    def _standing(self, name: str, total: str) -> Kept:
        """Return what putting bytes with this sum comes to; raises StoreError where other sound bytes are there."""
        if not self.has(name):
            return "written"
        there = digest(self._fetched(name, anew=True))
        if there == total:
            return "there"
        if self.sum_of(name) == total:
            return "healed"
        raise StoreError(f"other bytes are kept as {name}", self._root, "see `moviec doctor`")

    def _fetched(self, name: str, anew: bool = False) -> Path:
        """Return where a file's bytes are here, copied from a distant store once, or `anew`."""
        if self._local:
            here = self._here(name)
            if not here.exists():
                raise StoreError(f"{name} is missing", self._root, "see `moviec doctor`")
            return here
        here = self._cache / name
        if anew or not here.exists():
            here.parent.mkdir(parents=True, exist_ok=True)
            part = here.with_name(f".{here.name}.{uuid.uuid4().hex}")
            with self._failing(name):
                self._files.get_file(self._place(name), str(part))
            part.replace(here)
        return here

    def _write(self, part: Path, name: str, total: str) -> None:
        """Bring a file to its place, its sum first: a crash leaves nothing, a sum alone, or both."""
        self._write_sum(name, total)
        if self._local:
            self._here(name).parent.mkdir(parents=True, exist_ok=True)
            part.replace(self._here(name))
            _sync(self._here(name).parent)
            return
        with self._failing(name):
            self._files.put_file(str(part), self._place(name))
        self._forget(name)

    def _write_sum(self, name: str, total: str) -> None:
        if name.startswith(f"{RAW}/"):
            return
        if not self._local:
            with self._failing(name):
                self._files.pipe_file(self._place(name + SUM), total.encode())
            return
        part = self._here(name).with_name(f".{uuid.uuid4().hex}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w") as target:
            target.write(total)
            target.flush()
            os.fsync(target.fileno())
        part.replace(self._here(name + SUM))

    def _forget(self, name: str) -> None:
        self._checked.discard(name)
        if not self._local:
            (self._cache / name).unlink(missing_ok=True)

    def _here(self, name: str) -> Path:
        return Path(self._place(name))

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _failing(self, name: str) -> Iterator[None]:
        """Turn what goes wrong with a file into a StoreError."""
        try:
            with told(name):
                yield
        except StoreError:
            raise
        except MovieCError as error:
            raise StoreError(f"{name} cannot be reached: {error.what}", self._root, error.hint) from error


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def raw_name(sha256: str) -> str:
    """Return the name of the payload with this SHA-256."""
    return f"{RAW}/{sha256[:2]}/{sha256}"


def _copied(ready: Path, part: Path) -> tuple[str, int]:
    """Copy a file, bring the copy to disk, and return the SHA-256 of what was written, and how many bytes."""
    total, size = hashlib.sha256(), 0
    with ready.open("rb") as source, part.open("wb") as target:
        while chunk := source.read(1 << 22):
            target.write(chunk)
            total.update(chunk)
            size += len(chunk)
        target.flush()
        os.fsync(target.fileno())
    return total.hexdigest(), size


def _sync(folder: Path) -> None:
    """Bring a folder's names to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
