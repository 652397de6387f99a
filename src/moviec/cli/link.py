"""`moviec link`: which rows of two film lists are the same film."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from moviec.cli.places import check_places
from moviec.resolve.link import Linked, aside_of, parse_columns, write_pairs, write_rejected
from moviec.resolve.link import link as link_lists
from moviec.resolve.model import read_model, shipped_model
from moviec.resolve.resolve import Progress


def link(
    left: Annotated[
        Path, typer.Argument(help="A film list: CSV, TSV, JSON, JSON lines or Parquet, .gz allowed.")
    ],
    right: Annotated[Path, typer.Argument(help="The other film list.")],
    out: Annotated[Path, typer.Option(help="The pairs: left_id, right_id, probability, evidence.")],
    review: Annotated[Path | None, typer.Option(help="Uncertain pairs, for a person to look at.")] = None,
    columns: Annotated[str, typer.Option(help="Which column is what: title=Name,left:year=Jahr,…")] = "",
    model: Annotated[Path | None, typer.Option(help="Match weights; default: those that ship.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Find which rows of two film lists are the same film. Touches no catalogue."""
    check_places([left, right, model], [out, aside_of(out), review])
    named = parse_columns(columns)
    pinned = read_model(model) if model else shipped_model()
    with _progress() as tell:
        linked = link_lists(left, right, named, pinned, tell)
    write_pairs(linked.matching, "accept", out)
    if review:
        write_pairs(linked.matching, "review", review)
    write_rejected(linked, out)
    report = _report(linked)
    typer.echo(json.dumps(report) if as_json else _sentence(linked, out, review))


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
        "left": {"rows": linked.left.features.num_rows, "unreadable": len(linked.left.rejected), "columns": linked.left.columns},
        "right": {"rows": linked.right.features.num_rows, "unreadable": len(linked.right.rejected), "columns": linked.right.columns},
        "pairs": linked.band("accept"),
        "review": linked.band("review"),
        "candidates": blocking.candidates,
        "candidates_cut": blocking.cut,
        "blocks": blocking.rules.to_pylist(),
    }  # fmt: skip


def _sentence(linked: Linked, out: Path, review: Path | None) -> str:
    left, right = linked.left, linked.right
    lines = [
        f"{linked.band('accept'):,} pairs of {left.features.num_rows:,} and {right.features.num_rows:,} rows: {out}",
        f"{linked.band('review'):,} more to look at"
        + (f": {review}" if review else " (--review FILE writes them)"),
    ]
    for name, one in (("left", left), ("right", right)):
        lines.append(f"{name}: " + ", ".join(f"{field} = {column}" for field, column in one.columns.items()))
        if one.rejected:
            lines.append(
                f"{name}: {len(one.rejected):,} rows could not be read: {aside_of(out)} has them, with their lines"
            )
    dropped = sum(row["left_out"] for row in linked.matching.blocking.rules.to_pylist())
    if dropped:
        lines.append(f"{dropped:,} blocks were too large to compare (a word or name that too many share)")
    return "\n".join(lines)
