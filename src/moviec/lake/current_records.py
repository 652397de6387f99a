"""The current records over all sources: views on the lake's batches for the stages behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.lake.batches import view_batches
from moviec.model import RECORD, current_rows


def view_current_records(
    engine: DuckEngine, batches: Sequence[Path], aside: pa.Table, among: str = ""
) -> None:
    """Create the view `live` (RECORD columns): every record that some source still lists, without rows set `aside` (source,
    key, delivery).

    `among`: only records that this table (source, key) names.
    """
    view_rows(engine, "every_record", batches, aside)
    rows = "every_record"
    if among:  # before the current row is chosen: else every row of the lake would be read
        rows = "some_record"
        engine.view(rows, f"SELECT * FROM every_record SEMI JOIN {among} USING (source, key)")
    engine.view("live", f"{current_rows(rows)} AND NOT deleted")


def materialize_changed_records(
    engine: DuckEngine, fresh: Sequence[Path], also: pa.Table, aside: pa.Table
) -> None:
    """Keep as `changed_records` (source, key) the records that the batches not yet published speak of, and `also` some others."""
    view_rows(engine, "fresh_records", fresh, aside)
    engine.register("changed_too", also)
    engine.materialize(
        "changed_records", "SELECT source, key FROM fresh_records UNION SELECT source, key FROM changed_too"
    )


def materialize_arrivals(
    engine: DuckEngine, fresh: Sequence[Path], deliveries: Sequence[str], aside: pa.Table
) -> None:
    """Keep as `arrivals` (source, key, arrival) which of the deliveries, in their order, first brings each record of the
    batches not yet published. Without several deliveries it is empty: they would order nothing.
    """
    view_rows(engine, "arriving_records", fresh if len(deliveries) > 1 else [], aside)
    places = {
        "delivery": pa.array(deliveries, pa.string()),
        "arrival": pa.array(range(len(deliveries)), pa.int64()),
    }
    engine.register("arriving", pa.table(places))
    engine.materialize(
        "arrivals",
        "SELECT source, key, min(arrival) AS arrival FROM arriving_records JOIN arriving USING (delivery) GROUP BY ALL",
    )


def view_rows(engine: DuckEngine, name: str, files: Sequence[Path | str], aside: pa.Table) -> None:
    """Create a view of the records in batches, but for those set aside (source, key, delivery); without a file it is empty."""
    if not files:
        engine.register(name, RECORD.empty_table())
    elif not aside.num_rows:
        view_batches(engine, name, files)
    else:
        view_batches(engine, f"{name}_read", files)
        _view_unset(engine, name, aside)


def view_files(engine: DuckEngine, name: str, files: Sequence[Path | str], aside: pa.Table) -> None:
    """Create a view of the rows of files made from batches, but for those of records set aside (source, key, delivery)."""
    if not aside.num_rows:
        engine.parquet(name, files)
    else:
        engine.parquet(f"{name}_read", files)
        _view_unset(engine, name, aside)


def _view_unset(engine: DuckEngine, name: str, aside: pa.Table) -> None:
    engine.register(f"{name}_aside", aside)
    engine.view(
        name,
        f"SELECT * FROM {identifier(f'{name}_read')}"
        f" ANTI JOIN {identifier(f'{name}_aside')} USING (source, key, delivery)",
    )
