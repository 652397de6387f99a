"""`moviec link`: finds which rows of two film lists are the same film."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from moviec.cli.console import check_places, end_with, fail
from moviec.engine.unreadable_cells import nothing_came
from moviec.matching.link import Linked, aside_of, parse_columns, write_pairs, write_rejected
from moviec.matching.link import link as link_lists
from moviec.matching.lists import FilmList
from moviec.matching.model import read_model, shipped_model
from moviec.matching.two_lists import Progress
from moviec.units import plural


def link(
    left: Annotated[
        Path, typer.Argument(help="A film list: CSV, TSV, JSON, JSON lines or Parquet, .gz allowed.")
    ],
    right: Annotated[Path, typer.Argument(help="The other film list.")],
    out: Annotated[
        Path, typer.Option(dir_okay=False, help="The pairs: left_id, right_id, probability, evidence.")
    ],
    review: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Write uncertain pairs here for review, with the reasons."),
    ] = None,
    columns: Annotated[str, typer.Option(help="The fields of columns: title=Name,left:year=Jahr,…")] = "",
    model: Annotated[Path | None, typer.Option(help="Match weights; default: the shipped ones.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Find which rows of two film lists are the same film. Uses no catalogue.

    Exit status 3: most cells of a column could not be read. A run that finds no pair, not even an uncertain one, fails.
    """
    check_places([left, right, model], [out, aside_of(out), review])
    named = parse_columns(columns)
    pinned = read_model(model) if model else shipped_model()
    with _progress() as tell:
        linked = link_lists(left, right, named, pinned, tell)
    write_pairs(linked.matching, "accept", out)
    if review:
        write_pairs(linked.matching, "review", review)
    write_rejected(linked, out)
    for name, one in _sides(linked):
        for line in _warnings(name, one):
            fail(line)
    unread = [f"{name}: {column}" for name, one in _sides(linked) for column in one.unread if column.mostly]
    if not linked.band("accept") and not linked.band("review"):
        where = f"{left.name}, {right.name}"
        raise nothing_came(
            "no pair was found", where, unread, "see docs/matching.md for the columns that help"
        )
    typer.echo(json.dumps(_report(linked)) if as_json else _sentence(linked, out, review))
    end_with(unread)


def _sides(linked: Linked) -> tuple[tuple[str, FilmList], ...]:
    return ("left", linked.left), ("right", linked.right)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show a bar on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield lambda step, steps, what: typer.echo(f"[{step}/{steps}] {what}", err=True)
        return
    look = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*look, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=4)
        yield lambda step, steps, what: bar.update(task, total=steps, completed=step - 1, description=what)


def _report(linked: Linked) -> dict[str, object]:
    blocking = linked.matching.blocking
    return {
        "left": _about(linked.left),
        "right": _about(linked.right),
        "pairs": linked.band("accept"),
        "review": linked.band("review"),
        "candidates": blocking.candidates,
        "candidates_cut": blocking.cut,
        "blocks": blocking.rules.to_pylist(),
    }


def _about(one: FilmList) -> dict[str, object]:
    return {
        "rows": one.features.num_rows,
        "unreadable": len(one.rejected),
        "columns": one.columns,
        "unused_columns": one.unused,
        "years_unread": one.years_unread,
        "unread_year": one.unread_year,
        "unread": msgspec.to_builtins(one.unread),
        "rows_of_repeated_ids": one.repeated,
        "rows_of_no_film": one.no_films,
    }


def _warnings(name: str, one: FilmList) -> Iterator[str]:
    """Yield remarks on a list: columns not used, cells not read, rows left out, ids that repeat."""
    if one.unused:
        yield f"{name}: columns not used: {', '.join(one.unused)}; --columns FIELD=NAME uses one"
    yield from (f"{name}: {column}" for column in one.unread if not column.mostly)
    if one.no_films:
        yield f"{name}: {plural(one.no_films, 'row', 'rows')} of series, episodes or games left out"
    if one.repeated:
        yield f"{name}: {plural(one.repeated, 'row has', 'rows have')} an id that another row also has: their pairs cannot be distinguished"


def _sentence(linked: Linked, out: Path, review: Path | None) -> str:
    left, right = linked.left, linked.right
    rows = f"{left.features.num_rows:,} and {plural(right.features.num_rows, 'row', 'rows')}"
    lines = [
        f"{plural(linked.band('accept'), 'pair', 'pairs')} of {rows}: {out}",
        f"{linked.band('review'):,} more to review"
        + (f": {review}" if review else " (--review FILE writes them)"),
    ]
    for name, one in (("left", left), ("right", right)):
        lines.append(f"{name}: " + ", ".join(f"{field} = {column}" for field, column in one.columns.items()))
        if one.rejected:
            lines.append(
                f"{name}: {plural(len(one.rejected), 'row', 'rows')} could not be read: {aside_of(out)} lists them with the reasons"
            )
    dropped = sum(row["left_out"] for row in linked.matching.blocking.rules.to_pylist())
    if dropped:
        lines.append(
            f"{plural(dropped, 'block was', 'blocks were')} too large to compare (a word or name that too many share)"
        )
    return "\n".join(lines)
