"""`moviec run`, `backfill`, `posters` and `videos`: run scheduled deliveries, fill missing months, fetch posters and
store your own trailers.
"""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from typing import Annotated

import typer

from moviec.catalog.deliveries import all_deliveries
from moviec.catalog.leases import POSTERS, holding
from moviec.catalog.online import all_online
from moviec.cli.console import HomeOption, JsonOption, fail, give_way, print_json, print_table, steps
from moviec.cli.delivery_messages import look_aside, print_delivery, print_outcome
from moviec.config import Home, open_home
from moviec.errors import UsageError
from moviec.jobs.alerts import try_alerts
from moviec.pipeline import publication
from moviec.pipeline.aggregator import drain
from moviec.pipeline.due import (
    Outcome,
    SourceState,
    dated_sources,
    read_months,
    run_due,
    run_inboxes,
    run_online,
    source_states,
)
from moviec.pipeline.due import backfill as run_backfill
from moviec.pipeline.media import fetch_posters, keep_videos
from moviec.pipeline.opening import arriving, open_run
from moviec.sources.registry import find_sources
from moviec.units import plural


def run(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Only these.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the sources that are due, without ingesting.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ingest every source that is due: it has a place in the settings, and its cron was due since its last delivery.

    A failing source does not stop the others. Exit status 1: one failed; 3: something needs attention.
    """
    give_way()
    place = open_home(home)
    sources = find_sources(place.folder)
    with open_run(place) as context, steps(quiet=as_json) as tell:
        with nullcontext(context) if dry_run else arriving(context, tell) as alone:
            now = dt.datetime.now(dt.UTC)
            asked = all_online(context.catalogue)
            found = source_states(place, sources, all_deliveries(context.catalogue), now, asked)
            chosen = _chosen(found, names or [], place)
            due = [state for state in chosen if state.due_since]
            done = (
                [] if dry_run else run_due(alone, sources, [state for state in due if not state.online], tell)
            )
        if not dry_run:
            done += run_inboxes(context, sources, names or [], tell)
            done += run_online(context, sources, [state for state in due if state.online], tell)
        shown = drain(context, tell) if done else None
        kept = "" if dry_run else try_alerts(context)
    if as_json:
        print_json(chosen if dry_run else done)
    elif dry_run or not (due or done):
        _tell_states(chosen)
    else:
        print_outcomes(done)
    if shown and not as_json:
        print_outcome(shown)
    if kept:
        fail(kept)
    end(done, shown)


def end(done: list[Outcome], shown: publication.Outcome | None) -> None:
    """Print what needs attention and what failed, and set the exit status."""
    for outcome in done:
        for line in [*outcome.looks, *([f"{outcome.source}: {outcome.error}"] if outcome.error else [])]:
            fail(line)
    if any(outcome.state == "failed" for outcome in done):
        raise typer.Exit(1)
    look_aside(shown)
    if any(one.looks for one in done):
        raise typer.Exit(3)


def _chosen(found: list[SourceState], names: list[str], place: Home) -> list[SourceState]:
    inboxes = {name for name, mine in place.settings.sources.items() if mine.inbox}
    if strange := sorted(set(names) - {one.source for one in found} - inboxes):
        raise UsageError(
            "this source has no place in the settings",
            strange[0],
            f"set path, or online = true, under [sources.{strange[0]}] in moviec.toml",
        )
    return [one for one in found if not names or one.source in names]


def _tell_states(found: list[SourceState]) -> None:
    if not found:
        print("no source has a place; set path, or online = true, under [sources.NAME] in moviec.toml")
        return
    rows = [
        (
            one.source,
            "due" if one.due_since else "not due",
            one.cron,
            _minute(one.received_at),
            _minute(one.next),
        )
        for one in found
    ]
    print_table("Due (UTC)", ("source", "state", "cron", "last came", "next"), rows)


def print_outcomes(done: list[Outcome]) -> None:
    """Print each ingested delivery, and the sources without one."""
    for one in done:
        for delivery in one.deliveries:
            print_delivery(delivery)
        if one.state != "done":
            print(f"{one.source}: {one.state}")


def _minute(instant: dt.datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "–"


def backfill(
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM", help="The first month.")],
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM", help="The last month.")],
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Only these.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ingest what dated places have for some months; fresher data is never overwritten.

    Exit status 1: a source failed; 3: something needs attention, such as a month without a delivery.
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
        print_outcomes(done)
        print_outcome(shown)
    end(done, shown)


def posters(
    most: Annotated[
        int, typer.Option(min=1, help="The most posters; those of the most popular films first.")
    ] = 500,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch posters into the lake, in three widths, and name them in the films' documents.

    Only from sources whose licence allows showing them. With the setting `posters` the worker does it, that many an
    hour.
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
        print_outcome(outcome)
    look_aside(outcome)


def videos(
    again: Annotated[
        bool, typer.Option("--again", help="Check all of them again: files may have changed.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the video files that your own list names as trailers into the lake, and name them in the films' documents.

    Their folder is `videos` under [sources.NAME] in the settings. Exit status 3: some cannot be shown as videos.
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
        print_outcome(outcome)
    look_aside(outcome)
    if done.refused:
        raise typer.Exit(3)
