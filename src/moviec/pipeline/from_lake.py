"""The catalogue brought up to its lake, from nothing or from an older state of it: the way back when the database is lost.

Deliveries, batches, rejected rows, ids and decisions come from the lake's copy of the ledger; films are then worked out
again. What stands in the database alone does not come back: accounts and keys, webhooks, the history of documents, the
change log (which goes on with the next number), the record of runs. A backup has it all.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.copying import replace_rows
from moviec.catalog.deliveries import has_deliveries, publish_all
from moviec.catalog.facts import LOG_BEGINS, fact, note_fact
from moviec.catalog.leases import ARRIVALS, CATALOGUE, holding
from moviec.catalog.queries import last_change
from moviec.engine import DuckEngine
from moviec.errors import DamagedError, StoreError
from moviec.pipeline.identity import FACT, name_lake, new_name, readable_name
from moviec.pipeline.ledger_copy import UNITS, name_copies, note_copies
from moviec.pipeline.models import BUILT_WITH
from moviec.pipeline.steps import Tell
from moviec.pipeline.workshop import Workshop


def from_lake(shop: Workshop, tell: Tell = lambda _: None) -> dict[str, int]:
    """Make the copied tables what the lake says they are, and ask for all to be published; give the rows by table.

    In one transaction. Raises StoreError where the lake has no copy, or the catalogue is another lake's.
    """
    patience = shop.home.settings.patience
    with (
        holding(shop.catalogue, ARRIVALS, patience, tell),
        holding(shop.catalogue, CATALOGUE, patience, tell),
        DuckEngine(shop.limits) as engine,
    ):
        tell("reading the lake's copy of the ledger")
        lake = readable_name(shop.store)
        name = lake or new_name()
        try:
            named = name_copies(engine, shop.store)
        except DamagedError as error:
            raise DamagedError(error.what, error.where, _NO_COPY) from error
        tell("putting it into the catalogue")
        with writing(shop.catalogue) as connection:
            _check(shop, connection, lake)
            rows = _put(connection, engine, named)
            begins = engine.query("SELECT value FROM catalogue_state") if "catalogue_state" in named else None
            newest = int(begins["value"][0].as_py()) if begins is not None and begins.num_rows else 0
            if newest > last_change(connection):
                note_fact(connection, LOG_BEGINS, str(newest))
            note_fact(connection, FACT, name)
            note_fact(connection, BUILT_WITH, None)
            note_copies(connection, shop.store)
            publish_all(connection)
        if lake is None:
            name_lake(shop.store, name, shop.work)
    return rows


#: What is left where the copy is damaged, too.
_NO_COPY = "restore a backup; without one, ingest the payloads under raw/ again into a new home"


def _check(shop: Workshop, connection: sa.Connection, lake: str | None) -> None:
    known = fact(connection, FACT)
    if has_deliveries(connection) and known != lake:
        raise StoreError(
            "the catalogue is another lake's", shop.store.root, "name a new one with MOVIEC_CATALOGUE"
        )


def _put(connection: sa.Connection, engine: DuckEngine, named: list[str]) -> dict[str, int]:
    """Put the copied rows in the place of those that are there."""

    def parts(name: str) -> Iterator[pa.Table] | None:
        if name not in named:
            return None
        return (pa.Table.from_batches([one]) for one in engine.stream(f"SELECT * FROM {name}"))

    return replace_rows(connection, UNITS.keys() - {"catalogue_state"}, parts)
