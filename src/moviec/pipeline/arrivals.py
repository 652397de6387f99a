"""Deliveries to ingest: at named places, at dated ones, announced by an event, or published by a provider; and their
files, local or fetched from an address.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from moviec.catalog.deliveries import Delivery
from moviec.config import Home
from moviec.decoding import plain
from moviec.errors import UsageError
from moviec.home.context import RunContext, Tell
from moviec.pipeline.downloads import downloads_of, take_published
from moviec.pipeline.ingest import Order, ingest
from moviec.sources.spec import Source, SourceSpec
from moviec.storage.filesystems import shown
from moviec.storage.remote import Remote, fetch, open_remote
from moviec.transient import Patience, patiently
from moviec.units import FIRST_FILM

PATIENCE = Patience()

#: A date further in the future than this is an error: later deliveries would count as backfills.
AHEAD = dt.timedelta(days=1)


class IngestRequest(msgspec.Struct, frozen=True):
    """A request: places (else the one in the settings), a first and a last date, an event's file, an instant."""

    places: Sequence[str] = ()
    since: dt.date | None = None
    event: str = ""
    delivered_at: dt.datetime | None = None
    until: dt.date = dt.date.max


class Expected(msgspec.Struct, frozen=True):
    """A delivery to ingest: where its files are, and when it was delivered; `published` ones are the provider's
    downloads.
    """

    places: tuple[str, ...]
    delivered_at: dt.datetime
    published: bool = False


def expected(
    home: Home, spec: SourceSpec, request: IngestRequest, tell: Tell = lambda _: None
) -> list[Expected]:
    """Return the deliveries that a request means, oldest first; `tell` receives whatever is skipped.

    Raises UsageError where there is nothing, where options contradict each other, and for a date before the first film or in
    the future; entries of a dated place that are dated in the future are skipped where others are there.
    """
    if request.event:
        if request.places or request.since:
            raise UsageError("an event names its own files", "--event", "leave PATH and --since out")
        found = [
            Expected(tuple(urls), request.delivered_at or at) for at, urls in _in_event(request.event, tell)
        ]
    else:
        found = _at_places(home, spec, request, tell)
    latest = _latest()
    for arrival in found:
        if arrival.delivered_at.year < FIRST_FILM:
            raise UsageError(
                f"delivered on {arrival.delivered_at.date()}, before the first film",
                ", ".join(map(shown, arrival.places)),
                "give the day on which it was delivered",
            )
        if arrival.delivered_at > latest:
            raise UsageError(
                f"delivered on {arrival.delivered_at:%Y-%m-%d}, which is in the future",
                ", ".join(map(shown, arrival.places)),
                "later deliveries would count as older",
            )
    return found


def take(context: RunContext, source: Source, arrival: Expected, accept_shrink: bool, tell: Tell) -> Delivery:
    """Fetch one delivery and ingest it; fetched copies are removed afterwards."""
    if arrival.published:
        return take_published(context, source, arrival.delivered_at, accept_shrink, tell)
    room = context.room("fetched")
    try:
        files = gather(context.home, source.spec, arrival.places, room)
        return ingest(context, Order(source, files, arrival.delivered_at, accept_shrink), tell)
    finally:
        shutil.rmtree(room)


def _latest() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + AHEAD


def _at_places(home: Home, spec: SourceSpec, request: IngestRequest, tell: Tell) -> list[Expected]:
    settings = home.settings.sources.get(spec.name)
    named = request.places or (settings and settings.path)
    if not named and not request.since and (published := downloads_of(home, spec).urls):
        return [Expected(published, request.delivered_at or dt.datetime.now(dt.UTC), published=True)]
    places = places_of(home, spec, request.places)
    is_dated = request.since is not None or any(DATE in place for place in places)
    if not is_dated:
        return [Expected(tuple(places), request.delivered_at or dt.datetime.now(dt.UTC))]
    if len(places) > 1:
        raise UsageError("one dated place at a time", ", ".join(places))
    found = by_date(places[0], lambda folder: names_in(home, spec, folder))
    to_come = [date for date in found if _midnight(date) > _latest()]
    if len(to_come) < len(found):  # a wrong date in one name must not stop the others
        for date in to_come:
            tell(f"left out: {', '.join(found.pop(date))} is dated {date}, which is in the future")
    if request.since is None:
        newest = max(found)
        return [Expected(tuple(found[newest]), request.delivered_at or _midnight(newest))]
    if request.delivered_at:
        raise UsageError("the dates are those of the places", "--delivered-at", "leave it out with --since")
    return [
        Expected(tuple(some), _midnight(date))
        for date, some in found.items()
        if request.since <= date <= request.until
    ]


def _in_event(file: str, tell: Tell) -> list[tuple[dt.datetime, list[str]]]:
    """Return the deliveries of an event, which is read from a file, or from standard input where it is `-`."""
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"the event cannot be read ({error.strerror})", file) from error
    said = read_event(text, "standard input" if file == "-" else file)
    for other in said.others:
        tell(f"nothing to ingest in {other}")
    return deliveries_of(said.objects)


def _midnight(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), dt.UTC)


def places_of(home: Home, spec: SourceSpec, places: Sequence[str]) -> list[str]:
    """Return the places that were named, or else the one in the settings; raises UsageError where there is none."""
    settings = home.settings.sources.get(spec.name)
    chosen = list(places) or ([settings.path] if settings and settings.path else [])
    if not chosen:
        raise UsageError(
            "no file was given",
            spec.name,
            f"give a PATH, or set path under [sources.{spec.name}] in moviec.toml",
        )
    return chosen


def gather(home: Home, spec: SourceSpec, places: Sequence[str], work: Path) -> list[Path]:
    """Return a delivery's files as local paths; with no place given, the one in the settings of the source.

    Raises UsageError where there is nothing, SourceError where access is refused, TransportError where fetching
    failed several times and may be tried again.
    """
    return [path for place in places_of(home, spec, places) for path in _gather(home, spec, place, work)]


def names_in(home: Home, spec: SourceSpec, folder: str) -> list[str]:
    """List the names in a folder, here or elsewhere; hidden ones are left out."""
    if "://" in folder:
        remote = _remote(home, spec, folder)
        names = patiently(lambda: remote.names(folder), PATIENCE)
    else:
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise UsageError("no such folder", folder)
        names = [entry.name for entry in path.iterdir()]
    return sorted(name for name in names if not name.startswith("."))


def _gather(home: Home, spec: SourceSpec, place: str, work: Path) -> list[Path]:
    if "://" in place:
        remote = _remote(home, spec, place)
        if not patiently(lambda: remote.is_folder(place), PATIENCE):
            return [fetch(remote, place, work, PATIENCE)]
        folder = place.rstrip("/")
        names = _playing(names_in(home, spec, folder), spec, shown(place))
        return [fetch(remote, f"{folder}/{name}", work, PATIENCE) for name in names]
    path = Path(place).expanduser()
    if not path.exists():
        raise UsageError("no such file or folder", place)
    if not path.is_dir():
        return [path]
    files = [name for name in names_in(home, spec, place) if (path / name).is_file()]
    return [path / name for name in _playing(files, spec, place)]


def _remote(home: Home, spec: SourceSpec, url: str) -> Remote:
    return open_remote(url, home.settings.options(url, spec.name), PATIENCE)


def _playing(names: Sequence[str], spec: SourceSpec, where: str) -> list[str]:
    """Return the files of a folder that the source's facts name."""
    known = tuple(name for file in spec.files.values() for name in file.names)
    chosen = [name for name in names if name.lower().startswith(known)]
    if not chosen:
        wanted = ", ".join(file.names[0] for file in spec.files.values())
        raise UsageError(f"no file of {spec.name} in this folder", where, f"they are called {wanted}")
    return chosen


#: The placeholder of a date in an address.
DATE = "{date}"

#: 2026-11-01 or 20261101, with no digit next to it.
_WRITTEN = r"(?<!\d)(\d{4}-\d\d-\d\d|\d{8})(?!\d)"

Names = Callable[[str], list[str]]


def by_date(place: str, names: Names) -> dict[dt.date, list[str]]:
    """Return the addresses below a place by their date, oldest first; `names` lists a folder.

    `{date}` in a place is the date (the first decides, later ones repeat it): `drops/{date}/movies.csv`,
    `drops/movies_{date}.csv`. A place without it is a folder whose entries carry dates anywhere in their names.
    Raises UsageError where no name carries a date.
    """
    folder, pattern, tail = _parts(place)
    found: dict[dt.date, list[str]] = {}
    for name in sorted(names(folder or ".")):
        match = pattern.fullmatch(name)
        date = _date(match[1]) if match else None
        if match and date:
            rest = tail.replace(DATE, match[1])
            found.setdefault(date, []).append(f"{folder}/{name}{rest}" if folder else f"{name}{rest}")
    if not found:
        raise UsageError(
            "nothing here carries a date", folder or ".", "names should hold one, like 2026-11-01 or 20261101"
        )
    return dict(sorted(found.items()))


def _parts(place: str) -> tuple[str, re.Pattern[str], str]:
    """Cut a place into the folder, the pattern of the dated names in it, and what follows below each."""
    if DATE not in place:
        return place.rstrip("/") or "/", re.compile(f".*?{_WRITTEN}.*"), ""
    before, _, after = place.partition(DATE)
    folder, slash, start = before.rpartition("/")
    end, below, tail = after.partition("/")
    ends = [re.escape(part) for part in end.split(DATE)]
    pattern = re.compile(re.escape(start) + _WRITTEN + r"\1".join(ends))
    return folder or slash, pattern, below + tail


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


#: Where one event is inside another as JSON text: SNS over HTTP or in a queue, SNS in a record, SQS in a record.
_ENVELOPES = (("Message",), ("Sns", "Message"), ("body",))


class Announced(msgspec.Struct, frozen=True):
    """An object that an event says was created: its `s3://` address and when."""

    url: str
    at: dt.datetime


class Announcement(msgspec.Struct, frozen=True):
    """What an event says: objects that were created, and in words whatever else it mentions."""

    objects: tuple[Announced, ...]
    others: tuple[str, ...]


def read_event(text: bytes, where: str) -> Announcement:
    """Read an event; raises UsageError for any other text.

    Keys are decoded as S3 encodes them, a plus being a space: in the notifications of S3
    (docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html) and of EventBridge alike.
    """
    try:
        found = list(_read(msgspec.json.decode(text)))
    except (msgspec.DecodeError, LookupError, AttributeError, TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"this is not an object-created event ({plain(error)})",
            where,
            "give the JSON of S3, SNS or EventBridge",
        ) from error
    return Announcement(
        tuple(announced for announced in found if isinstance(announced, Announced)),
        tuple(said for said in found if isinstance(said, str)),
    )


def deliveries_of(objects: tuple[Announced, ...]) -> list[tuple[dt.datetime, list[str]]]:
    """Group objects into deliveries, oldest first: those of one folder arrived together, when the last of them did."""
    folders: dict[str, list[Announced]] = {}
    for file in objects:
        folders.setdefault(file.url.rpartition("/")[0], []).append(file)
    deliveries = [
        (max(file.at for file in some), list(dict.fromkeys(file.url for file in some)))
        for some in folders.values()
    ]
    return sorted(deliveries)


def _read(event: Any) -> Iterator[Announced | str]:
    """Yield each object that was created, and in words everything else; raises KeyError for anything else."""
    inner = next((found for path in _ENVELOPES if isinstance(found := _at(event, path), str)), None)
    several = event if isinstance(event, list) else _at(event, ("Records",))
    if inner is not None:
        yield from _read(msgspec.json.decode(inner))
    elif isinstance(several, list):
        for file in several:
            yield from _read(file)
    elif event.get("Event") == "s3:TestEvent":
        yield f"a test event of the bucket {event.get('Bucket')}"
    elif event.get("source") == "aws.s3":
        yield _announced(event["detail-type"], event["detail"], event["time"])
    else:
        yield _announced(event["eventName"], event["s3"], event["eventTime"])


def _announced(kind: str, what: dict[str, Any], time: str) -> Announced | str:
    bucket, key = what["bucket"]["name"], unquote_plus(what["object"]["key"])
    if kind != "Object Created" and not kind.removeprefix("s3:").startswith("ObjectCreated:"):
        return f"'{kind}' of s3://{bucket}/{key}, which creates no object"
    at = dt.datetime.fromisoformat(time)
    return Announced(f"s3://{bucket}/{key}", at if at.tzinfo else at.replace(tzinfo=dt.UTC))


def _at(event: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        event = event.get(name) if isinstance(event, dict) else None
    return event
