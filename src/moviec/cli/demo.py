"""`moviec demo`: the whole pipeline on the bundled sample."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from moviec.catalog.connect import connect
from moviec.catalog.queries import last_change
from moviec.cli.console import Tell, print_json, print_table, steps
from moviec.cli.delivery_messages import print_outcome
from moviec.cli.report import picture
from moviec.cli.serve import PortOption, refuse_taken, run_server
from moviec.cli.show import fresh_index
from moviec.config import Home, open_home
from moviec.measures import Question
from moviec.pipeline.demo import Shown, run_demo
from moviec.pipeline.report_films import open_folder
from moviec.rollup.charts import draw
from moviec.rollup.ranked import answer, choose
from moviec.units import short_number

#: Commands to try on the sample.
NEXT = ("moviec search terminator 1984", "moviec show tt0114709", "moviec report companies --years 1990-1999")


def demo(
    home: Annotated[Path, typer.Option("--home", help="The demo's home folder.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the site and the API, or stop after the build.")
    ] = True,
    online: Annotated[
        bool,
        typer.Option(
            "--online",
            help="Also query TMDB, Wikidata and OMDb: servers on this machine that imitate them.",
        ),
    ] = False,
    port: PortOption = 8000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Build a catalogue of the bundled sample from six sources, and serve it on this machine, without keys."""
    place = open_home(home)
    if serve:
        refuse_taken("127.0.0.1", port)
    with steps(quiet=as_json) as tell:
        shown = run_demo(place, tell, online)
        _index(place, tell)
    drawing = place.folder / "genres.png"
    question = Question(kind="genres", first_year=1970, last_year=2023)
    with open_folder(shown.months, question, "full") as (engine, coverage):
        leaders = choose(answer(engine, question), 10, None)
        draw(picture(leaders, None, question, coverage.line(question)), drawing)
    if as_json:
        print_json(shown)
    else:
        _tell(shown, leaders, drawing)
        _tell_next(place.folder, serve)
        sys.stdout.flush()  # the server may run for hours
    if serve:
        # For the server's processes, too; they listen only on this machine.
        os.environ["MOVIEC_ANONYMOUS"] = "true"
        os.environ.setdefault("MOVIEC_LOG", "server.log")
        run_server(open_home(home), "127.0.0.1", port)


def _index(home: Home, tell: Tell) -> None:
    """Build the search index beforehand: the site's first page needs it."""
    catalogue = connect(home.catalogue)
    with catalogue.connect() as connection:
        head = last_change(connection)
    fresh_index(home, catalogue, head, tell)
    catalogue.dispose()


def _tell(shown: Shown, leaders: pa.Table, drawing: Path) -> None:
    """Print what was built."""
    _tell_deliveries(shown)
    if shown.asked:
        print(
            "queried online, from servers on this machine: "
            + ", ".join(f"{name} {n:,}" for name, n in shown.asked.items())
        )
    print_outcome(shown.catalogue)
    rows = [(row["name"], f"{row['movies']:,}", short_number(row["value"])) for row in leaders.to_pylist()]
    print_table("\nGenres by revenue, 1970–2023 (moviec report genres)", ("genre", "films", "revenue"), rows)
    print(f"\nmonths:  {shown.months}/genres/1994/1994-10.json and {len(shown.rollup.months) - 1} more")
    print(f"picture: {drawing}")
    print("real: titles, dates, people and money (rounded); invented: ratings, votes and popularity")
    print(
        "planted on purpose: each source's errors and gaps, so that there is something to match and fuse (docs/sample.md)"
    )


def _tell_next(home: Path, serve: bool) -> None:
    """Print the next commands, ready to paste into a shell."""
    print(f"\nnext, in {'another terminal' if serve else 'this terminal'}:")
    activate = Path(sys.prefix) / "bin" / "activate"
    if shutil.which("moviec") is None and activate.is_file():
        print(f"  . {shlex.quote(_near(activate))}")
    print(f"  export MOVIEC_HOME={shlex.quote(str(home))}")
    for command in NEXT:
        print(f"  {command}")


def _near(path: Path) -> str:
    """Return a path relative to the current folder if it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _tell_deliveries(shown: Shown) -> None:
    """Print what became of every file's rows."""
    counts = ("read", "kept", "merged", "skipped", "rejected", "repaired")
    rows = [
        (f"{delivery.source} {role}", *(f"{count[key]:,}" for key in counts))
        for delivery in shown.deliveries
        for role, count in delivery.report["rows"].items()
    ]
    print_table("Six sources: rows read = kept + merged + skipped + rejected", ("file", *counts), rows)
