"""`moviec settling`: how revenue settles after release, and how far back the monthly job should reach."""

from __future__ import annotations

from typing import Annotated

import typer

from moviec.catalog.connect import connect
from moviec.catalog.history import settling as settle
from moviec.cli.console import print_json, print_table
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import open_home
from moviec.units import plural, short_number


def settling(
    share: Annotated[
        float,
        typer.Option(min=0.5, max=0.9999, help="Revenue counts as settled within this share of today's."),
    ] = 0.99,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how much of today's revenue was known so many months after release, by the change log."""
    catalogue = connect(open_home(home).catalogue)
    with catalogue.connect() as connection:
        found = settle(connection, share)
    catalogue.dispose()
    if as_json:
        print_json(found)
        return
    if not found.months:
        print("the change log has no film whose revenue was reported twice; there is no window to name yet")
        return
    rows = [
        (
            str(each.month),
            f"{each.films:,}",
            short_number(each.known),
            short_number(each.today),
            f"{each.share:.1%}",
        )
        for each in found.months
    ]
    films = plural(found.films, "film", "films")
    print_table(
        f"Revenue of {films} reported more than once", ("month", "films", "then", "today", "share"), rows
    )
    if found.settled is None:
        print(f"in no month on was {share:.0%} known for good: the log is too short to name a window")
    else:
        print(f"settled from month {found.settled} on: let --since of `moviec rollup` reach back that far")
