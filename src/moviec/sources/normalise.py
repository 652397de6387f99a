"""The last step of every reader: rows as the source means them, held against the rules that hold for all."""

from __future__ import annotations

from importlib import resources

from moviec.engine import DuckEngine
from moviec.sources.base import Reading, Staged, Wanted


def normalise(engine: DuckEngine, read_sql: str, staged: list[Staged], wanted: Wanted) -> Reading:
    """Run a source's `read.sql` and the rules into a Parquet file of the wanted fields, in the file's order."""
    engine.view("read", read_sql)
    engine.view("checked", resources.files("moviec.sources").joinpath("checked.sql").read_text("utf-8"))
    records = wanted.work / "records.parquet"
    fields = ", ".join(wanted.fields)
    rows = engine.write(f"SELECT key, {fields}, problems, _position FROM checked", records)
    engine.parquet("records", [records])
    problems = engine.query(
        "SELECT problem, count(*) AS rows FROM (SELECT unnest(problems) AS problem FROM records)"
        " GROUP BY problem ORDER BY problem"
    ).to_pylist()
    return Reading(
        records=records,
        rows=rows,
        files={file.role: file for file in staged},
        problems={row["problem"]: row["rows"] for row in problems},
    )
