"""`moviec posters` fetches the posters that films lack, within their sources' licences; `moviec videos` keeps one's own trailers."""

from __future__ import annotations

from typing import Annotated

import typer

from moviec.catalog.leases import POSTERS, holding
from moviec.cli.console import fail, print_json, steps
from moviec.cli.delivery_messages import look_aside, tell_outcome
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import open_home
from moviec.errors import UsageError
from moviec.pipeline.aggregator import drain
from moviec.pipeline.opening import open_run
from moviec.pipeline.posters import fetch_posters
from moviec.pipeline.videos import keep_videos
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


def videos(
    again: Annotated[
        bool, typer.Option("--again", help="Look at all of them again: files may have changed.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put the video files that a list of one's own names as trailers into the lake, and name them in the films' documents.

    Where they lie: `videos` under [sources.NAME] in the settings. Exit status 3: some are no videos that can be shown.
    """
    place = open_home(home)
    if not any(mine.videos for mine in place.settings.sources.values()):
        raise UsageError("no source has a folder of videos", "moviec.toml", "set videos under [sources.NAME]")
    with open_run(place) as context, steps(quiet=as_json) as tell:
        with holding(context.catalogue, POSTERS, place.settings.patience, tell):
            done = keep_videos(context, find_sources(place.folder), again, fail)
        outcome = drain(context, tell)
    if as_json:
        print_json({"videos": done, "catalogue": outcome})
    else:
        print(f"{plural(done.stored, 'video', 'videos')} stored, {done.refused:,} refused")
        tell_outcome(outcome)
    look_aside(outcome)
    if done.refused:
        raise typer.Exit(3)
