"""Small videos of one's own: files that a person's list names as trailers, checked by their bytes, kept in the lake and served from it.

Only a source with a folder of `videos` in the settings has any; a trailer that is an address stays a link, and nothing is fetched
from a provider.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from moviec.catalog.known_posters import REFUSED, STORED, Video, note_videos, wanted_videos
from moviec.errors import PayloadError, TransportError, UsageError
from moviec.home.context import RunContext, Tell
from moviec.lake.payloads import video_name
from moviec.sources.spec import Source
from moviec.storage.archives import sha256
from moviec.storage.remote import fetch, open_remote
from moviec.transient import Patience

#: The largest video: a trailer of three minutes at 1080p has some 60 MB, and a server has better things to do than films.
MOST_BYTES = 200_000_000

PATIENCE = Patience()

#: Brands of MP4 files (ISO/IEC 14496-12, 14496-14) that browsers play. QuickTime's `qt` is not among them.
_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash", b"av01"}


class Kept(msgspec.Struct, frozen=True):
    """What a run came to: videos stored and refused, and films that are published again for them."""

    stored: int
    refused: int
    films: int


def keep_videos(
    context: RunContext, sources: Mapping[str, Source], again: bool = False, tell: Tell = lambda _: None
) -> Kept:
    """Keep the video files that films name as trailers and that were not looked at yet, or every one `again`.

    What is no video is noted as refused and told. Raises TransportError where a folder cannot be reached.
    """
    folders = {name: mine.videos for name, mine in context.home.settings.sources.items() if mine.videos}
    if strange := sorted(set(folders) - set(sources)):
        raise UsageError(f"there is no source '{strange[0]}'", f"[sources.{strange[0]}] in moviec.toml")
    with context.catalogue.connect() as connection:
        wanted = wanted_videos(connection, sorted(folders), again)
    done = []
    for source, address in wanted:
        try:
            done.append(_keep(context, source, folders[source], address))
        except TransportError:
            raise
        except (PayloadError, UsageError) as error:
            tell(f"{source}: {error}")
            done.append(Video(source, address, REFUSED, error=error.what))
    films = note_videos(context.catalogue, done)
    stored = sum(video.state == STORED for video in done)
    return Kept(stored, len(done) - stored, films)


def _keep(context: RunContext, source: str, folder: str, address: str) -> Video:
    """Keep one file. Raises PayloadError for what is no video or too large, UsageError where there is no such file."""
    if address.startswith("/") or "\\" in address or ".." in Path(address).parts:
        raise PayloadError("a trailer is the name of a file in the folder of videos", address)
    path = _there(context, source, folder, address)
    if not path.is_file():
        raise UsageError("there is no such file", f"{folder}/{address}", "see `videos` in the settings")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise PayloadError(
            f"{size:,} bytes, more than {MOST_BYTES:,}", address, "make it smaller, or link to it"
        )
    kind = kind_of(path)
    name = sha256(path)
    if not context.store.has(video_name(name, kind)):
        context.store.put(path, video_name(name, kind))
    return Video(source, address, STORED, name, kind, size)


def _there(context: RunContext, source: str, folder: str, address: str) -> Path:
    """Return a copy of a file that stands elsewhere, or the file itself where it stands here."""
    room = context.room("video")
    if "://" not in folder:
        path = Path(folder).expanduser()
        whole = (path if path.is_absolute() else context.home.folder / path).resolve()
        found = (whole / address).resolve()
        if not found.is_relative_to(whole):
            raise PayloadError("a trailer is the name of a file in the folder of videos", address)
        copy = room / f"own{found.suffix}"
        copy.unlink(missing_ok=True)
        if found.is_file() and found.stat().st_size <= MOST_BYTES:
            copy.write_bytes(found.read_bytes())  # what is checked is what is kept
            return copy
        return found
    url = f"{folder.rstrip('/')}/{address}"
    return fetch(open_remote(url, context.home.settings.options(url, source), PATIENCE), url, room, PATIENCE)


def kind_of(path: Path) -> str:
    """Return mp4 or webm by a file's bytes. Raises PayloadError for anything else, and for a file that is cut off."""
    with path.open("rb") as file:
        head = file.read(4096)
        if head[4:8] == b"ftyp":
            _check_mp4(file, path.stat().st_size)
            return "mp4"
        if head[:4] == b"\x1a\x45\xdf\xa3" and b"\x42\x82\x84webm" in head[:64]:
            if b"\x18\x53\x80\x67" not in head:
                raise PayloadError("the video is damaged", path.name, "it has no content")
            return "webm"
    raise PayloadError("this is no video that browsers play", path.name, "give MP4 or WebM")


def _check_mp4(file: BinaryIO, size: int) -> None:
    """Raise PayloadError where the boxes of an MP4 do not fill the file, or it lacks what a player needs."""
    kinds = []
    for kind, begin, length in _boxes(file, size):
        if kind == b"ftyp":
            file.seek(begin)
            brands = file.read(min(length, 1024))
            if not any(brands[at : at + 4] in _BRANDS for at in range(0, len(brands), 4) if at != 4):
                raise PayloadError("this is no video that browsers play", "", "give MP4 or WebM")
        kinds.append(kind)
    if kinds[0] != b"ftyp" or b"moov" not in kinds or not {b"mdat", b"moof"} & {*kinds}:
        raise PayloadError("the video is damaged", "", "it lacks its index or its content")


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, first byte and length of the content of each box of a file."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            raise PayloadError("the video is damaged", "", "it ends inside a part")
        length, kind, own = struct.unpack(">I", head[:4])[0], head[4:8], 8
        if length == 1 and len(head) == 16:
            length, own = struct.unpack(">Q", head[8:16])[0], 16
        elif length == 0:
            length = size - at
        if length < own or at + length > size:
            raise PayloadError("the video is damaged", "", "it ends inside a part")
        yield kind, at + own, length - own
        at += length
