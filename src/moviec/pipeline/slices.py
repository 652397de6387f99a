"""Many movies fused slice by slice, as many slices at a time as there are cores: flat memory, the same rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine, Limits

#: Records in a slice: what setting out costs (a second) is then a tenth of the work, and two slices take some 2 GB.
SLICE = 50_000

Result = TypeVar("Result")
Work = Callable[[DuckEngine], Result]


class Sliced(msgspec.Struct, frozen=True):
    """What is cut by movie: a Parquet file of `members` in order of movie, and tables by name, each with `movie`; and what
    all slices together may take.
    """

    members: Path
    tables: Mapping[str, pa.Table]
    limits: Limits = Limits()
    records: int = SLICE


def work_in_slices(beside: DuckEngine, given: Sliced, work: Work[Result]) -> list[Result]:
    """Give what the work makes of each slice, in order of movie; one engine each, with the slice's members and tables.

    What is one slice is worked on beside the engine that is open; several have databases and cores of their own.
    """
    with DuckEngine(beside=beside) as engine:
        engine.parquet("members", [given.members])
        cuts = engine.query(_CUTS.format(slice=given.records)).to_pylist() or [{"first": 0, "last": 0}]
    cores = given.limits.threads or os.cpu_count() or 1
    at_once = max(1, min(cores, len(cuts)))
    each = msgspec.structs.replace(given.limits, threads=max(1, cores // at_once))

    def one(cut: Mapping[str, int]) -> Result:
        where = f"WHERE movie BETWEEN {cut['first']} AND {cut['last']}"
        with DuckEngine(each, beside if len(cuts) == 1 else None) as engine:
            engine.parquet("all_members", [given.members])
            engine.keep("members", f"SELECT * FROM all_members {where}")
            for name, table in given.tables.items():
                engine.table(f"all_{name}", table)
                engine.view(name, f"SELECT * FROM all_{name} {where}")
            return work(engine)

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, cuts))


_CUTS = """
SELECT min(movie) AS first, max(movie) AS last
FROM (SELECT movie, (sum(records) OVER (ORDER BY movie) - records) // {slice} AS slice
      FROM (SELECT movie, count(*) AS records FROM members GROUP BY movie))
GROUP BY slice ORDER BY slice"""
