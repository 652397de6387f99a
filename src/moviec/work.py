"""Temporary folders that end with their process: each is locked while it is used, and one whose process was killed is
removed by the next run. Files that appear under their name once they are whole are written in such folders.
"""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: What the names of such folders begin with; nothing else may be named so.
PREFIX = "moviec.work-"


@contextmanager
def work_folder(within: Path | None = None, prefix: str = PREFIX, clear: bool = True) -> Iterator[Path]:
    """Make a temporary folder for the block, removed at its end; first `clear` away those of runs that were killed.

    `within`: another place than the system's folder for temporary files, with a prefix of its own.
    """
    place = within or Path(tempfile.gettempdir())
    if clear:
        remove_left(place, prefix)
    folder, lock = _locked(place, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a file to write, of a name that no other process has; at the end of the block it takes the place of `path`.

    A block that fails leaves what was there; what a killed process left is removed by the next that writes this file.
    An OSError that names a temporary file is raised with `path` instead, which the caller knows.
    """
    prefix = f".{path.name}.part-"
    try:
        with work_folder(path.parent, prefix) as aside:
            part = aside / path.name
            yield part
            part.replace(path)
    except OSError as error:
        if prefix not in str(error.filename):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def left_behind(place: Path, prefix: str = PREFIX) -> list[Path]:
    """List the folders there whose process is gone."""
    found = []
    for folder in sorted(place.glob(f"{glob.escape(prefix)}*")):
        if (lock := _try_lock(folder)) is not None:
            os.close(lock)
            found.append(folder)
    return found


def remove_left(place: Path | None = None, prefix: str = PREFIX) -> None:
    """Remove the folders there (else in the system's folder for temporary files) whose process is gone."""
    place = place or Path(tempfile.gettempdir())
    for folder in place.glob(f"{glob.escape(prefix)}*"):
        if (lock := _try_lock(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _locked(place: Path, prefix: str) -> tuple[Path, int]:
    """Make a folder and lock it; once more where another run took it for a dead one's before it was locked."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        lock = _try_lock(folder)
        if lock is not None and folder.exists():
            return folder, lock
        if lock is not None:
            os.close(lock)


def _try_lock(folder: Path) -> int | None:
    """Lock a folder and return the descriptor that holds the lock; None where it is in use, gone, or another user's."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor
    return None
