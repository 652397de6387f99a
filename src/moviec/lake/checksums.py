"""The lake's files held against their checksums; files older than checksums are taken as they are, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from moviec.errors import StoreError
from moviec.storage.files import State, Store

#: Folders whose files have a checksum beside them; payloads have it as their name.
RECORDED = ("records", "features", "models", "ledger")


def adopt(store: Store, tell: Callable[[str], None]) -> None:
    """Record the checksums of files that were written before there were any."""
    older = [name for folder in RECORDED for name in store.unrecorded(folder)]
    for name in older:
        store.record(name)
    if older:
        tell(f"files of the lake without a checksum: {len(older):,}; recorded as they are")


def unsound(store: Store, folders: tuple[str, ...]) -> Iterator[tuple[str, State]]:
    """Read every file below some folders; yield those that are damaged or have no checksum.

    A file that another process removes meanwhile is neither.
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
