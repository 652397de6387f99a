"""How much of a server process is taken at once: requests under way and open streams, by caller and in all.

A caller is a key, or an address where no key is shown. Probes are not counted, so that what is kept free answers them.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import msgspec

from moviec.bounds import Serving
from moviec.web.errors import Problem

#: The share of a process's connections that may carry requests, and at which idle ones are closed; the rest is kept for probes.
BUSY, FULL = 0.75, 0.875

_SHORTLY = {"retry-after": "1"}


class Stream(msgspec.Struct, eq=False):
    """An open stream: the number of its caller's key, if any, and whether it is to end because that is not in force any more."""

    key: int | None
    ended: bool = False


class OpenRequests:
    """Counts what is under way in this process; used from its event loop alone, but for `peers`."""

    def __init__(self, most: Serving) -> None:
        """Begin with nothing."""
        self._most = most
        self._requests: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()
        self._open: set[Stream] = set()
        self._in_all = 0
        #: Of each connection, by address and port of the other side: when its last request ended, infinite while one is under way.
        self.peers: dict[tuple[str, int], float] = {}
        #: Whether somebody looks after `peers` and forgets connections that are closed.
        self.watched = False

    @contextmanager
    def carried(self, client: tuple[str, int | str] | None) -> Iterator[None]:
        """Note that a connection carries a request while the block runs; some servers write its port as text."""
        if client is None or not self.watched:
            yield
            return
        peer = client[0], int(client[1])
        self.peers[peer] = math.inf
        try:
            yield
        finally:
            self.peers[peer] = time.monotonic()

    def enter(self, who: str) -> Callable[[], None]:
        """Count a request of a caller; return what to call at its end. Raises Problem: 429 for the caller's, 503 for everybody's."""
        if self._requests[who] >= self._most.requests:
            raise Problem(
                429, f"more than {self._most.requests} requests at once", "too_many_at_once", headers=_SHORTLY
            )
        if self._in_all >= BUSY * self._most.connections_in_all:
            raise Problem(503, "too many requests are under way", "busy", headers=_SHORTLY)
        self._requests[who] += 1
        self._in_all += 1

        def leave() -> None:
            self._in_all -= 1
            _less(self._requests, who)

        return leave

    @contextmanager
    def stream(self, who: str, key: int | None) -> Iterator[Stream]:
        """Count a stream while the block runs. Raises Problem (429) where the caller has as many as one may."""
        self.check_streams(who)
        stream = Stream(key)
        self._streams[who] += 1
        self._open.add(stream)
        try:
            yield stream
        finally:
            self._open.discard(stream)
            _less(self._streams, who)

    def check_streams(self, who: str) -> None:
        """Raise Problem (429) where a caller has as many streams as one may."""
        if self._streams[who] >= self._most.streams:
            raise Problem(
                429, f"more than {self._most.streams} streams at once", "too_many_at_once", headers=_SHORTLY
            )

    def keys_of_streams(self) -> set[int]:
        """Return the numbers of the keys that streams were opened with."""
        return {stream.key for stream in self._open if stream.key is not None}

    def end_streams(self, keys: Collection[int]) -> None:
        """End the streams of keys that are not in force any more."""
        for stream in self._open:
            if stream.key in keys:
                stream.ended = True


def _less(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if counter[name] <= 0:
        del counter[name]
