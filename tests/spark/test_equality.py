"""Spark gives what DuckDB gives, row by row and file by file: over the sample, over made-up films, over the monthly job."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from moviec.config import Home, open_home
from moviec.pipeline.opening import open_run
from moviec.synth.deliver import invent_deliveries
from tests.commands import moviec
from tests.homes import copied_home
from tests.pipeline.test_increments import differing, shown
from tests.spark.conftest import MASTER

SPARK = ("--engine", "spark", "--master", MASTER)
MADE_UP = ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia")


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def exported(home: Path, folder: Path) -> dict[str, bytes]:
    """Export a catalogue; what names the moment or the place stays out."""
    done = moviec("export", folder, "--home", home)
    assert done.returncode == 0, done.stderr
    return {name: text for name, text in files_of(folder).items() if name.endswith((".parquet", ".jsonl", ".csv"))}


def catalogue(folder: Path) -> dict[str, set[tuple[Any, ...]]]:
    with open_run(open_home(folder, {})) as context:
        return shown(context)


def loaded(folder: Path, deliveries: Path, *more: str) -> None:
    places = [f"{name}={deliveries / name}" for name in MADE_UP]
    done = moviec("ingest", *places, "--delivered-at", "2026-11-01", "--home", folder, *more)
    assert done.returncode in (0, 3), done.stderr  # made-up rows hold faults that want a look


@pytest.mark.slow
def test_a_rebuild_on_spark_touches_nothing_of_the_sample(demo_home: Home, tmp_path: Path) -> None:
    """Nor is a byte of an export other; the match features were folded there, too."""
    home = copied_home(demo_home, tmp_path / "home", "").folder
    before = exported(home, tmp_path / "before")
    features = files_of(home / "lake" / "features")
    shutil.rmtree(home / "lake" / "features")
    done = moviec("rebuild", *SPARK, "--home", home, "--json")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)["catalogue"]
    assert outcome["everything"] and outcome["changes"] == {}
    touched = {name: rows for name, rows in outcome["touched"].items() if rows["written"] or rows["removed"]}
    assert touched == {}
    assert exported(home, tmp_path / "after") == before
    assert files_of(home / "lake" / "features") == features


@pytest.mark.slow
def test_a_first_load_on_spark_gives_the_same_catalogue(tmp_path: Path) -> None:
    """Of some thousand made-up records of five sources in several partitions; the monthly job of their movies file too."""
    films = 50_000 if os.environ.get("MOVIEC_EXAMPLES") == "full" else 1_500
    deliveries = tmp_path / "deliveries"
    invent_deliveries(deliveries, films, seed=7)
    homes = {"duckdb": tmp_path / "here", "spark": tmp_path / "there"}
    loaded(homes["duckdb"], deliveries)
    loaded(homes["spark"], deliveries, *SPARK)
    here, there = (catalogue(homes[engine]) for engine in ("duckdb", "spark"))
    assert differing(there, here) == {}
    assert len(here["movies"]) > films / 2 and any(row for row in here["matches"])
    assert exported(homes["spark"], tmp_path / "e-there") == exported(homes["duckdb"], tmp_path / "e-here")
    movies = deliveries / "kaggle" / "movies_metadata.csv"
    for split in ("full", "even"):
        months = {}
        for engine, more in (("duckdb", ()), ("spark", SPARK)):
            out = tmp_path / f"{split}-{engine}"
            done = moviec("rollup", movies, "--out", out, "--split", split, "--delivered-at", "2026-11-01", *more)
            assert done.returncode in (0, 3), done.stderr
            months[engine] = {name: text for name, text in files_of(out).items() if name != "last-run.json"}
        assert months["spark"] == months["duckdb"]
        assert len(months["duckdb"]) > 100
