"""Inboxes: a folder for each source that is checked regularly. Complete files in it are ingested once, and moved away.

A file that is still being written is left alone; an ingested one is moved to processed/DATE, or to failed/DATE next to
a file that says why. An ingestion recognises bytes that it had before, so a crash between ingesting and moving repeats
nothing.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from moviec.catalog.deliveries import Delivery
from moviec.config import Home
from moviec.decoding import decodable
from moviec.errors import MovieCError, StoreError, UsageError
from moviec.home.context import RunContext, Tell
from moviec.pipeline.arrivals import PATIENCE, gather
from moviec.pipeline.ingest import Order, ingest
from moviec.sources.spec import Source, SourceSpec, assign_roles
from moviec.storage.remote import Drop, Dropped, open_drop
from moviec.work import written_aside

#: Name endings of files that are being written and will be renamed once complete.
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download", ".swp", "~")


@decodable
class Seen(msgspec.Struct, frozen=True):
    """The state of a file when it was last seen, and since when it has not changed, in seconds since 1970."""

    mark: str
    since: float


class Taken(msgspec.Struct, frozen=True):
    """The result for a delivery in an inbox: its files, and the delivery, or why there is none."""

    names: Sequence[str]
    delivery: Delivery | None = None
    error: str = ""


def waiting(home: Home, spec: SourceSpec, now: dt.datetime) -> list[list[str]]:
    """Return the complete deliveries in a source's inbox, by name; none while one of its files is being written.

    What was seen is kept in HOME/downloads/NAME.inbox.json.
    """
    settings = home.settings.sources[spec.name]
    entries = [entry for entry in _drop(home, spec).entries() if _counts(entry.name)]
    before = _remembered(home, spec.name)
    seen = {
        entry.name: known
        if (known := before.get(entry.name)) and known.mark == entry.mark
        else Seen(entry.mark, now.timestamp())
        for entry in entries
    }
    if seen != before:
        _remember(home, spec.name, seen)
    if not all(
        entry.whole or now.timestamp() - seen[entry.name].since >= settings.settle for entry in entries
    ):
        return []
    return _deliveries(spec, entries)


def take_inbox(
    context: RunContext, source: Source, found: Iterable[Sequence[str]], tell: Tell
) -> list[Taken]:
    """Ingest deliveries of a source's inbox and move them away; after a transient error, files stay."""
    drop = _drop(context.home, source.spec)
    done = []
    for names in found:
        tell(f"{source.spec.name}: ingesting {', '.join(names)} from the inbox")
        try:
            delivery = _take(context, source, drop, names)
            held = f"it is held: {'; '.join(delivery.report['held'])}" if delivery.state == "held" else ""
            taken = Taken(names, delivery, held)
        except MovieCError as error:
            if error.retryable or isinstance(error, StoreError):
                raise
            taken = Taken(names, None, str(error))
        _move_away(drop, taken)
        done.append(taken)
    return done


def _take(context: RunContext, source: Source, drop: Drop, names: Sequence[str]) -> Delivery:
    strangers = _strangers(source.spec, names)
    if strangers:
        wanted = ", ".join(file.names[0] for file in source.spec.files.values())
        raise UsageError(
            f"no file of {source.spec.name} has this name", ", ".join(strangers), f"they are called {wanted}"
        )
    room = context.room("inbox")
    try:
        files = gather(context.home, source.spec, [drop.address(name) for name in names], room)
        return ingest(context, Order(source, files, dt.datetime.now(dt.UTC)))
    finally:
        shutil.rmtree(room)


def _move_away(drop: Drop, taken: Taken) -> None:
    """Move files to processed/DATE or failed/DATE, with the time of day before their names."""
    now = dt.datetime.now(dt.UTC)
    folder = f"{'failed' if taken.error else 'processed'}/{now:%Y-%m-%d}"
    for name in taken.names:
        to = f"{folder}/{now:%H%M%S%f}-{name}"
        drop.move(name, to)
        if taken.error:
            drop.write(f"{to}.why.txt", f"{taken.error}\n")


def _deliveries(spec: SourceSpec, entries: Sequence[Dropped]) -> list[list[str]]:
    """Group files into deliveries, each with one file of a role at most; a file without a role is a delivery by itself."""
    groups: list[list[str]] = []
    roles: set[str] = set()
    for entry in entries:
        role = next(iter(assign_roles([Path(entry.name)], spec)[0]), "")
        if _strangers(spec, [entry.name]) or not groups or role in roles:
            groups.append([])
            roles = set()
        groups[-1].append(entry.name)
        roles.add(role)
    return groups


def _strangers(spec: SourceSpec, names: Sequence[str]) -> list[str]:
    """Return the names that the source's facts do not know; a source of one file takes any name."""
    known = tuple(name for file in spec.files.values() for name in file.names)
    packed = (".zip",)
    if len(spec.files) == 1:
        return []
    return [
        name for name in names if not name.lower().startswith(known) and not name.lower().endswith(packed)
    ]


def _counts(name: str) -> bool:
    return not name.startswith(".") and not name.lower().endswith(UNFINISHED)


def _drop(home: Home, spec: SourceSpec) -> Drop:
    place = home.settings.sources[spec.name].inbox
    return open_drop(place, home.settings.options(place, spec.name), PATIENCE)


def _remembered(home: Home, source: str) -> dict[str, Seen]:
    try:
        return msgspec.json.decode(_memory(home, source).read_bytes(), type=dict[str, Seen])
    except (OSError, msgspec.DecodeError):
        return {}


def _remember(home: Home, source: str, seen: dict[str, Seen]) -> None:
    place = _memory(home, source)
    place.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(place) as fresh:
        fresh.write_bytes(msgspec.json.encode(seen))


def _memory(home: Home, source: str) -> Path:
    return home.folder / "downloads" / f"{source}.inbox.json"
