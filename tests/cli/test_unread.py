"""Tables that cannot be read are no success: nothing at all fails, most of a column ends with 3 and says which."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_cli import moviec
from tests.conftest import csv_text, movie

CLUB = """
name = "club"
title = "The club's list"
home_page = "https://club.example"
licence = "CC0-1.0"
attribution = "The club"

[files.films]
names = ["films"]
key = "no"

[files.films.columns]
no = ["key"]
film = ["title"]
out = ["released"]
"""
TORN = {"genres": "[{'id': 18, 'na", "production_companies": "[Paramount"}


def films(folder: Path, *rows: list[str]) -> Path:
    path = folder / "movies_metadata.csv"
    path.write_text(csv_text(rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (TORN, "column genres: 2 of 2 cells could not be read, the first is '[{'id': 18, 'na'"),
        (
            {"release_date": "next autumn"},
            "column release_date: 2 of 2 cells could not be read, the first is 'next autumn'",
        ),
        ({"revenue": "0"}, "0 films count (2 without revenue)"),
    ],
)
def test_a_rollup_without_a_month_fails_and_leaves_the_months_there_were(
    tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    out = tmp_path / "out"
    assert moviec("rollup", films(tmp_path, movie()), "--out", out).returncode == 0
    done = moviec("rollup", films(tmp_path, movie(id="1", **changes), movie(id="2", **changes)), "--out", out)
    assert done.returncode == 1 and message in done.stderr.splitlines()[-1]
    assert (out / "genres/1999/1999-03.json").exists()
    assert json.loads((out / "last-run.json").read_text())["state"] == "failed"


def test_a_rollup_that_could_not_read_most_of_a_column_ends_with_3(tmp_path: Path) -> None:
    rows = [movie(id="1", **TORN), movie(id="2", **TORN), movie(id="3"), movie(id="4", budget="a lot")]
    rows[2:] = rows[2:3]
    done = moviec("rollup", films(tmp_path, *rows), "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "column genres: 2 of 3 cells could not be read" in done.stderr
    once = moviec(
        "rollup",
        films(tmp_path, movie(id="1", **TORN), movie(id="2"), movie(id="3")),
        "--out",
        tmp_path / "out",
    )
    assert once.returncode == 0, "one cell is a matter for the report"
    assert "set to unknown: 1 × genres unreadable" in once.stdout
    assert "column genres: 1 of 3 cells could not be read" in once.stdout


def test_an_ingestion_says_which_column_could_not_be_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "sources/club").mkdir(parents=True)
    (home / "sources/club/source.toml").write_text(CLUB)
    path = tmp_path / "films.csv"
    path.write_text("no,film,out\n1,Alien,25th of May\n2,Heat,soon\n3,Up,2009-05-29\n4,Jaws,\n")
    done = moviec("ingest", "club", path, "--home", home, "--delivered-at", "2026-11-01")
    assert done.returncode == 3, done.stderr
    assert "column out: 2 of 3 cells could not be read, the first is '25th of May'" in done.stderr
    path.write_text("no,film,out\n")
    done = moviec("ingest", "club", path, "--home", home, "--delivered-at", "2026-11-02")
    assert done.returncode == 1 and "no rows" in done.stderr.splitlines()[-1]


def test_linking_says_which_column_could_not_be_read(tmp_path: Path) -> None:
    right, left = tmp_path / "right.csv", tmp_path / "left.csv"
    right.write_text("id,title,year\n1,Alien,1979\n2,Heat,1995\n")
    left.write_text('id,title,year\n1,"{""ref"": ""m/1""}",\n2,"{""ref"": ""m/2""}",\n')
    done = moviec("link", left, right, "--out", tmp_path / "pairs.csv")
    last = done.stderr.splitlines()[-1]
    assert (
        done.returncode == 1
        and "no pair was found: left: column title: 2 of 2 cells could not be read" in last
    )
    left.write_text("id,title,year\n1,Alien,long ago\n2,Heat,then\n")
    done = moviec("link", left, right, "--out", tmp_path / "pairs.csv", "--review", tmp_path / "review.csv")
    assert done.returncode == 3
    assert "left: column year: 2 of 2 cells could not be read, the first is 'long ago'" in done.stderr


def test_rating_says_which_column_could_not_be_read(tmp_path: Path) -> None:
    table, out = tmp_path / "ratings.csv", tmp_path / "scores.csv"
    rows = ["movie,source,value,lowest,highest", "a,imdb,seven/10,0,10", "b,imdb,eight/10,0,10"]
    table.write_text("\n".join(rows) + "\n")
    done = moviec("rate", table, "--out", out)
    assert done.returncode == 1 and not out.exists()
    assert (
        "column value: 2 of 2 cells could not be read, the first is 'seven/10'"
        in done.stderr.splitlines()[-1]
    )
    table.write_text("\n".join([*rows, "c,imdb,6,0,10"]) + "\n")
    done = moviec("rate", table, "--out", out)
    assert done.returncode == 3 and out.exists()
    assert "column value: 2 of 3 cells could not be read" in done.stderr


def test_amounts_in_other_currencies_count_as_filled_cells(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    costs = ["€10 million", "₹25 crore", "kr 4 mill.", "£3", "60000000", "a lot", "", "n/a"]
    rows = "".join(f"Film {at},199{at},{cost}\n" for at, cost in enumerate(costs))
    path.write_text(f"Title,Year,Budget\n{rows}")
    done = moviec("ingest", path, "--home", tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert "column Budget: 1 of 6 cells could not be read, the first is 'a lot'" in done.stdout
