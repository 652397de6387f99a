"""The context of a pipeline run: the home, its lake and catalogue, a work folder, its leases, its steps and disk space.

Whether the disks have room is checked before work begins. The figures are the least that any source needed when it was
measured (4,000 made-up films from five sources; the most was six times that): a delivery refused here could not have been
published, one that passes may still run out.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import msgspec
import sqlalchemy as sa

from moviec.catalog.deliveries import Batch
from moviec.catalog.leases import Lease, begin_run, confirm, end_run
from moviec.config import Home
from moviec.engine import Limits
from moviec.engine.spark import Spark
from moviec.errors import StoreError
from moviec.home.ledger_copy import Copy, Place, copying
from moviec.storage.files import Store
from moviec.transient import is_interrupt

Tell = Callable[[str], None]


class Step(msgspec.Struct, frozen=True):
    """One step of a run: what it was, seconds, counts."""

    name: str
    seconds: float
    counts: dict[str, int]


class Steps:
    """The record of a run while it goes on, and how it ended: done, or held."""

    def __init__(self, tell: Tell = lambda _: None) -> None:
        """Start without steps; `tell` receives the name of each."""
        self.done: list[Step] = []
        self.outcome = "done"
        self._tell = tell

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, int]]:
        """Run a step; values put into the yielded dictionary become its counts."""
        self._tell(name)
        counts: dict[str, int] = {}
        begun = time.monotonic()
        yield counts
        self.done.append(Step(name, round(time.monotonic() - begun, 3), counts))


#: Bytes per byte delivered: in the temporary folder, and in the lake besides the payload itself.
TEMPORARY, BATCHES = 0.5, 0.4

#: Bytes that SQLite writes per record that waits: rows, document and write-ahead log.
PER_RECORD = 4_000


def check_delivery(home: Home, paths: Sequence[Path]) -> None:
    """Raise StoreError where the temporary folder or the lake has no room for files that were delivered."""
    size = sum(path.stat().st_size for path in paths if path.is_file())
    needs = {Path(tempfile.gettempdir()): int(TEMPORARY * size)}
    if "://" not in home.lake:
        needs[Path(home.lake)] = int((1 + BATCHES) * size)
    require(needs)


def check_publication(home: Home, records: int) -> None:
    """Raise StoreError where the catalogue's file, if it is one, has no room for records that wait."""
    url = sa.make_url(home.catalogue)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        require({Path(url.database).parent: PER_RECORD * records})


def require(needs: Mapping[Path, int]) -> None:
    """Raise StoreError where a disk has less free than the folders on it need together, in bytes."""
    by_disk: dict[int, list[Path]] = {}
    for folder in needs:
        by_disk.setdefault(_present(folder).stat().st_dev, []).append(folder)
    for folders in by_disk.values():
        need, free = sum(needs[folder] for folder in folders), shutil.disk_usage(_present(folders[0])).free
        if need > free:
            raise StoreError(
                f"at least {need / 1e6:,.1f} MB are needed and {free / 1e6:,.1f} MB free",
                ", ".join(map(str, folders)),
                "make room there, or name another folder (TMPDIR, or `lake` and `catalogue` in moviec.toml)",
            )


def _present(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


class RunContext(msgspec.Struct, frozen=True):
    """The places of a run, the leases that it holds, and its cluster, if any; `work` is removed
    at its end.
    """

    home: Home
    store: Store
    catalogue: sa.Engine
    work: Path
    leases: tuple[Lease, ...] = ()
    spark: Spark | None = None

    @property
    def limits(self) -> Limits:
        """The engine's limits."""
        return Limits(self.home.settings.threads, self.home.settings.memory)

    @property
    def cores(self) -> int:
        """The number of parallel threads."""
        return self.home.settings.threads or os.cpu_count() or 1

    @property
    def copies(self) -> Place:
        """Where the lake's copy of the ledger is written."""
        return Place(self.store, self.work)

    def writing(self, enforced: bool = True) -> AbstractContextManager[Copy]:
        """Open a transaction that changes deliveries or the ledger and also writes the lake's copy of them; `enforced` as
        `connect.writing` has it.
        """
        return copying(self.copies, self.catalogue, enforced)

    def record_files(self, batches: Iterable[Batch]) -> list[Path]:
        """Return the files of batches' records, each local and verified."""
        return [self.store.path(batch.records_file) for batch in batches if batch.records_file]

    def room(self, name: str) -> Path:
        """Create a folder for one task."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.work))

    def confirm(self, connection: sa.Connection, name: str) -> None:
        """Make sure, inside a `writing` transaction, that the run still holds a lease. Raises StoreError."""
        held = next((lease for lease in self.leases if lease.name == name), None)
        if held is None:
            raise StoreError("this work needs a lease", f"lease '{name}'", "open the run with it")
        confirm(connection, held)


@contextmanager
def recorded(context: RunContext, command: str, lease: str, tell: Tell = lambda _: None) -> Iterator[Steps]:
    """Record a run under the lease that it holds; its steps are those that were done when it ended.

    Recorded as failed if the block raises. A run whose process died is marked by the lease's next holder.
    """
    number = begin_run(context.catalogue, command, lease)
    steps = Steps(tell)
    try:
        yield steps
    except BaseException as error:
        with suppress(
            StoreError
        ):  # the run's own error matters; the lease's next holder records how it ended
            done = msgspec.to_builtins(steps.done)
            why = (
                "stopped by Ctrl-C or SIGTERM" if is_interrupt(error) else str(error) or type(error).__name__
            )
            end_run(context.catalogue, number, done, "failed", why)
        raise
    end_run(context.catalogue, number, msgspec.to_builtins(steps.done), steps.outcome)
