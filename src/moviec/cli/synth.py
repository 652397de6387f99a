"""`moviec synth`: writes made-up deliveries of any size in the providers' own formats, and the truth about them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moviec.cli.console import print_json, steps
from moviec.synth.deliver import invent_deliveries
from moviec.units import plural


def synth(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the deliveries are written.")],
    movies: Annotated[int, typer.Option(help="How many films to make up.")],
    seed: Annotated[int, typer.Option(help="Equal seeds give equal bytes.")] = 1,
    other_titles: Annotated[
        int,
        typer.Option(
            help="Titles in IMDb's files that are not films: episodes, series, games. IMDb has nine for each film."
        ),
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was planted as JSON.")] = False,
) -> None:
    """Make up deliveries of six providers in their own formats, faults included, and write the truth about them."""
    with steps(quiet=as_json) as tell:
        planted = invent_deliveries(folder, movies, seed, tell, other_titles)
    if as_json:
        print_json(planted)
        return
    print(
        f"films: {planted.films:,} in {folder} (the truth: films.jsonl, truth.csv, faults.csv, planted.json)"
    )
    for source, records in planted.records.items():
        print(
            f"{source}: {plural(records, 'record', 'records')}, {plural(sum(planted.faults[source].values()), 'planted fault', 'planted faults')}"
        )
