"""Opening a home for a run: its lake and catalogue, alone or beside others, with what dead and older runs left put in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from moviec.catalog.connect import connect
from moviec.catalog.deliveries import all_batches, has_older_ids
from moviec.catalog.leases import ARRIVALS, CATALOGUE, holding
from moviec.config import Home
from moviec.lake.checksums import adopt
from moviec.lake.lost_found import move_aside
from moviec.pipeline.context import Workshop
from moviec.pipeline.lake_identity import check_pair
from moviec.pipeline.ledger_copy import complete
from moviec.pipeline.older_homes import settle_ties
from moviec.pipeline.steps import Tell
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
