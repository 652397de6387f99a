"""Rollups as tables: films that count, their entries, and the sums by genre or company, year and month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine, Engine
from moviec.model import BEFORE_RELEASE, GIVEN_UP, status_is
from moviec.sql import filled, read_sql

#: The fields of a record that a rollup needs.
FIELDS = (
    "released",
    "status",
    "runtime",
    "genres",
    "companies",
    "budget",
    "revenue",
    "popularity",
    "ratings",
)


#: The statements of this package.
SQL = read_sql("moviec.rollup", "rollup.sql")


class Counting(msgspec.Struct, frozen=True):
    """Which films count, and how films with several genres count.

    By default films released by the day the file was `delivered` (UTC), with known revenue. `full` counts a film fully
    under each of its genres, `even` divides it among them. `since` is the first day that counts.
    """

    since: dt.date = dt.date.min
    delivered: dt.date = dt.date.max
    any_status: bool = False
    any_revenue: bool = False
    split: Literal["full", "even"] = "full"


def films_sql(counting: Counting, numeric_keys: bool) -> str:
    """Return the SQL over `records` for the films that count: movie, released, amounts, genres[], companies[]."""
    parts = {
        "since": counting.since.isoformat(),
        "out": _out(counting),
        "any_status": str(counting.any_status),
        "any_revenue": str(counting.any_revenue),
        "key_type": _key_type(numeric_keys),
    }
    return filled(SQL["films"], parts)


def summary_sql(counting: Counting) -> str:
    """Return the SQL over `records` for groups of films with the same reasons for counting, and what was set to
    unknown.
    """
    return filled(SQL["summary"], {"out": _out(counting)})


def entries_sql(numeric_keys: bool) -> str:
    """Return the SQL over `films` for one row per film and genre, and per film and company."""
    return filled(SQL["entries"], {"key_type": _key_type(numeric_keys)})


def monthly(engine: Engine, split: str, genre_labels: pa.Table) -> pa.Table:
    """Sum the engine's `entries` by kind, genre or company, year and month.

    `genre_labels`: label, id, name. Returns kind, id, name, year, month, movies, movies_millionths, budget, revenue,
    profit (whole dollars), *_known (films behind each), popularity_* (millionths), votes, movie_ids; in order.
    """
    return in_order(engine, monthly_sums(engine, split, genre_labels))


def monthly_sums(engine: Engine, split: str, genre_labels: pa.Table) -> pa.Table:
    """Return the rows of `monthly`, unordered. Those of a genre or a company depend only on its own entries."""
    name_parts(engine, [split])
    name_labels(engine, genre_labels)
    return engine.query(SQL["monthly"])


def in_order(engine: Engine, sums: pa.Table) -> pa.Table:
    """Put the rows of `monthly_sums` in the order of month files: the highest grossing of a month first."""
    engine.register("monthly_sums", sums)
    return engine.query(
        "SELECT * FROM monthly_sums ORDER BY kind, year, month, revenue DESC, movies DESC, name, id"
    )


def name_parts(engine: Engine, splits: Sequence[str]) -> None:
    """Create the view `parts` of the engine's `entries`: whole and divided, or one of them."""
    name_splits(engine, splits)
    engine.view("parts", SQL["parts"])


def name_splits(engine: Engine, splits: Sequence[str]) -> None:
    """Register ways of counting as `splits` (split, even)."""
    engine.register(
        "splits", pa.table({"split": list(splits), "even": [split == "even" for split in splits]})
    )


def name_labels(engine: Engine, genre_labels: pa.Table) -> None:
    """Register the meanings of genre labels (label, id, name) as `genre_labels`."""
    engine.register("genre_labels", genre_labels)


def name_catalogue(engine: Engine, films: pa.Table, entries: pa.Table) -> None:
    """Create the view `entries` of catalogue films: movie, year, month and amounts; kind, entry, name, movie, place."""
    engine.register("film", films)
    engine.register("entry", entries)
    engine.view("entries", SQL["catalogue_entries"])


def _out(counting: Counting) -> str:
    """Return the SQL condition that a film is released: as in the catalogue, a status from before the release ends with
    its date.
    """
    return (
        f"coalesce(CASE WHEN {status_is('status', GIVEN_UP)} THEN false"
        f" WHEN {status_is('status', BEFORE_RELEASE)} THEN released <= DATE '{counting.delivered}' END, true)"
    )


def _key_type(numeric_keys: bool) -> str:
    return "BIGINT" if numeric_keys else "VARCHAR"


class Account(msgspec.Struct, frozen=True):
    """A summary of the records: films that count on any day, those left out by reason, and values set to unknown by
    rule.
    """

    counting: int
    films: dict[str, int]
    problems: dict[str, int]


def name_films(engine: DuckEngine, counting: Counting, numeric_keys: bool, work: Path) -> int:
    """Write the films that count to the Parquet file `work`, and create the views `films` and `entries`."""
    counted = engine.write(films_sql(counting, numeric_keys), work)
    engine.parquet("films", [work])
    engine.view("entries", entries_sql(numeric_keys))
    return counted


def account(engine: DuckEngine, counting: Counting) -> Account:
    """Scan the view `records` once: what counts by `counting`, what does not and why, and what was set to unknown."""
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
    """Return why the films of a group do not count, if they do not."""
    if not group["dated"]:
        return "without_date"
    if not (group["out_already"] or counting.any_status):
        return "not_released"
    return "counting" if group["earned"] or counting.any_revenue else "without_revenue"
