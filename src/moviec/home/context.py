"""What a run of the pipeline works with: the home, its lake and catalogue, a folder for its work, the leases that it holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import msgspec
import sqlalchemy as sa

from moviec.catalog.deliveries import Batch
from moviec.catalog.leases import Lease, confirm
from moviec.catalog.runs import begin_run, end_run
from moviec.config import Home
from moviec.engine import Limits
from moviec.engine.spark import Spark
from moviec.errors import StoreError
from moviec.home.ledger_copy import Copy, Place, copying
from moviec.home.steps import Steps, Tell
from moviec.storage.files import Store


class RunContext(msgspec.Struct, frozen=True):
    """The places of a run, the leases that it holds, and the cluster that it spreads work over, if any; `work` is thrown away
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
        """What the engine may take."""
        return Limits(self.home.settings.threads, self.home.settings.memory)

    @property
    def copies(self) -> Place:
        """Where the lake's copy of the ledger is written."""
        return Place(self.store, self.work)

    def writing(self) -> AbstractContextManager[Copy]:
        """Open a transaction that changes deliveries or the ledger, along with which the lake's copy of them is written."""
        return copying(self.copies, self.catalogue)

    def record_files(self, batches: Iterable[Batch]) -> list[Path]:
        """Return the files of batches' records, each here and checked."""
        return [self.store.path(batch.records_file) for batch in batches if batch.records_file]

    def room(self, name: str) -> Path:
        """Make a folder for one piece of work."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.work))

    def confirm(self, connection: sa.Connection, name: str) -> None:
        """Make sure, inside a `writing` transaction, that the run still holds a lease. Raises StoreError."""
        held = next((lease for lease in self.leases if lease.name == name), None)
        if held is None:
            raise StoreError("this work needs to be alone", f"lease '{name}'", "open the run with it")
        confirm(connection, held)


@contextmanager
def recorded(context: RunContext, command: str, lease: str, tell: Tell = lambda _: None) -> Iterator[Steps]:
    """Record a run under the lease that it holds; its steps are those that were done when it ended.

    Recorded as failed where the block raises. A run whose process died is noted as died by the lease's next holder.
    """
    number = begin_run(context.catalogue, command, lease)
    steps = Steps(tell)
    try:
        yield steps
    except BaseException as error:
        with suppress(StoreError):  # the run's own error counts; the lease's next holder notes how it ended
            done = msgspec.to_builtins(steps.done)
            end_run(context.catalogue, number, done, "failed", str(error) or type(error).__name__)
        raise
    end_run(context.catalogue, number, msgspec.to_builtins(steps.done), steps.outcome)
