"""A held delivery is taken in as it was delivered then, or refused for good."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from pathlib import Path

import pytest

from moviec.catalog.deliveries import all_deliveries
from moviec.cli.pipeline_workbench import PipelineWorkbench
from moviec.config import Home, open_home
from moviec.errors import UsageError
from moviec.jobs.health import check_all
from moviec.pipeline.opening import open_run
from moviec.sources.registry import find_sources
from tests.commands import moviec
from tests.homes import copied_home


@pytest.fixture
def home(demo_home: Home, tmp_path: Path) -> Home:
    """Give a copy of the sample with a third of MovieLens delivered again, which is held."""
    copied_home(demo_home, tmp_path / "home", "")
    less = tmp_path / "less"
    shutil.copytree(demo_home.folder / "sample" / "movielens", less)
    lines = (less / "movies.csv").read_text("utf-8").splitlines(keepends=True)
    (less / "movies.csv").write_text("".join(lines[: len(lines) // 3]), "utf-8")
    place = tmp_path / "home"
    assert (
        moviec("ingest", "movielens", less, "--delivered-at", "2026-11-28", "--home", place).returncode == 3
    )
    shutil.rmtree(less)  # what is taken in comes of the lake
    return open_home(place, {})


def _states(home: Home) -> list[str]:
    with open_run(home) as context:
        return [each.state for each in all_deliveries(context.catalogue, "movielens")]


def _concerns(home: Home) -> list[str]:
    with open_run(home) as context:
        checks = check_all(context, find_sources(home.folder), dt.datetime(2026, 11, 29, tzinfo=dt.UTC))
    return [check.concern for check in checks if check.name == "source_held" and check.concern]


def _held(home: Home) -> str:
    with open_run(home) as context:
        [held] = [each for each in all_deliveries(context.catalogue) if each.state == "held"]
    return held.id


def test_a_delivery_whose_column_is_empty_or_renamed_is_held(demo_home: Home, tmp_path: Path) -> None:
    place = copied_home(demo_home, tmp_path / "home", "").folder
    files = tmp_path / "kaggle"
    shutil.copytree(demo_home.folder / "sample" / "kaggle", files)
    movies = files / "movies_metadata.csv"
    header, _, rows = movies.read_text("utf-8").partition("\n")
    renamed = header.replace("imdb_id", "imdbId").replace("original_language", "language")
    movies.write_text(f"{renamed}\n{rows}", "utf-8")
    done = moviec("ingest", "kaggle", files, "--delivered-at", "2026-11-28", "--home", place)
    assert done.returncode == 3
    assert "ids.imdb is known for 0% of films, before for " in done.stderr
    assert "original_language is known for 0% of films, before for 100%" in done.stderr
    assert "ids.tmdb" not in done.stderr and "title is" not in done.stderr


def test_a_held_delivery_is_accepted_with_its_own_date(home: Home) -> None:
    assert _states(home)[-1] == "held" and len(_concerns(home)) == 1
    held, bench = _held(home), PipelineWorkbench(home)
    done = bench.accept_held(held)
    assert done["delivery"].id == held and done["delivery"].state == "applied"
    assert sum(done["changes"].values()) > 0
    assert _states(home)[-1] == "applied" and _concerns(home) == []
    with pytest.raises(UsageError, match="no held delivery has this id"):
        bench.accept_held(held)


def test_a_held_delivery_is_looked_at_accepted_or_refused_from_the_command_line(home: Home) -> None:
    held, place = _held(home), home.folder
    shown = moviec("held", "--home", place).stdout
    assert shown.startswith(f"{held}: ") and re.search(r"films +151 +49 +67\.5%", shown)
    assert (
        json.loads(moviec("held", "list", "--json", "--home", place).stdout)[0]["shrunk"][0]["name"]
        == "films"
    )
    refused = moviec("held", "refuse", held, "--by", "Ada", "--home", place)
    assert (refused.returncode, _concerns(home)) == (0, [])
    assert moviec("held", "--home", place).stdout == "no delivery is held\n"
    accepted = moviec("held", "accept", held, "--home", place)
    assert accepted.returncode == 0 and held in accepted.stdout and _states(home)[-1] == "applied"
    again = moviec("held", "accept", held, "--home", place)
    assert again.returncode == 2 and "no held delivery has this id" in again.stderr


def test_a_refused_delivery_concerns_nobody_and_stays_out(home: Home) -> None:
    held, bench = _held(home), PipelineWorkbench(home)
    refused = bench.refuse_held(held, "Ada")["delivery"]
    assert refused.report["refused"]["who"] == "Ada"
    assert _concerns(home) == [] and _states(home)[-1] == "held"
    with pytest.raises(UsageError):
        bench.refuse_held("nothing", "Ada")
