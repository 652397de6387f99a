"""Posters within their sources' licences: fetched, checked, kept in the lake in three widths, named in the films' documents.

Only a source whose facts say so (`[poster]`) is asked for pictures; a picture is served from here, never linked to.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from moviec.catalog.known_posters import (
    REFUSED,
    STORED,
    Poster,
    forget_posters,
    note_posters,
    stored_posters,
    stored_videos,
    wanted_posters,
)
from moviec.catalog.online import reserve
from moviec.config import Home
from moviec.errors import PayloadError, SourceError, TransportError
from moviec.home.context import RunContext, Tell
from moviec.lake.payloads import POSTER_FOLDER, VIDEOS, WIDTHS, picture_name, picture_names, video_name
from moviec.pipeline.pictures import Pictures, smaller
from moviec.sources.fetch_spec import elsewhere
from moviec.sources.spec import PosterSpec, Source, SourceSpec
from moviec.storage.files import Store
from moviec.storage.http import Web
from moviec.transient import Patience, patiently

#: Pictures a second of one source, at a time, and noted in one transaction (their films are published together).
RATE, AT_ONCE, NOTED = 20.0, 4, 100

#: A picture's bytes as it comes, at most.
MOST_BYTES = 15_000_000

PATIENCE = Patience()

#: What a document says of a poster, or of a video of one's own, that is stored: address (as the source delivers it) and poster
#: (JSON text: an object of a poster, a path of a video).
POSTERS = pa.schema([("address", pa.string()), ("poster", pa.string())])


class Fetched(msgspec.Struct, frozen=True):
    """What a run came to: pictures stored and refused, and films that are published again for them."""

    stored: int
    refused: int
    films: int


def poster_table(context: RunContext, specs: Iterable[SourceSpec]) -> pa.Table:
    """Return what documents say of the posters and videos that are stored (POSTERS), each address once.

    Of a file name that two lists give two videos they say nothing.
    """
    licences = {spec.name: spec.poster.licence for spec in specs if spec.poster}
    with context.catalogue.connect() as connection:
        found = [poster for poster in stored_posters(connection) if poster.source in licences]
        videos = stored_videos(connection)
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
) -> Fetched:
    """Fetch up to so many posters that films lack or that are older than their licence allows, of the most popular films first.

    What is no picture is noted as refused, and asked for again when it would be too old. Raises TransportError where a source is
    down; what came until then is kept.
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
    return Fetched(stored, refused, films)


def _lost(context: RunContext) -> list[Poster]:
    """Return the posters that the catalogue calls stored and of which the lake lacks a file."""
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
    """Return the work of fetching and storing one picture, not before an instant."""

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
    """Return where a picture is. Raises PayloadError for an address that the source's facts do not lead to."""
    facts = spec.poster or PosterSpec(licence="")
    mine = context.home.settings.sources.get(spec.name)
    if facts.base and not (address.startswith("/") and "//" not in address and ".." not in address):
        raise PayloadError("this is no path of its pictures", spec.name)
    if mine and mine.poster_base:
        return mine.poster_base.rstrip("/") + address
    return elsewhere(facts.base + address, mine.base if mine else "")


def _download(web: Web, url: str) -> bytes:
    reply = patiently(lambda: web.ask(url, max_bytes=MOST_BYTES), PATIENCE)
    if reply.status != 200:
        raise PayloadError(f"there is no picture ({reply.status})", url)
    return reply.body


def _store(store: Store, room: Path, poster: Poster, data: bytes) -> Poster:
    """Keep a picture's widths in the lake under the SHA-256 of what came."""
    pictures: Pictures = smaller(data, poster.address)
    sha256 = hashlib.sha256(data).hexdigest()
    for width, webp in pictures.by_width.items():
        name = picture_name(sha256, width)
        if not store.has(name):
            ready = room / f"w{width}.webp"
            ready.write_bytes(webp)
            store.put(ready, name)
    size = {"sha256": sha256, "width": pictures.width, "height": pictures.height}
    return msgspec.structs.replace(poster, **size)


_stores: dict[str, Store] = {}


def read_picture(home: Home, sha256: str, width: int) -> bytes | None:
    """Return a poster in a width as the lake has it; None where there is none."""
    store, name = _lake_of(home), picture_name(sha256, width)
    return store.path(name).read_bytes() if store.has(name) else None


def video_path(home: Home, sha256: str, kind: str) -> Path | None:
    """Return where a video lies here, fetched out of the lake where that is elsewhere; None where there is none."""
    store, name = _lake_of(home), video_name(sha256, kind)
    return store.path(name) if store.has(name) else None


def _lake_of(home: Home) -> Store:
    """Return the lake for servers, which open it once."""
    store = _stores.get(home.lake)
    if store is None:
        store = _stores.setdefault(
            home.lake, Store(home.lake, home.folder / "cache", home.settings.options(home.lake))
        )
    return store
