"""`moviec ingest`: takes deliveries all the way to published films."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from moviec.catalog.deliveries import Delivery
from moviec.cli.console import (
    EngineName,
    EngineOption,
    HomeOption,
    JsonOption,
    MasterOption,
    Tell,
    check_delivered,
    end_with,
    fail,
    give_way,
    note,
    print_json,
    running_on,
    steps,
)
from moviec.cli.delivery_messages import aside_lines, print_delivery, print_outcome, terms_of
from moviec.cli.own_files import OwnLists, fields_of, list_summaries, recognised
from moviec.config import Home, Running, open_home
from moviec.errors import MovieCError, UsageError
from moviec.pipeline.aggregator import drain
from moviec.pipeline.arrivals import IngestRequest, expected, take
from moviec.pipeline.due import needs_look
from moviec.pipeline.feature_files import folding_ahead
from moviec.pipeline.online import Round, is_online, take_companies, take_online
from moviec.pipeline.opening import arriving, on_engine, open_run
from moviec.pipeline.publication import Outcome
from moviec.sources.registry import find_source, find_sources
from moviec.sources.spec import Source
from moviec.units import plural
from moviec.work import work_folder


def ingest(
    source: Annotated[
        str,
        typer.Argument(
            help="The source's name (see `moviec sources`); NAME=PLACE for each of several, which are published at once;"
            " or files, a zip or a folder, which are recognised."
        ),
    ],
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files, a folder, or URLs; none: what the provider publishes.")
    ] = None,
    delivered_at: Annotated[
        str | None,
        typer.Option(help="When it was delivered, 2026-11-21 or 2026-11-21T08:00; default: now."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Ingest what is dated on or after this day, each as its own delivery.")
    ] = None,
    event: Annotated[
        str, typer.Option(metavar="FILE", help="An object-created event (S3, SNS, EventBridge); - reads it.")
    ] = "",
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Apply a delivery that would be held.")
    ] = False,
    save_mapping: Annotated[
        bool,
        typer.Option("--save-mapping", help="Overwrite the stored mapping of your own list."),
    ] = False,
    columns: Annotated[
        str,
        typer.Option(help="The fields of your own list's columns: title=Name,year=Jahr,rating=Note,…"),
    ] = "",
    engine: EngineOption = EngineName.duckdb,
    master: MasterOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ingest a delivery: store its bytes, read its rows, then resolve, fuse and publish its films.

    Exit status 3: the delivery is held, most cells of a column could not be read, more rows were rejected than the
    settings allow, or records were not published.
    """
    give_way()
    place = open_home(home)
    options = _Options(
        since=_instant(since, "--since").date() if since else None,
        event=event,
        delivered_at=_instant(delivered_at, "--delivered-at") if delivered_at else None,
        accept_shrink=accept_shrink,
        as_json=as_json,
        running=running_on(engine, master),
    )
    if options.delivered_at:
        check_delivered(options.delivered_at.astimezone(dt.UTC).date())
    words = [source, *(paths or ())]
    named = _named_places(words, place) if not event else {}
    if named:
        _take_all(place, named, options)
        return
    if not event and _are_files(words, place):
        own = OwnLists(place, fields_of(columns), save_mapping or bool(columns))
        with work_folder() as work:
            for round_ in recognised([Path(word) for word in words], Path(work), own):
                _take_all(place, round_, options, own_lists=True)
        return
    if columns:
        raise UsageError(
            "--columns is for a file of your own",
            source,
            "leave the source's name out, or change its mapping",
        )
    found = find_source(source, place.folder)
    if not (paths or event or since or delivered_at) and is_online(place, found.spec):
        if options.running.spark:
            raise UsageError("answers of an API are too few for a cluster", "--engine spark", "leave it out")
        _ask_and_ingest(place, found, as_json)
    else:
        _take_all(place, {source: list(paths or ())}, options)


class _Options(msgspec.Struct, frozen=True):
    """The options of `moviec ingest` that say what to ingest and how."""

    since: dt.date | None
    event: str
    delivered_at: dt.datetime | None
    accept_shrink: bool
    as_json: bool
    running: Running


def _are_files(words: list[str], place: Home) -> bool:
    """Return whether files are named, not a source; raises UsageError for a missing file."""
    if words[0] in find_sources(place.folder):
        return False
    missing = [word for word in words if not Path(word).exists()]
    if not missing:
        return True
    is_file = Path(words[0]).exists() or "." in words[0] or "/" in words[0]
    if is_file and not any("://" in word for word in words):
        raise UsageError("no such file", missing[0])
    return False


def _take_all(place: Home, named: dict[str, list[str]], options: _Options, own_lists: bool = False) -> None:
    """Ingest the deliveries of one or several sources, by their places, and publish them at once.

    A failing source does not stop the others; the command then ends with status 1.
    """
    found = {name: find_source(name, place.folder) for name in named}
    request = IngestRequest((), options.since, options.event, options.delivered_at)
    done: list[Delivery] = []
    failed: list[str] = []
    with (
        on_engine(place, options.running) as spark,
        open_run(place, spark=spark) as context,
        steps(quiet=options.as_json) as tell,
    ):

        def named_step(source: Source, tell: Tell) -> Tell:
            return tell if len(named) == 1 else lambda step: tell(f"{source.spec.name}: {step}")

        with arriving(context, tell) as alone, folding_ahead(alone, tell) as fold:
            several = [
                (source, arrival)
                for name, source in found.items()
                for arrival in expected(
                    place, source.spec, msgspec.structs.replace(request, places=named[name]), fail
                )
            ]
            for source, arrival in several:
                if arrival.published:
                    print(terms_of(source.spec), file=sys.stderr)
                try:
                    done.append(take(alone, source, arrival, options.accept_shrink, named_step(source, tell)))
                    if len(several) > 1:
                        fold(done[-1])
                except (MovieCError, OSError) as error:
                    if len(named) == 1:
                        raise
                    failed.append(f"{source.spec.name}: {error}")
        outcome = drain(context, tell)
    _print_all(done, outcome, options, len(named) > 1)
    if own_lists:
        for line in list_summaries(place, named):
            note(line)
    looks = [look for delivery in done if (look := needs_look(delivery, place.settings))]
    for line in failed:
        fail(line)
    if failed:
        raise typer.Exit(1)
    end_with([*looks, *aside_lines(outcome)])


def _ask_and_ingest(place: Home, source: Source, as_json: bool) -> None:
    """Do a round of an online source, and publish the answers."""
    print(terms_of(source.spec), file=sys.stderr)
    with open_run(place) as context, steps(quiet=as_json) as tell:
        asked = take_online(context, source, tell)
        outcome = drain(context, tell)
        if source.spec.fetch and source.spec.fetch.companies and not asked.waits:
            companies = take_companies(context, source, tell)
            asked = Round(
                [*asked.deliveries, *companies.deliveries],
                asked.requests + companies.requests,
                companies.waits,
            )
            drain(context, tell)
    if as_json:
        print_json({**msgspec.to_builtins(asked), "catalogue": outcome})
    else:
        for delivery in asked.deliveries:
            print_delivery(delivery)
        print(
            f"{source.spec.name}: {plural(asked.requests, 'request', 'requests')}{': ' if asked.waits else ''}{asked.waits}"
        )
        print_outcome(outcome)
    looks = [look for delivery in asked.deliveries if (look := needs_look(delivery, place.settings))]
    end_with([*looks, *aside_lines(outcome)])


def _print_all(done: list[Delivery], outcome: Outcome, options: _Options, several: bool) -> None:
    if options.as_json:
        if several:
            print_json({"deliveries": done, "catalogue": outcome})
        elif options.since or options.event:
            print_json(done)
        else:
            print_json({**msgspec.to_builtins(done[0]), "catalogue": outcome})
        return
    for delivery in done:
        print_delivery(delivery)
    if not done:
        print("nothing to ingest")
    else:
        print_outcome(outcome)


def _named_places(words: list[str], place: Home) -> dict[str, list[str]]:
    """Read NAME=PLACE words: by source its places; empty if the first word is a source or a file.

    Raises UsageError where some words are of this form and others are not.
    """
    sources = find_sources(place.folder)
    pairs = [word.partition("=") for word in words]
    known = [
        name in sources and bool(equals) and not Path(word).exists()
        for word, (name, equals, _) in zip(words, pairs, strict=True)
    ]
    if not known[0] or words[0] in sources:
        return {}
    if not all(known):
        strange = words[known.index(False)]
        raise UsageError("this is not NAME=PLACE", strange, "write each source like imdb=/srv/imdb")
    found: dict[str, list[str]] = {}
    for name, _, path in pairs:
        if not path:
            raise UsageError("no place is given", f"{name}=", f"write it like {name}=/srv/{name}")
        found.setdefault(name, []).append(path)
    return found


def _instant(text: str, option: str) -> dt.datetime:
    """Read a date or an instant; without a zone it is UTC."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is not a date", option, "write it like 2026-11-21") from error
    return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
