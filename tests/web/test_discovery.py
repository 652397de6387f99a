"""Ways to films besides words: filters, suggestions, films alike, those that lead, persons and collections."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.catalogue import FILMS, person_id
from tests.web.conftest import Api


def titles(found: Any) -> list[str]:
    return [item["title"] for item in found["items"]]


def listed(api: Api, query: str) -> list[str]:
    return titles(api.json(f"/v1/movies?sort=popularity&{query}"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("genre=crime,action", ["Léon"]),
        ("genre=horror|war", ["Alien", "Scary Movie", "War Horse"]),
        ("genre=horror,sci-fi", ["Alien"]),
        ("genre=tmdb:27|tmdb:10752&genre_is=", None),
        ("person=al pacino", ["The Godfather", "The Godfather: Part II", "Heat"]),
        ("person=Al Pacino,Robert De Niro", ["The Godfather: Part II", "Heat"]),
        ("person=imdb:nm0000158", ["The Matrix", "The Matrix Reloaded"]),
        (f"person={person_id('Ridley Scott')}|{person_id('James Cameron')}", ["Alien", "Aliens"]),
        ("company=paramount&year=1972", ["The Godfather"]),
        ("country=jp", ["Seven Samurai"]),
        ("country=FR|JP", ["Amélie", "Seven Samurai"]),
        ("country=us,au", ["The Matrix"]),
        ("language=ja", ["Seven Samurai"]),
        ("original_language=fr", ["Léon", "Amélie"]),
        ("runtime_from=175&runtime_to=206", ["The Godfather", "The Godfather: Part II"]),
        ("certificate=pg-13", ["Spider-Man"]),
        ("certificate=PG-13|R&runtime_to=122", ["Spider-Man", "Amélie"]),
        ("collection=the-matrix-collection", ["The Matrix", "The Matrix Reloaded"]),
        ("collection=The Godfather Collection", ["The Godfather", "The Godfather: Part II"]),
        ("keyword=Mafia", ["The Godfather", "The Godfather: Part II"]),
        ("keyword=mafia|heist&decade=1990", ["Heat"]),
        ("decade=1970&min_votes=1000000", ["The Godfather", "The Godfather: Part II"]),
        ("kind=short|video", []),
        ("genre=crime&without_genre=drama", ["Léon"]),
        ("has_id=imdb,tmdb&genre=horror&without_genre=comedy", ["Alien"]),
        ("has_id=wikidata", []),
        ("released_from=1995-12-15&released_to=1999-02-15&votes=", None),
        ("released_from=1994-09-16&released_to=1995-12-15&genre=crime", ["Heat"]),
        ("released_from=2011-01-01", ["Blade Runner 2049", "War Horse"]),
    ],
)
def test_filters(read_either: Api, query: str, expected: list[str] | None) -> None:
    if expected is None:
        assert read_either.get(f"/v1/movies?{query}").status_code == 400
    else:
        assert listed(read_either, query) == expected


def test_the_words_of_a_search_and_filters_work_together(read_api: Api) -> None:
    found = read_api.json("/v1/movies/search?query=heat&person=al pacino&country=us&runtime_from=150")
    assert (titles(found), found["total"]) == (["Heat"], 1)


@pytest.mark.parametrize("query", ["person=nobody at all", "person=999999", "person=imdb:nm1", "company=nobody", "genre=drama,nonsense"])  # fmt: skip
def test_a_filter_by_what_nobody_knows_is_404(read_either: Api, query: str) -> None:
    assert read_either.get(f"/v1/movies?{query}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["decade=1995", "runtime_from=0", "country=usa", "kind=series", "sort=-relevance", "language=english",
     "genre=" + "|".join(["drama"] * 21)],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_400(read_api: Api, query: str) -> None:
    assert read_api.get(f"/v1/movies?{query}").status_code == 400


@pytest.mark.parametrize("sort", ["year", "rating", "popularity", "votes", "revenue", "released", "runtime"])
def test_the_other_way_round_is_the_reverse(read_api: Api, sort: str) -> None:
    path = f"/v1/movies?min_votes=0&min_raters=0&limit=3&sort={sort}"
    down, up = pages(read_api, path), pages(read_api, path.replace("sort=", "sort=-"))
    assert up == list(reversed(down))[-len(up) :] or up == list(reversed(down[: len(up)]))
    assert len(set(up)) == len(up) > 5


def pages(api: Api, path: str) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = api.json(f"{path}&cursor={cursor}")
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return found
        cursor = page["next"]


def test_suggestions_follow_the_typing(read_either: Api) -> None:
    def suggested(query: str, **headers: str) -> list[str]:
        found = read_either.json(f"/v1/movies/suggest?query={query}", headers=headers)["items"]
        return [item.get("display_title", item["title"]) for item in found]

    assert suggested("") == suggested(" ") == []
    assert suggested("the god") == ["The Godfather", "The Godfather: Part II"]
    assert suggested("matrx re") == ["The Matrix Reloaded"]
    assert suggested("the godfather", **{"accept-language": "de"})[0] == "Der Pate"
    assert len(suggested("c&limit=3")) == 3
    assert "Forbidden Nights" not in suggested("forbidden")
    assert suggested("forbidden&adult=true") == ["Forbidden Nights"]


def test_films_alike_share_what_few_share(read_either: Api) -> None:
    found = read_either.json("/v1/movies/mc1/similar")
    assert found["id"] == "mc1"
    assert titles(found)[0] == "The Matrix Reloaded"
    assert titles(read_either.json("/v1/movies/imdb:tt0000004/similar?limit=2")) == ["The Godfather", "Heat"]
    for film in FILMS[:18]:
        some = read_either.json(f"/v1/movies/mc{film.number}/similar")["items"]
        assert f"mc{film.number}" not in [item["id"] for item in some]
        assert film.adult or "mc16" not in [item["id"] for item in some]
    moved = read_either.get("/v1/movies/mc50/similar")
    assert (moved.status_code, moved.headers["location"]) == (308, "/v1/movies/mc1/similar")
    assert read_either.get("/v1/movies/mc51/similar").status_code == 404


def test_top_lists_ask_for_votes_and_take_filters(read_either: Api) -> None:
    found = read_either.json("/v1/movies/top?genre=crime&limit=2")
    assert titles(found) == ["The Godfather", "The Godfather: Part II"]
    assert found == read_either.json("/v1/movies?sort=rating&genre=crime&limit=2")
    assert titles(read_either.json("/v1/movies/top?by=revenue&limit=2")) == [
        "Spider-Man",
        "The Matrix Reloaded",
    ]
    assert found["next"] is not None
    assert titles(read_either.json(f"/v1/movies/top?genre=crime&limit=2&cursor={found['next']}"))[0] == "Léon"


def test_persons_by_name(read_either: Api) -> None:
    def named(query: str) -> list[str]:
        return [each["name"] for each in read_either.json(f"/v1/people?query={query}")["items"]]

    assert named("al pacino") == ["Al Pacino"]
    assert named("pac") == ["Al Pacino"]
    assert named("pac ") == []
    assert named("robert") == ["Robert De Niro"]
    assert named("%3F") == []
    (pacino,) = read_either.json("/v1/people?query=al pacino")["items"]
    assert pacino["role"] == "actor"
    assert [film["title"] for film in pacino["known_for"]] == [
        "The Godfather",
        "The Godfather: Part II",
        "Heat",
    ]
    first = read_either.json("/v1/people?limit=5")
    rest = read_either.json(f"/v1/people?limit=100&cursor={first['next']}")
    names = [each["name"] for each in (*first["items"], *rest["items"])]
    assert (len(names), rest["next"]) == (len(set(names)), None)
    assert {"Al Pacino", "Ridley Scott"} < set(names)


def test_a_person_has_films(read_either: Api) -> None:
    number = person_id("Al Pacino")
    found = read_either.json(f"/v1/people/{number}")
    assert (found["id"], found["name"], found["films"]) == (number, "Al Pacino", 3)
    assert [(credit["title"], credit["role"], credit["character"]) for credit in found["credits"]] == [
        ("Heat", "actor", "Vincent Hanna"),
        ("The Godfather: Part II", "actor", "Michael Corleone"),
        ("The Godfather", "actor", "Michael Corleone"),
    ]
    assert read_either.json("/v1/people/imdb:nm0000158")["name"] == "Keanu Reeves"
    nescio = person_id("Nomen Nescio")
    assert read_either.json(f"/v1/people/{nescio}")["films"] == 0
    assert read_either.json(f"/v1/people/{nescio}?adult=true")["films"] == 1
    for unknown in ("1", "99999999999", "nobody", "imdb:nm9", "a:b:c"):
        assert read_either.get(f"/v1/people/{unknown}").status_code == 404


def test_collections(read_either: Api) -> None:
    found = read_either.json("/v1/collections")
    assert found["items"] == [
        {"id": "the-godfather-collection", "name": "The Godfather Collection", "films": 2},
        {"id": "the-matrix-collection", "name": "The Matrix Collection", "films": 2},
    ]
    assert [each["name"] for each in read_either.json("/v1/collections?query=matr")["items"]] == [
        "The Matrix Collection"
    ]
    page = read_either.json("/v1/collections?limit=1")
    assert read_either.json(f"/v1/collections?limit=1&cursor={page['next']}")["items"] == found["items"][1:]
    one = read_either.json("/v1/collections/the-godfather-collection")
    assert titles(one) == ["The Godfather", "The Godfather: Part II"]
    assert read_either.get("/v1/collections/nothing").status_code == 404


@pytest.mark.parametrize(
    ("filters", "hint"),
    [
        ("language=eng", "films have en, fr"),
        ("original_language=xx", "films have en, fr"),
        ("country=XX", "films have US, FR"),
        ("country=EU", "films have US, FR"),
        ("has_id=foo", "films have imdb, tmdb"),
        ("certificate=XX", "films have PG-13, R"),
    ],
)
def test_a_filter_takes_only_what_is_known_and_says_what_is(read_api: Api, filters: str, hint: str) -> None:
    answer = read_api.get(f"/v1/movies?{filters}")
    assert answer.status_code == 404
    assert hint in answer.json()["error"]["message"]


@pytest.mark.parametrize("filters", ["language=fi", "country=NZ", "certificate=NC-17", "has_id=trakt"])
def test_a_known_value_that_no_film_has_finds_nothing(read_api: Api, filters: str) -> None:
    assert read_api.json(f"/v1/movies?{filters}")["items"] == []


def test_a_filter_by_nobody_names_those_that_fit(read_api: Api) -> None:
    for asked in ("pacino", "pacinno"):
        error = read_api.get(f"/v1/movies?person={asked}").json()["error"]
        assert "did you mean 'Al Pacino'" in error["message"]
        assert [person["name"] for person in error["details"]["people"]] == ["Al Pacino"]
    assert read_api.get("/v1/movies?person=qqqqqq").json()["error"]["details"] is None


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("pacinno", "Al Pacino"),
        ("jaen-pierre jeunet", "Jean-Pierre Jeunet"),
        ("copolla", "Francis Ford Coppola"),
        ("wachowksi", "Lana Wachowski"),
        ("robert de nirro", "Robert De Niro"),
    ],
)
def test_persons_are_found_with_typing_errors(read_api: Api, typed: str, name: str) -> None:
    found = [person["name"] for person in read_api.json(f"/v1/people?query={typed}")["items"]]
    assert found[0] == name


def test_typing_errors_are_forgiven_only_where_nobody_has_the_name(read_api: Api) -> None:
    assert [person["name"] for person in read_api.json("/v1/people?query=pacino")["items"]] == ["Al Pacino"]
    assert read_api.json("/v1/people?query=xyz")["items"] == []


@pytest.mark.parametrize("asked", ["4", "drama", "Drama", "tmdb:18"])
def test_a_genre_is_known_by_what_the_filter_takes(read_api: Api, asked: str) -> None:
    assert read_api.json(f"/v1/genres/{asked}")["name"] == "Drama"


def test_a_genre_that_is_none_leads_to_those_that_are(read_api: Api) -> None:
    answer = read_api.get("/v1/genres/horor")
    assert answer.status_code == 404
    assert "/v1/genres lists them" in answer.json()["error"]["message"]
