"""A catalogue that says two things of one film is found out, and told anew from its records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.schema import metadata
from moviec.config import Home, Settings, SourceSettings
from moviec.home.context import RunContext
from moviec.jobs.doctor import examine, repair
from moviec.pipeline.aggregator import advance
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import arriving, open_run
from moviec.sources.registry import find_source

FACTS = """
name = "club"
title = "The film club's list"
home_page = "https://club.example"
licence = "CC0-1.0"
attribution = "the club"
complete = true

[files.films]
names = ["films"]
key = "no"

[files.films.columns]
no = ["key"]
title = ["title"]
year = ["year"]
genres = ["genres"]
directors = ["people.director"]
companies = ["companies"]
revenue = ["revenue"]

[genres]
Drama = { name = "Drama" }
Horror = { name = "Horror" }
"""
FILMS = """no,title,year,genres,directors,companies,revenue
1,Alien,1979,Horror,Ridley Scott,Brandywine,104931801
2,Heat,1995,Drama,Michael Mann,Forward Pass,187436818
3,Jaws,1975,Horror|Drama,Steven Spielberg,Zanuck,476512065
4,Psycho,1960,Horror|Drama,Alfred Hitchcock,Shamley,32000000
"""
TABLES = ("movies", "documents", "movie_genres", "credits", "people", "rollups", "rankings")

DAMAGED = "documents, or their claims, that do not match their hash"
UNLIKE = "films whose title, year or genres differ from their document"
YEARS = "years whose monthly sums or rankings differ from those of their films"
NOBODY = "credits that stand for a person who is not there"

#: What is done to the catalogue at once, and what the doctor says of it: films and years are told anew, or everything is.
ROUNDS = [
    (
        [
            "UPDATE documents SET document = (SELECT document FROM documents WHERE movie = 4) WHERE movie = 1",
            "UPDATE documents SET document = substr(document, 1, 40) WHERE movie = 2",
            "UPDATE movies SET title = 'Teeth', year = 1995 WHERE movie = 3",
            "DELETE FROM movie_genres WHERE movie = 4 AND position = 1",
            "UPDATE rollups SET revenue = revenue + 1 WHERE year = 1979",
        ],
        [(DAMAGED, "mc1, mc2"), (UNLIKE, "mc1, mc3, mc4"), (YEARS, "1960, 1975, 1979, 1995")],
    ),
    (
        [
            "DELETE FROM rollups",
            "UPDATE film_credits SET credits = substr(credits, 1, 20) WHERE kind = 'people' AND movie = 2",
        ],
        [(NOBODY, "1 of them"), (YEARS, "1960, 1975, 1979, 1995")],
    ),
    (
        ["UPDATE rankings SET first_entries = '[]' WHERE year = 1975 AND measure = 'revenue'"],
        [(YEARS, "1975")],
    ),
]


@pytest.fixture
def context(database: str, tmp_path: Path) -> Iterator[RunContext]:
    place = tmp_path / "home" / "sources" / "club"
    place.mkdir(parents=True)
    (place / "source.toml").write_text(FACTS)
    (tmp_path / "films.csv").write_text(FILMS)
    home = Home(tmp_path / "home", Settings(catalogue=database))
    with open_run(home) as context:
        order = Order(
            find_source("club", home.folder),
            [tmp_path / "films.csv"],
            dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        )
        with arriving(context) as alone:
            ingest(alone, order)
        advance(context)
    with open_run(home, alone=True) as context:
        yield context


def content(context: RunContext) -> dict[str, list[Any]]:
    """Give what the catalogue says of films, but for when it was said."""
    with context.catalogue.connect() as connection:
        return {
            name: sorted(
                connection.execute(
                    sa.select(*(c for c in metadata.tables[name].c if c.name not in ("since", "change")))
                ).all(),
                key=str,
            )
            for name in TABLES
        }


def test_what_disagrees_is_named_and_told_anew(context: RunContext) -> None:
    assert examine(context) == []
    sound = content(context)
    assert len(sound["movie_genres"]) == 6 and len(sound["rollups"]) == 20
    for damage, expected in ROUNDS:
        with writing(context.catalogue) as connection:
            for statement in damage:
                connection.execute(sa.text(statement))
        found = examine(context)
        assert [(one.what, one.subject) for one in found] == expected
        repair(context, found)
        assert examine(context) == []
        assert content(context) == sound


def test_settings_that_would_stop_a_run_are_named(context: RunContext) -> None:
    sources = {"clubb": SourceSettings(), "club": SourceSettings(cron="61 * * * *")}
    settings = msgspec.structs.replace(
        context.home.settings, sources=sources, fields={"runtime": {"rule": "best"}}
    )
    home = msgspec.structs.replace(context.home, settings=settings)
    found = examine(msgspec.structs.replace(context, home=home))
    assert [(finding.what, finding.subject.split("(")[0].strip()) for finding in found] == [
        ("settings of a source that does not exist", "[sources.clubb] in moviec.toml"),
        ("this setting stops a run", "club: '61 * * * *' is not a cron expression"),
        ("this setting stops a run", "fields.runtime: this is not a valid rule"),
    ]
