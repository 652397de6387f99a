"""`moviec demo`: the whole street on the bundled sample."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from moviec.cli.console import print_json, print_table, steps
from moviec.cli.lake import tell_outcome
from moviec.cli.report import picture
from moviec.cli.serve import PortOption, refuse_taken, run_server
from moviec.config import open_home
from moviec.pipeline.demo import Shown, run_demo
from moviec.pipeline.reports import open_folder
from moviec.rollup.charts import draw
from moviec.rollup.report import Question, answer, choose
from moviec.units import short_number


def demo(
    home: Annotated[Path, typer.Option("--home", help="Where the demo lives.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the site and the API, or stop after the build.")
    ] = True,
    port: PortOption = 8000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Build a catalogue of the bundled sample from six sources, and serve it to this machine, without keys."""
    place = open_home(home)
    if serve:
        refuse_taken("127.0.0.1", port)
    with steps(quiet=as_json) as tell:
        shown = run_demo(place, tell)
    drawing = place.folder / "genres.png"
    question = Question(kind="genres", first_year=1970, last_year=2023)
    with open_folder(shown.months, question, "full") as (engine, coverage):
        leaders = choose(answer(engine, question), 10, None)
        draw(picture(leaders, None, question, coverage.line(question)), drawing)
    if as_json:
        print_json(shown)
    else:
        _tell(shown, leaders, drawing)
    if serve:
        os.environ["MOVIEC_ANONYMOUS"] = (
            "true"  # for the server's processes; they listen to this machine alone
        )
        run_server(place, "127.0.0.1", port)


def _tell(shown: Shown, leaders: pa.Table, drawing: Path) -> None:
    """Print what was built, and where to look next."""
    home = drawing.parent
    _tell_deliveries(shown)
    tell_outcome(shown.catalogue)
    rows = [(row["name"], f"{row['movies']:,}", short_number(row["value"])) for row in leaders.to_pylist()]
    print_table("\nGenres by revenue, 1970–2023 (moviec report genres)", ("genre", "films", "revenue"), rows)
    print(f"\nmonths:  {shown.months}/genres/1994/1994-10.json and {len(shown.rollup.months) - 1} more")
    print(f"picture: {drawing}")
    print(
        f"next:    moviec show tt0114709 --home {home}; moviec sources imdb --home {home};"
        f" moviec report companies --measure c_rating --home {home}"
    )


def _tell_deliveries(shown: Shown) -> None:
    """Print what became of every file's rows."""
    counts = ("read", "kept", "merged", "skipped", "rejected", "repaired")
    rows = [
        (f"{delivery.source} {role}", *(f"{count[key]:,}" for key in counts))
        for delivery in shown.deliveries
        for role, count in delivery.report["rows"].items()
    ]
    print_table("Six sources: rows read = kept + merged + skipped + rejected", ("file", *counts), rows)
