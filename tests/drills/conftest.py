"""What every drill needs: how many rounds to run, in short form or in full, and one seed for all that is random."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from moviec.config import Home

#: `make drills` sets it, to "full" or to the most rounds of each drill; `make check` runs the short form.
ASKED = os.environ.get("MOVIEC_DRILLS", "")
FULL = bool(ASKED)

#: Drills choose at random, and the same every time.
SEED = int(os.environ.get("MOVIEC_DRILL_SEED", "20261129"))


def rounds(short: int, full: int) -> range:
    """Return the rounds of a drill: `short` in `make check`, `full` in `make drills`, or fewer where so many were asked for."""
    most = int(ASKED) if ASKED.isdecimal() else full
    return range(min(full, most) if FULL else short)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Return a source of random choices that depends on the seed and on the drill's name alone."""
    return random.Random(f"{SEED}/{request.node.nodeid}")


@pytest.fixture(scope="session")
def drilled(request: pytest.FixtureRequest) -> Home:
    """Give the home that is broken: the sample of six sources, in the short form the small one of two."""
    home: Home = request.getfixturevalue("demo_home" if FULL else "small_home")
    return home


def told(drill: str, times: int) -> None:
    """Print a drill's row of the table in docs/operations.md: all its rounds came to what they should."""
    print(f"| {drill} | {times} | 0 | 0 | 0 | 0 |")


HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands in this folder as a drill."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.drill)
