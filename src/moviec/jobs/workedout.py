"""The catalogue held against what its records come to when everything is worked out again: nothing is published."""

from __future__ import annotations

from moviec.catalog.copying import columns_of, rows_of
from moviec.catalog.recordlog import pending
from moviec.engine import DuckEngine
from moviec.engine.duck import identifier
from moviec.pipeline.ledger_copy import AFTERWARDS, name_copies
from moviec.pipeline.steps import Tell
from moviec.pipeline.street import Scope, bring_up
from moviec.pipeline.workshop import Workshop


def worked_out_otherwise(shop: Workshop, tell: Tell = lambda _: None) -> dict[str, int]:
    """Count by table the rows that a rebuild would write or take away; none where something waits to be published.

    A rebuild writes only rows that differ, and comes to what the ingestions came to: these rows are damaged, or made by
    another version of MovieC. Needs the lease on the catalogue, and as long as a rebuild takes.
    """
    with shop.catalogue.connect() as connection:
        if pending(connection).entries:
            tell("record changes wait to be published: rows were not worked out again")
            return {}
    outcome = bring_up(shop, Scope(everything=True, rehearsal=True), tell)
    counts = {name: one.written + one.removed for name, one in outcome.touched.items()}
    return {name: count for name, count in counts.items() if count}


def copied_otherwise(shop: Workshop) -> dict[str, int]:
    """Count by table the rows of the lake's copy of the ledger that are not the catalogue's, or are missing there.

    Needs the leases on arrivals and on the catalogue.
    """
    found = {}
    with DuckEngine(shop.limits) as engine, shop.catalogue.connect() as connection:
        for name in name_copies(engine, shop.store):
            if name == "catalogue_state":
                continue
            kept = [column for column in columns_of(name) if (name, column) not in AFTERWARDS]
            engine.table("standing", rows_of(connection, name).select(kept))
            columns = ", ".join(map(identifier, kept))
            copied, standing = (f"SELECT {columns} FROM {rows}" for rows in (name, "standing"))
            sql = (
                f"SELECT count(*) FROM (({copied} EXCEPT {standing}) UNION ALL ({standing} EXCEPT {copied}))"
            )
            if count := engine.query(sql).column(0)[0].as_py():
                found[name] = count
    return found
