"""Counts of requests by caller, in one process or shared by the workers of one server: storages for `limits`.

The storage of `limits` starts a thread for nearly every request, scans all callers each time, and serves one process
only.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from limits.storage import Storage

#: The environment's name for the file in which workers count together.
SHARED = "MOVIEC_COUNTS"


class Table(Protocol):
    """Where windows are kept: requests counted and the window's end (seconds since 1970) by caller."""

    def add(self, key: str, seconds: int, amount: int) -> int:
        """Count; return the caller's requests in the current window of so many seconds."""

    def find(self, key: str) -> tuple[int, float]:
        """Return a caller's count and the window's end; 0 and now for an unknown caller."""

    def clear(self) -> None:
        """Drop all windows."""


class Own:
    """Windows of one process. They are equally long, so the oldest come first and are dropped one by one."""

    def __init__(self) -> None:
        """Start empty."""
        self._windows: dict[str, tuple[int, float]] = {}

    def __len__(self) -> int:
        """Return the number of callers."""
        return len(self._windows)

    def add(self, key: str, seconds: int, amount: int) -> int:
        """Count."""
        now = time.time()
        while self._windows:
            oldest = next(iter(self._windows))
            if self._windows[oldest][1] > now:
                break
            del self._windows[oldest]
        count, until = self._windows.get(key, (0, now + seconds))
        self._windows[key] = (count + amount, until)
        return count + amount

    def find(self, key: str) -> tuple[int, float]:
        """Return a caller's window."""
        return self._windows.get(key) or (0, time.time())

    def clear(self) -> None:
        """Drop all windows."""
        self._windows.clear()


class Together:
    """Windows of several processes, in a file that all of them map: a table of hashes, each with a few slots.

    If all slots of a hash are taken, the window that ends first is replaced, and its caller starts a new one early.
    """

    SLOTS, PLACES = 1 << 16, 8
    _SLOT = struct.Struct("<QQd")

    def __init__(self, path: Path) -> None:
        """Map the file, creating it if missing."""
        size = self.SLOTS * self._SLOT.size
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self._file, size)  # keeps what others have written
        self._map = mmap.mmap(self._file, size)

    def add(self, key: str, seconds: int, amount: int) -> int:
        """Count."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            place, mark, count, until = self._look(key)
            now = time.time()
            if until <= now:
                count, until = 0, now + seconds
            self._SLOT.pack_into(self._map, place, mark, count + amount, until)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        return count + amount

    def find(self, key: str) -> tuple[int, float]:
        """Return a caller's window."""
        _, _, count, until = self._look(key)
        return (count, until) if until else (0, time.time())

    def clear(self) -> None:
        """Drop all windows."""
        self._map[:] = bytes(len(self._map))

    def _look(self, key: str) -> tuple[int, int, int, float]:
        """Return a caller's place, mark, count and window's end; for one without, the slot to use, 0 and 0."""
        mark = int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) | 1
        ends = []
        for step in range(self.PLACES):
            place = (mark + step) % self.SLOTS * self._SLOT.size
            held, count, until = self._SLOT.unpack_from(self._map, place)
            if held == mark:
                return place, mark, count, until
            ends.append((until, place))
        return min(ends)[1], mark, 0, 0.0


class Counts(Storage):
    """A table of windows with the interface of `limits`."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        """Count together with the other workers, if any."""
        super().__init__()
        shared = os.environ.get(SHARED)
        self._table: Table = Together(Path(shared)) if shared else Own()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong with the file."""
        return OSError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count; return how often the caller has asked."""
        return self._table.add(key, expiry, amount)

    def get(self, key: str) -> int:
        """Return how often a caller has asked."""
        return self._table.find(key)[0]

    def get_expiry(self, key: str) -> float:
        """Return when a caller's window ends, as seconds since 1970."""
        return self._table.find(key)[1]

    def check(self) -> bool:
        """Return that it works."""
        return True

    def reset(self) -> None:
        """Drop all windows."""
        self._table.clear()

    def clear(self, key: str) -> None:
        """Drop a caller's window."""
        self._table.add(key, 0, -self.get(key))
