"""`moviec run`: takes in every source that is due."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from typing import Annotated

import typer

from moviec.catalog.deliveries import all_deliveries
from moviec.catalog.online import all_online
from moviec.cli.console import fail, print_json, print_table, steps
from moviec.cli.delivery_messages import look_aside, tell_delivery, tell_outcome
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import Home, open_home
from moviec.errors import UsageError
from moviec.jobs.alerts import try_alerts
from moviec.pipeline import publication
from moviec.pipeline.aggregator import drain
from moviec.pipeline.due import Outcome, SourceState, run_due, run_inboxes, run_online, source_states
from moviec.pipeline.opening import arriving, open_run
from moviec.sources.registry import find_sources


def run(
    names: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Only these.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is due, and take nothing.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in every source that is due: it has a place in the settings, and its cron came round since it last came.

    One that fails does not stop the others. Exit status 1: one failed; 3: something needs a look.
    """
    place = open_home(home)
    sources = find_sources(place.folder)
    with open_run(place) as context, steps(quiet=as_json) as tell:
        with nullcontext(context) if dry_run else arriving(context, tell) as alone:
            now = dt.datetime.now(dt.UTC)
            asked = all_online(context.catalogue)
            found = source_states(place, sources, all_deliveries(context.catalogue), now, asked)
            chosen = _chosen(found, names or [], place)
            due = [one for one in chosen if one.due_since]
            done = [] if dry_run else run_due(alone, sources, [one for one in due if not one.online], tell)
        if not dry_run:
            done += run_inboxes(context, sources, names or [], tell)
            done += run_online(context, sources, [one for one in due if one.online], tell)
        shown = drain(context, tell) if done else None
        kept = "" if dry_run else try_alerts(context)
    if as_json:
        print_json(chosen if dry_run else done)
    elif dry_run or not (due or done):
        _tell_states(chosen)
    else:
        tell_outcomes(done)
    if shown and not as_json:
        tell_outcome(shown)
    if kept:
        fail(kept)
    end(done, shown)


def end(done: list[Outcome], shown: publication.Outcome | None) -> None:
    """Print what wants a look and what failed, and set the exit status."""
    for one in done:
        for line in [*one.looks, *([f"{one.source}: {one.error}"] if one.error else [])]:
            fail(line)
    if any(one.state == "failed" for one in done):
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


def tell_outcomes(done: list[Outcome]) -> None:
    """Print each delivery that was taken, and which sources gave none."""
    for one in done:
        for delivery in one.deliveries:
            tell_delivery(delivery)
        if one.state != "done":
            print(f"{one.source}: {one.state}")


def _minute(instant: dt.datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "–"
