"""What a run of the pipeline works with: the home, its lake and catalogue, a folder for its work, the leases that it holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import writing
from moviec.catalog.leases import Lease, confirm, owner
from moviec.catalog.schema.operations import runs
from moviec.config import Home
from moviec.engine import Limits
from moviec.errors import StoreError
from moviec.pipeline.ledger_copy import Copy, Place, copying
from moviec.pipeline.steps import Steps, Tell
from moviec.storage.files import Store


class Workshop(msgspec.Struct, frozen=True):
    """The places of a run, and the leases that it holds; `work` is thrown away at its end."""

    home: Home
    store: Store
    catalogue: sa.Engine
    work: Path
    leases: tuple[Lease, ...] = ()

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

    def room(self, name: str) -> Path:
        """Make a folder for one piece of work."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.work))

    def confirm(self, connection: sa.Connection, name: str) -> None:
        """Make sure, inside a `writing` transaction, that the run still holds a lease. Raises StoreError."""
        held = next((one for one in self.leases if one.name == name), None)
        if held is None:
            raise StoreError("this work needs to be alone", f"lease '{name}'", "open the workshop with it")
        confirm(connection, held)


@contextmanager
def recorded(shop: Workshop, command: str, lease: str, tell: Tell = lambda _: None) -> Iterator[Steps]:
    """Record a run under the lease that it holds; its steps are those that were done when it ended.

    Recorded as failed where the block raises. A run whose process died is noted as died by the lease's next holder.
    """
    row = {"command": command, "lease": lease, "owner": owner(), "started_at": now()}
    with writing(shop.catalogue) as connection:
        made = connection.execute(sa.insert(runs).values(**row, outcome="running", steps=[]))
        number = (made.inserted_primary_key or (0,))[0]
    steps = Steps(tell)
    try:
        yield steps
    except BaseException as error:
        with suppress(StoreError):  # the run's own error counts; the lease's next holder notes how it ended
            _end(shop, number, steps, {"outcome": "failed", "error": str(error) or type(error).__name__})
        raise
    _end(shop, number, steps, {"outcome": steps.outcome})


def last_runs(connection: sa.Connection, most: int) -> list[dict[str, Any]]:
    """List the latest runs, latest first, as the table has them."""
    query = sa.select(runs).order_by(runs.c.number.desc()).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]


def _end(shop: Workshop, number: int, steps: Steps, said: dict[str, str]) -> None:
    done: Any = msgspec.to_builtins(steps.done)
    with writing(shop.catalogue) as connection:
        row = {"finished_at": now(), "steps": done, **said}
        connection.execute(sa.update(runs).where(runs.c.number == number).values(row))
