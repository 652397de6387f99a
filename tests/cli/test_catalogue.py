"""What the command line says of a published catalogue: reports, a film with its claims, search."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect
from moviec.catalog.rankings import ranked_entries
from moviec.config import Home
from moviec.measures import Question
from moviec.pipeline.report_films import open_catalogue
from moviec.rollup.ranked import answer
from moviec.search.index import indexer
from moviec.units import LEAST_FILMS
from tests.commands import moviec


@pytest.mark.parametrize(
    ("measure", "by", "month"),
    [
        ("revenue", "sum", 0),
        ("profit", "mean", 0),
        ("budget", "max", 6),
        ("popularity", "median", 0),
        ("popularity", "sum", 12),
        ("movies", "sum", 0),
        ("votes", "sum", 0),
        ("c_rating", "median", 0),
        ("c_rating", "mean", 12),
    ],
)
@pytest.mark.parametrize("kind", ["genres", "production_companies"])
@pytest.mark.parametrize("split", ["full", "even"])
def test_a_report_from_the_films_is_one_from_the_rollups(
    demo_home: Home, kind: str, measure: str, by: Any, month: int, split: str
) -> None:
    question = Question(
        kind=kind, first_year=1990, last_year=2009, month=month, measure=measure, by=by, split=split
    )
    with open_catalogue(demo_home, question, split) as (engine, _):
        films = {row["id"]: row["value"] for row in answer(engine, question).to_pylist()}
    catalogue = connect(demo_home.catalogue)
    with catalogue.connect() as connection:
        rollups = {one.entry: one.value for one in ranked_entries(connection, question)}
    catalogue.dispose()
    assert films == pytest.approx(rollups)
    assert len(films) > 3


def test_a_report_says_how_much_is_known(demo_home: Home) -> None:
    told = moviec("report", "genres", "--years", "1990-1999", "--home", demo_home.folder)
    assert told.returncode == 0 and "revenue known for" in told.stdout
    figures = json.loads(
        moviec("report", "companies", "--measure", "c_rating", "--home", demo_home.folder, "--json").stdout
    )
    assert "c_rating known for" in figures["coverage"]
    assert all(0 <= row["value"] <= 100 for row in figures["rows"])


def test_a_report_on_an_empty_catalogue_says_what_to_do(tmp_path: object) -> None:
    told = moviec("report", "genres", "--home", str(tmp_path))
    assert told.returncode == 2 and "moviec ingest" in told.stderr and len(told.stderr.splitlines()) == 1


def test_an_empty_catalogue_before_a_filled_lake_is_told_by_whoever_shows_it(
    demo_home: Home, tmp_path: Path
) -> None:
    shutil.copytree(demo_home.folder / "lake", tmp_path / "lake")
    for words in (
        ["search", "heat"], ["show", "mc1"], ["history", "mc1"], ["sources"], ["sources", "imdb"],
        ["review"], ["review", "suspicious"], ["failures"], ["quarantine"], ["status"],
    ):  # fmt: skip
        told = moviec(*words, "--home", tmp_path)
        said = told.stdout + told.stderr
        assert "this lake holds deliveries and the catalogue has none" in said, words
        assert "moviec rebuild --from-lake" in said, words


def test_show_gives_every_claim_with_its_source(demo_home: Home) -> None:
    told = moviec("show", "tt0114709", "--home", demo_home.folder)
    assert told.returncode == 0 and told.stdout.startswith("Toy Story (1995)")
    whole = json.loads(moviec("show", "imdb:tt0114709", "--json", "--home", demo_home.folder).stdout)
    catalogue = connect(demo_home.catalogue)
    with catalogue.connect() as connection:
        behind = set(connection.scalars(sa.text("SELECT source FROM records WHERE live AND movie ="
                                                f" {whole['document']['id'][2:]}")))  # fmt: skip
    catalogue.dispose()
    assert set(whole["document"]["sources"]) == behind
    assert {claim["source"] for claim in whole["claims"]["title"]["claims"]} == behind
    assert {claim["source"] for claim in whole["claims"]["people"]["claims"]} <= behind
    for field, said in whole["claims"].items():
        assert said["claims"], field
    same = moviec("show", whole["document"]["id"], "--json", "--home", demo_home.folder)
    assert json.loads(same.stdout) == whole


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mc999999999"], "mc999999999: no film has this id"),
        (["imdb:tt9"], "imdb:tt9: no film has this id"),
        (["Toy Story"], "Toy Story: this is not a film's id"),
        (["tt0114709", "--as-of", "2000-01-01"], "give a later instant"),
        (["tt0114709", "--as-of", "soon"], "'soon' is no instant"),
    ],
)
def test_show_says_in_a_line_what_is_wrong(demo_home: Home, words: list[str], message: str) -> None:
    told = moviec("show", *words, "--home", demo_home.folder)
    assert told.returncode == 2 and message in told.stderr and len(told.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["quarantine", "failures", "review"])
def test_a_group_of_commands_lists_when_nothing_else_is_asked(demo_home: Home, command: str) -> None:
    alone, listed = (
        moviec(command, *words, "--home", demo_home.folder, "--json") for words in ([], ["list"])
    )
    assert alone.returncode == listed.returncode == 0 and alone.stdout == listed.stdout
    json.loads(alone.stdout)


def test_a_film_is_shown_by_one_of_its_records(demo_home: Home) -> None:
    catalogue = connect(demo_home.catalogue)
    query = "SELECT key, movie FROM records WHERE source = 'wikipedia' AND live ORDER BY key LIMIT 1"
    with catalogue.connect() as connection:
        key, movie = connection.execute(sa.text(query)).one()
    catalogue.dispose()
    shown = moviec("show", f"wikipedia:{key}", "--home", demo_home.folder, "--json")
    assert json.loads(shown.stdout)["document"]["id"] == f"mc{movie}"
    absent = moviec("show", "wikipedia:No such film", "--home", demo_home.folder)
    assert absent.returncode == 2 and "no film has this id" in absent.stderr


def test_search_builds_the_index_that_nobody_has_built_yet(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path))
    empty = moviec("search", "alien", *home)
    assert empty.returncode == 0 and "there are no films yet; `moviec ingest`" in empty.stderr
    films = tmp_path / "films.csv"
    films.write_text("id,title,year\n1,The Terminator,1984\n2,Terminator Salvation,2009\n")
    assert moviec("ingest", "table", films, *home).returncode == 0
    found = json.loads(moviec("search", "terminator", "1984", "--json", *home).stdout)
    assert [film["title"] for film in found] == ["The Terminator"]
    films.write_text("id,title,year\n3,Terminator Genisys,2015\n")
    moviec("ingest", "table", films, *home)
    told = moviec("search", "terminater", "genisys", *home)
    assert "Terminator Genisys" in told.stdout and "1 film\n" in told.stdout


def test_search_without_the_index_says_what_it_finds(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path))
    films = tmp_path / "films.csv"
    films.write_text("id,title,year\n1,The Terminator,1984\n")
    moviec("ingest", "table", films, *home)
    with indexer(tmp_path / "search") as mine:
        assert mine
        told = moviec("search", "terminator", *home)
    assert "The Terminator" in told.stdout and "the search index is being built" in told.stderr


def test_a_scorecard_says_whose_figures_it_shows(tmp_path: Path) -> None:
    told = moviec("sources", "imdb", "--home", tmp_path)
    assert "0 records of 0 movies" in told.stdout
    first, _, rest = told.stdout.partition("This home has not learned a model yet.")
    assert "the model shipped with MovieC" in rest and "judged" in rest and "judged" not in first
    assert json.loads(moviec("sources", "imdb", "--home", tmp_path, "--json").stdout)["learned_here"] is False


def test_a_company_of_one_film_does_not_lead_by_its_rating(demo_home: Home) -> None:
    words = ("report", "companies", "--measure", "c_rating", "--json", "--home", demo_home.folder)
    usual = json.loads(moviec(*words).stdout)
    assert (
        usual["question"]["min_movies"] == LEAST_FILMS
        and "of those with 5 films or more" in usual["coverage"]
    )
    assert usual["rows"] and all(row["known"] >= LEAST_FILMS for row in usual["rows"])
    every = json.loads(moviec(*words, "--min-movies", "1").stdout)
    assert every["rows"][0]["known"] < LEAST_FILMS
