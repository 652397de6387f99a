"""`moviec ingest` given files, a zip or a folder without a source's name: what each is taken for, and what goes with what."""

from __future__ import annotations

import json
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest

from moviec.cli.own_files import OwnLists, fields_of, recognised
from moviec.config import Home, open_home
from moviec.errors import PayloadError, UsageError
from moviec.sources.recognise import recognise_file
from moviec.sources.registry import load_source
from tests.commands import moviec
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
    assert (
        "profile.csv is left out: this is no list of films that MovieC knows: no title column\n"
        in capsys.readouterr().err
    )


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


MOVIELENS = {
    "movies.csv": "movieId,title,genres\n1,Toy Story (1995),Comedy\n",
    "links.csv": "movieId,imdbId,tmdbId\n1,0114709,862\n",
    "ratings.csv": "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n",
}


def folder_of(path: Path, files: dict[str, str]) -> Path:
    path.mkdir()
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def test_all_files_of_a_known_source_are_one_delivery(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path / "ml", {**MOVIELENS, "broken.csv": "title,x\nFoo,1\n"})
    (found,) = rounds_of(home, tmp_path, folder)
    assert {name: {*files} for name, files in found.items()} == {"movielens": {*MOVIELENS}}
    assert "broken.csv is left out: it is not a file of movielens" in capsys.readouterr().err
    shutil.rmtree(tmp_path / "work")
    assert rounds_of(home, tmp_path, packed(tmp_path / "ml.zip", MOVIELENS)) == [{"movielens": ["ml.zip"]}]
    assert "left out" not in capsys.readouterr().err
    shutil.rmtree(tmp_path / "work")
    (found,) = rounds_of(home, tmp_path, *(folder / name for name in MOVIELENS))
    assert {*found["movielens"]} == {*MOVIELENS}


def test_a_file_whose_films_are_not_there_names_the_command_that_adds_it(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path / "ml", {"ratings.csv": MOVIELENS["ratings.csv"]})
    with pytest.raises(PayloadError):
        rounds_of(home, tmp_path, folder)
    assert "`moviec ingest movielens ratings.csv` adds it" in capsys.readouterr().err


def test_what_a_person_set_in_a_mapping_stays(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("Film,Jahr,Note,Wer\nHeat,1995,9,Mann\n")
    mapping = home.folder / "sources" / "mine" / "source.toml"
    rounds_of(home, tmp_path, path)
    facts = (
        mapping.read_text()
        .replace("private = false", "private = true")
        .replace("highest = 10", "highest = 20")
    )
    mapping.write_text(facts + '"Wer" = ["people.director"]\n')
    shutil.rmtree(tmp_path / "work")
    rounds_of(home, tmp_path, path, columns="year=Jahr")
    told = tomllib.loads(mapping.read_text())
    assert told["private"] is True and told["raters"]["mine"]["highest"] == 20
    assert told["files"]["films"]["columns"]["Wer"] == ["people.director"]
    path.write_text("Film,Jahr,Note,Regie\nHeat,1995,9,Mann\n")
    (tmp_path / "anew").mkdir()
    recognised([path], tmp_path / "anew", OwnLists(home, {}, True))
    anew = tomllib.loads(mapping.read_text())
    assert anew["private"] is True
    assert "Wer" not in anew["files"]["films"]["columns"]
    assert anew["files"]["films"]["columns"]["Regie"] == ["people.director"]


def test_grades_of_which_1_may_be_best_are_not_read_until_told(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "school.csv"
    path.write_text("Film,Note,Jahr\nHeat,2,1995\nToy Story,1,1995\n")
    rounds_of(home, tmp_path, path)
    assert "Note is not read, since 1 to 6 may be grades" in capsys.readouterr().err
    mapping = home.folder / "sources" / "school" / "source.toml"
    assert "raters" not in tomllib.loads(mapping.read_text())
    shutil.rmtree(tmp_path / "work")
    rounds_of(home, tmp_path, path, columns="rating=Note")
    assert "rating: 0 to 5, higher is better; change it in" in capsys.readouterr().err
    assert tomllib.loads(mapping.read_text())["files"]["films"]["columns"]["Note"] == ["ratings.school"]


def test_a_list_is_read_again_when_its_mapping_changed(tmp_path: Path) -> None:
    path = tmp_path / "shelf.csv"
    path.write_text("Film,Jahr,Wer\nHeat,1995,Michael Mann\n")
    home = tmp_path / "home"
    first = moviec("ingest", path, "--home", home)
    assert "public, since no column says" in first.stderr and "0 of 1 matched" in first.stderr
    assert "nothing to do" in moviec("ingest", path, "--home", home).stdout
    mapping = home / "sources" / "shelf" / "source.toml"
    mapping.write_text(mapping.read_text() + '"Wer" = ["people.director"]\n')
    assert "1 new or changed" in moviec("ingest", path, "--home", home).stdout
    assert "nothing to do" in moviec("ingest", path, "--home", home).stdout
    gone = moviec("ingest", path, tmp_path / "nosuch.csv", "--home", home)
    assert "nosuch.csv: no such file" in gone.stderr


def films_of(
    home: Home, tmp_path: Path, name: str, text: str
) -> tuple[list[dict[str, object]], tuple[int, int, int]]:
    """Read a list by the mapping that is made for it; return its films, and how many rows were kept, skipped and rejected."""
    path = tmp_path / name
    path.write_text(text)
    shutil.rmtree(tmp_path / "work", ignore_errors=True)
    (found,) = rounds_of(home, tmp_path, path)
    done = read(load_source(home.folder / "sources" / next(iter(found))), {"films": path})
    count = done.reading.files["films"].count
    return [*done.films.values()], (count.kept, count.skipped, count.rejected)


def test_marks_of_markdown_are_no_part_of_titles(home: Home, tmp_path: Path) -> None:
    lines = "# my favourites\n1. Heat (1995)\n2. **Se7en** (1995)\n\n3. Toy Story\n4. M*A*S*H (1970)\n5. Jumanji, 1995\n"
    films, counts = films_of(home, tmp_path, "favs.txt", lines)
    assert [(film["title"], film.get("year")) for film in films] == [
        ("Heat", 1995),
        ("Se7en", 1995),
        ("Toy Story", None),
        ("M*A*S*H", 1970),
        ("Jumanji", 1995),
    ]
    assert counts == (5, 0, 0)
    table = (
        "| Film | Year |\n|---|---|\n| **Heat** | 1995 |\n"
        "| [Toy Story](https://www.imdb.com/title/tt0114709/) | 1995 |\n| *batteries not included | 1987 |\n"
    )
    films, _ = films_of(home, tmp_path, "list.md", table)
    assert [film["title"] for film in films] == ["Heat", "Toy Story", "*batteries not included"]
    assert dict(films[1]["ids"]) == {"imdb": "tt0114709"}  # type: ignore[call-overload]


def test_a_total_under_a_table_and_a_series_are_skipped(home: Home, tmp_path: Path) -> None:
    text = "Title,Year,Gross\nHeat,1995,187436818\nTotal,2024,5\nTotal,,187436823\n"
    films, counts = films_of(home, tmp_path, "sums.csv", text)
    assert [(film["title"], film["year"]) for film in films] == [("Heat", 1995), ("Total", 2024)]
    assert counts == (2, 1, 0)
    trakt = (
        '[{"rating":9,"type":"movie","movie":{"title":"Heat","year":1995,"ids":{"trakt":612,"imdb":"tt0113277"}}},\n'
        '{"rating":7,"type":"show","show":{"title":"Lost","year":2004,"ids":{"trakt":73}}}]'
    )
    films, counts = films_of(home, tmp_path, "ratings.json", trakt)
    assert [film["title"] for film in films] == ["Heat"] and counts == (1, 1, 0)


def test_messages_say_what_is_wrong_in_a_few_words(tmp_path: Path) -> None:
    home = tmp_path / "home"
    noise = tmp_path / "noise.bin"
    noise.write_bytes(bytes((at * 7919 >> 3) % 256 for at in range(4000)))
    said = moviec("ingest", noise, "--home", home).stderr.splitlines()[-1]
    assert len(said) < 200 and said.isprintable(), said
    film = tmp_path / "movies_metadata.csv"
    film.write_text("id,title\n1,Heat\n")
    said = moviec("ingest", "wikipedia", film, "--home", home).stderr.splitlines()[-1]
    assert "no row of it has the columns title, year" in said and not said.endswith("it has:")


def test_a_list_of_films_that_may_come_without_the_first_file_stands_alone(tmp_path: Path) -> None:
    """Rotten Tomatoes' listing, and the credits of Kaggle's table, which belong to its films."""
    film = {"url": "https://www.rottentomatoes.com/m/alien", "title": "Alien", "release_date": "1979"}
    listing = tmp_path / "movie_info.json"
    listing.write_text(json.dumps([{**film, "critic_score": "93", "audience_score": "94"}]))
    credits = tmp_path / "credits.csv"
    credits.write_text("cast,crew,id\n[],[],862\n")
    (look := tmp_path / "look").mkdir()
    found = [recognise_file(file, look, None) for file in (listing, credits)]
    assert [(what.source, what.role) for what in found] == [("rottentomatoes", ""), ("kaggle", "credits")]
