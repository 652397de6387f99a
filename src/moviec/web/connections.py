"""How much of a server process one caller may take: its connections, running requests and open streams.

A caller is a key, or an address without a key. Probes are not counted, so there is always room to answer them. The
server beneath passes on requests, not connections: a thread checks this process's sockets a few times a second and
closes those that never send complete headers, idle ones, and too many from one address. Where a system does not list
sockets under /dev/fd nothing is checked.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import resource
import socket
import stat
import struct
import termios
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from moviec.bounds import LEAST_CONNECTIONS, Serving
from moviec.web.callers import counted_as
from moviec.web.errors import Problem

#: The share of a process's connections that may carry requests, and at which idle ones are closed; the rest is kept for probes.
BUSY, FULL = 0.75, 0.875

_SHORTLY = {"retry-after": "1"}


class Stream(msgspec.Struct, eq=False):
    """An open stream: the number of its caller's key, if any, and whether it must end because that is no longer in
    force.
    """

    key: int | None
    ended: bool = False


class OpenRequests:
    """Counts running requests in this process; used only from its event loop, except for `peers`."""

    def __init__(self, most: Serving) -> None:
        """Start empty."""
        self._most = most
        self._requests: Counter[str] = Counter()
        self._streams: Counter[str] = Counter()
        self._open: set[Stream] = set()
        self._in_all = 0
        #: Of each connection, by address and port of the other side: when its last request ended, infinite while one is
        #: running.
        self.peers: dict[tuple[str, int], float] = {}
        #: Whether a watcher removes closed connections from `peers`.
        self.watched = False

    @contextmanager
    def carried(self, client: tuple[str, int | str] | None) -> Iterator[None]:
        """Mark a connection as carrying a request while the block runs; some servers give its port as text."""
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
        """Count a request of a caller; return a function to call at its end. Raises Problem: 429 for the caller's
        limit, 503 for the common one.
        """
        if self._requests[who] >= self._most.requests:
            raise Problem(
                429, f"more than {self._most.requests} requests at once", "too_many_at_once", headers=_SHORTLY
            )
        if self._in_all >= BUSY * self._most.connections_in_all:
            raise Problem(503, "too many requests at once", "busy", headers=_SHORTLY)
        self._requests[who] += 1
        self._in_all += 1

        def leave() -> None:
            self._in_all -= 1
            _less(self._requests, who)

        return leave

    @contextmanager
    def stream(self, who: str, key: int | None) -> Iterator[Stream]:
        """Count a stream while the block runs. Raises Problem (429) if the caller is at the limit."""
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
        """Raise Problem (429) if a caller is at the limit of streams."""
        if self._streams[who] >= self._most.streams:
            raise Problem(
                429, f"more than {self._most.streams} streams at once", "too_many_at_once", headers=_SHORTLY
            )

    def keys_of_streams(self) -> set[int]:
        """Return the numbers of the keys of open streams."""
        return {stream.key for stream in self._open if stream.key is not None}

    def end_streams(self, keys: Collection[int]) -> None:
        """End the streams of keys that are no longer in force."""
        for stream in self._open:
            if stream.key in keys:
                stream.ended = True


def _less(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if counter[name] <= 0:
        del counter[name]


#: Seconds between checks, and for which a response may wait for a caller that does not read it.
EVERY, STALLED = 0.25, 600.0

#: Files that a process opens besides connections: the database, the index, the log.
_OTHER_FILES = 256

_FILES = Path("/dev/fd")


class Connection(msgspec.Struct):
    """A connection: its number in the system, the other side, and when it was first seen."""

    inode: int
    peer: tuple[str, int]
    opened: float


class Connections:
    """The connections of this process to the port that it listens on."""

    def __init__(self, most: Serving, requests: OpenRequests, trusted: Callable[[str], bool]) -> None:
        """Start empty. `trusted` proxies may have any number of connections."""
        self._most, self._requests, self._trusted = most, requests, trusted
        self._known: dict[int, Connection | None] = {}
        self._ports: set[int] = set()
        requests.watched = True

    def look(self, now: float) -> int:
        """Close connections that must be closed; return how many."""
        files = dict(_sockets())
        self._known = {inode: known for inode, known in self._known.items() if inode in files}
        self._ports = self._ports or _listening(files.values())
        if not self._ports:
            return 0
        for inode, file in files.items():
            if inode not in self._known:
                self._known[inode] = _connection(inode, file, self._ports, now)
        here = [known for known in self._known.values() if known is not None]
        self._forget({known.peer for known in here}, now)
        closing = self._to_close(here, files, now)
        return sum(_close(files[each.inode], each) for each in closing)

    def _forget(self, here: set[tuple[str, int]], now: float) -> None:
        """Drop the idle times of closed connections."""
        peers = self._requests.peers
        for peer, rests in list(peers.items()):
            if peer not in here and rests < now - 2 * EVERY:
                peers.pop(peer, None)

    def _to_close(self, here: list[Connection], files: dict[int, int], now: float) -> list[Connection]:
        """Return the connections that are idle for too long, and beyond the limits per address and in all, the longest
        idle ones.
        """
        resting = sorted(
            (
                (self._requests.peers.get(each.peer, each.opened), each)
                for each in here
                if self._requests.peers.get(each.peer, 0.0) != math.inf
            ),
            key=lambda pair: pair[0],
        )
        chosen = {each.inode: each for since, each in resting if self._is_over(each, files, now - since)}
        left = [each for _, each in resting if each.inode not in chosen]
        for beyond, some in self._beyond(here, left, len(chosen)):
            chosen.update({each.inode: each for each in some[:beyond]})
        return list(chosen.values())

    def _is_over(self, each: Connection, files: dict[int, int], rests: float) -> bool:
        served = each.peer in self._requests.peers
        if rests <= min(self._most.head, self._most.idle):
            return False
        if served and _unsent(files[each.inode]):
            return rests > STALLED
        return rests > (self._most.idle if served else self._most.head)

    def _beyond(
        self, here: list[Connection], left: list[Connection], closing: int
    ) -> Iterator[tuple[int, list[Connection]]]:
        """Yield how many connections of an address, and in all, are too many, with the idle ones."""
        open_: dict[str, int] = defaultdict(int)
        rest: dict[str, list[Connection]] = defaultdict(list)
        for each in here:
            open_[counted_as(each.peer[0])] += 1
        for each in left:
            rest[counted_as(each.peer[0])].append(each)
        for address, some in rest.items():
            if (beyond := open_[address] - self._most.connections) > 0 and not self._trusted(address):
                yield beyond, some
        if (beyond := len(here) - closing - int(FULL * self._most.connections_in_all)) > 0:
            yield beyond, left


def watch(most: Serving, requests: OpenRequests, trusted: Callable[[str], bool]) -> None:
    """Start watching this process's connections."""
    if not _FILES.exists():
        return
    connections = Connections(most, requests, trusted)

    def run() -> None:
        while True:
            time.sleep(EVERY)
            with contextlib.suppress(OSError):  # out of file handles: the next check may succeed
                connections.look(time.monotonic())

    threading.Thread(target=run, name="moviec-connections", daemon=True).start()


def allowed_here(most: Serving) -> Serving:
    """Let this process open as many files as the system allows; return the resulting limits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most.connections_in_all + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    room = math.inf if soft == resource.RLIM_INFINITY else max(soft - _OTHER_FILES, LEAST_CONNECTIONS)
    return msgspec.structs.replace(most, connections_in_all=int(min(most.connections_in_all, room)))


def _sockets() -> Iterator[tuple[int, int]]:
    """Yield the sockets that this process has open: the system's number of each, and its file."""
    for path in _FILES.iterdir():
        with contextlib.suppress(OSError, ValueError):
            fact = os.fstat(int(path.name))
            if stat.S_ISSOCK(fact.st_mode):
                yield fact.st_ino, int(path.name)


@contextlib.contextmanager
def _opened(file: int) -> Iterator[socket.socket]:
    """Yield a socket of our own for a file of the server's, which may be closed at any moment."""
    with socket.socket(fileno=os.dup(file)) as found:
        yield found


def _listening(files: Iterable[int]) -> set[int]:
    """Return the ports that this process listens on."""
    ports = set()
    for file in files:
        with contextlib.suppress(OSError), _opened(file) as found:
            if found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                ports.add(found.getsockname()[1])
    return ports


def _connection(inode: int, file: int, ports: set[int], now: float) -> Connection | None:
    """Return a socket's connection; None if it is not a connection to us."""
    with contextlib.suppress(OSError), _opened(file) as found:
        if found.family not in (socket.AF_INET, socket.AF_INET6) or found.getsockname()[1] not in ports:
            return None
        host, port, *_ = found.getpeername()
        return Connection(inode, (host, port), now)
    return None


def _unsent(file: int) -> bool:
    """Return whether sent bytes wait that the other side has not received."""
    try:
        (waiting,) = struct.unpack("i", fcntl.ioctl(file, termios.TIOCOUTQ, bytes(4)))
    except OSError:
        return False
    return bool(waiting)


def _close(file: int, known: Connection) -> bool:
    """Close a connection, if the file is still that one."""
    with contextlib.suppress(OSError), _opened(file) as found:
        if found.getpeername()[:2] == known.peer:
            found.shutdown(socket.SHUT_RDWR)
            return True
    return False
