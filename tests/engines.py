"""Engines for tests: each sees nothing of the others, and opens at once beside the one that this process keeps (50 ms)."""

from __future__ import annotations

from functools import cache

from moviec.engine import DuckEngine


@cache
def first_engine() -> DuckEngine:
    """Return the engine that the others stand beside; tests/conftest.py closes it at the end."""
    return DuckEngine()


def new_engine() -> DuckEngine:
    """Return an empty engine, to be closed."""
    return DuckEngine(beside=first_engine())
