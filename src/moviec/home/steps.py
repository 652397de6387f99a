"""The steps of a run: told while they go on, kept with how long they took and what they counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

Tell = Callable[[str], None]


class Step(msgspec.Struct, frozen=True):
    """One step of a run: what it was, seconds, counts."""

    name: str
    seconds: float
    counts: dict[str, int]


class Steps:
    """The record of a run while it goes on, and how it ended: done, or held."""

    def __init__(self, tell: Tell = lambda _: None) -> None:
        """Begin with none; `tell` hears the name of each."""
        self.done: list[Step] = []
        self.outcome = "done"
        self._tell = tell

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, int]]:
        """Do a step; what is put into the dictionary it gives is kept as its counts."""
        self._tell(name)
        counts: dict[str, int] = {}
        begun = time.monotonic()
        yield counts
        self.done.append(Step(name, round(time.monotonic() - begun, 3), counts))
