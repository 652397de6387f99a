"""Which deliveries there are to take, and taking them: from named places, dated ones, an event, or what a provider publishes."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from moviec.catalog.deliveries import Delivery, all_deliveries
from moviec.config import Home
from moviec.decoding import decodable
from moviec.errors import SourceError, TransportError, UsageError
from moviec.home.context import RunContext, Tell
from moviec.pipeline.delivery_files import (
    DATE,
    PATIENCE,
    by_date,
    deliveries_of,
    downloads_of,
    gather,
    names_in,
    places_of,
    read_event,
)
from moviec.pipeline.ingest import Order, ingest, note_unchanged
from moviec.sources.spec import Source, SourceSpec
from moviec.storage.filesystems import name_of, shown
from moviec.storage.http import Version, Web
from moviec.transient import patiently
from moviec.units import FIRST_FILM
from moviec.work import written_aside

#: A date ahead of the clock by more than this is a slip: whatever came after it would count as a backfill.
AHEAD = dt.timedelta(days=1)


class IngestRequest(msgspec.Struct, frozen=True):
    """What was asked for: places (else the one in the settings), a first date and a last, an event's file, an instant."""

    places: Sequence[str] = ()
    since: dt.date | None = None
    event: str = ""
    delivered_at: dt.datetime | None = None
    until: dt.date = dt.date.max


class Expected(msgspec.Struct, frozen=True):
    """A delivery to take: where its files are, and when it was delivered; `published` ones are the provider's downloads."""

    places: tuple[str, ...]
    delivered_at: dt.datetime
    published: bool = False


def expected(
    home: Home, spec: SourceSpec, request: IngestRequest, tell: Tell = lambda _: None
) -> list[Expected]:
    """Return which deliveries are meant, oldest first; `tell` hears of what is none.

    Raises UsageError where nothing is there, where options contradict each other, and for dates before the first film and to come, unless these are
    of entries of a dated place beside others.
    """
    if request.event:
        if request.places or request.since:
            raise UsageError("an event names its own files", "--event", "leave PATH and --since out")
        found = [
            Expected(tuple(urls), request.delivered_at or at) for at, urls in _announced(request.event, tell)
        ]
    else:
        found = _at_places(home, spec, request, tell)
    latest = _latest()
    for arrival in found:
        if arrival.delivered_at.year < FIRST_FILM:
            raise UsageError(
                f"delivered on {arrival.delivered_at.date()}, before the first film",
                ", ".join(map(shown, arrival.places)),
                "give the day on which it came",
            )
        if arrival.delivered_at > latest:
            raise UsageError(
                f"delivered on {arrival.delivered_at:%Y-%m-%d}, which is still to come",
                ", ".join(map(shown, arrival.places)),
                "what arrives later would count as older",
            )
    return found


def take(context: RunContext, source: Source, one: Expected, accept_shrink: bool, tell: Tell) -> Delivery:
    """Fetch one delivery and ingest it; fetched copies go when it is done."""
    if one.published:
        return take_published(context, source, one.delivered_at, accept_shrink, tell)
    room = context.room("fetched")
    try:
        files = gather(context.home, source.spec, one.places, room)
        return ingest(context, Order(source, files, one.delivered_at, accept_shrink), tell)
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
    if len(to_come) < len(found):  # a slip of one name must not stop the others
        for date in to_come:
            tell(f"left out: {', '.join(found.pop(date))} is dated {date}, which is still to come")
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


def _announced(file: str, tell: Tell) -> Iterator[tuple[dt.datetime, list[str]]]:
    """Read an event from a file, or from standard input where it is `-`."""
    try:
        text = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"the event cannot be read ({error.strerror})", file) from error
    said = read_event(text, "standard input" if file == "-" else file)
    for other in said.others:
        tell(f"nothing to ingest in {other}")
    yield from deliveries_of(said.objects)


def _midnight(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(), dt.UTC)


@decodable
class Remembered(msgspec.Struct, frozen=True):
    """The versions of the files that a delivery came from, by the SHA-256 of each address, which may hold a password."""

    delivery: str
    files: dict[str, Version]


class Download(msgspec.Struct, frozen=True):
    """One file of a download: its address, where it goes, and the version that is known already."""

    url: str
    target: Path
    known: Version | None


def take_published(
    context: RunContext, source: Source, delivered_at: dt.datetime, accept_shrink: bool, tell: Tell
) -> Delivery:
    """Download what a source's provider publishes and ingest it; where nothing is new, register just that.

    Raises SourceError where a file cannot be had, TransportError where a later try may succeed: what came is kept.
    """
    spec, folder = source.spec, context.home.folder / "downloads" / source.spec.name
    before = [
        delivery for delivery in all_deliveries(context.catalogue, spec.name) if delivery.state != "held"
    ]
    newest = max(before, key=lambda delivery: delivery.id, default=None)
    known = _remembered(context.home, spec.name, newest)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [
        Download(url, folder / _named(url), known.get(_key(url)))
        for url in downloads_of(context.home, spec).urls
    ]
    versions = {
        download.url: version
        for download in wanted
        if (version := _fetch(context.home, spec, download, tell))
    }
    try:
        if not versions and newest:
            tell(f"{spec.name}: nothing new")
            done = note_unchanged(context, newest, delivered_at, tell)
        else:
            paths: Sequence[Path] = [download.target for download in wanted if download.url in versions]
            done = ingest(context, Order(source, paths, delivered_at, accept_shrink), tell)
    finally:
        shutil.rmtree(folder)
    if done.state != "held":
        came = {_key(url): version for url, version in versions.items()}
        _remember(context.home, spec.name, Remembered(done.id, {**known, **came}))
    return done


def _fetch(home: Home, spec: SourceSpec, one: Download, tell: Tell) -> Version | None:
    """Download a file; return its version, or None where the known one is still current."""
    tell(f"{spec.name}: downloading {one.target.name}")
    web = Web(home.settings.options(one.url, spec.name), PATIENCE)
    most = downloads_of(home, spec).max_bytes
    try:
        return patiently(lambda: web.download(one.url, one.target, one.known, most), PATIENCE)
    except TransportError as error:
        hint = "run it again: it goes on with what came so far"
        raise TransportError(error.what, error.where, hint, error.after) from error
    except UsageError as error:
        moved = f"if it has moved, set urls under [sources.{spec.name}.download] in moviec.toml"
        raise SourceError(error.what, error.where, moved) from error


def _named(url: str) -> str:
    """Return the name of the file at an address. Raises UsageError for an address that is not of a file on the web."""
    if url.partition("://")[0] not in ("http", "https") or not name_of(url):
        raise UsageError("this is not the address of a file on the web", shown(url))
    return name_of(url)


def _key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _remembered(home: Home, source: str, newest: Delivery | None) -> dict[str, Version]:
    """Return the versions that the newest delivery came from; none where something else arrived since."""
    try:
        found = msgspec.json.decode(_memory(home, source).read_bytes(), type=Remembered)
    except (OSError, msgspec.DecodeError):
        return {}
    return found.files if newest and found.delivery == newest.id else {}


def _remember(home: Home, source: str, versions: Remembered) -> None:
    with written_aside(_memory(home, source)) as fresh:
        fresh.write_bytes(msgspec.json.encode(versions))


def _memory(home: Home, source: str) -> Path:
    return home.folder / "downloads" / f"{source}.json"
