"""A name of an engine means what it was given last, whether rows, a file, a query or a kept result."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moviec.engine import DuckEngine

WAYS = ("register", "file", "view", "materialize")


def give(engine: DuckEngine, way: str, number: int, folder: Path) -> None:
    if way == "register":
        engine.register("named", pa.table({"n": [number]}))
    elif way == "file":
        pq.write_table(pa.table({"n": [number]}), folder / f"{number}.parquet")
        engine.register("named", folder / f"{number}.parquet")
    elif way == "view":
        engine.view("named", f"SELECT {number} AS n")
    else:
        engine.materialize("named", f"SELECT {number} AS n")


@pytest.mark.parametrize("ways", list(product(WAYS, WAYS, WAYS)), ids="-".join)
def test_the_last_meaning_counts(engine: DuckEngine, tmp_path: Path, ways: tuple[str, ...]) -> None:
    for number, way in enumerate(ways):
        give(engine, way, number, tmp_path)
        assert engine.query("SELECT n FROM named").to_pylist() == [{"n": number}]


def test_what_is_kept_may_be_made_of_what_the_name_meant(engine: DuckEngine) -> None:
    engine.view("named", "SELECT 1 AS n")
    engine.materialize("named", "SELECT n + 1 AS n FROM named")
    assert engine.query("SELECT n FROM named").to_pylist() == [{"n": 2}]


def test_a_file_that_was_written_again_is_read_as_it_is_now(engine: DuckEngine, tmp_path: Path) -> None:
    """What is remembered of files ends when they change."""
    file = tmp_path / "rows.parquet"
    for number in range(20):
        with DuckEngine(beside=engine) as other:
            other.write(f"SELECT {number} AS number FROM range({number % 3 + 1})", file)
        engine.parquet("rows_of_file", [file])
        assert engine.query("SELECT * FROM rows_of_file")["number"].to_pylist() == [number] * (number % 3 + 1)
