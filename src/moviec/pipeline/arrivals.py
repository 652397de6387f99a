"""Which deliveries there are to take: from named places, from dated ones, or from an event. Hands on orders to ingest."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from moviec.catalog.deliveries import Delivery
from moviec.config import Home
from moviec.errors import UsageError
from moviec.pipeline.context import RunContext
from moviec.pipeline.delivery_files import (
    DATE,
    by_date,
    deliveries_of,
    downloads_of,
    gather,
    names_in,
    places_of,
    read_event,
)
from moviec.pipeline.downloads import take_published
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.steps import Tell
from moviec.sources.spec import Source, SourceSpec
from moviec.storage.filesystems import shown
from moviec.units import FIRST_FILM

#: A date ahead of the clock by more than this is a slip: whatever came after it would count as a backfill.
AHEAD = dt.timedelta(days=1)


class Asked(msgspec.Struct, frozen=True):
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


def expected(home: Home, spec: SourceSpec, asked: Asked, tell: Tell = lambda _: None) -> list[Expected]:
    """Say which deliveries are meant, oldest first; `tell` hears of what is none.

    Raises UsageError where nothing is there, where options contradict each other, and for dates before the first film and to come, unless these are
    of entries of a dated place beside others.
    """
    if asked.event:
        if asked.places or asked.since:
            raise UsageError("an event names its own files", "--event", "leave PATH and --since out")
        found = [
            Expected(tuple(urls), asked.delivered_at or at) for at, urls in _announced(asked.event, tell)
        ]
    else:
        found = _at_places(home, spec, asked, tell)
    latest = _latest()
    for one in found:
        if one.delivered_at.year < FIRST_FILM:
            raise UsageError(
                f"delivered on {one.delivered_at.date()}, before the first film",
                ", ".join(map(shown, one.places)),
                "give the day on which it came",
            )
        if one.delivered_at > latest:
            raise UsageError(
                f"delivered on {one.delivered_at:%Y-%m-%d}, which is still to come",
                ", ".join(map(shown, one.places)),
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


def _at_places(home: Home, spec: SourceSpec, asked: Asked, tell: Tell) -> list[Expected]:
    settings = home.settings.sources.get(spec.name)
    named = asked.places or (settings and settings.path)
    if not named and not asked.since and (published := downloads_of(home, spec).urls):
        return [Expected(published, asked.delivered_at or dt.datetime.now(dt.UTC), published=True)]
    places = places_of(home, spec, asked.places)
    is_dated = asked.since is not None or any(DATE in place for place in places)
    if not is_dated:
        return [Expected(tuple(places), asked.delivered_at or dt.datetime.now(dt.UTC))]
    if len(places) > 1:
        raise UsageError("one dated place at a time", ", ".join(places))
    found = by_date(places[0], lambda folder: names_in(home, spec, folder))
    to_come = [date for date in found if _midnight(date) > _latest()]
    if len(to_come) < len(found):  # a slip of one name must not stop the others
        for date in to_come:
            tell(f"left out: {', '.join(found.pop(date))} is dated {date}, which is still to come")
    if asked.since is None:
        newest = max(found)
        return [Expected(tuple(found[newest]), asked.delivered_at or _midnight(newest))]
    if asked.delivered_at:
        raise UsageError("the dates are those of the places", "--delivered-at", "leave it out with --since")
    return [
        Expected(tuple(some), _midnight(date))
        for date, some in found.items()
        if asked.since <= date <= asked.until
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
