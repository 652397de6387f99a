"""Spark gives what DuckDB gives, row by row and file by file: over the sample, over made-up films, over the monthly job."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from moviec.bounds import Bounds
from moviec.config import Home, open_home
from moviec.engine import DuckEngine
from moviec.engine.spark import Spark, failing, open_spark
from moviec.errors import ClusterError, StoreError
from moviec.model import FIELDS
from moviec.pipeline import reading_on_cluster
from moviec.pipeline.aggregator import publish_again
from moviec.pipeline.on_cluster import spread_sums
from moviec.pipeline.opening import open_run
from moviec.rollup.monthly import entries_sql, in_order, monthly
from moviec.sources.registry import find_source
from moviec.sources.spec import Wanted, assign_roles
from moviec.sources.sql import SqlSource
from moviec.storage.archives import unpack
from moviec.synth.deliver import invent_deliveries
from tests.commands import moviec
from tests.homes import copied_home
from tests.pipeline.test_increments import differing, shown
from tests.spark.conftest import MASTER

#: PySpark asks for pandas, of which nothing is used here, and warns of its third version.
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")

SPARK = ("--engine", "spark", "--master", MASTER)
MADE_UP = ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia")


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    """Give one session for all tests here: opening one takes longer than most of them."""
    with open_spark(MASTER, tmp_path_factory.mktemp("work")) as opened:
        yield opened


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def exported(home: Path, folder: Path) -> dict[str, bytes]:
    done = moviec("export", folder, "--home", home)
    assert done.returncode == 0, done.stderr
    return {name: text for name, text in files_of(folder).items() if name.endswith(".parquet")}


def catalogue(folder: Path) -> dict[str, set[tuple[Any, ...]]]:
    with open_run(open_home(folder, {})) as context:
        return shown(context)


def loaded(folder: Path, deliveries: Path, *more: str) -> None:
    places = [f"{name}={deliveries / name}" for name in MADE_UP]
    done = moviec("ingest", *places, "--delivered-at", "2026-11-01", "--home", folder, *more)
    assert done.returncode in (0, 3), done.stderr  # made-up rows hold faults that need attention


def rebuilt_the_same(spark: Spark, home: Home) -> None:
    """Make everything again on Spark, match features too: no row of the catalogue is touched, no byte is another."""
    features = home.folder / "lake" / "features"
    before = files_of(features)
    shutil.rmtree(features)
    with open_run(home, alone=True, spark=spark) as context:
        outcome = publish_again(context)
    assert outcome.everything and outcome.changes == {}
    assert {name: rows for name, rows in outcome.touched.items() if rows.written or rows.removed} == {}
    assert files_of(features) == before


@pytest.mark.slow
def test_a_rebuild_on_spark_touches_nothing_of_the_sample(
    spark: Spark, demo_home: Home, tmp_path: Path
) -> None:
    rebuilt_the_same(spark, copied_home(demo_home, tmp_path, ""))


@pytest.mark.slow
@pytest.mark.nightly
def test_nor_of_made_up_films_of_five_sources(spark: Spark, tmp_path: Path) -> None:
    """Each source's records lie in several partitions (see DEFAULTS)."""
    invent_deliveries(tmp_path / "deliveries", 1_200, seed=7)
    loaded(tmp_path / "home", tmp_path / "deliveries")
    rebuilt_the_same(spark, open_home(tmp_path / "home", {}))


@pytest.mark.parametrize("name", ["imdb", "kaggle", pytest.param("movielens", marks=pytest.mark.nightly)])
def test_records_are_the_same_from_rows_divided_by_film(
    spark: Spark, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files that are joined by film, and IMDb's names, which each part has whole."""
    monkeypatch.setattr(reading_on_cluster, "READ_OF", (50, 100))
    invent_deliveries(tmp_path / "made", 400, seed=7)
    source = find_source(name)
    assert isinstance(source, SqlSource)
    places = [
        path for file in (tmp_path / "made" / name).iterdir() for path in unpack(file, tmp_path, Bounds())
    ]
    files = assign_roles(places, source.spec)[0]
    found, counts = [], []
    for spread in (False, True):
        wanted = Wanted(tmp_path / str(spread), (*FIELDS, "line"))
        wanted.work.mkdir()
        with DuckEngine() as engine:
            read = (
                partial(reading_on_cluster.read_spread, spark, engine, source)
                if spread
                else partial(source.read, engine)
            )
            counts.append({role: file.count for role, file in read(files, wanted).files.items()})
            found.append(engine.query("SELECT * FROM records ORDER BY key"))
            parts = engine.query("SELECT * FROM parts_read").num_rows if spread else 1
    assert parts > 2 and found[0].num_rows > 150
    assert found[1].equals(found[0])
    assert counts[1] == counts[0]


def test_monthly_sums_are_the_same_from_shuffled_films(spark: Spark, tmp_path: Path) -> None:
    films = tmp_path / "films.parquet"
    labels = pa.table({"label": ["Drama"], "id": pa.array([18], pa.int64()), "name": ["Drama"]})
    with DuckEngine() as engine:
        engine.write(_FILMS, films)
        engine.parquet("films", [films])
        engine.view("entries", entries_sql(True))
        for split in ("full", "even"):
            here = monthly(engine, split, labels)
            assert in_order(engine, spread_sums(spark, films, split, labels, True)).equals(here)
            assert here.num_rows > 1_000


#: Films in no order, with genres and companies, some of which go by two names.
_FILMS = """
SELECT movie, DATE '2000-01-01' + CAST(movie * 37 % 3000 AS INTEGER) AS released, nullif(movie * 7919 % 1000003, 5) AS budget,
       movie * 104729 % 2000003 AS revenue, movie * 31 % 977 AS popularity, movie * 17 % 101 AS votes,
       [['Drama', 'Horror', 'Odd'][1 + movie % 3], ['Comedy', 'War'][1 + movie % 2]] AS genres,
       [{'name': 'Studio ' || (movie % 40) || CASE WHEN movie % 7 = 0 THEN ' Inc' ELSE '' END, 'key': (movie % 40)::VARCHAR}]
         AS companies, []::VARCHAR[] AS list_problems
FROM (SELECT range AS movie FROM range(5000)) ORDER BY hash(movie)"""


def test_what_fails_on_the_cluster_is_told_in_one_line(spark: Spark) -> None:
    def failing(rows: pa.Table) -> pa.Table:
        raise ValueError("there is no such film")

    spark.register("some", pa.table({"part": [1], "film": [2]}))
    spark.group("failed", "some", failing, pa.schema([("film", pa.int64())]))
    with pytest.raises(
        StoreError, match=r"^Spark: ValueError: there is no such film; see the executors' logs$"
    ):
        spark.write("SELECT * FROM failed")


def test_a_cluster_that_is_gone_or_short_of_memory_says_what_to_give_it() -> None:
    from py4j.protocol import Py4JNetworkError
    from pyspark.errors import PySparkException

    for error in (Py4JNetworkError("Error while sending"), ConnectionRefusedError(111, "Connection refused")):
        with (
            pytest.raises(ClusterError, match=r"^Spark: Spark ended in the middle of the run; .*memory"),
            failing(),
        ):
            raise error
    with (
        pytest.raises(ClusterError, match=r"^Spark: Java's memory was too small; .*spark.driver.memory"),
        failing(),
    ):
        raise PySparkException("Job aborted: java.lang.OutOfMemoryError: Java heap space")


@pytest.mark.nightly
def test_a_first_load_on_spark_gives_the_same_catalogue(tmp_path: Path) -> None:
    """Of 50,000 made-up films, by the commands; the monthly job of their movies file too."""
    deliveries = tmp_path / "deliveries"
    invent_deliveries(deliveries, 50_000, seed=7)
    homes = {"duckdb": tmp_path / "here", "spark": tmp_path / "there"}
    loaded(homes["duckdb"], deliveries)
    loaded(homes["spark"], deliveries, *SPARK)
    assert differing(catalogue(homes["spark"]), catalogue(homes["duckdb"])) == {}
    read = {name: files_of(home / "lake" / "records") for name, home in homes.items()}
    assert read["spark"] == read["duckdb"] and len(read["duckdb"]) == 2 * len(MADE_UP)
    assert exported(homes["spark"], tmp_path / "e-there") == exported(homes["duckdb"], tmp_path / "e-here")
    movies = deliveries / "kaggle" / "movies_metadata.csv"
    months = {}
    for engine in ("duckdb", "spark"):
        out, more = tmp_path / engine, SPARK if engine == "spark" else ()
        done = moviec(
            "rollup", movies, "--out", out, "--split", "even", "--delivered-at", "2026-11-01", *more
        )
        assert done.returncode in (0, 3), done.stderr
        months[engine] = {name: text for name, text in files_of(out).items() if name != "last-run.json"}
    assert months["spark"] == months["duckdb"] and len(months["duckdb"]) > 100
