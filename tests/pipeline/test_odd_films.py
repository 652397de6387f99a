"""Films as nobody wishes them: without a title; under an id that is another film's. Nothing else suffers from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.finding import foremost, movie_named
from moviec.catalog.prepared_statements import Reader
from moviec.catalog.queries import Movies, last_change
from moviec.catalog.schema.serving import changes
from moviec.config import Home, Settings
from moviec.errors import UsageError
from moviec.home.context import RunContext
from moviec.matching.review import REASONS
from moviec.pipeline.aggregator import advance
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import arriving, open_run
from moviec.pipeline.reviewing import uncertain
from moviec.search import Ask, Finder
from moviec.search.index import build
from moviec.search.location import current, position
from moviec.search.readings import GenreWords
from moviec.sources.registry import find_source
from tests.commands import moviec
from tests.conftest import new_database
from tests.homes import copied_home

FACTS = """
name = "{name}"
title = "Films of {name}"
home_page = "https://{name}.example"
licence = "CC0-1.0"
attribution = "{name}"

[files.films]
names = ["{name}"]
key = "no"

[files.films.columns]
no = ["key"]
title = ["title"]
year = ["year"]
other = ["ids.club"]
"""
CLUB = "no,title,year,other\n1,Alien,1979,1\n2,Aliens,1986,2\n3,,1999,\n"
SHOP = "no,title,year,other\n7,Quixotic Widget,2001,1\n8,Some Film,2002,\n"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give a home with both sources published, once for each kind of database; to be copied."""
    folder = tmp_path_factory.mktemp("published")
    database = new_database(request.getfixturevalue("postgres")) if request.param == "postgres" else ""
    home = Home(folder / "home", Settings(catalogue=database))
    for name, rows in (("club", CLUB), ("film-shop", SHOP)):
        place = home.folder / "sources" / name
        place.mkdir(parents=True)
        (place / "source.toml").write_text(FACTS.format(name=name))
        (folder / f"{name}.csv").write_text(rows)
    with open_run(home) as context:
        for name in ("club", "film-shop"):
            day = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
            with arriving(context) as alone:
                ingest(alone, Order(find_source(name, home.folder), [folder / f"{name}.csv"], day))
        advance(context)
    return home


@pytest.fixture
def context(request: pytest.FixtureRequest, published: Home, tmp_path: Path) -> Iterator[RunContext]:
    database = published.settings.catalogue
    if database:
        database = new_database(request.getfixturevalue("postgres"), sa.make_url(database).database)
    with open_run(copied_home(published, tmp_path / "home", database)) as context:
        yield context


def test_a_film_without_a_title_is_shown_and_stops_no_index(context: RunContext) -> None:
    build(context.catalogue, context.home.search, lambda _: None)
    finder = Finder(context.home.search)
    finder.refresh()
    words = GenreWords.of([])
    assert [film.title for film in finder.find(Ask(query="quixotic"), words).items] == ["Quixotic Widget"]
    (untitled,) = finder.find(Ask(year_from=1999, year_to=1999), words).items
    assert untitled.title == ""
    found = moviec("search", "quixotic", "--home", context.home.folder)
    assert "Quixotic Widget" in found.stdout and not found.stderr
    named = moviec("show", "film-shop:7", "--home", context.home.folder)
    assert named.returncode == 0 and named.stdout.startswith("Quixotic Widget (2001)"), named.stderr
    shown = moviec("show", untitled.id, "--home", context.home.folder)
    assert shown.returncode == 0 and shown.stdout.startswith("(no title) (1999)")


def test_a_search_brings_an_index_that_is_behind_up_to_date(context: RunContext) -> None:
    build(context.catalogue, context.home.search, lambda _: None)
    with writing(context.catalogue) as connection:
        last = last_change(connection)
        entry = {
            "number": last + 1,
            "at": "2026-11-02T00:00:00.000000+00:00",
            "movie": 1,
            "kind": "updated",
            "fields": "{}",
        }
        connection.execute(sa.insert(changes).values(**entry))
    told = moviec("search", "quixotic", "--home", context.home.folder)
    assert told.returncode == 0 and "search index: updating" in told.stderr
    used = current(context.home.search)
    held = position(used) if used else None
    assert held and held.change == last + 1


def test_an_id_leads_to_the_film_of_that_sites_own_record(context: RunContext) -> None:
    with context.catalogue.connect() as connection:
        own = movie_named(connection, "club:1")
        with pytest.raises(UsageError, match="no film has this id"):
            movie_named(connection, "club:99")
    reader = Reader(context.catalogue)
    look_up = Movies(reader)
    assert look_up.named("club", "1") == [own] and look_up.named("club", "99") == []
    assert b'"title":"Alien"' in (look_up.document(own) or pytest.fail("no document")).document
    reader.close()


def test_of_several_films_with_an_id_the_one_of_which_it_is_the_first_leads() -> None:
    assert foremost([(1, 0), (2, 1)], None) == [1]
    assert foremost([(1, 1), (2, 1)], 2) == [2]
    assert foremost([(1, 0), (2, 0)], None) == foremost([(1, 0), (2, 0)], 9) == [1, 2]


def test_a_wrong_id_that_two_films_share_waits_for_a_person(context: RunContext) -> None:
    (pair,) = uncertain(context, 10)
    titles = {pair[side]["title"] for side in ("left", "right")}
    assert titles == {"Alien", "Quixotic Widget"} and pair["reason"] in REASONS
