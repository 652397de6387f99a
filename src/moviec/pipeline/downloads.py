"""Downloads of what a source's provider publishes: fetched where they are new, ingested, and remembered by version.

HOME/downloads/NAME.json says which version of each file the newest delivery was made of.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from moviec.catalog.deliveries import Delivery, all_deliveries
from moviec.config import Downloads, Home
from moviec.decoding import decodable
from moviec.errors import SourceError, TransportError, UsageError
from moviec.home.context import RunContext, Tell
from moviec.pipeline.ingest import Order, ingest, note_unchanged
from moviec.sources.spec import Source, SourceSpec
from moviec.storage.filesystems import name_of, shown
from moviec.storage.http import Version, Web
from moviec.transient import Patience, patiently
from moviec.work import written_aside

PATIENCE = Patience()


def downloads_of(home: Home, spec: SourceSpec) -> Downloads:
    """Return the addresses where a source's provider publishes: those in the settings, else those in its facts."""
    settings = home.settings.sources.get(spec.name)
    return settings.download if settings and settings.download else spec.download


@decodable
class Remembered(msgspec.Struct, frozen=True):
    """The versions of the files that a delivery was made of, by the SHA-256 of each address, which may hold a password."""

    delivery: str
    files: dict[str, Version]


class Download(msgspec.Struct, frozen=True):
    """One file to download: its address, where to put it, and the version that is here already."""

    url: str
    target: Path
    known: Version | None


def take_published(
    context: RunContext, source: Source, delivered_at: dt.datetime, accept_shrink: bool, tell: Tell
) -> Delivery:
    """Download what a source's provider publishes and ingest it; where nothing is new, register an unchanged delivery.

    Raises SourceError where a file cannot be fetched, TransportError where a later try may succeed: what was fetched is kept.
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
        fetched = {_key(url): version for url, version in versions.items()}
        _remember(context.home, spec.name, Remembered(done.id, {**known, **fetched}))
    return done


def _fetch(home: Home, spec: SourceSpec, wanted: Download, tell: Tell) -> Version | None:
    """Download a file; return its version, or None where the known one is still current."""
    tell(f"{spec.name}: downloading {wanted.target.name}")
    web = Web(home.settings.options(wanted.url, spec.name), PATIENCE)
    most = downloads_of(home, spec).max_bytes
    try:
        return patiently(lambda: web.download(wanted.url, wanted.target, wanted.known, most), PATIENCE)
    except TransportError as error:
        hint = "run it again: it continues with what was fetched so far"
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
    """Return the versions that the newest delivery was made of; none where something else arrived since."""
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
