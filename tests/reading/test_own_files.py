"""`moviec ingest` given files, a zip or a folder without a source's name: what each is taken for, and what goes with what."""

from __future__ import annotations

import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest

from moviec.cli.own_files import OwnLists, fields_of, recognised
from moviec.config import Home, open_home
from moviec.errors import PayloadError, UsageError
from moviec.sources.registry import load_source
from tests.reading.test_files import LETTERBOXD_LIST
from tests.reading.test_layouts import FILES, TMDB_5000
from tests.sources.reading import read

CREDITS = (
    "movie_id,title,cast,crew\n"
    '206647,Spectre,"[{""character"": ""James Bond"", ""name"": ""Daniel Craig"", ""order"": 0}]",'
    '"[{""job"": ""Director"", ""name"": ""Sam Mendes""}, {""job"": ""Sound Mixer"", ""name"": ""X Y""}]"\n'
)
FACTS = """
name = "club"
title = "The club's films"
home_page = ""
licence = "mine"
attribution = ""

[files.films]
names = ["films"]
format = "any"
key = "no"

[files.films.columns]
no = ["key"]
name = ["title"]
imdb = ["ids.imdb"]

[files.money]
names = ["money"]
format = "any"
key = "tt"
joins = "imdb"
optional = true

[files.money.columns]
tt = ["key"]
cost = ["budget"]
who = ["people.director"]
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path / "home")


def rounds_of(home: Home, tmp_path: Path, *paths: Path, columns: str = "") -> list[dict[str, list[str]]]:
    work = tmp_path / "work"
    work.mkdir()
    found = recognised(list(paths), work, OwnLists(home, fields_of(columns), bool(columns)))
    return [{source: [Path(file).name for file in files] for source, files in one.items()} for one in found]


def packed(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_a_zip_as_letterboxd_gives_it(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "profile.csv": "Date Joined,Username\n2020-01-01,jo\n",
        "ratings.csv": FILES["ratings.csv"][0],
        "diary.csv": FILES["diary.csv"][0],
        "likes/films.csv": FILES["watched.csv"][0],
        "deleted/diary.csv": FILES["diary.csv"][0],
        "lists/best of.csv": LETTERBOXD_LIST,
    }
    found = rounds_of(home, tmp_path, packed(tmp_path / "letterboxd-jo 2024.zip", files))
    assert found == [
        {
            "letterboxd-ratings": ["ratings.csv"],
            "letterboxd-diary": ["diary.csv"],
            "letterboxd-likes": ["films.csv"],
            "letterboxd-list-best-of": ["best of.csv"],
        }
    ]
    assert "profile.csv is left out" in capsys.readouterr().err


def test_two_files_of_one_source_are_two_deliveries(home: Home, tmp_path: Path) -> None:
    text = FILES["ratings-movies.json"][0]
    files = {"ratings-movies.json": text, "watched-movies.json": text.replace('"rating": 9, ', "")}
    found = rounds_of(home, tmp_path, packed(tmp_path / "trakt.zip", files))
    assert found == [{"trakt": ["ratings-movies.json"]}, {"trakt": ["watched-movies.json"]}]
    facts = tomllib.loads((home.folder / "sources" / "trakt" / "source.toml").read_text())
    assert facts["empty"] == {"default": "keep"}, "a film that is watched keeps its rating"


def test_a_file_that_goes_with_a_list_is_joined_to_it(home: Home, tmp_path: Path) -> None:
    movies, more = tmp_path / "tmdb_5000_movies.csv", tmp_path / "tmdb_5000_credits.csv"
    movies.write_text(TMDB_5000)
    more.write_text(CREDITS)
    assert rounds_of(home, tmp_path, more, movies) == [{"tmdb-5000": [movies.name, more.name]}]
    source = load_source(home.folder / "sources" / "tmdb-5000")
    film = read(source, {"films": movies, "credits": more}).films["206647"]
    people = [(person["role"], person["name"]) for person in film["people"]]
    assert people == [("actor", "Daniel Craig"), ("director", "Sam Mendes")]
    assert "people" not in read(source, {"films": movies}).films["206647"]


def test_a_mapping_joins_a_second_file_by_any_column(tmp_path: Path) -> None:
    (tmp_path / "source.toml").write_text(FACTS)
    films = "no,name,imdb\n1,Heat,tt0113277\n2,Alien,\n"
    money = "tt,cost,who\ntt0113277,$60 million,Michael Mann\ntt9,€3,Nobody\n"
    found = read(load_source(tmp_path), {"films": films, "money": money}).films
    assert (found["1"]["budget"], found["1"]["people"][0]["name"]) == (60_000_000, "Michael Mann")
    assert "budget" not in found["2"]
    (tmp_path / "source.toml").write_text(FACTS.replace('joins = "imdb"', 'joins = "imdb_id"'))
    with pytest.raises(UsageError, match="joins names no column"):
        load_source(tmp_path)


def test_a_folder_of_lists_and_a_folder_of_films(home: Home, tmp_path: Path) -> None:
    lists, films = tmp_path / "lists", tmp_path / "My films"
    lists.mkdir()
    (lists / "a.csv").write_text("Title,Year\nHeat,1995\n")
    (lists / "b.json").write_text('[{"title": "Alien", "year": 1979}]')
    (films / "Heat (1995)").mkdir(parents=True)
    for name in ("Heat (1995)/heat.mkv", "Heat (1995)/heat.srt", "Alien.1979.720p.BluRay.mkv"):
        (films / name).write_text("")
    assert rounds_of(home, tmp_path, lists) == [{"a": ["a.csv"], "b": ["b.json"]}]
    (tmp_path / "again").mkdir()
    found = recognised([films], tmp_path / "again", OwnLists(home, {}, False))
    (source,) = found[0]
    read_films = read(
        load_source(home.folder / "sources" / source), {"films": Path(found[0][source][0])}
    ).films
    assert {(film["title"], film["year"]) for film in read_films.values()} == {
        ("Heat", 1995),
        ("Alien", 1979),
    }


def test_columns_are_told(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("Was;Wann;Wie;Title\nHeat;1995;9;x\n")
    assert rounds_of(home, tmp_path, path, columns="title=Was,year=Wann,rating=Wie") == [
        {"mine": ["mine.csv"]}
    ]
    film = read(load_source(home.folder / "sources" / "mine"), {"films": path}).films["Heat (1995)"]
    assert (film["title"], film["ratings"][0]["value"]) == ("Heat", 9)
    for wrong, message in (
        ("title=Nowhere", "no column 'Nowhere'"),
        ("titel=Was", "no field 'titel'"),
        ("title", "not FIELD=COLUMN"),
    ):
        (tmp_path / "wrong").mkdir()
        with pytest.raises(UsageError, match=message):
            recognised([path], tmp_path / "wrong", OwnLists(home, fields_of(wrong), True))
        shutil.rmtree(tmp_path / "wrong")


def test_a_folder_without_a_list_is_said(home: Home, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PayloadError, match="no file in it is a list of films"):
        rounds_of(home, tmp_path, tmp_path / "empty")
