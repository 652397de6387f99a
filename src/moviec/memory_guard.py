"""Ends a process that is about to use up the machine's memory with one line, before the kernel ends it, or another, without one.

What a run writes appears whole or not at all, so that ending it here loses no more than Ctrl-C does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

#: The share of the machine's (or the container's) memory that a process may take, and the share that is left free of it when a
#: process that has half of it must stop.
SHARE, FREE = 0.9, 0.03

_EVERY = 0.25
_STATM = Path("/proc/self/statm")
_MEMINFO = Path("/proc/meminfo")
_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@contextmanager
def guarded_memory() -> Iterator[None]:
    """Watch this process's memory while the block runs; on systems without /proc nothing is watched."""
    ended = Event()
    if _STATM.exists() and _MEMINFO.exists():
        Thread(target=_watch, args=(_there(), ended), name="memory", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def over(taken: int, there: int, free: int) -> bool:
    """Return whether a process that has taken so many bytes of those there are must stop."""
    return taken > SHARE * there or (taken > there / 2 and free < FREE * there)


def _watch(there: int, ended: Event) -> None:
    page = os.sysconf("SC_PAGE_SIZE")
    while not ended.wait(_EVERY):
        taken = int(_STATM.read_text().split()[1]) * page
        if over(taken, there, _meminfo("MemAvailable")):
            print(
                f"moviec: this run took {taken / 1e9:.1f} of the machine's {there / 1e9:.1f} GB and was ended; set memory lower"
                " (docs/settings.md), or give it a machine with more",
                file=sys.stderr,
                flush=True,
            )
            os._exit(1)


def _there() -> int:
    """Return the bytes of memory that there are: the machine's, or what a container may take of it."""
    limits = [path.read_text().strip() for path in _CGROUPS if path.exists()]
    return min([_meminfo("MemTotal"), *(int(limit) for limit in limits if limit.isdigit())])


def _meminfo(name: str) -> int:
    line = next(line for line in _MEMINFO.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
