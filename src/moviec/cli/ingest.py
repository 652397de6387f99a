"""`moviec sources`, `ingest` and `rebuild`: what arrives, and what is known of it."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from moviec.catalog.deliveries import Delivery, all_deliveries, count_rejected
from moviec.catalog.sources import matched_share, matching
from moviec.cli.console import end_with, fail, note, print_json, print_table, steps
from moviec.cli.options import (
    EngineName,
    EngineOption,
    HomeOption,
    JsonOption,
    MasterOption,
    check_delivered,
    running_on,
)
from moviec.cli.reading import reading
from moviec.cli.scorecard import about_source
from moviec.config import Home, Running, open_home
from moviec.engine.unread import Unread
from moviec.errors import MovieCError, PayloadError, UsageError
from moviec.pipeline.aggregator import drain, publish_again
from moviec.pipeline.arrivals import IngestRequest, expected, take
from moviec.pipeline.due import needs_look
from moviec.pipeline.ingest import MENDED
from moviec.pipeline.online import is_online, take_online
from moviec.pipeline.opening import arriving, on_engine, open_run
from moviec.pipeline.probe import needs_of, probe
from moviec.pipeline.publication import Outcome
from moviec.pipeline.rebuild import from_lake, rebuild_source
from moviec.reading.table_start import is_video
from moviec.reading.usual_names import ALIASES, MORE_ALIASES
from moviec.sources.recognise import Recognised, keep_mapping, recognise_file
from moviec.sources.registry import faulty_sources, find_source, find_sources
from moviec.sources.spec import Source, SourceSpec
from moviec.storage.archives import unpack
from moviec.units import plural
from moviec.work import work_folder

#: A field that is known for this much less of a delivery's films than before is worth a line: a judgement, not measured.
EMPTIER = 0.05


def ingest(
    source: Annotated[
        str,
        typer.Argument(
            help="The source's name (see `moviec sources`); NAME=PLACE for each of several, which are published at once;"
            " or files, a zip or a folder: what they are is found out."
        ),
    ],
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files, a folder, or URLs; none: what the provider publishes.")
    ] = None,
    delivered_at: Annotated[
        str | None,
        typer.Option(help="When it was delivered, 2026-11-21 or 2026-11-21T08:00; now unless told."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Take what is dated on or after this day, each as its own delivery.")
    ] = None,
    event: Annotated[
        str, typer.Option(metavar="FILE", help="An object-created event (S3, SNS, EventBridge); - reads it.")
    ] = "",
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Apply a delivery that would be held.")
    ] = False,
    save_mapping: Annotated[
        bool,
        typer.Option(
            "--save-mapping", help="Write the mapping of a list of one's own anew, over a kept one."
        ),
    ] = False,
    columns: Annotated[
        str,
        typer.Option(help="Which column of a list of one's own is what: title=Name,year=Jahr,rating=Note,…"),
    ] = "",
    engine: EngineOption = EngineName.duckdb,
    master: MasterOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a delivery in, all the way: bytes kept, rows read, films resolved, fused and published.

    Exit status 3: the delivery is held, most cells of a column could not be read, more rows were rejected than the
    settings allow, or records were not published.
    """
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
    if not event and source not in find_sources(place.folder) and all(Path(word).exists() for word in words):
        own = _Own(place, _fields(columns), save_mapping or bool(columns))
        with work_folder() as work:
            for round_ in _recognised([Path(word) for word in words], Path(work), own):
                _take_all(place, round_, options)
        return
    if columns:
        raise UsageError(
            "--columns says which column of a file is what",
            source,
            "leave the source's name out, or change its mapping",
        )
    found = find_source(source, place.folder)
    if not (paths or event or since or delivered_at) and is_online(place, found.spec):
        if options.running.spark:
            raise UsageError("answers of an API are few at a time", "--engine spark", "leave it out")
        _ask_and_ingest(place, found, as_json)
    else:
        _take_all(place, {source: list(paths or ())}, options)


class _Options(msgspec.Struct, frozen=True):
    """The options of `moviec ingest` that say what to take and how."""

    since: dt.date | None
    event: str
    delivered_at: dt.datetime | None
    accept_shrink: bool
    as_json: bool
    running: Running


def _take_all(place: Home, named: dict[str, list[str]], options: _Options) -> None:
    """Take in the deliveries of one source or of several, by their places, and publish them at once.

    Of several one that fails does not stop the others; the command then ends with status 1.
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
        with arriving(context, tell) as alone:
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
                    done.append(take(alone, source, arrival, options.accept_shrink, tell))
                except (MovieCError, OSError) as error:
                    if len(named) == 1:
                        raise
                    failed.append(f"{source.spec.name}: {error}")
        outcome = drain(context, tell)
    _tell_all(done, outcome, options, len(named) > 1)
    looks = [look for one in done if (look := needs_look(one, place.settings))]
    for line in failed:
        fail(line)
    if failed:
        raise typer.Exit(1)
    end_with([*looks, *told_aside(outcome)])


def _ask_and_ingest(place: Home, source: Source, as_json: bool) -> None:
    """Do a round of a source that is asked over the web, and publish what came."""
    print(terms_of(source.spec), file=sys.stderr)
    with open_run(place) as context, steps(quiet=as_json) as tell:
        asked = take_online(context, source, tell)
        outcome = drain(context, tell)
    if as_json:
        print_json({**msgspec.to_builtins(asked), "catalogue": outcome})
    else:
        for one in asked.deliveries:
            tell_delivery(one)
        print(
            f"{source.spec.name}: {plural(asked.requests, 'request', 'requests')}{': ' if asked.waits else ''}{asked.waits}"
        )
        tell_outcome(outcome)
    looks = [look for one in asked.deliveries if (look := needs_look(one, place.settings))]
    end_with([*looks, *told_aside(outcome)])


def _tell_all(done: list[Delivery], outcome: Outcome, options: _Options, several: bool) -> None:
    if options.as_json:
        if several:
            print_json({"deliveries": done, "catalogue": outcome})
        elif options.since or options.event:
            print_json(done)
        else:
            print_json({**msgspec.to_builtins(done[0]), "catalogue": outcome})
        return
    for one in done:
        tell_delivery(one)
    if not done:
        print("nothing to ingest")
    else:
        tell_outcome(outcome)


def _named_places(words: list[str], place: Home) -> dict[str, list[str]]:
    """Read NAME=PLACE words: by source its places; none where the first word is a source or a file.

    Raises UsageError where some words are of this form and others are not.
    """
    sources = find_sources(place.folder)
    pairs = [word.partition("=") for word in words]
    known = [
        name in sources and bool(path) and not Path(word).exists()
        for word, (name, _, path) in zip(words, pairs, strict=True)
    ]
    if not known[0] or words[0] in sources:
        return {}
    if not all(known):
        strange = words[known.index(False)]
        raise UsageError("this is not NAME=PLACE", strange, "write each source like imdb=/srv/imdb")
    found: dict[str, list[str]] = {}
    for name, _, path in pairs:
        found.setdefault(name, []).append(path)
    return found


class _Own(msgspec.Struct, frozen=True):
    """Where the mappings of lists of one's own are kept, which column was said to be what, and whether they are made anew."""

    place: Home
    columns: dict[str, str]
    anew: bool


def _fields(text: str) -> dict[str, str]:
    """Read title=Name,year=Jahr; raises UsageError where that is not its form."""
    known = [*ALIASES, *MORE_ALIASES]
    found = {}
    for part in filter(None, map(str.strip, text.split(","))):
        field, equals, column = part.partition("=")
        if not equals or not column:
            raise UsageError(f"'{part}' is not FIELD=COLUMN", "--columns", "as in title=Name,year=Jahr")
        if field not in known:
            raise UsageError(f"no field '{field}'", "--columns", f"the fields are {', '.join(known)}")
        found[field] = column
    return found


#: Folders of a Letterboxd export with what its owner took away.
_TAKEN_AWAY = ("deleted", "orphaned")

#: Files deeper in a folder than this are not looked for.
_DEEPEST = 4


def _inside(path: Path, work: Path, place: Home) -> list[tuple[Path, str]]:
    """Return the files in a file, a zip or a folder, each with its name as it stands in there."""
    if path.is_dir():
        found = [
            file
            for file in sorted(path.rglob("*"))
            if file.is_file()
            and len(file.relative_to(path).parts) <= _DEEPEST
            and not file.name.startswith(".")
        ]
        if films := [file for file in found if is_video(file.name)]:
            listing = work / f"{path.resolve().name}.txt"
            listing.write_text("".join(f"{file.relative_to(path)}\n" for file in films), encoding="utf-8")
            return [(listing, listing.name)]
        inside = [(file, str(file.relative_to(path))) for file in found]
    else:
        packed = work / "packed"
        packed.mkdir()
        plain = unpack(path, packed, place.settings.bounds, apart=True)
        inside = [
            (file, str(file.relative_to(packed)) if packed in file.parents else file.name) for file in plain
        ]
    return [(file, name) for file, name in inside if Path(name).parts[0] not in _TAKEN_AWAY]


def _recognised(paths: list[Path], work: Path, own: _Own) -> list[dict[str, list[str]]]:
    """Return which source each file is of, in rounds of one delivery for each source; the mapping of a list of one's own is kept."""
    known: list[tuple[Path, Path, Recognised]] = []
    several = len(paths) > 1
    for number, path in enumerate(paths):
        room = work / f"room-{number}"
        room.mkdir()
        files = _inside(path, room, own.place)
        for place, (file, name) in enumerate(files):
            (look := room / f"look-{place}").mkdir()
            try:
                known.append((path, file, recognise_file(file, look, own.place.folder, own.columns, name)))
            except MovieCError as error:
                if len(files) == 1 and not several and not path.is_dir():
                    raise
                fail(f"{name} is left out: {error}")
    films = {what.source for _, _, what in known if not what.role}
    rounds: list[dict[str, list[str]]] = [{}]
    for path, file, what in sorted(known, key=lambda each: bool(each[2].role)):
        print(f"{file.name}: {what}", file=sys.stderr)
        if what.role and what.source not in films:
            fail(f"{file.name} is left out: the list of films that it goes with is not there")
            continue
        if what.layout:
            kept = keep_mapping(what.layout, own.place.folder, own.anew)
            print(f"{file.name}: its mapping is kept in {kept}", file=sys.stderr)
        whole = what.layout is None and not what.role and not path.is_dir()
        _add(rounds, what, str(path if whole else file))
    if not rounds[0]:
        raise PayloadError(
            "no file in it is a list of films that MovieC knows", ", ".join(path.name for path in paths)
        )
    return rounds


def _add(rounds: list[dict[str, list[str]]], what: Recognised, file: str) -> None:
    """Add a file to the first round without a list of its source; what goes with a list, and a source's own files, to the first."""
    if what.layout is None:
        some = rounds[0].setdefault(what.source, [])
        if file not in some:
            some.append(file)
        return
    for round_ in rounds:
        if what.source not in round_:
            round_[what.source] = [file]
            return
    rounds.append({what.source: [file]})


def rebuild(
    from_raw: Annotated[bool, typer.Option("--from-raw", help="Read every payload again.")] = False,
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Go on where reading again withdraws many records.")
    ] = False,
    lake_only: Annotated[
        bool, typer.Option("--from-lake", help="The database is lost, or older than the lake: bring it up.")
    ] = False,
    engine: EngineOption = EngineName.duckdb,
    master: MasterOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the whole catalogue again under the pinned models: from the records, or from the bytes as delivered.

    Ids and decisions stay. It comes to the same as the ingestions did, unless the code or a model changed.
    Exit status 3: reading again would withdraw many records, and nothing was done; or records were set aside.
    """
    place = open_home(home)
    made = []
    with steps(quiet=as_json) as tell, on_engine(place, running_on(engine, master)) as spark:
        if lake_only:
            with open_run(place) as context:
                brought = from_lake(context, tell)
        with open_run(place, alone=True, tell=tell, spark=spark) as context:
            present = (
                {delivery.source for delivery in all_deliveries(context.catalogue)} if from_raw else set()
            )
            for name in sorted(present):
                made += rebuild_source(context, find_source(name, place.folder), tell, accept_shrink)
            outcome = drain(context, tell) if lake_only else publish_again(context, tell)
    if as_json:
        said = {"from_lake": brought} if lake_only else {}
        print_json({**said, "batches": made, "catalogue": outcome})
        end_with(told_aside(outcome))
        return
    if lake_only:
        print(
            f"from the lake: {plural(brought['deliveries'], 'delivery', 'deliveries')},"
            f" {plural(brought.get('records', 0), 'record', 'records')} with their ids,"
            f" {plural(brought.get('decisions', 0), 'decision', 'decisions')};"
            " accounts, keys, webhooks and history come from a backup only"
        )
    for batch in made:
        print(
            f"{batch.delivery}: {plural(batch.changed, 'record', 'records')} written, {batch.tombstones:,} gone"
        )
    tell_outcome(outcome)
    end_with(told_aside(outcome))


def sources(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[[check] NAME]", help="One source, with its facts; `check NAME` asks its provider."
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the sources: what each needs, licence, last delivery, records, rejected rows; or say all about one.

    `moviec sources check NAME` looks at the provider as it is now: address, key, and whether what comes is what is expected.
    Exit status 1: it cannot be had; 3: something needs a look.
    """
    place = open_home(home)
    given = list(words or [])
    if given[:1] == ["check"] and len(given) == 2:
        _check_source(place, given[1], as_json)
        return
    if len(given) > 1:
        raise UsageError("one source at a time", " ".join(given), "write moviec sources check NAME")
    if given:
        about_source(place, given[0], as_json)
        return
    rows = _overview(place.folder, home)
    for fault in faulty_sources(place.folder).values():
        note(str(fault))
    if as_json:
        print_json(rows)
        return
    columns = ("source", "needs", "licence", "last delivery", "records", "matched", "rejected", "state")
    print_table(
        "Sources (moviec sources NAME says how to get one)",
        columns,
        [tuple(str(row[key.replace(" ", "_")]) for key in columns) for row in rows],
    )


def _check_source(place: Home, name: str, as_json: bool) -> None:
    """Print what a look at a provider found."""
    source = find_source(name, place.folder)
    with open_run(place) as context:
        found = probe(context, source)
    if as_json:
        print_json(found)
    else:
        print_table(
            f"{source.spec.title}, as it is now",
            ("about", "state", "found"),
            [(f.about, f.state, f.said) for f in found],
        )
    if any(finding.state == "failed" for finding in found):
        raise typer.Exit(1)
    if any(finding.state == "look" for finding in found):
        raise typer.Exit(3)


def findings_of(delivery: Delivery, deliveries: list[Delivery]) -> list[str]:
    """Say what an audit found: columns and labels unknown, fields that got emptier than the delivery before."""
    audit = delivery.report.get("audit")
    if not audit:
        return []
    name = delivery.source
    found = [
        f"{name}: unknown columns in {role}: {', '.join(columns)}"
        for role, columns in audit["unknown_columns"].items()
    ]
    if audit["unmapped_genres"]:
        labels = ", ".join(f"{label} ({films:,})" for label, films in audit["unmapped_genres"].items())
        found.append(f"{name}: genre labels without a meaning: {labels}")
    before = [
        one for one in deliveries if one.source == name and one.id < delivery.id and one.report.get("audit")
    ]
    if before:
        last = max(before, key=lambda one: one.id).report["audit"]
        for field, filled in audit["filled"].items():
            now, then = filled / max(audit["films"], 1), last["filled"][field] / max(last["films"], 1)
            if then - now > EMPTIER:
                found.append(f"{name}: {field} was known for {then:.0%} of films, now for {now:.0%}")
    return found


def _overview(folder: Path, home: Path | None) -> list[dict[str, Any]]:
    place = open_home(home)
    with reading(place) as context:
        deliveries = all_deliveries(context.catalogue)
        open_rows = count_rejected(context.catalogue)
        with context.catalogue.connect() as connection:
            shares = matching(connection)
    newest = {delivery.source: delivery for delivery in sorted(deliveries, key=lambda one: one.id)}
    rows = []
    for name, source in find_sources(folder).items():
        last = newest.get(name)
        rows.append(
            {
                "source": name,
                "needs": needs_of(place.key_of(name), source.spec)[0],
                "licence": source.spec.licence,
                "last_delivery": last.delivered_at[:16] if last else "–",
                "records": last.records or 0 if last else 0,
                "matched": matched_share(shares.get(name)),
                "rejected": open_rows.get(name, 0),
                "state": last.state if last else "–",
            }
        )
    return rows


def terms_of(spec: SourceSpec) -> str:
    """Say under which terms a provider publishes what is about to be downloaded."""
    return f"{spec.title}: {spec.licence}; see {spec.home_page}"


def tell_delivery(done: Delivery) -> None:
    """Print the reconciliation of a delivery, for a person."""
    rows = [
        (role, *(f"{row[key]:,}" for key in ("read", "kept", "merged", "skipped", "rejected", "repaired")))
        for role, row in done.report.get("rows", {}).items()
    ]
    for name in done.report.get(MENDED, ()):
        print(f"{name}: its bytes in the lake were damaged; replaced by these")
    if done.state == "unchanged":
        print(f"{done.id}: the same bytes as {done.same_as}; nothing to do")
        return
    print_table(done.id, ("file", "read", "kept", "merged", "skipped", "rejected", "repaired"), rows)
    batch = done.report.get("batch")
    if batch:
        print(
            f"{plural(done.records or 0, 'record', 'records')}: {batch['changed']:,} new or changed, {batch['tombstones']:,} gone, {batch['outdated']:,} outdated"
        )
        if batch["outdated"] and batch["outdated"] == done.records:
            print(
                f"nothing of it counts: deliveries later than {done.delivered_at[:16]} have spoken of every record"
                " (a correction is delivered after what it corrects)"
            )
    for column in msgspec.convert(done.report.get("unread", []), list[Unread]):
        if not column.mostly:  # those are what the command ends with
            print(column)
    for rule, count in done.report.get("set_to_unknown", {}).items():
        print(f"set to unknown: {count:,} × {rule.replace('_', ' ')}")
    for line in findings_of(done, []):
        print(line)


def tell_outcome(outcome: Outcome) -> None:
    """Print what a run changed in the catalogue, for a person."""
    if not outcome.changes:
        print("catalogue: nothing changed")
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in outcome.changes.items())
    times = ", ".join(f"{step.name} {step.seconds:,.1f} s" for step in outcome.steps)
    print(f"catalogue: {kinds} (changes up to {outcome.last_change:,}); {times}")


def look_aside(outcome: Outcome | None) -> None:
    """End with status 3 where records were set aside, and say so."""
    end_with(told_aside(outcome))


def told_aside(outcome: Outcome | None) -> list[str]:
    """Return a line where records were set aside, for a person to look at."""
    if not outcome or not outcome.set_aside:
        return []
    records = plural(outcome.set_aside, "record was", "records were")
    return [f"{records} set aside and not published; see `moviec failures` for the cause"]


def _instant(text: str, option: str) -> dt.datetime:
    """Read a date or an instant; without a zone it is UTC."""
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is no date", option, "write it like 2026-11-21") from error
    return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
