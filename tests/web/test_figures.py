"""Analytics and reference lists: figures equal to sums over the very films, and empty months never false."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from statistics import mean
from typing import Any

import pyarrow as pa
import pytest

from moviec.catalog.accounts import NewKey, create_key
from moviec.measures import USUAL
from moviec.rollup.ranked import totals
from moviec.text import pc
from moviec.units import LEAST_FILMS
from tests.engines import new_engine
from tests.web.catalogue import FILMS, GENRE_IDS, Made, company_id, median
from tests.web.conftest import Api

CRIME = GENRE_IDS["Crime"]


def films(genre: str, first: int, last: int) -> list[Made]:
    return [film for film in FILMS if genre in film.genres and first <= film.year <= last]


def figure(api: Api, path: str, entry: int) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in api.json(path)["items"] if item["id"] == entry)
    return found


@pytest.mark.parametrize("by", ["sum", "mean", "median", "max"])
@pytest.mark.parametrize("years", [(1972, 1972), (1970, 1999)])
def test_a_measure_is_what_the_films_make_it(read_either: Api, by: str, years: tuple[int, int]) -> None:
    first, last = years
    where = f"/v1/genres/year/{first}" if first == last else f"/v1/genres/years/{first}-{last}"
    some = films("Crime", first, last)
    ways: dict[str, Callable[[list[int]], float]] = {
        "sum": sum,
        "mean": mean,
        "max": max,
        "median": lambda values: median(sorted(values)),
    }
    revenue = [film.revenue for film in some if film.revenue is not None]
    found = figure(read_either, f"{where}?measure=revenue&by={by}", CRIME)
    assert found["value"] == pytest.approx(ways[by](revenue), abs=1)
    assert (found["known"], found["films"]) == (len(revenue), len(some))
    votes = figure(read_either, f"{where}?measure=votes&by={by}", CRIME)
    assert votes["value"] == pytest.approx(ways[by]([film.votes for film in some]), abs=1)
    if by != "sum":
        rated = figure(read_either, f"{where}?measure=c_rating&by={by}&min_movies=1", CRIME)
        points = [round((film.c_rating or 0) * 100) for film in some]
        assert rated["value"] == pytest.approx(ways[by](points) / 100, abs=0.01)


def test_order_and_choice(read_either: Api) -> None:
    items = read_either.json("/v1/genres/years/1950-2020?measure=movies")["items"]
    values = [item["value"] for item in items]
    assert values == sorted(values, reverse=True)
    assert read_either.json("/v1/genres/years/1950-2020?measure=movies&top=2")["items"] == items[:2]
    chosen = read_either.json("/v1/genres/years/1950-2020?measure=movies&top=1&bottom=1")["items"]
    assert chosen == [items[0], items[-1]]
    wanted = read_either.json(f"/v1/genres/years/1950-2020?ids={CRIME},tmdb:878,999")["items"]
    assert {item["id"] for item in wanted} == {CRIME, GENRE_IDS["Science Fiction"]}
    for nonsense in ("xx", f"{CRIME},xx", "1,,2"):
        refused = read_either.get(f"/v1/genres/years/1950-2020?ids={nonsense}")
        assert refused.status_code == 400


def test_metadata_names_the_films_behind_a_figure(read_either: Api) -> None:
    found = figure(read_either, "/v1/genres/year/1999/month/3?metadata=true", GENRE_IDS["Science Fiction"])
    assert (found["name"], found["aliases"], found["movie_ids"]) == (
        "Science Fiction",
        ["Sci-Fi", "SF"],
        ["mc1"],
    )
    path = "/v1/production_companies/years/1970-1979?metadata=true"
    found = figure(read_either, path, company_id("Paramount"))
    assert (found["name"], found["movie_ids"]) == ("Paramount", ["mc3", "mc4"])


def test_years_without_films_are_empty_and_this_year_is_an_estimate(read_api: Api) -> None:
    assert read_api.json("/v1/genres/year/1899") == {
        "kind": "genres", "first_year": 1899, "last_year": 1899, "month": None, "measure": "revenue", "by": "sum",
        "split": "full", "min_movies": 1, "estimate": False, "entries": 0, "items": [],
    }  # fmt: skip
    assert read_api.json("/v1/genres/years/1899-9999")["estimate"] is True
    assert read_api.json("/v1/genres/years/1999-1990")["first_year"] == 1990
    assert read_api.get("/v1/genres/year/1999?measure=c_rating&by=sum").status_code == 400


def test_reference_lists(read_either: Api) -> None:
    genres = read_either.json("/v1/genres")["items"]
    assert [genre["name"] for genre in genres] == list(GENRE_IDS)
    assert read_either.json(f"/v1/genres/{CRIME}") == genres[CRIME - 1]
    first = read_either.json("/v1/production_companies?limit=5")
    rest = read_either.json(f"/v1/production_companies?limit=100&cursor={first['next']}")
    ids = [company["id"] for company in first["items"] + rest["items"]]
    assert ids == sorted({company_id(film.company) for film in FILMS})
    assert rest["next"] is None
    named = read_either.json("/v1/production_companies?query=warner")["items"]
    assert [company["name"] for company in named] == ["Warner Bros."]
    assert read_either.json(f"/v1/production_companies/{named[0]['id']}") == named[0]


def test_sources_tell_freshness_and_coverage(either: Api) -> None:
    (source,) = either.json("/v1/sources")["items"]
    assert (source["name"], source["licence"]) == ("imdb", "personal")
    assert either.json("/v1/sources/imdb")["name"] == "imdb"
    card = either.json("/v1/sources/imdb/scorecard")
    assert card["coverage"] == {"records": len(FILMS), "movies": len(FILMS), "shared_movies": 0}
    key, _ = create_key(either.server.catalogue, NewKey("one"))
    assert either.json("/v1/usage", headers={"X-API-Key": key})["days"][0]["requests"] == 1


@pytest.mark.parametrize("kind", ["genres", "production_companies"])
def test_every_measure_in_every_way_has_an_answer_or_a_reason(read_either: Api, kind: str) -> None:
    """Also of spans in which no film has the amount: 1930 has no budgets, 2800 no films."""
    spans = ("year/1930", "year/1999", "year/1999/month/3", "years/1970-1999", "years/1929-1931", "year/2800")
    asked = 0
    for measure, by, split, span in product(USUAL, ("sum", "mean", "median", "max"), ("full", "even"), spans):
        answer = read_either.get(f"/v1/{kind}/{span}?measure={measure}&by={by}&split={split}")
        senseless = (measure == "movies" and by != "sum") or (measure == "c_rating" and by == "sum")
        assert answer.status_code == (400 if senseless else 200), (measure, by, split, span, answer.text)
        for item in () if senseless else answer.json()["items"]:
            assert item["known"] <= item["films"]
            assert (item["value"] is None) == (item["known"] == 0) or measure in ("votes", "movies")
        asked += 1
    assert asked == 7 * 4 * 2 * 6


def test_known_counts_the_films_whose_amount_is_known() -> None:
    shown = pa.table(
        {
            "movie": [1, 2, 3],
            "year": [2010] * 3,
            "month": pa.array([5, 5, None], pa.int32()),
            "budget": pa.array([None] * 3, pa.int64()),
            "revenue": pa.array([None] * 3, pa.int64()),
            "popularity": pa.array([3_000_000, None, None], pa.int64()),
            "votes": pa.array([None, 70, None], pa.int64()),
            "c_rating": pa.array([None] * 3, pa.int32()),
        }
    )
    entry = {"kind": "genres", "entry": 1, "name": "Drama", "place": 0}
    entries = pa.Table.from_pylist([{**entry, "movie": movie} for movie in (1, 2, 3)])
    with new_engine() as engine:
        rows = totals(engine, shown, entries).filter(pc.field("split") == "full").to_pylist()
    known = {row["month"]: (row["films"], row["popularity_known"], row["votes_known"]) for row in rows}
    assert known == {0: (3, 1, 1), 5: (2, 1, 1)}


def test_an_entry_of_few_films_does_not_lead_by_its_rating(read_either: Api) -> None:
    path = "/v1/production_companies/years/1950-2020?measure=c_rating"
    usual, every = read_either.json(path), read_either.json(f"{path}&min_movies=1")
    assert usual["min_movies"] == LEAST_FILMS and every["min_movies"] == 1
    assert 0 < usual["entries"] < every["entries"]
    assert all(item["known"] >= LEAST_FILMS for item in usual["items"])
    top = read_either.json(f"{path}&top=1&bottom=1")["items"]
    assert [item["id"] for item in top] == list(dict.fromkeys(usual["items"][at]["id"] for at in (0, -1)))
