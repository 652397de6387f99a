"""The catalogue held against what its records come to when everything is worked out again: nothing is published."""

from __future__ import annotations

from moviec.catalog.recordlog import pending
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
