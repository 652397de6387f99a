"""`moviec rebuild`: builds the whole catalogue again, from the records or from the delivered bytes."""

from __future__ import annotations

from typing import Annotated

import typer

from moviec.catalog.deliveries import all_deliveries
from moviec.cli.console import (
    EngineName,
    EngineOption,
    HomeOption,
    JsonOption,
    MasterOption,
    end_with,
    give_way,
    print_json,
    running_on,
    steps,
)
from moviec.cli.delivery_messages import aside_lines, print_outcome
from moviec.config import open_home
from moviec.pipeline.aggregator import drain, publish_again
from moviec.pipeline.opening import on_engine, open_run
from moviec.pipeline.rebuild import from_lake, rebuild_source
from moviec.sources.registry import find_source
from moviec.units import plural


def rebuild(
    from_raw: Annotated[bool, typer.Option("--from-raw", help="Read every payload again.")] = False,
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Continue even if reading again withdraws many records.")
    ] = False,
    lake_only: Annotated[
        bool, typer.Option("--from-lake", help="Restore a database that is lost, or older than the lake.")
    ] = False,
    engine: EngineOption = EngineName.duckdb,
    master: MasterOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build the whole catalogue again with the pinned models: from the records, or from the delivered bytes.

    Ids and decisions stay. The result equals that of the ingestions, unless the code or a model changed.
    Exit status 3: reading again would withdraw many records, so nothing was done; or records were set aside.
    """
    give_way()
    place = open_home(home)
    made = []
    with steps(quiet=as_json) as tell, on_engine(place, running_on(engine, master)) as spark:
        if lake_only:
            with open_run(place) as context:
                brought = from_lake(context, tell)
        with open_run(place, alone=True, tell=tell, spark=spark) as context:
            present = (
                {delivery.source for delivery in all_deliveries(context.catalogue)} if from_raw else set()
            )
            for name in sorted(present):
                made += rebuild_source(context, find_source(name, place.folder), tell, accept_shrink)
            outcome = drain(context, tell) if lake_only else publish_again(context, tell)
    if as_json:
        said = {"from_lake": brought} if lake_only else {}
        print_json({**said, "batches": made, "catalogue": outcome})
        end_with(aside_lines(outcome))
        return
    if lake_only:
        print(
            f"from the lake: {plural(brought['deliveries'], 'delivery', 'deliveries')},"
            f" {plural(brought.get('records', 0), 'record', 'records')} with their ids,"
            f" {plural(brought.get('decisions', 0), 'decision', 'decisions')};"
            " accounts, keys, webhooks and history come from a backup only"
        )
    for batch in made:
        print(
            f"{batch.delivery}: {plural(batch.changed, 'record', 'records')} written, {batch.tombstones:,} gone"
        )
    print_outcome(outcome)
    end_with(aside_lines(outcome))
