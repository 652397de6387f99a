"""`moviec doctor`: lake, catalogue, index and checkpoints held against one another."""

from __future__ import annotations

from typing import Annotated

import typer

from moviec.cli.console import fail, print_json, steps
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import open_home
from moviec.jobs.doctor import examine
from moviec.jobs.doctor import repair as run_repair
from moviec.pipeline.workshop import workshop


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended without loss.")] = False,
    bytes_too: Annotated[bool, typer.Option("--bytes", help="Read every payload's bytes, too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold what is stored against itself. Exit status 3: something is wrong and was not mended."""
    place = open_home(home)
    with steps(quiet=as_json) as tell, workshop(place, alone=repair, tell=tell) as shop:
        found = left = examine(shop, bytes_too)
        if repair and found:
            run_repair(shop, found, tell)
            left = examine(shop, bytes_too)
    if as_json:
        print_json({"found": found, "left": left})
    elif not found:
        print("all is well")
    else:
        for one in found:
            print(f"{one.what}: {one.subject}{'' if one in left else ' (mended)'}")
        if left and not repair and any(one.mend for one in left):
            fail("`moviec doctor --repair` mends what can be mended")
    if left:
        raise typer.Exit(3)
