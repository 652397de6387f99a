"""`moviec rollup`: runs the one-shot monthly job over a movies file."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from moviec.cli.console import (
    EngineName,
    EngineOption,
    MasterOption,
    check_delivered,
    end_with,
    print_json,
    running_on,
    steps,
)
from moviec.errors import UsageError
from moviec.pipeline.monthly_job import Job, Run, run_rollup
from moviec.rollup.month_files import Layout
from moviec.rollup.monthly import Counting
from moviec.units import plural

#: Rejected rows beyond this share need attention. The real Kaggle file has 3 broken records in 45,466.
MOST_REJECTED = 0.01


class Format(StrEnum):
    """The formats of month files."""

    json = "json"
    parquet = "parquet"


class Split(StrEnum):
    """How a film with several genres counts."""

    full = "full"
    even = "even"


def rollup(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="movies_metadata.csv, plain, .gz or .zip; credits and keywords may be given with it."
        ),
    ],
    since: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Rewrite only the months from this date's on."),
    ] = None,
    delivered_at: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="When the file was delivered: films released by then count; default: today.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder of the month files.")] = Path("rollup"),
    format: Annotated[Format, typer.Option(help="Format of the month files.")] = Format.json,
    metadata: Annotated[
        bool, typer.Option("--metadata/--no-metadata", help="Include names and movie ids with the figures.")
    ] = True,
    split: Annotated[
        Split, typer.Option(help="A film counts fully under each genre and company, or is divided evenly.")
    ] = Split.full,
    any_status: Annotated[
        bool, typer.Option("--any-status", help="Also count films that are unreleased or cancelled.")
    ] = False,
    any_revenue: Annotated[
        bool, typer.Option("--any-revenue", help="Also count films with unknown revenue.")
    ] = False,
    engine: EngineOption = EngineName.duckdb,
    master: MasterOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the run's record as JSON.")] = False,
) -> None:
    """Sum money and popularity by genre and production company, by month: DIR/genres/YEAR/YEAR-MM.json, …

    Exit status 3: done, but more than one row in a hundred was rejected (see rejected.csv), or most cells of a column could
    not be read. A run without a month to write fails, and leaves the month files as they were.
    """
    first = since.date().replace(day=1) if since else dt.date.min
    delivered = (delivered_at or dt.datetime.now(dt.UTC)).date()
    check_delivered(delivered)
    if first > delivered and not any_status:
        raise UsageError(
            f"no film released by {delivered} is from {first:%Y-%m} or later",
            "--since",
            "give an earlier month, or count unreleased films with --any-status",
        )
    counting = Counting(first, delivered, any_status, any_revenue, split.value)
    layout = Layout(format.value, metadata, split.value)
    with steps(quiet=as_json) as tell:
        run = run_rollup(Job(tuple(files), out, counting, layout, running=running_on(engine, master)), tell)
    if as_json:
        print_json(run)
    else:
        _tell(run, out)
    looks = [str(column) for column in run.unread if column.mostly]
    if any(count.rejected > MOST_REJECTED * count.read for count in run.rows.values()):
        looks.append(
            f"more than {MOST_REJECTED:.0%} of the rows could not be read: see {out / 'rejected.csv'}"
        )
    end_with(looks)


def _tell(run: Run, out: Path) -> None:
    """Print a summary of the run."""
    for role, count in run.rows.items():
        print(
            f"{role}: {plural(count.read, 'row', 'rows')} read = {count.kept:,} kept + {count.merged:,} merged"
            f" + {count.rejected:,} rejected ({count.repaired:,} repaired)"
        )
    left = ", ".join(
        f"{films:,} {reason.replace('_', ' ')}"
        for reason, films in run.films.items()
        if reason != "counted" and films
    )
    if run.died:
        print(f"the previous run, begun {run.died:%Y-%m-%d %H:%M} UTC, was interrupted")
    print(f"films counted: {run.films['counted']:,}" + (f" (left out: {left})" if left else ""))
    for role, columns in run.unknown_columns.items():
        print(f"{role}: unknown columns {', '.join(columns)}")
    for column in run.unread:
        if not column.mostly:  # those are reported at the end
            print(column)
    for rule, values in run.set_to_unknown.items():
        print(f"set to unknown: {values:,} × {rule.replace('_', ' ')}")
    span = f"{run.months[0]} to {run.months[-1]}" if run.months else "none"
    print(f"months written: {len(run.months):,} ({span}) in {out}")
    if run.months_there != run.months:
        there = run.months_there
        print(
            f"months in the folder: {len(there):,} ({there[0]} to {there[-1]})"
            if there
            else "no month in the folder"
        )
    if run.months_removed:
        first, last = run.months_removed[0], run.months_removed[-1]
        print(f"months removed: {len(run.months_removed):,} ({first} to {last}) without films in this input")
