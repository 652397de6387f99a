"""Workers killed with -9 while they publish: every change is there once, in order; bench/bench_killed.py has the whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.killing import Plan, run


@pytest.mark.slow
@pytest.mark.parametrize(
    "database", ["postgres", pytest.param("sqlite", marks=pytest.mark.nightly)], indirect=True
)
def test_workers_that_are_killed_leave_nothing_out_and_do_nothing_twice(
    tmp_path: Path, database: str
) -> None:
    workers = 1 if database.startswith("sqlite") else 2
    told = run(tmp_path, database, Plan(changes=90, films=25, rows=20, kills=1 + workers, workers=workers))
    assert told.wrong == []
    assert told.registered == 90
    assert told.kinds["created"] >= 25 and told.kinds["merged"] >= 1 and told.kinds["updated"] >= 10
