"""Trying again what failed for a while: after growing pauses, or after as long as the other side asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import msgspec

from moviec.errors import TransportError

T = TypeVar("T")

#: An answer that asks for a longer pause than this is not waited for, in seconds.
LONGEST_PAUSE = 300.0


class Patience(msgspec.Struct, frozen=True):
    """How many seconds the other side may be silent, and the pauses before each further try, in seconds."""

    timeout: float = 60.0
    pauses: tuple[float, ...] = (1.0, 4.0, 16.0)


def patiently(act: Callable[[], T], patience: Patience) -> T:
    """Do what may fail for a while, and again after each pause; a longer one where the other side asks for it."""
    for pause in patience.pauses:
        try:
            return act()
        except TransportError as error:
            if error.after > LONGEST_PAUSE:
                raise
            time.sleep(max(pause, error.after))
    return act()
