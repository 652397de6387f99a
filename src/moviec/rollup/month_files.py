"""The files of the one-shot job: month files, the films behind them, rejected rows, and the run's own record.

Everything is written to a staging folder and moved into place when complete, so that a crash leaves the old files
unchanged.
"""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.errors import StoreError, UsageError
from moviec.measures import KINDS
from moviec.rollup.monthly import SQL
from moviec.sql import filled
from moviec.work import written_aside

FILMS = "films.parquet"
REJECTED = "rejected.csv"
LAST_RUN = "last-run.json"
STAGING = ".staging"
LOCK = ".lock"

#: The names of month files, whichever format they have.
_MONTH_FILE = re.compile("[0-9]{4}-[0-9]{2}[.](json|parquet)")

_Read = TypeVar("_Read")

#: Kind, year and month.
_Place: TypeAlias = tuple[str, int, int]


class Layout(msgspec.Struct, frozen=True):
    """The layout of month files: their format, and whether they have names and movie ids."""

    format: Literal["json", "parquet"] = "json"
    metadata: bool = True
    split: Literal["full", "even"] = "full"


@contextmanager
def exclusive(out: Path) -> Iterator[Path]:
    """Lock the folder `out` and yield an empty staging folder in it; a dead process releases the lock by itself.

    Raises UsageError for a folder with anything but a rollup.
    """
    _check(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / LOCK).open("w")
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


def _check(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UsageError("this is a file, not a folder", str(out), "choose another --out")
    if out.is_dir() and not (out / LAST_RUN).exists():
        others = {path.name for path in out.iterdir()} - {LOCK, STAGING}
        if others:
            raise UsageError(
                f"the folder holds something else ({min(others)})", str(out), "choose an empty or a new --out"
            )


def stage_months(engine: DuckEngine, months: pa.Table, staging: Path, layout: Layout) -> list[str]:
    """Write one file per kind and month below `staging`; return the months ("1995-12") in order."""
    written = set()
    for (kind, year, month), content in _contents(engine, months, layout):
        name = f"{year:04}-{month:02}"
        folder = staging / kind / f"{year:04}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.{layout.format}").write_bytes(content)
        written.add(name)
    return sorted(written)


def stage_films(engine: DuckEngine, films: Path, out: Path, since: dt.date) -> None:
    """Stage the films behind the figures (`films`), with those before `since` as the last run in `out` left them."""
    old, staged = out / FILMS, out / STAGING / FILMS
    if since == dt.date.min or not old.exists():
        shutil.copyfile(films, staged)
        return
    kept = f"SELECT * FROM read_parquet({quoted(str(old))}) WHERE released < DATE '{since}'"
    engine.write(f"{kept} UNION ALL BY NAME SELECT * FROM films ORDER BY movie", staged)


def swap(staging: Path, out: Path, since: str) -> list[str]:
    """Move staged files into place, each in one step; then remove months from `since` ("1995-12") on that no longer
    exist.

    Returns the removed months.
    """
    removed = set()
    staged = {path.relative_to(staging) for path in staging.rglob("*") if path.is_file()}
    for folder in sorted({path.parent for path in staged}):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for path in sorted(staged):
        replace(staging / path, out / path)
    for kind in KINDS:
        for old in sorted((out / kind).glob("[0-9][0-9][0-9][0-9]/*.*")):
            if _MONTH_FILE.fullmatch(old.name) and old.stem >= since and old.relative_to(out) not in staged:
                old.unlink()
                removed.add(old.stem)
        for year in sorted((out / kind).glob("[0-9][0-9][0-9][0-9]")):
            if not any(year.iterdir()):
                year.rmdir()
    return sorted(removed - {path.stem for path in staged})


def replace(ready: Path, path: Path) -> None:
    """Put a finished file in place of another by one rename: a killed process leaves either the old or the new file.

    It is not synced to disk: after a power cut the job is run again, and a thousand syncs cost more than the job.
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


def months_in(out: Path) -> list[str]:
    """Return the months of a rollup's folder, in order."""
    found = (path for kind in KINDS for path in (out / kind).glob("[0-9][0-9][0-9][0-9]/*.*"))
    return sorted({path.stem for path in found if _MONTH_FILE.fullmatch(path.name)})


def read_json(path: Path, kind: type[_Read]) -> _Read | None:
    """Read a value of this kind; None for a missing one, or one of an older version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_json(value: Any, path: Path) -> None:
    """Write a value as indented JSON, replacing the file atomically."""
    with written_aside(path) as ready:
        ready.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def _contents(engine: DuckEngine, months: pa.Table, layout: Layout) -> Iterator[tuple[_Place, bytes]]:
    """Yield the content of each month's file, in order."""
    if layout.format == "json":
        engine.register("months", months)
        for kind, year, month, text in _rows(engine.query(_month_text(layout))):
            yield (kind, year, month), text.encode()
        return
    from pyarrow import parquet  # imported here, since few runs need it and loading it is slow

    dropped = ["kind", *([] if layout.metadata else ["name", "movie_ids"])]
    start = 0
    for place, group in groupby(_rows(months.select(["kind", "year", "month"]))):
        rows = sum(1 for _ in group)
        sink = pa.BufferOutputStream()
        parquet.write_table(months.slice(start, rows).drop_columns(dropped).combine_chunks(), sink)
        yield place, sink.getvalue().to_pybytes()
        start += rows


def _month_text(layout: Layout) -> str:
    parts = {
        "split": layout.split,
        "movies": "movies" if layout.split == "full" else "movies_millionths / 1e6",
        "named": "'name': name," if layout.metadata else "",
        "behind": ", 'movie_ids': movie_ids" if layout.metadata else "",
    }
    return filled(SQL["month_text"], parts)


def _rows(table: pa.Table) -> Iterator[Any]:
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def month_of(day: dt.date) -> str:
    """Return a day's month: "1995-12"."""
    return f"{day.year:04}-{day.month:02}"
