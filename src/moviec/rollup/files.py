"""The files of the one-shot job: month files, the films behind them, rejected rows, and the run's own record.

Everything is written aside and moved into place when whole, so that a crash leaves the old files as they were.
"""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from moviec.engine import DuckEngine
from moviec.engine.duck import quoted
from moviec.errors import StoreError
from moviec.model import MILLION
from moviec.rollup.monthly import KINDS

FILMS = "films.parquet"
REJECTED = "rejected.csv"
LAST_RUN = "last-run.json"
STAGING = ".staging"


class Layout(msgspec.Struct, frozen=True):
    """How month files look: their format, and whether names and movie ids stand beside the figures."""

    format: Literal["json", "parquet"] = "json"
    metadata: bool = True
    split: Literal["full", "even"] = "full"


@contextmanager
def exclusive(out: Path) -> Iterator[Path]:
    """Hold the folder `out` alone and give an empty staging folder in it; a dead process lets go by itself."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("w")
    except OSError as error:
        raise StoreError(f"cannot write here ({error.strerror})", str(out)) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError("another run is writing here", str(out), "wait for it to end") from error
        staging = out / STAGING
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def stage_months(months: pa.Table, staging: Path, layout: Layout) -> list[str]:
    """Write one file per kind and month below `staging`; return the months ("1995-12") in order."""
    written = set()
    start = 0
    places = zip(*(months[name].to_pylist() for name in ("kind", "year", "month")), strict=True)
    for (kind, year, month), group in groupby(places):
        rows = sum(1 for _ in group)
        name = f"{year:04}-{month:02}"
        folder = staging / kind / f"{year:04}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.{layout.format}"
        part = months.slice(start, rows)
        if layout.format == "json":
            path.write_bytes(_month_json(kind, (year, month), part, layout))
        else:
            pq.write_table(_plain(part, layout), path)
        written.add(name)
        start += rows
    return sorted(written)


def stage_films(engine: DuckEngine, films: Path, out: Path, since: dt.date) -> None:
    """Stage the films behind the figures (`films`), with those before `since` as the last run in `out` left them."""
    old, staged = out / FILMS, out / STAGING / FILMS
    if since == dt.date.min or not old.exists():
        shutil.copyfile(films, staged)
        return
    kept = f"SELECT * FROM read_parquet({quoted(str(old))}) WHERE released < DATE '{since}'"
    engine.write(f"{kept} UNION ALL BY NAME SELECT * FROM films ORDER BY movie", staged)


def swap(staging: Path, out: Path, since: str) -> None:
    """Move staged files into place, each in one step; then remove months from `since` ("1995-12") on that are no more."""
    staged = {path.relative_to(staging) for path in staging.rglob("*") if path.is_file()}
    for path in sorted(staged):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        replace(staging / path, out / path)
    for kind in KINDS:
        for old in sorted((out / kind).glob("[0-9][0-9][0-9][0-9]/*.*")):
            if old.stem >= since and old.relative_to(out) not in staged:
                old.unlink()
        for year in sorted((out / kind).glob("[0-9][0-9][0-9][0-9]")):
            if not any(year.iterdir()):
                year.rmdir()


def replace(ready: Path, path: Path) -> None:
    """Put a finished file in place of another by one rename: a process that dies leaves the one or the other.

    It is not forced to disk: after a power cut the job is run again, and a thousand such waits cost more than the job.
    """
    ready.replace(path)


def write_rejected(tables: Iterable[pa.Table], path: Path) -> None:
    """Write rejected rows as CSV: file (its role), line, reason, text."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "line", "reason", "text"])
        for table in tables:
            writer.writerows(
                [row["role"], row["line"], row["reason"], row["text"]] for row in table.to_pylist()
            )


def write_json(value: Any, path: Path) -> None:
    """Write a value as indented JSON, in place of what was there, in one step."""
    ready = path.with_name(f".{path.name}.new")
    ready.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    replace(ready, path)


def _plain(part: pa.Table, layout: Layout) -> pa.Table:
    dropped = ["kind", *([] if layout.metadata else ["name", "movie_ids"])]
    return part.drop_columns(dropped).combine_chunks()


def _month_json(kind: str, when: tuple[int, int], part: pa.Table, layout: Layout) -> bytes:
    year, month = when
    figures = [_figure(row, layout) for row in part.to_pylist()]
    document = {"year": year, "month": month, "split": layout.split, kind: figures}
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _figure(row: dict[str, Any], layout: Layout) -> dict[str, Any]:
    """Shape one row for people: popularity in its usual decimals, a divided film as a fraction."""
    whole = row["movies"] if layout.split == "full" else row["movies_millionths"] / MILLION
    popularity = {name: _decimal(row[f"popularity_{name}"]) for name in ("sum", "mean", "median", "max")}
    figure = {
        "id": row["id"],
        "name": row["name"],
        "movies": whole,
        "budget": row["budget"],
        "revenue": row["revenue"],
        "profit": row["profit"],
        "known": {name: row[f"{name}_known"] for name in ("budget", "revenue", "profit")},
        "popularity": popularity,
        "votes": row["votes"],
        "movie_ids": row["movie_ids"],
    }
    return figure if layout.metadata else {k: v for k, v in figure.items() if k not in ("name", "movie_ids")}


def _decimal(millionths: int | None) -> float | None:
    return None if millionths is None else millionths / MILLION


def month_of(day: dt.date) -> str:
    """Name a day's month: "1995-12"."""
    return f"{day.year:04}-{day.month:02}"
