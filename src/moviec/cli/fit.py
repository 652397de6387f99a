"""`moviec fit`: learns models from what the lake holds, shows what they would change, pins them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from moviec.cli.console import HomeOption, JsonOption, exclude, print_json, print_table, steps
from moviec.cli.delivery_messages import print_outcome
from moviec.config import open_home
from moviec.home.context import RunContext
from moviec.home.models import built_with, fitted_models, pin_again, pinned_models
from moviec.pipeline import fit as fitting
from moviec.pipeline.aggregator import publish_again
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Outcome
from moviec.units import plural


def fit(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; pin and rebuild nothing.")
    ] = False,
    pin: Annotated[
        str,
        typer.Option("--pin", metavar="VERSION", help="Learn nothing: use an earlier model, or 'shipped'."),
    ] = "",
    every: Annotated[bool, typer.Option("--list", help="Learn nothing: list the fitted models.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn new models of matching and fusing from the records, pin them and rebuild the catalogue with them.

    The same records give the same models; fitting them again changes nothing.
    """
    exclude({"--dry-run": dry_run, "--pin": pin, "--list": every})
    if every:
        _list(home, as_json)
    elif pin:
        _pin(home, pin, as_json)
    else:
        _fit(home, dry_run, as_json)


def _list(home: Path | None, as_json: bool) -> None:
    with open_run(open_home(home)) as context:
        found, pinned = (
            fitted_models(context),
            "in force" if _is_built(context) else "pinned, not published yet",
        )
    if as_json:
        print_json(found)
    elif not found:
        print("no model was fitted: the shipped ones are in force")
    else:
        rows = [
            (row["kind"], row["version"], row["fitted_at"], pinned if row["pinned"] else "") for row in found
        ]
        print_table("Fitted models", ("kind", "version", "fitted", ""), rows)


def _pin(home: Path | None, version: str, as_json: bool) -> None:
    with open_run(open_home(home), alone=True) as context, steps(quiet=as_json) as tell:
        pin_again(context, version)
        found, outcome = pinned_models(context), publish_again(context, tell, everything=False)
    if as_json:
        print_json({"match": found.match.version, "fuse": found.fuse.version, "catalogue": outcome})
        return
    print(f"in force: {found.match.version} (matching) and {found.fuse.version} (fusing)")
    print_outcome(outcome)


def _fit(home: Path | None, dry_run: bool, as_json: bool) -> None:
    with open_run(open_home(home), alone=True) as context, steps(quiet=as_json) as tell:
        found = fitting.fit(context, tell)
        outcome = None
        if found.new and not dry_run:
            fitting.pin(context, found.after)
        if not dry_run and not _is_built(
            context
        ):  # an earlier run may have been killed between pinning and publishing
            outcome = publish_again(context, tell, everything=False)
    if as_json:
        print_json(report(found, outcome))
        return
    tell_fitted(found)
    if outcome:
        print_outcome(outcome)
    elif found.new:
        print("nothing was pinned: this was a dry run")


def _is_built(context: RunContext) -> bool:
    """Return whether the catalogue was built with the pinned models."""
    with context.catalogue.connect() as connection:
        return built_with(connection) == pinned_models(context).versions


def report(found: fitting.Fitted, outcome: Outcome | None) -> dict[str, Any]:
    """Return what was learned and what it changes as plain values, for `--json`."""
    changes = found.changes
    return {
        "before": {"match": found.before.match.version, "fuse": found.before.fuse.version},
        "after": {"match": found.after.match.version, "fuse": found.after.fuse.version},
        "new": found.new,
        "pinned": found.new and outcome is not None,
        "regrouped_records": found.regrouped,
        "fields": changes.fields,
        "examples": changes.examples.to_pylist(),
        "ratings": {
            **msgspec.structs.asdict(changes.ratings),
            "most": changes.ratings.most.to_pylist(),
            "gained": changes.gained,
        },
        "steps": found.steps,
        "catalogue": outcome,
    }


def tell_fitted(found: fitting.Fitted) -> None:
    """Print what was learned and what it changes."""
    before, after = found.before, found.after
    if not found.new:
        print(f"learned the same models: {after.match.version} and {after.fuse.version} are pinned")
        return
    print(
        f"matching: {before.match.version} -> {after.match.version}, {plural(found.regrouped, 'record', 'records')} to other films"
    )
    print(f"fusing: {before.fuse.version} -> {after.fuse.version}")
    examples: dict[str, str] = {}
    for row in found.changes.examples.to_pylist():
        was, is_ = (_short(row[side]) for side in ("before", "after"))
        examples.setdefault(row["field"], f"mc{row['movie']}: {was} -> {is_}")
    rows = [(field, f"{films:,}", examples[field]) for field, films in found.changes.fields.items()]
    print_table("Films that change", ("field", "films", "for example"), rows)
    moved = found.changes.ratings
    print(
        f"C-ratings: {moved.moved:,} of {moved.films:,} move, by {moved.mean_points:.2f} points on average and"
        f" {moved.most_points:.2f} at most, ranks by {moved.mean_ranks:,.1f} places; {found.changes.gained:,} gained,"
        f" {moved.lost:,} lost"
    )
    for film in moved.most.to_pylist():
        print(
            f"  mc{film['movie']}: {film['before']:.2f} -> {film['after']:.2f}, rank {film['rank_before']:,} -> {film['rank_after']:,}"
        )


def _short(value: str | None) -> str:
    """Return a value on one short line."""
    text = "–" if value is None else " ".join(value.split())
    return text if len(text) <= 40 else text[:39] + "…"
