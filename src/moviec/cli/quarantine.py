"""`moviec quarantine`: lists unreadable rows, reports them to their provider, and reads them again after a fix."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from moviec.catalog.deliveries import Rejected, all_deliveries, rejected
from moviec.cli.console import (
    HomeOption,
    JsonOption,
    called_alone,
    print_json,
    print_table,
    steps,
)
from moviec.cli.delivery_messages import look_aside, reading
from moviec.config import open_home
from moviec.errors import UsageError
from moviec.pipeline.aggregator import drain
from moviec.pipeline.opening import arriving, open_run
from moviec.pipeline.rebuild import replay_waiting
from moviec.text import no_formula
from moviec.units import plural

#: Characters quoted of a long row: enough to find it in the file.
QUOTED = 200


def defects_markdown(delivery: str, rows: Sequence[tuple[str, int, str, str]]) -> str:
    """Write a defect report from (file, line, reason, text): counts by reason, then each row."""
    kinds = Counter((file, reason) for file, _, reason, _ in rows)
    lines = [
        f"# Defects in delivery {delivery}",
        "",
        f"{plural(len(rows), 'row', 'rows')} could not be read.",
        "",
    ]
    lines += ["| file | reason | rows |", "|---|---|---|"]
    lines += [f"| {file} | {_cell(reason)} | {count} |" for (file, reason), count in sorted(kinds.items())]
    lines += ["", "| file | line | reason | text |", "|---|---|---|---|"]
    lines += [f"| {file} | {line} | {_cell(reason)} | {_cell(text)} |" for file, line, reason, text in rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Escape a text for a cell of a Markdown table."""
    return text[:QUOTED].replace("|", "\\|").replace("\n", " ⏎ ").replace("\r", "")


app = typer.Typer(help="Rejected rows: list, show, report, replay.")

SourceArgument = Annotated[str | None, typer.Argument(help="Only rows of this source.")]


@app.callback(invoke_without_command=True)
def main(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the rejected rows that wait for a fix, if no command is given."""
    if called_alone(context, home, as_json):
        list_rows(None, home, as_json)


@app.command(name="list")
def list_rows(source: SourceArgument = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the rejected rows that wait for a fix."""
    rows = _open_rows(home, source)
    if as_json:
        print_json(rows)
        return
    columns = ("number", "source", "file", "line", "reason", "text")
    print_table(
        f"{plural(len(rows), 'rejected row', 'rejected rows')}",
        columns,
        [(str(row.number), row.source, row.role, f"{row.line:,}", row.reason, row.text[:60]) for row in rows],
    )


@app.command()
def show(number: int, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show one row in full: its place, why it was rejected, its text."""
    with reading(open_home(home)) as context:
        row = next((row for row in rejected(context.catalogue, None) if row.number == number), None)
    if row is None:
        raise UsageError("no rejected row has this number", str(number), "see `moviec quarantine list`")
    if as_json:
        print_json(row)
        return
    print(f"{row.source}, {row.role}, line {row.line:,} of delivery {row.delivery} ({row.state})")
    print(f"payload {row.payload}")
    print(f"reason: {row.reason}")
    print(row.text)


@app.command()
def report(
    delivery: Annotated[str, typer.Argument(help="The delivery's id; see `moviec sources NAME`.")],
    out: Annotated[Path, typer.Option(help="A .csv or .md file to send to the provider.")],
    home: HomeOption = None,
) -> None:
    """Write a report of one delivery's defects for its provider."""
    with open_run(open_home(home)) as context:
        rows = [row for row in rejected(context.catalogue, None) if row.delivery == delivery]
        if not any(known.id == delivery for known in all_deliveries(context.catalogue)):
            raise UsageError("no such delivery", delivery, "see `moviec sources NAME`")
    if out.suffix == ".md":
        out.write_text(
            defects_markdown(delivery, [(row.role, row.line, row.reason, row.text) for row in rows]), "utf-8"
        )
    elif out.suffix == ".csv":
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["file", "payload", "line", "reason", "text"])
            writer.writerows(
                (row.role, row.payload, row.line, row.reason, no_formula(row.text)) for row in rows
            )
    else:
        raise UsageError("a defect report ends in .csv or .md", str(out))
    print(f"{plural(len(rows), 'defect', 'defects')}: {out}")


@app.command()
def replay(source: SourceArgument = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Read rejected rows again; those that can be read now are processed as if they had been read then."""
    place = open_home(home)
    with open_run(place) as context, steps(quiet=as_json) as tell:
        with arriving(context, tell) as alone:
            done = replay_waiting(alone, source, tell)
        outcome = drain(context, tell)
    if as_json:
        print_json(done)
    else:
        for delivery_id, rows in done.items():
            print(f"{delivery_id}: {plural(rows, 'rejected row is', 'rejected rows are')} now read")
        if not done:
            print("no rejected rows wait")
    look_aside(outcome)


def _open_rows(home: Path | None, source: str | None) -> list[Rejected]:
    with reading(open_home(home)) as context:
        return rejected(context.catalogue, "open", source)
