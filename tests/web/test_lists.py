"""Search and listings over HTTP: ranking, filters, pages that stay in place while films come, the database's stand-in."""

from __future__ import annotations

import json
import shutil
from typing import Any

import msgspec
import pytest

from tests.web.catalogue import FILMS, GENRE_IDS, Made, company_id, publish
from tests.web.conftest import Api, serving

NEW = "2026-11-10T08:00:00+00:00"


def titles(api: Api, query: str) -> list[str]:
    return [item["title"] for item in api.json(f"/v1/movies/search?{query}")["items"]]


def pages(api: Api, path: str, cursor: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        page = api.json(f"{path}&cursor={cursor}")
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = page["next"]


def test_filters_and_sorts(read_either: Api) -> None:
    assert titles(read_either, "sort=rating&limit=2") == ["The Godfather", "The Godfather: Part II"]
    assert titles(read_either, "genre=crime&sort=year") == [
        "Heat",
        "Léon",
        "The Godfather: Part II",
        "The Godfather",
    ]
    for genre in (str(GENRE_IDS["War"]), "War", "war", "tmdb:10752"):
        assert titles(read_either, f"genre={genre}") == ["War Horse"]
    assert titles(read_either, "genre=sci-fi&year=1999") == ["The Matrix"]
    assert titles(read_either, "year_from=1970&year_to=1979&min_rating=90") == [
        "The Godfather",
        "The Godfather: Part II",
    ]
    company = company_id("Paramount")
    assert titles(read_either, f"company={company}&query=part&limit=1") == ["The Godfather: Part II"]
    assert titles(read_either, f"company={company}&query=heat") == []
    assert titles(read_either, "query=forbidden") == []
    assert titles(read_either, "query=forbidden&adult=true") == ["Forbidden Nights"]
    assert (
        read_either.get("/movies/search?query=heat").content
        == read_either.get("/v1/movies/search?query=heat").content
    )


def test_facets_count_all_films_that_match(read_api: Api) -> None:
    page = read_api.json("/v1/movies/search?query=heat&limit=1")
    assert (page["total"], len(page["items"])) == (2, 1)
    assert page["facets"]["genres"] == [
        {"id": GENRE_IDS["Drama"], "name": "Drama", "count": 2},
        {"id": GENRE_IDS["Crime"], "name": "Crime", "count": 1},
    ]
    assert page["facets"]["decades"] == [{"decade": 1980, "count": 1}, {"decade": 1990, "count": 1}]


@pytest.mark.parametrize(
    "path",
    ["/v1/movies?limit=7", "/v1/movies?limit=7&sort=year", "/v1/movies/search?query=chronicle&limit=7"],
)
def test_pages_hold_every_film_once(read_api: Api, path: str) -> None:
    items = pages(read_api, path)
    ids = [item["id"] for item in items]
    assert len(set(ids)) == len(ids) == read_api.json(path)["total"]


@pytest.mark.parametrize("sort", ["relevance", "rating", "year", "popularity"])
def test_pages_stay_in_place_while_films_come(api: Api, sort: str) -> None:
    path = f"/v1/movies/search?query=chronicle&sort={sort}&limit=10"
    before = [item["id"] for item in pages(api, path)]
    first = api.json(path)
    extra = [
        Made(5000 + n, f"Chronicle of Night {n}", 1940 + n, votes=10**n, popularity=10.0 * n)
        for n in range(8)
    ]
    with api.server.catalogue.begin() as connection:
        publish(connection, extra, NEW)
    api.refresh_index()
    rest = [item["id"] for item in pages(api, path, first["next"])]
    seen = [item["id"] for item in first["items"]] + rest
    assert len(set(seen)) == len(seen)
    assert [one for one in seen if one in before] == before


def test_a_cursor_of_another_search_is_refused(read_api: Api) -> None:
    cursor = read_api.json("/v1/movies/search?query=chronicle&limit=2")["next"]
    for path in (
        f"/v1/movies/search?query=heat&cursor={cursor}",
        "/v1/movies?cursor=abc",
        "/v1/movies?cursor=%00",
    ):
        answer = read_api.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_cursor")


def test_years_given_twice_narrow_one_another(read_api: Api) -> None:
    assert titles(read_api, "query=heat&year=1995") == ["Heat"]
    assert titles(read_api, "query=heat&year=1995&year_from=2000") == []
    assert titles(read_api, "query=heat&year_from=1990&year_to=2000") == ["Heat"]


def test_listing_as_lines(read_api: Api) -> None:
    answer = read_api.get("/v1/movies?limit=3&sort=rating", headers={"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == read_api.json("/v1/movies?limit=3&sort=rating")["items"]
    following = answer.headers["link"].partition(">")[0].removeprefix("<")
    assert (
        read_api.json(following)["items"][0]["id"]
        == read_api.json("/v1/movies?limit=4&sort=rating")["items"][3]["id"]
    )


def test_the_database_answers_while_there_is_no_index(api: Api) -> None:
    shutil.rmtree(api.home.search)
    with serving(api.home) as bare:
        assert bare.get("/readyz").status_code == 503
        assert titles(bare, "query=heat") == ["Heat", "Heat"]
        assert titles(bare, "query=the+matrix") == ["The Matrix", "The Matrix Reloaded"]
        assert titles(bare, "query=%25") == []
        for asked in ("query=heat&year=2020", "query=heat&sort=year", "query=heat&genre=Drama"):
            refused = bare.get(f"/v1/movies/search?{asked}")
            assert refused.status_code == 503 and refused.headers["retry-after"] == "5"
        bare.refresh_index()
        assert titles(bare, "query=matirx") == ["The Matrix", "The Matrix Reloaded"]
        assert bare.get("/readyz").status_code == 200


def test_the_index_is_served_while_its_folder_is_gone(api: Api) -> None:
    assert titles(api, "query=matirx") == ["The Matrix", "The Matrix Reloaded"]
    shutil.rmtree(api.home.search)
    api.server.finder.refresh()
    assert titles(api, "query=matirx&limit=5") == ["The Matrix", "The Matrix Reloaded"]


def test_new_films_are_found_and_old_titles_are_not(api: Api) -> None:
    changed = msgspec.structs.replace(FILMS[10], title="Warmth")
    with api.server.catalogue.begin() as connection:
        publish(connection, [changed, Made(900, "Zanzibar Express", 2024)], NEW)
    api.refresh_index()
    assert titles(api, "query=zanzibar") == ["Zanzibar Express"]
    assert titles(api, "query=warmth") == ["Warmth"]
    assert [item["id"] for item in api.json("/v1/movies/search?query=heat")["items"]][:1] == ["mc12"]


def test_top_rated_goes_by_what_is_sure_and_leaves_out_films_of_few_votes(api: Api) -> None:
    some = [
        Made(6001, "Loved by Seven", 2001, ("War",), votes=7, c_rating=97.0, unsure=40.0),
        Made(6002, "Loved by Most", 2002, ("War",), votes=200_000, c_rating=88.0, unsure=8.0),
        Made(6003, "Liked by Many", 2003, ("War",), votes=900, c_rating=95.0, unsure=20.0),
    ]
    with api.server.catalogue.begin() as connection:
        publish(connection, some, NEW)
    api.refresh_index()
    of = "genre=war&year_from=2001&year_to=2003&sort=rating"
    assert titles(api, f"{of}&min_votes=0") == ["Loved by Most", "Liked by Many", "Loved by Seven"]
    assert titles(api, of) == ["Loved by Most"]  # no film of this catalogue has two raters
    assert api.json(f"/v1/movies?{of}")["least"] == {"votes": 2000, "raters": 0}
    assert api.json(f"/v1/movies?{of}&min_votes=7&limit=1")["least"] == {"votes": 7, "raters": 0}
    assert (
        "least" not in api.json("/v1/movies?sort=year") or api.json("/v1/movies?sort=year")["least"] is None
    )
    assert titles(api, "query=loved+by+seven&sort=rating") == ["Loved by Seven"]
    assert titles(api, f"{of}&min_votes=1000") == ["Loved by Most"]
    assert titles(api, f"{of}&min_votes=900") == ["Loved by Most", "Liked by Many"]
    assert titles(api, f"{of}&min_raters=2") == []
    page = api.get(f"/search?{of}&min_votes=1000").text
    assert "Loved by Most" in page and "Liked by Many" not in page and 'value="1000"' in page
    home = api.get("/").text
    assert "Top rated" in home and "at least 2,000 votes." in home and "Loved by Seven" not in home


def test_the_link_to_the_next_page_names_the_path_that_was_asked(read_api: Api) -> None:
    asked = "search?query=chronicle&limit=3"
    for path in ("/v1/movies/", "/movies/", "/v1/movies/"):
        assert f"<{path}search?" in read_api.get(path + asked).headers["link"]


def test_what_nobody_knows_and_what_is_no_choice_is_said(read_api: Api) -> None:
    assert [
        read_api.get(f"/v1/movies?company={one}").status_code for one in ("999999999", "tmdb:999999999")
    ] == [
        404,
        404,
    ]
    wrong = read_api.get("/v1/movies?sort=best").json()["error"]["message"]
    assert "one of relevance, rating, year, popularity, votes" in wrong
    assert (
        read_api.get("/v1/genres/year/1999?by=most")
        .json()["error"]["message"]
        .endswith("one of sum, mean, median, max")
    )


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("year_from=abc", "year_from"),
        ("nope=1", "nope"),
        ("year=1990&year=1991", "year"),
        ("sort=null&cursor=null", "sort"),
        ("fields=nope", "fields"),
        ("limit=1000", "limit"),
        ("country=USA", "country"),
        ("genre=" + ",".join(["1"] * 21), "genre"),
    ],
)
def test_a_wrong_parameter_is_named_in_the_details(read_api: Api, query: str, name: str) -> None:
    answer = read_api.get(f"/v1/movies?{query}")
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["code"] == "invalid_parameter"
    assert [(each["name"], each["in"]) for each in error["details"]] == [(name, "query")]
    assert error["details"][0]["reason"] in error["message"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "ids"),
        ({"ids": ["mc1"], "nope": 1}, "nope"),
        ({"ids": [1]}, "ids[0]"),
        ([], "body"),
    ],
)
def test_a_wrong_field_of_a_body_is_named_in_the_details(api: Api, body: Any, name: str) -> None:
    answer = api.client.post("/v1/movies/lookup", json=body)
    assert answer.status_code == 422
    assert [each["name"] for each in answer.json()["error"]["details"]] == [name]
    assert name in answer.json()["error"]["message"]
