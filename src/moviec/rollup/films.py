"""The films a rollup is made of, and the account of those that were left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from moviec.engine import DuckEngine
from moviec.rollup.monthly import Counting, entries_sql, films_sql, summary_sql


class Account(msgspec.Struct, frozen=True):
    """What the records hold: films that count on any day, those left out by reason, and values set to unknown by rule."""

    counting: int
    films: dict[str, int]
    problems: dict[str, int]


def name_films(engine: DuckEngine, counting: Counting, numeric_keys: bool, work: Path) -> int:
    """Write the films that count to the Parquet file `work` and name them `films`, their entries `entries`."""
    counted = engine.write(films_sql(counting, numeric_keys), work)
    engine.parquet("films", [work])
    engine.view("entries", entries_sql(numeric_keys))
    return counted


def account(engine: DuckEngine, counting: Counting) -> Account:
    """Go over the view `records` once: what counts by `counting`, what does not and why, and what was mended."""
    groups = engine.query(summary_sql(counting)).to_pylist()
    problems: dict[str, int] = {}
    films = dict.fromkeys(("counting", "without_date", "not_released", "without_revenue"), 0)
    for group in groups:
        for problem in group["problems"]:
            problems[problem] = problems.get(problem, 0) + group["films"]
        films[_fate(group, counting)] += group["films"]
    return Account(
        counting=films.pop("counting"),
        films=films,
        problems=dict(sorted(problems.items())),
    )


def _fate(group: dict[str, Any], counting: Counting) -> str:
    """Say whether the films of a group count, or why not."""
    if not group["dated"]:
        return "without_date"
    if not (group["out_already"] or counting.any_status):
        return "not_released"
    return "counting" if group["earned"] or counting.any_revenue else "without_revenue"
