"""Files of the lake that the catalogue does not know: moved aside with a list of what they were, never removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec

from moviec.storage.files import Store

FOLDER = "lost+found"


class Found(msgspec.Struct, frozen=True):
    """A file moved aside: its name before and now, and why."""

    name: str
    now: str
    why: str


def move_aside(store: Store, names: Sequence[str], why: str, work: Path) -> str:
    """Move files into a folder of this instant below `lost+found`, and return its name.

    The list of them, `moved.json`, is written first: a move that was cut short can be told from it.
    """
    folder = f"{FOLDER}/{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}"
    moved = [Found(name, f"{folder}/{name}", why) for name in sorted(names)]
    listed = work / "moved.json"
    listed.write_bytes(msgspec.json.format(msgspec.json.encode(moved)))
    store.put(listed, f"{folder}/moved.json")
    for file in moved:
        store.move(file.name, file.now)
    return folder
