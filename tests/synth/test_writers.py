"""Every writer's files, read back with the standard library alone, show the film they were made from."""

from __future__ import annotations

import ast
import csv
import gzip
import json
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import msgspec
import pytest

from moviec.synth.deliver import deliver
from moviec.synth.distortions import Distortions
from moviec.synth.film import Film, Person
from moviec.synth.settings import Defects, Settings, providers
from tests.synth.conftest import Made, film, rows

PLAIN = {field: 0.0 for field, kind in Distortions.__annotations__.items() if kind == "float"}


def plainly(folder: Path, source: str, *films: Film) -> None:
    """Write films into the folder as one provider has them, with every distortion off."""
    settings = Settings()
    rates = {
        name: msgspec.structs.replace(getattr(settings, name), **PLAIN)
        for name in ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia", "festival")
    }
    still = {
        "rottentomatoes": {"listed": 1, "tabled": 1, "no_critics": 0, "no_audience": 0, "date_year": 0},
        "wikipedia": {"unlinked": 0, "no_cast": 0, "no_genres": 0},
        "kaggle": {"keywords": 1},
        "movielens": {"tagged": 1},
    }
    for name, more in still.items():
        rates[name] = msgspec.structs.replace(rates[name], **more)
    nothing = {
        name: type(getattr(Defects(), name))(**dict.fromkeys(getattr(Defects(), name).__struct_fields__, 0))
        for name in Defects.__struct_fields__
    }
    write(folder, source, Settings(defects=Defects(**nothing), **rates), *films)


def write(folder: Path, source: str, settings: Settings, *films: Film) -> None:
    """Write films into the folder as one provider has them; it has each."""
    planted = deliver(films, folder / "deliveries", settings)
    assert planted.records[source] == len(films)
    for file in (folder / "deliveries" / source).iterdir():
        file.rename(folder / file.name)


def tsv(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as text:
        return list(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_kaggle_shows_the_film_in_python_literals(tmp_path: Path) -> None:
    truth = film()
    plainly(tmp_path, "kaggle", truth)
    (movie,), (credits,) = rows(tmp_path / "movies_metadata.csv"), rows(tmp_path / "credits.csv")
    nested = {name: ast.literal_eval(movie[name]) for name in movie if movie[name][:1] in ("[", "{")}
    assert movie["id"] == credits["id"] == "862"
    assert (movie["imdb_id"], movie["title"], movie["release_date"]) == (
        "tt0114709",
        truth.title,
        "1995-10-30",
    )
    assert (movie["runtime"], movie["popularity"]) == ("81.0", "21.946943")
    assert [(g["id"], g["name"]) for g in nested["genres"]] == [
        (16, "Animation"),
        (35, "Comedy"),
        (10751, "Family"),
        (14, "Fantasy"),
    ]
    assert nested["production_companies"] == [{"name": "Rue d'Or", "id": 3}]
    assert nested["belongs_to_collection"]["name"] == "Nuits Collection"
    assert [p["name"] for p in ast.literal_eval(credits["cast"])] == ["Tom Ek", "Tim Öst"]
    assert [(p["job"], p["name"]) for p in ast.literal_eval(credits["crew"])] == [("Director", "Ana Weld")]
    assert {movie["budget"], movie["revenue"]} <= {"30000000", "373554033", "0"}


def test_a_tv_film_is_marked_so_once(tmp_path: Path) -> None:
    plainly(
        tmp_path,
        "kaggle",
        film(kind="tv_movie", genres=("Drama",)),
        film(number=2, kind="tv_movie", genres=("Drama", "TV Movie")),
    )
    for movie in rows(tmp_path / "movies_metadata.csv"):
        assert [g["name"] for g in ast.literal_eval(movie["genres"])] == ["Drama", "TV Movie"]


def test_imdb_caps_genres_names_everybody_once_and_lists_titles(tmp_path: Path) -> None:
    again = film(number=2, ids=msgspec.structs.replace(film().ids, imdb="tt0000002"), title="Two")
    plainly(tmp_path, "imdb", film(original_title="Rosburys Nächte"), again)
    basics, two = tsv(tmp_path / "title.basics.tsv.gz")
    assert basics["primaryTitle"] == "Les Nuits de Rosbury"
    assert (basics["titleType"], basics["startYear"], basics["runtimeMinutes"]) == ("movie", "1995", "81")
    assert basics["genres"] == "Animation,Comedy,Family"
    assert (basics["originalTitle"], two["originalTitle"]) == ("Rosburys Nächte", "Two")
    names = {row["nconst"]: row["primaryName"] for row in tsv(tmp_path / "name.basics.tsv.gz")}
    assert sorted(names.values()) == ["Ana Weld", "Tim Öst", "Tom Ek"]
    assert len(tsv(tmp_path / "name.basics.tsv.gz")) == 3
    crew = tsv(tmp_path / "title.crew.tsv.gz")
    assert [names[row["directors"]] for row in crew] == ["Ana Weld", "Ana Weld"]
    cast = [row for row in tsv(tmp_path / "title.principals.tsv.gz") if row["tconst"] == "tt0114709"]
    assert [(names[row["nconst"]], row["characters"]) for row in cast] == [
        ("Tom Ek", '["Woody"]'),
        ("Tim Öst", "\\N"),
        ("Ana Weld", "\\N"),
    ]
    akas = {row["title"] for row in tsv(tmp_path / "title.akas.tsv.gz") if row["titleId"] == "tt0114709"}
    assert akas == {"Les Nuits de Rosbury", "Rosburys Nächte"}
    (rating, _) = tsv(tmp_path / "title.ratings.tsv.gz")
    assert 8.2 < float(rating["averageRating"]) < 8.9, "quality 90 is two spreads above 60"


def test_movielens_files_titles_under_their_first_word(tmp_path: Path) -> None:
    plainly(
        tmp_path, "movielens", film(), film(number=2, title="Wings", original_title="Der Himmel", genres=())
    )
    one, two = rows(tmp_path / "movies.csv")
    assert one["title"] == "Nuits de Rosbury, Les (1995)"
    assert two["title"] == "Wings (Himmel, Der) (1995)"
    assert (one["genres"], two["genres"]) == ("Animation|Children|Comedy|Fantasy", "(no genres listed)")
    assert rows(tmp_path / "links.csv")[0] == {"movieId": "1", "imdbId": "0114709", "tmdbId": "862"}
    votes = rows(tmp_path / "ratings.csv")
    assert {vote["rating"] for vote in votes} <= {f"{halves / 2:.1f}" for halves in range(1, 11)}
    first = [vote["userId"] for vote in votes[: len(votes) // 2]]
    assert len(set(first)) == len(first) > 100, "nobody votes twice"
    assert b"\r\n" in (tmp_path / "movies.csv").read_bytes()


def test_rotten_tomatoes_listing_and_table_agree(tmp_path: Path) -> None:
    plainly(tmp_path, "rottentomatoes", film())
    (entry,) = json.loads((tmp_path / "movie_info.json").read_text("utf-8"))
    (row,) = rows(tmp_path / "rotten_tomatoes_movies.csv")
    assert len(row) == 22
    assert entry["url"].endswith("/" + row["rotten_tomatoes_link"]) and entry["url"].endswith("/m/les_nuits")
    assert entry["release_date"] == "Released Oct 30, 1995"
    assert row["original_release_date"] == "1995-10-30"
    assert entry["critic_score"] == row["tomatometer_rating"] + "%"
    assert entry["audience_score"] == row["audience_rating"] + "%"
    fresh, rotten = (int(row[f"tomatometer_{part}_critics_count"]) for part in ("fresh", "rotten"))
    assert fresh + rotten == int(row["tomatometer_count"])
    assert round(100 * fresh / (fresh + rotten)) == int(row["tomatometer_rating"]) > 90
    assert row["genres"].split(", ") == [
        "Animation",
        "Comedy",
        "Kids & Family",
        "Science Fiction & Fantasy",
    ]
    assert (row["directors"], row["actors"]) == ("Ana Weld", "Tom Ek, Tim Öst")


def test_wikipedia_lists_american_films_under_addresses_of_their_own(tmp_path: Path) -> None:
    plainly(tmp_path, "wikipedia", film(title="Alone"), film(number=2, title="Alone", kind="short"))
    lines = (tmp_path / "movies.jsonl").read_text("utf-8").splitlines()
    one, two = (json.loads(line) for line in lines)
    assert list(one) == ["title", "year", "cast", "genres", "href"]
    assert (one["title"], one["year"], one["cast"]) == ("Alone", 1995, ["Tom Ek", "Tim Öst"])
    assert one["genres"] == ["Animated", "Comedy", "Family", "Fantasy"]
    assert two["genres"][-1] == "Short"
    assert (one["href"], two["href"]) == ("Alone", "Alone_(film)")
    foreign = film(countries=("FR", "US"))
    assert all(p.render(foreign) is None for p in providers(Settings()) if p.name == "wikipedia")


def test_the_festival_list_comes_with_its_mapping(made: Made) -> None:
    listed = rows(made.folder / "festival" / "films.csv", ";")
    mapping = tomllib.loads((made.folder / "festival" / "source.toml").read_text("utf-8"))
    assert (
        list(listed[0])
        == list(mapping["files"]["films"]["columns"])
        == ["Film", "Jahr", "Regie", "Länge", "Note"]
    )
    shown = made.shown("festival")
    assert len(listed) == len(shown) > 100
    for row in listed:
        assert row["Regie"] == ", ".join(person.name for person in shown[row["Film"]].directors)


@pytest.mark.parametrize("source", ["kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia", "festival"])
def test_the_truth_names_every_row_that_can_be_read(made: Made, source: str) -> None:
    folder = made.folder / source
    keys: dict[str, list[str]] = defaultdict(list)
    if source == "kaggle":
        keys["credits"] = [row["id"] for row in rows(folder / "credits.csv")]
        (cut,) = made.numbers("kaggle", "cut_record")
        keys["credits"].remove(str(made.films[cut].ids.tmdb))
    elif source == "imdb":
        kinds = {"movie", "short", "tvMovie"}
        keys["basics"] = [r["tconst"] for r in tsv(folder / "title.basics.tsv.gz") if r["titleType"] in kinds]
    elif source == "movielens":
        keys["movies"] = [row["movieId"] for row in rows(folder / "movies.csv")]
        keys["links"] = [row["movieId"] for row in rows(folder / "links.csv")]
    elif source == "rottentomatoes":
        listing = json.loads((folder / "movie_info.json").read_text("utf-8"))
        table = rows(folder / "rotten_tomatoes_movies.csv")
        both = {row["url"].partition(".com/")[2] for row in listing}
        keys["either"] = sorted(both | {row["rotten_tomatoes_link"] for row in table})
    elif source == "wikipedia":
        lines = (folder / "movies.jsonl").read_text("utf-8").splitlines()
        entries = [json.loads(line) for line in dict.fromkeys(lines)]
        keys["films"] = [entry["href"] or f"{entry['title']} ({entry['year']})" for entry in entries]
    else:
        keys["films"] = [row["Film"] for row in rows(folder / "films.csv", ";")]
    for found in keys.values():
        assert Counter(found) == Counter(made.shown(source).keys())


def test_a_person_without_a_second_name_and_a_film_without_makers_can_be_written(tmp_path: Path) -> None:
    bare = film(
        directors=(), cast=(Person("Sting", 1),), companies=(), genres=(), countries=(), collection=None
    )
    settings = Settings(
        imdb=msgspec.structs.replace(Settings().imdb, name_variant=1.0, missing=0.0),
        rottentomatoes=msgspec.structs.replace(Settings().rottentomatoes, name_variant=1.0, missing=0.0),
    )
    for source in ("imdb", "rottentomatoes"):
        write(tmp_path, source, settings, bare)
    assert tsv(tmp_path / "name.basics.tsv.gz")[0]["primaryName"] == "Sting"
    assert tsv(tmp_path / "title.crew.tsv.gz")[0]["directors"] == "\\N"
