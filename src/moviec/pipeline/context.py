"""Opening a home for a run: its lake and catalogue, alone or beside others, with what dead and older runs left put in order."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.accounts import now
from moviec.catalog.connect import connect, writing
from moviec.catalog.deliveries import all_batches, has_older_ids
from moviec.catalog.leases import ARRIVALS, CATALOGUE, Lease, confirm, holding, owner
from moviec.catalog.schema.operations import runs
from moviec.config import Home
from moviec.engine import Limits
from moviec.errors import StoreError
from moviec.lake.checksums import adopt
from moviec.lake.lost_found import move_aside
from moviec.pipeline.lake_identity import check_pair
from moviec.pipeline.ledger_copy import Copy, Place, complete, copying
from moviec.pipeline.steps import Steps, Tell
from moviec.storage.files import Store
from moviec.units import plural
from moviec.work import work_folder


@contextmanager
def workshop(home: Home, alone: bool = False, tell: Tell = lambda _: None) -> Iterator[Workshop]:
    """Open a home; `alone` for work that neither arrivals nor publications may go beside.

    Waits for other runs as long as the settings say; then raises StoreError.
    """
    with work_folder() as work:
        store = Store(home.lake, home.folder / "cache", home.settings.options(home.lake))
        shop = Workshop(home, store, connect(home.catalogue, home.settings.patience), work)
        try:
            if alone:
                with arriving(shop, tell) as first, publishing(first, tell) as both:
                    yield both
            else:
                yield shop
        finally:
            shop.catalogue.dispose()


@contextmanager
def arriving(shop: Workshop, tell: Tell = lambda _: None) -> Iterator[Workshop]:
    """Be the one who takes deliveries in; what a dead run left half done is cleared away first."""
    with holding(shop.catalogue, ARRIVALS, shop.home.settings.patience, tell) as held:
        check_pair(shop.store, shop.catalogue, shop.work)
        _clear(shop, tell)
        adopt(shop.store, tell)
        complete(shop.copies, shop.catalogue)
        alone = msgspec.structs.replace(shop, leases=(*shop.leases, held))
        if has_older_ids(shop.catalogue):
            from moviec.pipeline.older_homes import settle_ties  # takes a second to load

            settle_ties(alone, tell)
        yield alone


@contextmanager
def publishing(shop: Workshop, tell: Tell = lambda _: None) -> Iterator[Workshop]:
    """Be the one who publishes."""
    with holding(shop.catalogue, CATALOGUE, shop.home.settings.patience, tell) as held:
        check_pair(shop.store, shop.catalogue, shop.work)
        yield msgspec.structs.replace(shop, leases=(*shop.leases, held))


def _clear(shop: Workshop, tell: Tell) -> None:
    """Move files of records that no registered batch names aside: a run died before it could register them."""
    shop.store.clear_parts()
    known = {name for batch in all_batches(shop.catalogue) for name in (batch.records_file, batch.keys_file)}
    unknown = [name for name in shop.store.names("records") if name not in known]
    if unknown:
        folder = move_aside(shop.store, unknown, "no batch names it", shop.work)
        tell(f"{plural(len(unknown), 'file', 'files')} that no batch names moved to {folder}")


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
