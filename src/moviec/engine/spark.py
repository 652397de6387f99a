"""A cluster: Spark reads, shuffles and writes rows; inside a partition the functions it is given run, on DuckDB and Arrow.

Its SQL is Spark's, and only moves rows: all computation uses the statements that run without it.
PySpark is imported when a cluster is opened, since most installations lack it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import moviec
from moviec.engine.duckdb import Batches, PerRecord
from moviec.errors import ClusterError, StoreError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: The oldest Java that PySpark 4 runs on.
JAVA = 17

#: Spark's default number of shuffle partitions, which suits no machine in particular; this many for each task that
#: runs at once even out groups of different sizes.
SHUFFLED, TASKS = "200", 4

#: Records of which one shuffle partition has the rows: some thirty blocking keys and a dozen candidate pairs each. With the usual
#: 1 GB of Java memory, 300,000 (700,000 films of four sources in 8 partitions) were too many.
SHUFFLED_ROWS = 50_000

#: What to do where Java is short of memory, or gone, mostly for want of it.
MORE_MEMORY = "see what it wrote above; of Java heap space it gets more by spark.driver.memory (with local[N]) or spark.executor.memory"

#: A function of one group of rows, or of one group's rows in two tables.
OfGroup: TypeAlias = Callable[[pa.Table], pa.Table]
OfGroups: TypeAlias = Callable[[pa.Table, pa.Table], pa.Table]

#: Settings under which the driver logs only errors, and accepts results of any size. What
#: `spark-defaults.conf`, `spark-submit` and the master set in addition is kept.
_SETTINGS = {
    "spark.app.name": "moviec",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.driver.maxResultSize": "0",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
}


@contextmanager
def failing() -> Iterator[None]:
    """Turn what fails on the cluster into a StoreError of one line, and its end into a ClusterError."""
    from py4j.protocol import Py4JError, Py4JNetworkError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JNetworkError, ConnectionError) as error:
        raise ClusterError("Spark ended in the middle of the run", "Spark", MORE_MEMORY) from error
    except (PySparkException, Py4JError) as error:
        if "OutOfMemoryError" in str(error):
            raise ClusterError("Java's memory was too small", "Spark", MORE_MEMORY) from error
        raise StoreError(_first_line(error), "Spark", "see the executors' logs") from error


class Spark:
    """Names of rows on a cluster; what is written goes into `work`, a folder that driver and executors all see."""

    def __init__(self, session: SparkSession, work: Path) -> None:
        """Use an open session."""
        self._session, self._work, self._numbers = session, work, count(1)
        self._counted = session.conf.get("spark.sql.shuffle.partitions") == SHUFFLED  # not set by the user
        self.expect(0)

    @property
    def slots(self) -> int:
        """The number of tasks that run at once."""
        return int(self._session.sparkContext.defaultParallelism)

    def expect(self, rows: int) -> None:
        """Shuffle into enough partitions for so many rows that one fits into a task's share of Java's memory; Spark puts small
        ones together. A number that the user set stays.
        """
        if self._counted:
            wanted = max(TASKS * self.slots, -(-rows // SHUFFLED_ROWS))
            self._session.conf.set("spark.sql.shuffle.partitions", str(wanted))

    def folder(self) -> Path:
        """Make a new folder that driver and executors see."""
        path = self._work / f"files-{next(self._numbers)}"
        path.mkdir()
        return path

    @failing()
    def parquet(self, name: str, paths: Sequence[Path]) -> None:
        """Register Parquet files of one schema together as `name`; they are read by splits."""
        files = [path.resolve().as_uri() for path in paths]
        self._session.read.parquet(*files).createOrReplaceTempView(name)

    def register(self, name: str, table: pa.Table) -> None:
        """Register an Arrow table of the driver as `name`, through a file."""
        path = self._work / f"given-{next(self._numbers)}.parquet"
        pq.write_table(table, path, row_group_size=100_000)
        self.parquet(name, [path])

    @failing()
    def view(self, name: str, sql: str) -> None:
        """Name a query; it runs wherever the name is used."""
        self._session.sql(sql).createOrReplaceTempView(name)

    def materialize(self, name: str, sql: str) -> None:
        """Run a query once and keep its rows as `name`."""
        self.parquet(name, self.write(sql))

    @failing()
    def map(self, name: str, source: str, function: PerRecord, schema: pa.Schema) -> None:
        """Name the result of a function over the batches of each partition of `source`."""
        kind = _spark_schema(schema)

        def each(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in function(batches):
                yield from _as_spark(pa.Table.from_batches([batch]), schema)

        self._session.table(source).mapInArrow(each, kind).createOrReplaceTempView(name)

    @failing()
    def group(self, name: str, source: str, function: OfGroup, schema: pa.Schema) -> None:
        """Name the result of a function over the rows of each `part` of `source`, an integer column."""

        def one(rows: pa.Table) -> pa.Table:
            return _table(function(rows), schema)

        grouped = self._session.table(source).groupBy("part").applyInArrow(one, _spark_schema(schema))
        grouped.createOrReplaceTempView(name)

    @failing()
    def group_two(self, name: str, sources: tuple[str, str], function: OfGroups, schema: pa.Schema) -> None:
        """Do the same with two sources' rows of each `part`."""

        def one(left: pa.Table, right: pa.Table) -> pa.Table:
            return _table(function(left, right), schema)

        left, right = (self._session.table(source).groupBy("part") for source in sources)
        grouped = left.cogroup(right).applyInArrow(one, _spark_schema(schema))
        grouped.createOrReplaceTempView(name)

    @failing()
    def query(self, sql: str) -> pa.Table:
        """Run a query with few rows, and return them."""
        rows: pa.Table = self._session.sql(sql).toArrow()
        return rows

    @failing()
    def write(self, sql: str) -> list[Path]:
        """Run a query into Parquet files, one or more for each partition; return their paths, none for no rows."""
        folder = self._work / f"rows-{next(self._numbers)}"
        self._session.sql(sql).write.parquet(folder.resolve().as_uri())
        return sorted(folder.glob("*.parquet"))

    @failing()
    def write_by(self, sql: str, column: str, values: int) -> list[list[Path]]:
        """Do the same, separately for each value 0, 1, … of a column and without that column; return the paths by
        value.
        """
        folder = self._work / f"rows-{next(self._numbers)}"
        self._session.sql(sql).write.partitionBy(column).parquet(folder.resolve().as_uri())
        return [sorted((folder / f"{column}={value}").glob("*.parquet")) for value in range(values)]


@contextmanager
def open_spark(master: str, work: Path) -> Iterator[Spark]:
    """Open a session on a master, `local[2]` or `spark://host:7077`; with none, on the one that Spark's own settings name.

    Raises UsageError where PySpark, or Java of its version, is missing, and where the executors have another MovieC.
    """
    require()
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    if master:
        builder = builder.master(master)
    if master.startswith("local"):  # no other host has to reach it
        builder = builder.config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySpark warns of pandas 3, which is not used here
        try:
            session = builder.getOrCreate()
        except (PySparkException, RuntimeError, OSError) as error:
            raise StoreError(
                _first_line(error), f"Spark at {master}", "see what Spark wrote above"
            ) from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] != "py4j":
                raise
            raise StoreError(_first_line(error), f"Spark at {master}", "see --master") from error
        try:
            _check_executors(session)
            yield Spark(session, work)
        finally:
            with suppress(ClusterError), failing():  # it may have ended by itself
                session.stop()


def require() -> None:
    """Raise UsageError where PySpark, or Java of its version, is missing."""
    if why := missing():
        raise UsageError(*why)


def missing() -> tuple[str, str, str] | None:
    """Return what is missing for a session (what, where, what to do); None where nothing is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pyspark  # noqa: F401
    except ImportError:
        return "PySpark is not installed", "--engine spark", "pip install 'moviec[spark]'"
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    install = f"install Java {JAVA} or later (apt-get install openjdk-{JAVA}-jre-headless), or set JAVA_HOME"
    if not java or not Path(java).exists():
        return "Java is not installed", "--engine spark", install
    output = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    version = re.search(r'version "(\d+)', output)
    if version is None or int(version[1]) < JAVA:
        return f"{java} is too old for PySpark", "--engine spark", install
    return None


def _check_executors(session: SparkSession) -> None:
    """Raise UsageError where the executors run another MovieC, or another DuckDB, than this process: bytes would differ."""
    here = f"{moviec.__version__} (DuckDB {duckdb.__version__})"

    def versions(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import duckdb

        import moviec

        for _ in batches:
            yield pa.record_batch({"versions": [f"{moviec.__version__} (DuckDB {duckdb.__version__})"]})

    context = session.sparkContext
    slots = context.defaultParallelism
    try:
        rows = session.range(slots, numPartitions=slots).mapInArrow(versions, "versions string").toArrow()
    except Exception as error:
        if "ModuleNotFoundError" not in str(error):
            raise
        raise UsageError(
            "its executors have no MovieC", f"Spark at {context.master}", "install the same version there"
        ) from error
    if others := set(rows["versions"].to_pylist()) - {here}:
        raise UsageError(
            f"its executors have MovieC {', '.join(sorted(map(str, others)))}, this is {here}",
            f"Spark at {context.master}",
            "install the same versions there",
        )


def _first_line(error: BaseException) -> str:
    """Return the line with the failure: the last of a Python worker's traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception): ", line)]
    return (named or lines or [type(error).__name__])[-1 if named else 0]


def _spark_schema(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


def _as_spark(table: pa.Table, schema: pa.Schema) -> Batches:
    yield from _table(table, schema).to_batches()


def _table(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table in Spark's form: the columns and types of the schema."""
    from pyspark.sql.pandas.types import to_arrow_schema

    return table.select(schema.names).cast(to_arrow_schema(_spark_schema(schema)))
