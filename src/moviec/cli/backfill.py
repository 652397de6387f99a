"""`moviec backfill`: months again."""

from __future__ import annotations

from typing import Annotated

import typer

from moviec.cli.console import print_json, steps
from moviec.cli.delivery_messages import tell_outcome
from moviec.cli.options import HomeOption, JsonOption
from moviec.cli.run import end, tell_outcomes
from moviec.config import open_home
from moviec.pipeline.aggregator import drain
from moviec.pipeline.due import backfill as run_backfill
from moviec.pipeline.due import dated_sources, read_months
from moviec.pipeline.opening import arriving, open_run
from moviec.sources.registry import find_sources


def backfill(
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM", help="The first month.")],
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM", help="The last month.")],
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Only these.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in what dated places hold for some months; fresher data is never overwritten.

    Exit status 1: a source failed; 3: something needs a look, such as a month of which nothing is there.
    """
    months, place = read_months(first, last), open_home(home)
    with open_run(place) as context, steps(quiet=as_json) as tell:
        chosen = dated_sources(context, find_sources(place.folder), names or [])
        with arriving(context, tell) as alone:
            done = run_backfill(alone, chosen, months, tell)
        shown = drain(context, tell)
    if as_json:
        print_json(done)
    else:
        tell_outcomes(done)
        tell_outcome(shown)
    end(done, shown)
