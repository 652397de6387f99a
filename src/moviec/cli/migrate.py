"""`moviec migrate`: the catalogue's schema brought up to this version, or tried first."""

from __future__ import annotations

from typing import Annotated

import typer

from moviec.catalog.connect import connect, shown
from moviec.catalog.upgrades import Upgrade, rehearse, upgrade_of
from moviec.cli.console import print_json, print_table
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import open_home
from moviec.units import plural


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Take the steps on the data itself, and take them back.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the catalogue's schema up to this version. Any command does it by itself; this one says what it does.

    Steps lead forwards only: make a backup first (`moviec backup DIR`).
    """
    place = open_home(home)
    planned = rehearse(place.catalogue) if dry_run else upgrade_of(place.catalogue)
    if not dry_run:
        connect(place.catalogue).dispose()
    if as_json:
        print_json(planned)
    else:
        _tell(planned, shown(place.catalogue), dry_run)


def _tell(planned: Upgrade, catalogue: str, dry_run: bool) -> None:
    if not planned.steps:
        print(f"{catalogue} is at {planned.at}, the newest")
        return
    begun = planned.at or "nothing"
    done = "would go" if dry_run else "went"
    print(f"{catalogue} {done} from {begun} to {planned.newest}")
    print_table(
        "Steps", ("number", "what"), [(step.number, step.title.rstrip(".")) for step in planned.steps]
    )
    if planned.tables:
        print_table("Tables", ("table", "change"), list(planned.tables.items()))
    if planned.seconds:
        told = plural(len(planned.steps), "step", "steps")
        print(f"{told} taken and taken back in {planned.seconds:,.1f} s; nothing was changed")
