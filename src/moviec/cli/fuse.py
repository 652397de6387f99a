"""`moviec fuse`: chooses one value per film and field from any table of claims, with the claims that lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import duckdb
import msgspec
import typer

from moviec.cli.console import check_places, end_with, fail, steps
from moviec.engine import DuckEngine
from moviec.engine.unreadable_cells import nothing_came
from moviec.errors import UsageError
from moviec.fusion.claims_file import open_claims_file
from moviec.fusion.claims_table import FusedClaims, fuse_claims
from moviec.fusion.field_kinds import read_fields
from moviec.units import plural

#: File endings of other formats than CSV.
NO_CSV = (".parquet", ".json", ".jsonl", ".ndjson", ".tsv", ".xls", ".xlsx")

_REJECTED = """
SELECT * FROM claims_unusable UNION ALL SELECT * FROM claims_unread UNION ALL SELECT * FROM claims_second
"""


def fuse(
    claims: Annotated[Path, typer.Argument(help="movie,field,source,value: CSV, TSV, JSON, Parquet, Excel")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="write the chosen values here, as CSV")],
    as_json: Annotated[bool, typer.Option("--json", help="report as JSON")] = False,
) -> None:
    """Choose the most reliable value of every film's every field; uses no catalogue.

    Exit status 3: most cells of a field could not be read. A run without one value fails.
    """
    aside = out.with_name(f"{out.stem}.rejected.csv")
    check_places([claims], [out, aside])
    if out.suffix.lower() in NO_CSV:
        raise UsageError("values are CSV", str(out), "give --out a name that ends in .csv")
    with DuckEngine() as engine, steps() as tell:
        tell("reading")
        open_claims_file(engine, claims)
        if not engine.query("SELECT 1 FROM claim_cells LIMIT 1").num_rows:
            raise nothing_came("no claim could be used", claims.name, [], "see docs/fusion.md")
        read = read_fields(engine)
        engine.materialize("claims_rejected", _REJECTED)
        rejected = engine.query("SELECT 1 FROM claims_rejected").num_rows
        _write_aside(engine, aside, rejected)
        for column in read.unread:
            if not column.mostly:  # those are reported at the end
                fail(_of_field(str(column)))
        mostly = [_of_field(str(column)) for column in read.unread if column.mostly]
        used = engine.query("SELECT count(*) AS claims FROM claim_values")["claims"][0].as_py()
        if not used:
            see = f"see {aside}" if rejected else ""
            raise nothing_came("no claim could be used", claims.name, mostly, see)
        fused = fuse_claims(engine, read.fields, tell)
        engine.register("fused_values", fused.values)
        _copy(engine, "SELECT * FROM fused_values", out)
    if as_json:
        unread = msgspec.to_builtins([column for column in read.unread if column.mostly])
        report = _report(fused, used, rejected) | {"unread": unread}
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _say(fused, used)
        if rejected:
            typer.echo(f"  {plural(rejected, 'row', 'rows')} could not be used: {aside} gives the reasons")
    end_with(mostly)


def _of_field(column: str) -> str:
    return column.replace("column ", "field ", 1)


def _write_aside(engine: DuckEngine, aside: Path, rows: int) -> None:
    """Write unusable rows and the reasons next to the values; or remove an earlier run's file."""
    if rows:
        _copy(engine, "SELECT * FROM claims_rejected ORDER BY file_row, reason", aside)
    else:
        aside.unlink(missing_ok=True)


def _copy(engine: DuckEngine, sql: str, path: Path) -> None:
    try:
        engine.write_csv(sql, path)
    except duckdb.IOException as error:
        raise UsageError("cannot be written", str(path), "does its folder exist?") from error


def _groups(fused: FusedClaims) -> list[list[str]]:
    """Return the sources of one origin, where there are several."""
    groups: dict[str, list[str]] = {}
    for source, origin in fused.origin.items():
        groups.setdefault(origin, []).append(source)
    return [group for group in groups.values() if len(group) > 1]


def _report(fused: FusedClaims, claims: int, rejected: int) -> dict[str, object]:
    return {
        "values": fused.values.num_rows,
        "claims": claims,
        "rejected": rejected,
        "one_origin": _groups(fused),
        "shared": msgspec.to_builtins(fused.shared),
        "fields": [
            {
                "field": each.field.name,
                "kind": each.field.kind,
                "sources": [
                    {"source": source, "weight": weight, "judged": taken, "sided_with": won}
                    for source, weight, taken, won in zip(
                        each.sources, each.weights.words, each.weights.taken, each.weights.won, strict=True
                    )
                ],
            }
            for each in fused.learned
        ],
    }


def _say(fused: FusedClaims, claims: int) -> None:
    """Print what was chosen, and on what basis."""
    typer.echo(
        f"{plural(fused.values.num_rows, 'value', 'values')} from {plural(claims, 'claim', 'claims')}; others agreed with"
    )
    for each in fused.learned:
        weights = each.weights
        ranked = sorted(
            zip(each.sources, weights.taken, weights.won, strict=True),
            key=lambda row: (-row[2] / max(row[1], 1), row[0]),
        )
        shares = ", ".join(
            f"{source} {won:,} of {taken:,}" if taken else f"{source} (never judged)"
            for source, taken, won in ranked
        )
        typer.echo(f"  {each.field.name} ({each.field.kind}): {shares}")
    for group in _groups(fused):
        typer.echo(f"  {', '.join(group)} have one origin and count as one")
