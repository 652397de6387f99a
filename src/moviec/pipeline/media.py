"""Posters and small videos in the lake: fetched or copied, checked, named in the films' documents, and served from there.

Posters are fetched only from a source whose facts permit it (`[poster]`), kept in three widths, and never linked to. Videos are a
person's own: files in the folder `videos` of a source's settings that its list names as trailers. A trailer that is an address
stays a link.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.known_posters import (
    REFUSED,
    STORED,
    Named,
    Poster,
    Video,
    forget_posters,
    note_posters,
    note_videos,
    stored_posters,
    stored_videos,
    wanted_posters,
    wanted_videos,
)
from moviec.catalog.online import reserve
from moviec.config import Home
from moviec.errors import PayloadError, SourceError, TransportError, UsageError
from moviec.home.context import RunContext, Tell
from moviec.lake.media import kind_of, smaller
from moviec.lake.payloads import POSTER_FOLDER, VIDEOS, WIDTHS, picture_name, picture_names, video_name
from moviec.sources.fetch_spec import elsewhere
from moviec.sources.spec import PosterSpec, Source, SourceSpec
from moviec.storage.archives import sha256 as file_sha256
from moviec.storage.files import Store
from moviec.storage.http import Web
from moviec.storage.remote import fetch, open_remote
from moviec.text import Column
from moviec.transient import Patience, patiently

#: Pictures asked for per second of one source, at a time, and noted in one transaction (their films are published together).
RATE, AT_ONCE, NOTED = 20.0, 4, 100

#: The largest size of a picture to download.
MOST_BYTES = 15_000_000

PATIENCE = Patience()

#: A stored poster or video in documents: address (as the source delivers it) and poster (JSON text: an object for a
#: poster, a path for a video).
POSTERS = pa.schema([("address", pa.string()), ("poster", pa.string())])


class Kept(msgspec.Struct, frozen=True):
    """The result of a run: pictures or videos stored and refused, and films that are published again because of them."""

    stored: int
    refused: int
    films: int


def poster_table(
    connection: sa.Connection, specs: Iterable[SourceSpec], addresses: Column | None
) -> pa.Table:
    """Return the stored posters and videos as in documents (POSTERS), those with some `addresses` or all, each
    address once.

    A file name that two lists use for different videos is left out.
    """
    known = list(specs)
    licences = {spec.name: spec.poster.licence for spec in known if spec.poster}
    found = stored_posters(connection, Named(sorted(licences), addresses))
    videos = stored_videos(connection, Named(sorted(spec.name for spec in known), addresses))
    said = {poster.address: _said(poster, licences[poster.source]) for poster in reversed(found)}
    named: dict[str, set[str]] = {}
    for video in videos:
        named.setdefault(video.address, set()).add(f'"/{VIDEOS}/{video.sha256}.{video.kind}"')
    said |= {address: paths.pop() for address, paths in sorted(named.items()) if len(paths) == 1}
    return pa.table({"address": list(said), "poster": list(said.values())}, schema=POSTERS)


def _said(poster: Poster, licence: str) -> str:
    paths = {f"w{width}": f"/posters/{poster.sha256}/w{width}.webp" for width in WIDTHS}
    return msgspec.json.encode({**paths, "source": poster.source, "licence": licence}).decode()


def fetch_posters(
    context: RunContext, sources: Mapping[str, Source], most: int, tell: Tell = lambda _: None
) -> Kept:
    """Fetch up to `most` posters that films lack or that are older than their licence allows, those of the most popular films first.

    A file that is not a picture is recorded as refused, and fetched again when it would be too old. Raises
    TransportError where a source is down; what was fetched until then is kept.
    """
    specs = {name: source.spec for name, source in sources.items() if source.spec.poster}
    now = dt.datetime.now(dt.UTC)
    before = {
        name: (now - dt.timedelta(days=spec.poster.days)).isoformat()
        for name, spec in specs.items()
        if spec.poster
    }
    forget_posters(context.catalogue, _lost(context))
    with context.catalogue.connect() as connection:
        wanted = wanted_posters(connection, before, most)
    done: list[Poster] = []
    films = stored = refused = 0
    try:
        for poster in _fetch_all(context, specs, wanted):
            done.append(poster)
            stored, refused = stored + (poster.state == STORED), refused + (poster.state == REFUSED)
            if len(done) >= NOTED:
                films += note_posters(context.catalogue, done)
                done = []
                tell(f"{stored + refused:,} of {len(wanted):,} posters")
    finally:
        films += note_posters(context.catalogue, done)
    return Kept(stored, refused, films)


def _lost(context: RunContext) -> list[Poster]:
    """Return the posters stored according to the catalogue of which the lake lacks a file."""
    with context.catalogue.connect() as connection:
        stored = stored_posters(connection)
    there = set(context.store.names(POSTER_FOLDER)) if stored else set()
    return [poster for poster in stored if not there.issuperset(picture_names(poster.sha256 or ""))]


def _fetch_all(
    context: RunContext, specs: Mapping[str, SourceSpec], wanted: Sequence[tuple[str, str]]
) -> Iterator[Poster]:
    with ExitStack() as stack:
        webs = {
            name: stack.enter_context(Web(context.home.settings.options("https://", name), PATIENCE))
            for name in specs
        }
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        waiting: deque[Any] = deque()
        for source, address in wanted:
            slots = reserve(context.catalogue, f"{source}-posters", 1, RATE, 0)
            work = _work(context, specs[source], webs[source], slots.first)
            waiting.append(pool.submit(work, address))
            if len(waiting) > 2 * AT_ONCE:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _work(context: RunContext, spec: SourceSpec, web: Web, at: float) -> Callable[[str], Poster]:
    """Return the function that fetches and stores one picture, not before the instant `at`."""

    def work(address: str) -> Poster:
        pause = at - dt.datetime.now(dt.UTC).timestamp()
        if pause > 0:
            time.sleep(pause)
        try:
            data = _download(web, _url(context, spec, address))
            return _store(context.store, context.room("poster"), Poster(spec.name, address, STORED), data)
        except TransportError:
            raise
        except SourceError as error:
            return Poster(spec.name, address, REFUSED, error=error.what)

    return work


def _url(context: RunContext, spec: SourceSpec, address: str) -> str:
    """Return a picture's address on the web. Raises PayloadError for one that is not below the base in the source's facts."""
    facts = spec.poster or PosterSpec(licence="")
    mine = context.home.settings.sources.get(spec.name)
    if facts.base and not (address.startswith("/") and "//" not in address and ".." not in address):
        raise PayloadError("this is not a path of its pictures", spec.name)
    if mine and mine.poster_base:
        return mine.poster_base.rstrip("/") + address
    return elsewhere(facts.base + address, mine.base if mine else "")


def _download(web: Web, url: str) -> bytes:
    reply = patiently(lambda: web.ask(url, max_bytes=MOST_BYTES), PATIENCE)
    if reply.status != 200:
        raise PayloadError(f"there is no picture ({reply.status})", url)
    return reply.body


def _store(store: Store, room: Path, poster: Poster, data: bytes) -> Poster:
    """Keep a picture's widths in the lake under the SHA-256 of the picture that was fetched."""
    pictures = smaller(data, poster.address)
    digest = hashlib.sha256(data).hexdigest()
    for width, webp in pictures.by_width.items():
        name = picture_name(digest, width)
        if not store.has(name):
            ready = room / f"w{width}.webp"
            ready.write_bytes(webp)
            store.put(ready, name)
    size = {"width": pictures.width, "height": pictures.height}
    return msgspec.structs.replace(poster, sha256=digest, **size)


#: The largest video: a trailer of three minutes at 1080p has some 60 MB.
MOST_VIDEO_BYTES = 200_000_000


def keep_videos(
    context: RunContext, sources: Mapping[str, Source], again: bool = False, tell: Tell = lambda _: None
) -> Kept:
    """Keep the video files that films name as trailers and that were not checked yet, or all of them `again`.

    A file that is not a video is recorded as refused, and `tell` receives the reason. Raises TransportError where a
    folder cannot be reached.
    """
    folders = {name: mine.videos for name, mine in context.home.settings.sources.items() if mine.videos}
    if strange := sorted(set(folders) - set(sources)):
        raise UsageError(f"there is no source '{strange[0]}'", f"[sources.{strange[0]}] in moviec.toml")
    with context.catalogue.connect() as connection:
        wanted = wanted_videos(connection, sorted(folders), again)
    done = []
    for source, address in wanted:
        try:
            done.append(_keep_video(context, source, folders[source], address))
        except TransportError:
            raise
        except (PayloadError, UsageError) as error:
            tell(f"{source}: {error}")
            done.append(Video(source, address, REFUSED, error=error.what))
    films = note_videos(context.catalogue, done)
    stored = sum(video.state == STORED for video in done)
    return Kept(stored, len(done) - stored, films)


def _keep_video(context: RunContext, source: str, folder: str, address: str) -> Video:
    """Keep one file. Raises PayloadError for what is not a video or too large, UsageError where there is no such file."""
    if address.startswith("/") or "\\" in address or ".." in Path(address).parts:
        raise PayloadError("a trailer must be the name of a file in the folder of videos", address)
    path = _copy_of(context, source, folder, address)
    if not path.is_file():
        raise UsageError("there is no such file", f"{folder}/{address}", "see `videos` in the settings")
    size = path.stat().st_size
    if size > MOST_VIDEO_BYTES:
        raise PayloadError(
            f"{size:,} bytes, more than {MOST_VIDEO_BYTES:,}", address, "make it smaller, or link to it"
        )
    kind = kind_of(path)
    name = file_sha256(path)
    if not context.store.has(video_name(name, kind)):
        context.store.put(path, video_name(name, kind))
    return Video(source, address, STORED, name, kind, size)


def _copy_of(context: RunContext, source: str, folder: str, address: str) -> Path:
    """Return a copy of a file of the folder, since what is checked must be what is kept; one that is missing or too large is
    not copied.
    """
    room = context.room("video")
    if "://" not in folder:
        path = Path(folder).expanduser()
        whole = (path if path.is_absolute() else context.home.folder / path).resolve()
        found = (whole / address).resolve()
        if not found.is_relative_to(whole):
            raise PayloadError("a trailer must be the name of a file in the folder of videos", address)
        copy = room / f"own{found.suffix}"
        if found.is_file() and found.stat().st_size <= MOST_VIDEO_BYTES:
            shutil.copyfile(found, copy)
            return copy
        return found
    url = f"{folder.rstrip('/')}/{address}"
    return fetch(open_remote(url, context.home.settings.options(url, source), PATIENCE), url, room, PATIENCE)


_stores: dict[str, Store] = {}


def read_picture(home: Home, sha256: str, width: int) -> bytes | None:
    """Return a poster in a width as the lake has it; None where there is none."""
    store, name = _lake_of(home), picture_name(sha256, width)
    return store.path(name).read_bytes() if store.has(name) else None


def video_path(home: Home, sha256: str, kind: str) -> Path | None:
    """Return the path of a video, fetched from the lake if that is remote; None where there is none."""
    store, name = _lake_of(home), video_name(sha256, kind)
    return store.path(name) if store.has(name) else None


def _lake_of(home: Home) -> Store:
    """Return the lake, opened once per server."""
    store = _stores.get(home.lake)
    if store is None:
        store = _stores.setdefault(
            home.lake, Store(home.lake, home.folder / "cache", home.settings.options(home.lake))
        )
    return store
