"""Counts of requests by caller, in this process: a storage for `limits`.

Its own storage starts a thread for nearly every request and looks through all callers each time; here windows are equally
long, so the oldest stand first and are let go one by one.
"""

from __future__ import annotations

import time

from limits.storage import Storage


class Counts(Storage):
    """How often each caller asked in a window that began with the first request. For one thread: the event loop's."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        """Begin with nobody."""
        super().__init__()
        self._windows: dict[str, tuple[int, float]] = {}

    def __len__(self) -> int:
        """Say how many callers are remembered."""
        return len(self._windows)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong: nothing of a storage's own."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count; give how often the caller has asked."""
        now = time.time()
        while self._windows:
            oldest = next(iter(self._windows))
            if self._windows[oldest][1] > now:
                break
            del self._windows[oldest]
        count, until = self._windows.get(key, (0, now + expiry))
        self._windows[key] = (count + amount, until)
        return count + amount

    def get(self, key: str) -> int:
        """Say how often a caller has asked."""
        return self._windows.get(key, (0, 0.0))[0]

    def get_expiry(self, key: str) -> float:
        """Say when a caller's window ends, as seconds since 1970."""
        return self._windows.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Say that it works."""
        return True

    def reset(self) -> int:
        """Forget everyone; give how many that were."""
        forgotten = len(self._windows)
        self._windows.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget a caller."""
        self._windows.pop(key, None)
