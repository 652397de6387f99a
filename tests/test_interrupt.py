"""A person's Ctrl-C is known by every name that the engine gives it."""

from __future__ import annotations

import duckdb
import pytest

from moviec.transient import is_interrupt


@pytest.mark.parametrize(
    ("error", "stopped"),
    [
        (KeyboardInterrupt(), True),
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), True),
        (RuntimeError("Query interrupted"), True),
        (duckdb.InvalidInputException("counting the rows of 'x' failed: KeyboardInterrupt: "), True),
        (duckdb.InvalidInputException("no such column"), False),
        (RuntimeError("something else"), False),
    ],
)
def test_an_interruption_is_known_by_each_of_its_names(error: BaseException, stopped: bool) -> None:
    assert is_interrupt(error) is stopped
