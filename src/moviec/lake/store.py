"""Where the lake's files lie: a local folder or any fsspec URL. A file appears whole or not at all."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from moviec.errors import StoreError, TransportError


class Store:
    """Names such as `raw/ab/abcd…` below one root; written once, never changed."""

    def __init__(self, url: str, cache: Path) -> None:
        """Open the store at `url`; files of a distant one are read through copies in `cache`."""
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StoreError(f"this kind of lake cannot be opened ({error})", url) from error
        self._root = root.rstrip("/")
        self._local = isinstance(self._files, LocalFileSystem)
        self._cache = cache

    def put(self, ready: Path, name: str) -> None:
        """Store a finished local file under `name`, unless it is there already."""
        if self.has(name):
            return
        try:
            if self._local:
                self._put_here(ready, Path(self._place(name)))
            else:
                self._files.put_file(str(ready), self._place(name))
        except OSError as error:
            raise StoreError(
                f"cannot write {name} ({error.strerror or error})", self._root, "make room, run again"
            ) from error

    def has(self, name: str) -> bool:
        """Say whether there is a file of this name."""
        return bool(self._files.exists(self._place(name)))

    def path(self, name: str) -> Path:
        """Give a local path to a file's bytes; raises StoreError where there is none."""
        if self._local:
            here = Path(self._place(name))
            if not here.exists():
                raise StoreError(f"{name} is missing", self._root, "see `moviec doctor`")
            return here
        copy = self._cache / name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            part = copy.with_name(f".{copy.name}.{uuid.uuid4().hex}")
            try:
                self._files.get_file(self._place(name), str(part))
            except FileNotFoundError as error:
                raise StoreError(f"{name} is missing", self._root, "see `moviec doctor`") from error
            except OSError as error:
                raise TransportError(f"{name} cannot be fetched ({error})", self._root) from error
            part.replace(copy)
        return copy

    def names(self, folder: str) -> list[str]:
        """List the names below a folder, in order."""
        found = self._files.find(self._place(folder)) if self._files.exists(self._place(folder)) else []
        return sorted(path[len(self._root) + 1 :] for path in found)

    def remove(self, name: str) -> None:
        """Remove a file that nothing refers to."""
        self._files.rm_file(self._place(name))

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"

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
