"""Trying again what failed for a while: after growing pauses, or after as long as the other side asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
import stamina
from stamina.instrumentation import set_on_retry_hooks

from moviec.errors import TransportError

T = TypeVar("T")

#: An answer that asks for a longer pause than this is not waited for, in seconds.
LONGEST_PAUSE = 300.0

# By default stamina logs each try with the call's arguments, which may hold a password, where a command's answer goes.
set_on_retry_hooks([])


class Patience(msgspec.Struct, frozen=True):
    """How many seconds the other side may be silent, and the pauses before each further try, in seconds."""

    timeout: float = 60.0
    pauses: tuple[float, ...] = (1.0, 4.0, 16.0)


def patiently(act: Callable[[], T], patience: Patience) -> T:
    """Do what may fail for a while, and again after each pause; a longer one where the other side asks for it."""
    pauses = iter(patience.pauses)

    def pause(error: Exception) -> bool | float:
        if not isinstance(error, TransportError) or error.after > LONGEST_PAUSE:
            return False
        return max(next(pauses, 0.0), error.after)

    for attempt in stamina.retry_context(on=pause, attempts=len(patience.pauses) + 1, timeout=None):
        with attempt:
            return act()
    raise AssertionError("stamina ends with a result or an error")
