"""The lake's files: in a local folder or at any fsspec URL. A file appears whole or not at all, and is checked when
read.

A payload's name is its SHA-256. Next to any other file is `NAME.sha256`, one line as `sha256sum -c` reads it, written
before the file itself: so the lake can be checked without a catalogue.
"""

from __future__ import annotations

import enum
import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
from fsspec.implementations.local import LocalFileSystem

from moviec.errors import DamagedError, MovieCError, StoreError
from moviec.storage.filesystems import Options, open_files, shown, translated
from moviec.transient import remedy

SUM = ".sha256"

PAYLOADS = "raw/"

#: Bytes read at a time.
CHUNK = 1 << 22


class Put(enum.Enum):
    """The outcome of storing a file: stored, already there, or damaged bytes replaced."""

    STORED = "stored"
    KNOWN = "known"
    MENDED = "mended"


class State(enum.Enum):
    """The state of a file of the lake by its checksum."""

    SOUND = "sound"
    DAMAGED = "damaged"
    UNRECORDED = "without a checksum"


class Kept(msgspec.Struct, frozen=True):
    """A file that was stored under a name made of its SHA-256: the name, its size, and the outcome."""

    sha256: str
    size: int
    put: Put


def _mends(name: str) -> str:
    """Return how to repair a damaged file of the lake."""
    if name.startswith(PAYLOADS):
        return "ingest the same file again, or restore it from the backup"
    return "`moviec doctor --repair` rebuilds it, or says why it cannot"


class Store:
    """Names such as `raw/ab/abcd…` below one root; written once, never changed."""

    def __init__(
        self,
        url: str,
        cache: Path,
        options: Options | None = None,
        mends: Callable[[str], str] = _mends,
    ) -> None:
        """Open the store at `url`; files of a remote one are read through copies in `cache`.

        `mends` returns what to do about a damaged file.
        """
        self._root, self._mends = url, mends
        with self._failing("it"):
            self._files, root = open_files(url, options or {})
        self._root = root.rstrip("/")
        self._local = isinstance(self._files, LocalFileSystem)
        self._cache = cache
        self._sound: dict[str, tuple[int, int, int]] = {}

    def put(self, ready: Path, name: str) -> Put:
        """Store a finished local file under `name`.

        If the file exists already, its bytes are verified: damaged ones are replaced by these. Raises StoreError
        if they are intact but different.
        """
        with self._copied(ready) as (part, sha256):
            return self._settle(part, sha256, name)

    def keep(self, file: Path, name_of: Callable[[str], str]) -> Kept:
        """Store a file that may change meanwhile under a name made of the SHA-256 of the bytes that are stored."""
        with self._copied(file) as (part, sha256):
            size = part.stat().st_size
            return Kept(sha256, size, self._settle(part, sha256, name_of(sha256)))

    def has(self, name: str) -> bool:
        """Return whether the file exists."""
        with self._failing(name):
            return bool(self._files.exists(self._place(name)))

    def path(self, name: str) -> Path:
        """Return a local path to a file's bytes, verified once per process.

        Raises StoreError for a missing file, DamagedError if it does not match its checksum.
        """
        here = Path(self._place(name)) if self._local else self._cache / name
        cached = not self._local and here.exists()
        if not self._local and not cached:
            self._fetch(name, here)
        if not here.exists():
            raise StoreError(f"{name} is missing", self._root, "see `moviec doctor`")
        if not self._is_sound(name, here) and cached:
            self._fetch(name, here)
        if not self._is_sound(name, here):
            raise DamagedError(
                f"{name} is damaged: it does not match its checksum", self._root, self._mends(name)
            )
        return here

    def check(self, name: str) -> State:
        """Read a file's stored bytes, and compare them with its checksum."""
        recorded = self._recorded(name)
        if recorded is None:
            return State.UNRECORDED
        return State.SOUND if self._sha256(name) == recorded else State.DAMAGED

    def record(self, name: str) -> None:
        """Write the checksum of a file stored before checksums existed."""
        self._record(name, self._sha256(name))

    def names(self, folder: str) -> list[str]:
        """List the names below a folder, in order; without checksums."""
        return [name for name in self._listed(folder) if not name.endswith(SUM)]

    def unrecorded(self, folder: str) -> list[str]:
        """List the names below a folder that have no checksum."""
        every = set(self._listed(folder))
        return sorted(name for name in every if not name.endswith(SUM) and name + SUM not in every)

    def remove(self, name: str) -> None:
        """Remove a file that nothing refers to, and its checksum."""
        with self._failing(name):
            self._files.rm_file(self._place(name))
            if self._files.exists(self._place(name + SUM)):
                self._files.rm_file(self._place(name + SUM))
        (self._cache / name).unlink(missing_ok=True)

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with all files below it, where no other process writes."""
        with self._failing(folder):
            if self._files.exists(self._place(folder)):
                self._files.rm(self._place(folder), recursive=True)
        if not self._local:
            shutil.rmtree(self._cache / folder, ignore_errors=True)

    def move(self, name: str, to: str) -> None:
        """Rename a file and its checksum; the new name must be free."""
        if self.has(to):
            raise StoreError(f"{to} exists already", self._root, "move it away")
        recorded = self._recorded(name)
        with self._failing(name):
            self._files.makedirs(self._place(to).rpartition("/")[0], exist_ok=True)
            self._files.mv(self._place(name), self._place(to))
            if self._files.exists(self._place(name + SUM)):
                self._files.rm_file(self._place(name + SUM))
        if recorded:
            self._record(to, recorded)
        (self._cache / name).unlink(missing_ok=True)

    def drop_copy(self, name: str) -> None:
        """Remove this host's copy of a distant file, if any."""
        if not self._local:
            (self._cache / name).unlink(missing_ok=True)

    @property
    def root(self) -> str:
        """The address of the root, for messages."""
        return self._root

    def clear_parts(self) -> None:
        """Remove half-written files of killed processes."""
        for part in self._parts.glob("*"):
            with suppress(FileNotFoundError, BlockingIOError), part.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()

    def _place(self, name: str) -> str:
        return f"{self._root}/{name}"

    @property
    def _parts(self) -> Path:
        """Where files are written before they are put in place: on the same disk."""
        return (Path(self._root) if self._local else self._cache) / "parts"

    def _listed(self, folder: str) -> list[str]:
        with self._failing(folder):
            there = self._files.exists(self._place(folder))
            found = self._files.find(self._place(folder)) if there else []
        return sorted(path[len(self._root) + 1 :] for path in found)

    def _settle(self, part: Path, sha256: str, name: str) -> Put:
        became = Put.STORED
        if self.has(name):
            recorded, there = self._recorded(name), self._sha256(name)
            if there == sha256:
                if recorded != sha256:
                    self._record(name, sha256)
                return Put.KNOWN
            if recorded != sha256:
                raise StoreError(
                    f"{name} exists already, with different bytes", self._root, "see `moviec doctor`"
                )
            became = Put.MENDED
        elif not name.startswith(PAYLOADS):
            self._record(name, sha256)
        self._move(part, name)
        return became

    @contextmanager
    def _copied(self, file: Path) -> Iterator[tuple[Path, str]]:
        """Yield a copy of a file on the lake's disk, and the SHA-256 of what was copied."""
        digest = hashlib.sha256()
        with file.open("rb") as source, self._part(file.name) as (part, target):
            with self._writing(file.name):
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    digest.update(chunk)
                target.flush()
            yield part, digest.hexdigest()

    @contextmanager
    def _part(self, name: str) -> Iterator[tuple[Path, BinaryIO]]:
        """Yield a new file with a unique name to write; it is locked, which distinguishes it from a killed process's
        leftovers.
        """
        with self._writing(name):
            self._parts.mkdir(parents=True, exist_ok=True)
            part, file = _lock_new(self._parts)
        try:
            with file:
                yield part, file
        finally:
            part.unlink(missing_ok=True)

    def _move(self, part: Path, name: str) -> None:
        """Put a part in place; a crash leaves either nothing or the whole file."""
        here = Path(self._place(name)) if self._local else self._cache / name
        if not self._local:
            with self._failing(name):
                self._files.put_file(str(part), self._place(name))
        with self._writing(name):
            _rename(part, here)
        self._sound[name] = _signature(here)

    def _fetch(self, name: str, here: Path) -> None:
        """Copy a remote file into the cache."""
        part = here.with_name(f".{here.name}.{uuid.uuid4().hex}")
        part.parent.mkdir(parents=True, exist_ok=True)
        with self._failing(name):
            self._files.get_file(self._place(name), str(part))
        part.replace(here)

    def _is_sound(self, name: str, here: Path) -> bool:
        """Verify a local file or copy by its checksum, unless that was done and it has not changed since."""
        signature = _signature(here)
        if self._sound.get(name) == signature:
            return True
        recorded = self._recorded(name)
        with here.open("rb") as file:
            if recorded is not None and hashlib.file_digest(file, "sha256").hexdigest() != recorded:
                return False
        self._sound[name] = signature
        return True

    def _recorded(self, name: str) -> str | None:
        """Return a file's recorded SHA-256: empty if the checksum file is damaged, None if there is none."""
        if name.startswith(PAYLOADS):
            return name.rpartition("/")[2]
        if not self.has(name + SUM):
            return None
        with self._failing(name + SUM):
            line = bytes(self._files.cat_file(self._place(name + SUM)))
        sha256 = line[:64].decode("ascii", "replace")
        return sha256 if line == _line(name, sha256) else ""

    def _record(self, name: str, sha256: str) -> None:
        line = _line(name, sha256)
        if not self._local:
            with self._failing(name + SUM):
                self._files.pipe_file(self._place(name + SUM), line)
            return
        with self._part(name + SUM) as (part, file), self._writing(name + SUM):
            file.write(line)
            file.flush()
            _rename(part, Path(self._place(name + SUM)))

    def _sha256(self, name: str) -> str:
        """Hash the stored bytes, not those of a cached copy."""
        digest = hashlib.sha256()
        with self._failing(name), self._files.open(self._place(name), "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    @contextmanager
    def _failing(self, name: str) -> Iterator[None]:
        """Convert a file's errors to StoreError."""
        try:
            with translated(name):
                yield
        except MovieCError as error:
            raise StoreError(
                f"{name} cannot be reached: {error.what}", shown(self._root), error.hint
            ) from error

    @contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        """Convert errors of a local file to StoreError."""
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"cannot write {name} ({error.strerror or error})", self._root, remedy(error) or ""
            ) from error


def _lock_new(folder: Path) -> tuple[Path, BinaryIO]:
    """Make a file of a new name and lock it; again if another process removed it as abandoned before it was locked."""
    while True:
        part = folder / uuid.uuid4().hex
        file = part.open("wb")
        fcntl.flock(file, fcntl.LOCK_EX)
        if part.exists():
            return part, file
        file.close()


def _line(name: str, sha256: str) -> bytes:
    return f"{sha256}  {name.rpartition('/')[2]}\n".encode()


def _signature(here: Path) -> tuple[int, int, int]:
    """Return values that change when a file is written to."""
    now = here.stat()
    return now.st_mtime_ns, now.st_size, now.st_ino


def _rename(part: Path, place: Path) -> None:
    """Sync a file to disk and rename it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
