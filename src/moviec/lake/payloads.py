"""The lake's files by SHA-256: payloads as delivered, posters and videos, checked against their checksums, unknown ones moved aside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from moviec.errors import DamagedError, StoreError
from moviec.storage.files import Put, State, Store


class Payload(msgspec.Struct, frozen=True):
    """Bytes as delivered: their name at the provider, SHA-256, size, and whether the lake had them."""

    name: str
    sha256: str
    size: int
    put: Put


def keep_payload(store: Store, path: Path) -> Payload:
    """Keep a delivered file's bytes in the lake; the same bytes are kept once, and replace damaged ones.

    The file may still be written to: it is hashed while it is copied.
    """
    kept = store.keep(path, payload_name)
    return Payload(path.name, kept.sha256, kept.size, kept.put)


def let_go(store: Store, payloads: Iterable[Payload]) -> None:
    """Remove a refused delivery's payloads from the lake, if they came with this delivery."""
    for payload in payloads:
        if payload.put is Put.STORED:
            store.remove(payload_name(payload.sha256))


def payload_name(sha256: str) -> str:
    """Return the name in the lake of the payload with this SHA-256."""
    return f"raw/{sha256[:2]}/{sha256}"


def payload_path(store: Store, name: str, sha256: str) -> Path:
    """Return a local path to the verified bytes of a payload that was delivered under `name`.

    Raises DamagedError, with that name, if they are not what was delivered.
    """
    try:
        return store.path(payload_name(sha256))
    except DamagedError as error:
        raise DamagedError(
            f"the payload '{name}' is damaged ({payload_name(sha256)})", error.where, error.hint
        ) from error


#: The folder, and the widths in pixels; a picture that is narrower keeps its own.
POSTER_FOLDER = "posters"
WIDTHS = (185, 342, 780)


def picture_name(sha256: str, width: int) -> str:
    """Return the name in the lake of a poster in a width."""
    return f"{POSTER_FOLDER}/{sha256[:2]}/{sha256}/w{width}.webp"


def picture_names(sha256: str) -> list[str]:
    """Return the names in the lake of a poster in every width."""
    return [picture_name(sha256, width) for width in WIDTHS]


#: The folder of videos.
VIDEOS = "videos"


def video_name(sha256: str, kind: str) -> str:
    """Return the name in the lake of a video."""
    return f"{VIDEOS}/{sha256[:2]}/{sha256}.{kind}"


#: Folders whose files have a checksum file; payloads have it in their name.
RECORDED = ("records", "features", "models", "ledger")


def adopt(store: Store, tell: Callable[[str], None]) -> None:
    """Record the checksums of files written before checksums existed."""
    older = [name for folder in RECORDED for name in store.unrecorded(folder)]
    for name in older:
        store.record(name)
    if older:
        tell(f"files of the lake without a checksum: {len(older):,}; recorded as they are")


def unsound(store: Store, folders: tuple[str, ...]) -> Iterator[tuple[str, State]]:
    """Read every file below some folders; yield those that are damaged or have no checksum.

    A file that another process removes meanwhile is skipped.
    """
    for folder in folders:
        for name in store.names(folder):
            try:
                state = store.check(name)
            except StoreError:
                if store.has(name):
                    raise
                continue
            if state is not State.SOUND:
                yield name, state


LOST_AND_FOUND = "lost+found"


class Found(msgspec.Struct, frozen=True):
    """A file moved aside: its name before and now, and why."""

    name: str
    now: str
    why: str


def move_aside(store: Store, names: Sequence[str], why: str, work: Path) -> str:
    """Move files into a folder below `lost+found`, named by the current time, and return its name.

    The list of them, `moved.json`, is written first: it shows whether a move was interrupted.
    """
    folder = f"{LOST_AND_FOUND}/{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}"
    moved = [Found(name, f"{folder}/{name}", why) for name in sorted(names)]
    listed = work / "moved.json"
    listed.write_bytes(msgspec.json.format(msgspec.json.encode(moved)))
    store.put(listed, f"{folder}/moved.json")
    for file in moved:
        store.move(file.name, file.now)
    return folder
