"""MovieLens reads as it means: titles put right, votes counted exactly, ids as their owners write them."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from fractions import Fraction

import pytest

from moviec.sources.registry import find_source
from tests.conftest import real
from tests.sources.reading import read, reconciled

MOVIES = """movieId,title,genres
1,"Lamp, The (Lampe, La) (1995)",Children|Drama
2,Plain (2001) ,(no genres listed)
3,Undated,IMAX
4,(900) Nights of Rain (2009),Comedy
5,"Crossing (a.k.a. Crossing, A) (Überfahrt (Teil 2)) (1988)",Drama
6,"Bear, The (Ours, L') (1988)",Drama
7,"Hello, Hello (2006-2007)",Drama
8,Rain or (The Other Day) (2014),Drama
x,No key (2000),Drama
"""
LINKS = "movieId,imdbId,tmdbId\n1,0000123,862\n2,12345678,\n3,oops,9\n"
RATINGS = "userId,movieId,rating,timestamp\n1,1,4.0,1\n2,1,0.5,1\n3,1,4.0,1\n4,1,7,1\n1,2,x,1\n"
TAGS = 'userId,movieId,tag,timestamp\n1,1,slow,1\n2,1,slow,1\n3,1," ",1\n3,1,"sad, ""very""",1\n'
ALL = {"movies": MOVIES, "links": LINKS, "ratings": RATINGS, "tags": TAGS}


@pytest.mark.parametrize(
    ("key", "title", "year", "others"),
    [
        ("1", "The Lamp", 1995, ["Lamp, The (Lampe, La)", "La Lampe"]),
        ("2", "Plain", 2001, []),
        ("3", "Undated", None, []),
        ("4", "(900) Nights of Rain", 2009, []),
        ("5", "Crossing", 1988, ["Crossing (a.k.a. Crossing, A) (Überfahrt (Teil 2))", "A Crossing", "Überfahrt (Teil 2)"]),
        ("6", "The Bear", 1988, ["Bear, The (Ours, L')", "L'Ours"]),
        ("7", "Hello, Hello", 2006, []),
        ("8", "Rain or (The Other Day)", 2014, ["The Other Day"]),
    ],
)  # fmt: skip
def test_a_title_is_put_right_and_its_other_names_are_kept(
    key: str, title: str, year: int | None, others: list[str]
) -> None:
    film = read("movielens", {"movies": MOVIES}).films[key]
    assert (film["title"], film.get("year")) == (title, year)
    assert [other["title"] for other in film.get("other_titles", [])] == others


def test_a_film_reads_field_by_field() -> None:
    found = read("movielens", ALL)
    film = found.films["1"]
    assert film["genres"] == ["Children", "Drama"]
    assert dict(film["ids"]) == {"movielens": "1", "imdb": "tt0000123", "tmdb": "862"}
    assert film["keywords"] == ["slow", 'sad, "very"']
    rating = film["ratings"][0]
    assert (rating["rater"], rating["votes"], rating["lowest"], rating["highest"]) == ("movielens", 3, 0.5, 5)
    assert rating["value"] == pytest.approx(8.5 / 3)
    assert rating["distribution"] == [1, 0, 0, 0, 0, 0, 0, 2, 0, 0]
    assert film["problems"] == ["ratings_unreadable"], "7 is no number of stars"
    assert reconciled(found.reading)


def test_what_is_unknown_stays_unknown() -> None:
    found = read("movielens", ALL)
    assert "genres" not in found.films["2"]
    assert dict(found.films["2"]["ids"]) == {"movielens": "2", "imdb": "tt12345678"}
    assert (found.films["2"]["problems"], found.films["2"].get("ratings")) == (["ratings_unreadable"], None)
    assert (dict(found.films["3"]["ids"]), found.films["3"]["problems"]) == (
        {"movielens": "3", "tmdb": "9"},
        ["ids_unreadable"],
    )
    assert [row["line"] for row in found.reading.files["movies"].rejected.to_pylist()] == [10]


def test_the_real_files_reconcile_and_agree_with_plain_python() -> None:
    files = {role: real(f"movielens/{role}.csv") for role in ALL}
    found = read("movielens", files)
    rows = {role: list(csv.DictReader(path.read_text("utf-8").splitlines())) for role, path in files.items()}
    assert reconciled(found.reading)
    for role, expected in rows.items():
        assert found.reading.files[role].count.kept == len(expected), role
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    for row in rows["ratings"]:
        votes[row["movieId"]][int(float(row["rating"]) * 2)] += 1
    links = {row["movieId"]: row for row in rows["links"]}
    for line, row in enumerate(rows["movies"], 2):
        film = found.films[row["movieId"]]
        assert film["line"] == line
        assert film.get("genres", []) == [g for g in row["genres"].split("|") if g != "(no genres listed)"]
        assert Counter(re.findall(r"\w+", film["title"])) <= Counter(re.findall(r"\w+", row["title"]))
        link = links[row["movieId"]]
        assert dict(film["ids"]).get("tmdb", "") == link["tmdbId"]
        assert dict(film["ids"])["imdb"] == f"tt{link['imdbId']}"
        if counts := votes.get(row["movieId"]):
            rating = film["ratings"][0]
            assert rating["distribution"] == [counts[step] for step in range(1, 11)]
            mean = Fraction(sum(step * n for step, n in counts.items()), 2 * counts.total())
            assert rating["value"] == pytest.approx(float(mean), rel=1e-15)
        else:
            assert "ratings" not in film
    assert found.films["29"]["title"] == "The City of Lost Children"
    assert [other["title"] for other in found.films["29"]["other_titles"]][1] == "La Cité des enfants perdus"
    labels = {label for film in found.films.values() for label in film.get("genres", [])}
    assert labels <= set(find_source("movielens").spec.genres)
