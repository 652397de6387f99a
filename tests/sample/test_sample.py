"""The bundled sample: facts that make sense, deliveries that are the same to the byte and read as planted."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from moviec.catalog.connect import connect
from moviec.catalog.queries import documents_from
from moviec.config import Home, open_home
from moviec.pipeline.demo import DELIVERED, SOURCES, run_demo
from moviec.sample import sample_films, write_sample
from tests.commands import moviec
from tests.conftest import real

FILMS = sample_films()


def test_the_facts_make_sense() -> None:
    assert len(FILMS) >= 200
    for film in FILMS:
        assert re.fullmatch(r"tt\d{7,8}", film.ids.imdb), film.title
        assert dt.date(1895, 12, 28) <= film.released <= DELIVERED.date(), film.title
        assert 1 <= film.runtime <= 300, film.title
        assert film.budget is None or 10_000 <= film.budget <= 500_000_000, film.title
        assert film.revenue is None or 10_000 <= film.revenue <= 3_000_000_000, film.title
        assert film.directors and film.cast and film.genres and film.companies, film.title
        assert film.overview and re.fullmatch(r"[A-Z][^\n]{20,140}\.", film.overview), film.title
        assert 0 < film.critics <= 100 and 0 < film.audience <= 100, film.title


@pytest.mark.parametrize("name", ["imdb", "tmdb", "movielens", "rottentomatoes"])
def test_no_two_films_share_an_id(name: str) -> None:
    counts = Counter(getattr(film.ids, name) for film in FILMS)
    assert [one for one, count in counts.items() if count > 1] == []


def test_it_is_spread_over_years_countries_and_equal_titles() -> None:
    assert len({film.released.year // 10 for film in FILMS}) >= 10
    assert len({country for film in FILMS for country in film.countries}) >= 20
    assert sum(1 for count in Counter(film.title for film in FILMS).values() if count > 1) >= 15
    assert {film.kind for film in FILMS} == {"feature", "short", "tv_movie"}


def test_the_ids_agree_with_movielens_links() -> None:
    with real("movielens/links.csv").open(newline="") as text:
        links = {int(row["movieId"]): row for row in csv.DictReader(text)}
    checked = 0
    for film in FILMS:
        if film.ids.movielens in links:
            link = links[film.ids.movielens]
            assert (f"tt{link['imdbId']}", str(film.ids.tmdb)) == (film.ids.imdb, link["tmdbId"]), film.title
            checked += 1
    assert checked >= 200


def test_every_copy_is_the_same_to_the_byte(tmp_path: Path) -> None:
    for copy in ("one", "two"):
        write_sample(tmp_path / copy)
    one, two = (
        {
            path.relative_to(tmp_path / copy): path.read_bytes()
            for path in (tmp_path / copy).rglob("*")
            if path.is_file()
        }
        for copy in ("one", "two")
    )
    assert one == two


def test_no_text_about_a_film_is_made_up(demo_home: Home) -> None:
    known = {film.ids.imdb: film for film in FILMS}
    catalogue = connect(demo_home.catalogue)
    with catalogue.connect() as connection:
        documents = [json.loads(text) for _, text in documents_from(connection, 0, 10_000)]
    catalogue.dispose()
    told = [one for one in documents if one.get("overview") and one["ids"].get("imdb") in known]
    assert len(told) > 250
    for one in told:
        film = known[one["ids"]["imdb"]]
        assert one["overview"].startswith(film.overview), film.title
        assert set(one.get("keywords") or ()) <= set(film.keywords), film.title
        assert not {"tagline", "poster", "homepage", "certificate"} & {
            name for name, value in one.items() if value
        }


def test_the_demo_runs_the_pipeline_and_every_row_is_accounted_for(tmp_path: Path) -> None:
    home = open_home(tmp_path / "demo", {})
    shown = run_demo(home)
    assert [delivery.source for delivery in shown.deliveries] == list(SOURCES)
    planted = json.loads((home.folder / "sample/planted.json").read_text())["files"]
    for delivery in shown.deliveries:
        assert delivery.state == "applied"
        rows = delivery.report["rows"]
        main = rows["listing"] if delivery.source == "rottentomatoes" else next(iter(rows.values()))
        expected = next(iter(planted[delivery.source].values()))
        assert {key: main[key] for key in ("kept", "merged", "skipped", "rejected", "repaired")} == {
            key: expected[key] for key in ("kept", "merged", "skipped", "rejected", "repaired")
        }
        for count in rows.values():
            assert count["read"] == count["kept"] + count["merged"] + count["skipped"] + count["rejected"]
    assert shown.rollup.state == "done"
    assert len(shown.rollup.months) > 100
    again = run_demo(home)
    assert [delivery.id for delivery in again.deliveries] == [delivery.id for delivery in shown.deliveries]


def test_the_sample_is_not_mixed_with_films_of_ones_own(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "films.csv").write_text("id,title,year\n1,Heat,1995\n", "utf-8")
    assert moviec("ingest", "table", tmp_path / "films.csv", "--home", home).returncode == 0
    before = sorted(path.name for path in home.iterdir())
    refused = moviec("demo", "--no-serve", "--home", home)
    assert refused.returncode == 2 and "this home has films of your own" in refused.stderr
    assert sorted(path.name for path in home.iterdir()) == before
