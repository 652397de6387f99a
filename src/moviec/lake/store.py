"""Where the lake's files lie: a local folder or any fsspec URL. A file appears whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fsspec.implementations.local import LocalFileSystem

from moviec.errors import MovieCError, StoreError
from moviec.lake.distant import Options, open_files, told


class Store:
    """Names such as `raw/ab/abcd…` below one root; written once, never changed."""

    def __init__(self, url: str, cache: Path, options: Options | None = None) -> None:
        """Open the store at `url`; files of a distant one are read through copies in `cache`."""
        self._root = url
        with self._failing("it"):
            self._files, root = open_files(url, options or {})
        self._root = root.rstrip("/")
        self._local = isinstance(self._files, LocalFileSystem)
        self._cache = cache

    def put(self, ready: Path, name: str) -> None:
        """Store a finished local file under `name`, unless it is there already."""
        if self.has(name):
            return
        if not self._local:
            with self._failing(name):
                self._files.put_file(str(ready), self._place(name))
            return
        try:
            self._put_here(ready, Path(self._place(name)))
        except OSError as error:
            raise StoreError(
                f"cannot write {name} ({error.strerror or error})", self._root, "make room, run again"
            ) from error

    def has(self, name: str) -> bool:
        """Say whether there is a file of this name."""
        with self._failing(name):
            return bool(self._files.exists(self._place(name)))

    def path(self, name: str) -> Path:
        """Give a local path to a file's bytes; raises StoreError where there is none."""
        here = Path(self._place(name)) if self._local else self._cache / name
        if not self._local and not here.exists():
            here.parent.mkdir(parents=True, exist_ok=True)
            part = here.with_name(f".{here.name}.{uuid.uuid4().hex}")
            with self._failing(name):
                self._files.get_file(self._place(name), str(part))
            part.replace(here)
        if not here.exists():
            raise StoreError(f"{name} is missing", self._root, "see `moviec doctor`")
        return here

    def names(self, folder: str) -> list[str]:
        """List the names below a folder, in order."""
        with self._failing(folder):
            there = self._files.exists(self._place(folder))
            found = self._files.find(self._place(folder)) if there else []
        return sorted(path[len(self._root) + 1 :] for path in found)

    def remove(self, name: str) -> None:
        """Remove a file that nothing refers to."""
        with self._failing(name):
            self._files.rm_file(self._place(name))
        (self._cache / name).unlink(missing_ok=True)

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _failing(self, name: str) -> Iterator[None]:
        """Turn what goes wrong with a file into a StoreError."""
        try:
            with told(name):
                yield
        except MovieCError as error:
            raise StoreError(f"{name} cannot be reached: {error.what}", self._root, error.hint) from error

    @staticmethod
    def _put_here(ready: Path, place: Path) -> None:
        """Copy aside, bring to disk, rename: a crash leaves nothing or the whole file."""
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        with ready.open("rb") as source, part.open("wb") as target:
            while chunk := source.read(1 << 22):
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        part.replace(place)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
