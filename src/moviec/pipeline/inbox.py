"""Inboxes: a folder per source that is looked into again and again. What lies there whole is taken in once, and moved away.

A file that is still written to is left alone; afterwards it lies in processed/DATE, or in failed/DATE beside a file that says why.
Bytes that came before are recognised by the ingestion, so that a crash between taking in and moving away repeats nothing.
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
from moviec.pipeline.delivery_files import PATIENCE, gather
from moviec.pipeline.ingest import Order, ingest
from moviec.sources.spec import Source, SourceSpec, assign_roles
from moviec.storage.remote import Drop, Dropped, open_drop
from moviec.work import written_aside

#: What the names of files end with that others write and rename once they are whole.
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download", ".swp", "~")


@decodable
class Seen(msgspec.Struct, frozen=True):
    """What was seen of a file, and since when it has not changed, in seconds since 1970."""

    mark: str
    since: float


class Taken(msgspec.Struct, frozen=True):
    """What became of a delivery in an inbox: its files, and the delivery or why there is none."""

    names: Sequence[str]
    delivery: Delivery | None = None
    error: str = ""


def waiting(home: Home, spec: SourceSpec, now: dt.datetime) -> list[list[str]]:
    """Return the deliveries that lie whole in a source's inbox, oldest name first; none while one of its files is written to.

    What was seen is remembered in HOME/downloads/NAME.inbox.json.
    """
    settings = home.settings.sources[spec.name]
    entries = [entry for entry in _drop(home, spec).entries() if _counts(entry.name)]
    before = _remembered(home, spec.name)
    seen = {
        each.name: known
        if (known := before.get(each.name)) and known.mark == each.mark
        else Seen(each.mark, now.timestamp())
        for each in entries
    }
    if seen != before:
        _remember(home, spec.name, seen)
    if not all(each.whole or now.timestamp() - seen[each.name].since >= settings.settle for each in entries):
        return []
    return _deliveries(spec, entries)


def take_inbox(
    context: RunContext, source: Source, found: Iterable[Sequence[str]], tell: Tell
) -> list[Taken]:
    """Take in what lies in a source's inbox, and move it away. What may pass leaves the files where they are."""
    drop = _drop(context.home, source.spec)
    done = []
    for names in found:
        tell(f"{source.spec.name}: taking in {', '.join(names)} from the inbox")
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
            f"no file of {source.spec.name} is called so", ", ".join(strangers), f"they are called {wanted}"
        )
    room = context.room("inbox")
    try:
        files = gather(context.home, source.spec, [drop.address(name) for name in names], room)
        return ingest(context, Order(source, files, dt.datetime.now(dt.UTC)))
    finally:
        shutil.rmtree(room)


def _move_away(drop: Drop, taken: Taken) -> None:
    """Move files to processed/DATE or failed/DATE; a name that is there already gets the time of day before it."""
    now = dt.datetime.now(dt.UTC)
    folder = f"{'failed' if taken.error else 'processed'}/{now:%Y-%m-%d}"
    for name in taken.names:
        to = f"{folder}/{now:%H%M%S%f}-{name}"
        drop.move(name, to)
        if taken.error:
            drop.write(f"{to}.why.txt", f"{taken.error}\n")


def _deliveries(spec: SourceSpec, entries: Sequence[Dropped]) -> list[list[str]]:
    """Group files into deliveries: each role once in a delivery; what plays no role stands alone."""
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
    """Return the names that play no role; of a source with one file any name does."""
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
