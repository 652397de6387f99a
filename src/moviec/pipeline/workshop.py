"""What a run of the pipeline holds while it works: the home, its lake and catalogue, and the lock that it is alone."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import connect
from moviec.catalog.deliveries import all_batches
from moviec.config import Home
from moviec.engine import Limits
from moviec.errors import StoreError
from moviec.lake.store import Store


class Workshop(msgspec.Struct, frozen=True):
    """The places of a run; `work` is thrown away at its end."""

    home: Home
    store: Store
    catalogue: sa.Engine
    work: Path

    @property
    def limits(self) -> Limits:
        """What the engine may take."""
        return Limits(self.home.settings.threads, self.home.settings.memory)

    def room(self, name: str) -> Path:
        """Make a folder for one piece of work."""
        folder = self.work / name
        folder.mkdir()
        return folder


@contextmanager
def workshop(home: Home, alone: bool = False) -> Iterator[Workshop]:
    """Open a home; `alone` for work that changes it, of which one at a time goes on.

    Raises StoreError where another run is at work. What a dead run left half done is cleared away first.
    """
    with _lock(home.folder / ".lock", alone), tempfile.TemporaryDirectory(prefix="moviec-") as work:
        store = Store(home.lake, home.folder / "cache", home.settings.options(home.lake))
        shop = Workshop(home, store, connect(home.catalogue), Path(work))
        try:
            if alone:
                _clear(shop)
            yield shop
        finally:
            shop.catalogue.dispose()


@contextmanager
def _lock(path: Path, alone: bool) -> Iterator[None]:
    if not alone:
        yield
        return
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError("another run is at work here", str(path.parent), "wait for it to end") from error
        yield


def _clear(shop: Workshop) -> None:
    """Remove files of records that no registered batch names: a run died before it could register them."""
    known = {name for batch in all_batches(shop.catalogue) for name in (batch.records_file, batch.keys_file)}
    for name in shop.store.names("records"):
        if name not in known:
            shop.store.remove(name)
