"""Opening a home for a run: its lake and catalogue, alone or beside others, with what dead and older runs left put in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from moviec.catalog.connect import connect
from moviec.catalog.deliveries import all_batches, has_older_ids
from moviec.catalog.leases import ARRIVALS, CATALOGUE, holding
from moviec.config import Home, Running
from moviec.engine.spark import Spark, open_spark
from moviec.home.context import RunContext, Tell
from moviec.home.lake_identity import check_pair
from moviec.home.ledger_copy import complete
from moviec.lake.payloads import adopt, move_aside
from moviec.pipeline.older_homes import settle_ties
from moviec.storage.files import Store
from moviec.units import plural
from moviec.work import work_folder


@contextmanager
def on_engine(home: Home, running: Running) -> Iterator[Spark | None]:
    """Open the cluster that a run is to use: None where it works in this process.

    Raises UsageError where something for it is missing. What executors and driver hand each other goes through a folder in
    the home, which all of them see.
    """
    if not running.spark:
        yield None
        return
    with work_folder(home.folder) as work, open_spark(running.master, work) as spark:
        yield spark


@contextmanager
def open_run(
    home: Home, alone: bool = False, tell: Tell = lambda _: None, spark: Spark | None = None
) -> Iterator[RunContext]:
    """Open a home; `alone` for work that neither arrivals nor publications may go beside.

    Waits for other runs as long as the settings say; then raises StoreError. A publication of everything uses `spark`.
    """
    with work_folder() as work:
        store = Store(home.lake, home.folder / "cache", home.settings.options(home.lake))
        catalogue = connect(home.catalogue, home.settings.patience)
        context = RunContext(home, store, catalogue, work, spark=spark)
        try:
            if alone:
                with arriving(context, tell) as first, publishing(first, tell) as both:
                    yield both
            else:
                yield context
        finally:
            context.catalogue.dispose()


@contextmanager
def arriving(context: RunContext, tell: Tell = lambda _: None) -> Iterator[RunContext]:
    """Be the one who takes deliveries in; what a dead run left half done is cleared away first."""
    with holding(context.catalogue, ARRIVALS, context.home.settings.patience, tell) as held:
        check_pair(context.store, context.catalogue, context.work)
        _clear(context, tell)
        adopt(context.store, tell)
        complete(context.copies, context.catalogue)
        alone = msgspec.structs.replace(context, leases=(*context.leases, held))
        if has_older_ids(context.catalogue):
            settle_ties(alone, tell)
        yield alone


@contextmanager
def publishing(context: RunContext, tell: Tell = lambda _: None) -> Iterator[RunContext]:
    """Be the one who publishes."""
    with holding(context.catalogue, CATALOGUE, context.home.settings.patience, tell) as held:
        check_pair(context.store, context.catalogue, context.work)
        yield msgspec.structs.replace(context, leases=(*context.leases, held))


def _clear(context: RunContext, tell: Tell) -> None:
    """Move files of records that no registered batch names aside: a run died before it could register them."""
    context.store.clear_parts()
    known = {
        name for batch in all_batches(context.catalogue) for name in (batch.records_file, batch.keys_file)
    }
    unknown = [name for name in context.store.names("records") if name not in known]
    if unknown:
        folder = move_aside(context.store, unknown, "no batch names it", context.work)
        tell(f"{plural(len(unknown), 'file', 'files')} that no batch names moved to {folder}")
