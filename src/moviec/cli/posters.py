"""`moviec posters`: fetches the posters that films lack, within their sources' licences."""

from __future__ import annotations

from typing import Annotated

import typer

from moviec.catalog.leases import POSTERS, holding
from moviec.cli.console import print_json, steps
from moviec.cli.delivery_messages import look_aside, tell_outcome
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import open_home
from moviec.pipeline.aggregator import drain
from moviec.pipeline.opening import open_run
from moviec.pipeline.posters import fetch_posters
from moviec.sources.registry import find_sources
from moviec.units import plural


def posters(
    most: Annotated[
        int, typer.Option(min=1, help="How many at most; those of the most popular films first.")
    ] = 500,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch posters into the lake, in three widths, and name them in the films' documents.

    Only of sources whose licence lets one show them. Setting `posters` has the worker do it, so many an hour.
    """
    place = open_home(home)
    with open_run(place) as context, steps(quiet=as_json) as tell:
        with holding(context.catalogue, POSTERS, place.settings.patience, tell):
            done = fetch_posters(context, find_sources(place.folder), most, tell)
        outcome = drain(context, tell)
    if as_json:
        print_json({"posters": done, "catalogue": outcome})
    else:
        print(
            f"{plural(done.stored, 'poster', 'posters')} stored, {done.refused:,} refused, {plural(done.films, 'film', 'films')} to show them"
        )
        tell_outcome(outcome)
    look_aside(outcome)
