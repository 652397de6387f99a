"""`moviec doctor`: compares lake, catalogue, index and checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from moviec.cli.console import HomeOption, JsonOption, exclude, fail, print_json, print_table, steps
from moviec.config import Home, open_home

if TYPE_CHECKING:
    from moviec.jobs.doctor import Finding


def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair what can be repaired without loss.")
    ] = False,
    bytes_too: Annotated[bool, typer.Option("--bytes/--no-bytes", help="Read every payload's bytes.")] = True,
    deep: Annotated[
        bool, typer.Option("--deep", help="Also compute everything again and compare each row.")
    ] = False,
    install: Annotated[
        bool, typer.Option("--install", help="Instead show what is installed, library by library.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that everything stored is consistent. Exit status 3: something is wrong and was not repaired.

    With --install: what is installed, and which extras. Exit status 1: a required library is missing.
    """
    if install:
        exclude({"--install": install, "--repair": repair, "--deep": deep})
        _tell_installation(home, as_json)
    else:
        _examine(open_home(home), repair, bytes_too, deep, as_json)


def _examine(place: Home, repair: bool, bytes_too: bool, deep: bool, as_json: bool) -> None:
    from moviec.jobs.doctor import examine, examine_rows
    from moviec.jobs.doctor import repair as run_repair
    from moviec.pipeline.opening import open_run
    from moviec.pipeline.reviewing import doubtful

    unchecked: list[str] = []
    reasons: list[str] = []
    with steps(quiet=as_json) as tell:
        with open_run(place) as context:
            found = left = examine(context, bytes_too, unchecked.append)
            doubts = {} if found else doubtful(context, 1).counts
        if (repair and any(finding.mend for finding in found)) or (deep and not found):
            with open_run(place, alone=True, tell=tell) as context:
                found = found or examine_rows(context, tell)
                if repair and found:
                    reasons = run_repair(context, found, tell)
                    left = [*examine(context, bytes_too), *(examine_rows(context, tell) if deep else [])]
                else:
                    left = found
        elif deep:
            unchecked.append("rows were not compared with the records (--deep): repair the findings first")
    if as_json:
        print_json(
            {"found": found, "left": left, "unchecked": unchecked, "reasons": reasons, "doubtful": doubts}
        )
    else:
        _tell(found, left, repair, reasons)
        if doubts:
            counts = ", ".join(f"{count:,} by {reason}" for reason, count in sorted(doubts.items()))
            print(f"doubtful films: {counts}; see `moviec review suspicious`")
        for line in unchecked:
            fail(line)
    if left:
        raise typer.Exit(3)


def _tell(found: Sequence[Finding], left: Sequence[Finding], repair: bool, reasons: Sequence[str]) -> None:
    """Print the findings, and which of them are left."""
    if not found:
        print("all is well")
    for finding in found:
        print(f"{finding.what}: {finding.subject}{'' if finding in left else ' (repaired)'}")
    for reason in reasons:
        fail(f"not mended: {reason}")
    if left and not repair and any(finding.mend for finding in left):
        fail("`moviec doctor --repair` repairs what can be repaired")


def _tell_installation(home: Path | None, as_json: bool) -> None:
    """Print what is installed; the home is not opened or created."""
    from moviec.jobs.installation import look_at_installation

    found = look_at_installation(open_home(home, make=False).folder)
    if as_json:
        print_json(found)
    else:
        print(f"moviec {found.moviec} in {found.place}")
        print(f"Python {found.python}, {found.system}, SQLite {found.sqlite}")
        print(f"home: {found.home}")
        rows = [
            (part.name, part.version or "–", f"≥ {part.least}" if part.least else "", part.extra, part.state)
            for part in found.parts
        ]
        print_table("Libraries", ("library", "version", "wanted", "extra", "state"), rows)
        missing = sorted({part.extra for part in found.parts if part.extra and part.state == "missing"})
        for extra in missing:
            print(f"pip install 'moviec[{extra}]' installs what {extra} needs")
    for part in found.faults:
        fail(f"{part.name}: {part.state}{f' ({part.error})' if part.error else ''}; install moviec again")
    if found.faults:
        raise typer.Exit(1)
