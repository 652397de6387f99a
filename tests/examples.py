"""How many examples a property is tried on: a few in `make check`, which meets others each time; all in `make nightly`."""

from __future__ import annotations

import os

import pytest

#: `make nightly` sets it.
FULL = os.environ.get("MOVIEC_EXAMPLES") == "full"


def some(most: int) -> int:
    """Return how many examples to try of so many."""
    return most if FULL else max(2, most // 4)


#: For long tests that go by the catalogue's own SQL: on SQLite in `make check`, on PostgreSQL too in `make nightly`.
BOTH_AT_NIGHT = ["sqlite", pytest.param("postgres", marks=pytest.mark.nightly)]
