"""Records in, movies out: what is shown, where it comes from, and that no other movie has a say in it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.fusion.documents import documents
from moviec.fusion.model import shipped_model
from moviec.fusion.movies import Fused, fuse_movies
from tests.engines import new_engine
from tests.examples import some
from tests.fusion.films import FACTS, MEMBERS, fused, person, rating, record, rows_of


def solaris() -> list[dict[str, Any]]:
    return [
        record(
            7,
            "imdb",
            "tt0069293",
            kind="feature",
            title="Solaris",
            original_title="Solyaris",
            year=1972,
            runtime=167,
            genres=["Drama", "Sci-Fi"],
            people=[
                person("Andrei Tarkovsky", "director", 0, "nm0001789"),
                person("Natalya Bondarchuk", "actor", 0, "nm0094082"),
                person("Donatas Banionis", "actor", 1, "nm0051883"),
            ],
            ids=[("imdb", "tt0069293")],
            ratings=[rating("imdb", 8.0, lowest=1.0, votes=100_000)],
            money=[{"field": "budget", "amount": 1_000_000, "currency": "RUR", "scope": None}],
            adult=False,
        ),
        record(
            7,
            "kaggle",
            "593",
            title="SOLARIS",
            original_title="Солярис",
            other_titles=[
                {"title": "Solyaris", "language": "ru", "region": "SU"},
                {"title": "Solaris!", "language": None, "region": None},
            ],
            original_language="ru",
            year=1972,
            released=dt.date(1972, 3, 20),
            runtime=167,
            genres=["Drama", "Science Fiction"],
            keywords=["space", "Grief"],
            languages=["ru", "de"],
            countries=["SU"],
            people=[
                person("Donatas Banionis", "actor", 0, "49", character="Kris Kelvin"),
                person("Andrei Tarkovsky", "director", None, "48"),
                person("Jüri Järvet", "actor", 1, "50", character="Dr. Snaut"),
            ],
            companies=[{"name": "Mosfilm", "key": "5120"}],
            budget=1_000_000,
            popularity=9_123_456,
            ids=[("tmdb", "593"), ("imdb", "tt0069293")],
            ratings=[rating("tmdb", 7.7, votes=364)],
            overview="Ground control has been receiving strange messages.",
        ),
    ]


@pytest.fixture(scope="module")
def film() -> tuple[Fused, dict[str, Any]]:
    found, texts = fused(solaris())
    return found, json.loads(texts.column("document")[0].as_py())


Film: TypeAlias = tuple[Fused, dict[str, Any]]


def test_a_document_holds_what_is_known_in_order_and_nothing_else(film: Film) -> None:
    told = film[1]
    assert list(told) == [
        "id", "kind", "title", "original_title", "other_titles", "year", "released", "runtime", "genres", "keywords",
        "original_language", "languages", "countries", "people", "companies", "budget", "money", "popularity", "votes", "ids", "rating",
        "ratings", "overview", "adult", "confidence", "sources",
    ]  # fmt: skip
    assert told["id"] == "mc7" and told["title"] == "Solaris" and told["released"] == "1972-03-20"
    assert told["popularity"] == 9.123456 and told["budget"] == 1_000_000 and told["votes"] == 100_000
    assert told["ids"] == {"imdb": "tt0069293", "tmdb": "593"} and told["sources"] == ["imdb", "kaggle"]
    assert [(each["id"], each["name"]) for each in told["genres"]] in (
        [(8, "Drama"), (24, "Science Fiction")],
        [(24, "Science Fiction"), (8, "Drama")],
    )
    assert told["keywords"] == ["space", "Grief"] and told["languages"] == ["ru", "de"]


def test_the_rating_adds_up_in_the_document_as_in_the_table(film: Film) -> None:
    told = film[1]["rating"]
    points = [told["base"], *(part["points"] for part in told["contributions"])]
    assert sum(round(100 * part) for part in points) == round(100 * told["c_rating"])
    assert told["low"] <= told["c_rating"] <= told["high"] and told["sources"] == 2
    assert rows_of(film[0].movies, "c_rating", "c_low", "raters") == [(told["c_rating"], told["low"], 2)]


def test_people_of_several_sources_are_one_row_in_the_billing_of_the_most_trusted(film: Film) -> None:
    credits = film[0].credits
    assert rows_of(credits, "position", "name", "role", "character") == [
        (0, "Andrei Tarkovsky", "director", None),
        (1, "Natalya Bondarchuk", "actor", None),
        (2, "Donatas Banionis", "actor", "Kris Kelvin"),
        (3, "Jüri Järvet", "actor", "Dr. Snaut"),
    ]
    assert rows_of(credits, "source", "key") == [
        ("imdb", "nm0001789"),
        ("imdb", "nm0094082"),
        ("imdb", "nm0051883"),
        ("kaggle", "50"),
    ]
    assert dict(rows_of(credits, "keys")[2]) == {"imdb": "nm0051883", "tmdb": "49"}


def test_namesakes_with_keys_of_their_own_stay_two_people() -> None:
    people = [person("John Smith", "actor", 0, "nm1"), person("John Smith", "actor", 1, "nm2")]
    rows = [record(1, "imdb", "tt1", title="Twins", people=people)]
    assert rows_of(fused(rows)[0].credits, "name", "key") == [("John Smith", "nm1"), ("John Smith", "nm2")]


def test_every_title_is_there_once_and_the_display_title_first(film: Film) -> None:
    titles = film[0].titles
    assert rows_of(titles, "title") == ["Solaris", "Solyaris", "Солярис"]
    assert rows_of(titles, "language", "region")[1] == ("ru", "SU")


def test_domestic_revenue_never_mixes_with_worldwide() -> None:
    at_home = record(1, "imdb", "a", revenue=90, revenue_scope="domestic")
    everywhere = record(1, "kaggle", "b", revenue=200, revenue_scope="worldwide")
    unstated = record(1, "ours", "c", revenue=150)
    movies = [
        fused(rows)[0].movies
        for rows in (
            [at_home, everywhere, unstated],
            [at_home, unstated],
            [unstated],
            [record(1, "ours", "d")],
        )
    ]
    assert [rows_of(table, "revenue", "revenue_scope")[0] for table in movies] == [
        (200, "worldwide"),
        (90, "domestic"),
        (150, None),
        (None, None),
    ]
    claims = json.loads(fused([at_home, everywhere])[0].claims.column("claims")[0].as_py())["fields"]
    assert claims["revenue_domestic"]["value"] == 90 and claims["revenue"]["value"] == 200


def test_a_release_far_from_the_year_is_not_shown_but_kept_as_a_claim() -> None:
    rows = [
        record(1, "imdb", "a", year=1954),
        record(1, "kaggle", "b", year=1956, released=dt.date(1956, 4, 27)),
        record(1, "ours", "c", year=1954),
    ]
    found, texts = fused(rows)
    assert rows_of(found.movies, "year", "released") == [(1954, None)]
    assert "released" not in json.loads(texts.column("document")[0].as_py())
    claims = json.loads(found.claims.column("claims")[0].as_py())["fields"]["released"]["claims"]
    assert [(claim["value"], claim["chosen"]) for claim in claims] == [("1956-04-27", False)]
    rows[2] = record(1, "ours", "c", released=dt.date(1955, 1, 2))
    assert rows_of(fused(rows)[0].movies, "released") == [dt.date(1955, 1, 2)]


def test_of_several_release_dates_one_of_the_films_year_is_shown() -> None:
    rows = [
        record(1, "kaggle", "b", year=1942, released=dt.date(1942, 4, 28)),
        record(1, "imdb", "a", year=1941),
        record(1, "rottentomatoes", "c", year=1941, released=dt.date(1941, 4, 30)),
    ]
    assert rows_of(fused(rows)[0].movies, "year", "released") == [(1941, dt.date(1941, 4, 30))]


@pytest.mark.parametrize(
    ("status", "day", "expected"),
    [
        ("In Theaters", dt.date(1997, 7, 11), None),  # whatever it was then, it has been out for long
        ("Post-Production", dt.date(2026, 11, 20), None),  # on the day
        ("Post-Production", dt.date(2026, 11, 21), "Post-Production"),
        ("Canceled", dt.date(1997, 7, 11), "Canceled"),
        ("Straight to tape", dt.date(1997, 7, 11), "Straight to tape"),
        ("In Theaters", None, "In Theaters"),
    ],
)
def test_a_status_of_before_the_release_does_not_outlive_it(
    status: str, day: dt.date | None, expected: str | None
) -> None:
    late = record(1, "kaggle", "a", status=status, released=day)
    early = record(1, "ours", "b", delivery="19960101T000000Z-ours", status="Released")
    assert rows_of(fused([late])[0].movies, "status") == [expected]
    assert rows_of(fused([late, early])[0].movies, "status") == [expected or "Released"]


def test_without_a_day_the_year_says_when_a_status_is_over() -> None:
    last_year, this_year = (
        record(number, "ours", "a", status="Planned", year=year) for number, year in ((1, 2025), (2, 2026))
    )
    assert rows_of(fused([last_year, this_year])[0].movies, "status") == [None, "Planned"]


def test_claims_say_which_date_a_film_counts_by() -> None:
    rows = [
        record(1, "imdb", "tt0102178", year=1991),
        record(1, "ours", "k2", released=dt.date(1992, 5, 1)),
        record(2, "imdb", "b", year=1991),
        record(3, "imdb", "c"),
    ]
    texts = [json.loads(text.as_py()) for text in fused(rows)[0].claims.column("claims")]
    assert [text.get("counts_in") for text in texts] == [
        {"year": 1992, "month": 5, "by": "released"},
        {"year": 1991, "by": "year"},
        None,
    ]


def test_a_rater_counts_once_by_the_fresher_delivery() -> None:
    rows = [
        record(1, "imdb", "a", ratings=[rating("imdb", 7.0, lowest=1.0, votes=900)]),
        record(
            1,
            "omdb",
            "a",
            delivery="20261121T000000Z-omdb",
            ratings=[rating("imdb", 7.4, lowest=1.0, votes=800), rating("metacritic", 67, 100)],
        ),
    ]
    found = fused(rows)[0]
    assert rows_of(found.ratings, "rater", "value", "source", "points") == [
        ("imdb", 7.4, "omdb", 71.11),
        ("metacritic", 67.0, "omdb", 67.0),
    ]
    assert rows_of(found.movies, "raters", "votes") == [(2, 900)]
    assert rows_of(found.ratings, "panel") == ["audience", "critics"]


def test_adult_as_soon_as_any_source_says_so() -> None:
    rows = [record(1, source, "a", adult=source == "ours") for source in ("imdb", "kaggle", "ours")]
    rows += [record(2, "imdb", "b", adult=False), record(3, "imdb", "c")]
    assert rows_of(fused(rows)[0].movies, "adult") == [True, False, None]


def test_the_own_id_of_a_record_comes_before_what_others_say_it_is() -> None:
    rows = [
        record(1, "imdb", "tt2", ids=[("imdb", "tt2")]),
        record(1, "kaggle", "9", ids=[("tmdb", "9"), ("imdb", "tt1")]),
        record(1, "ours", "z", ids=[("imdb", "tt1")]),
    ]
    assert rows_of(fused(rows)[0].external_ids, "space", "id", "position") == [
        ("imdb", "tt1", 1),
        ("imdb", "tt2", 0),
        ("tmdb", "9", 0),
    ]


def test_what_is_deleted_is_silent_and_an_unknown_source_is_heard_least() -> None:
    rows = [
        record(1, "stranger", "x", title="Wrong", year=1999),
        record(1, "imdb", "a", title="Right", year=2001),
        record(1, "kaggle", "b", title="Gone", deleted=True),
    ]
    found = fused(rows)[0]
    assert rows_of(found.movies, "title", "year") == [("Right", 2001)]
    assert rows_of(found.sources, "source") == ["imdb", "stranger"]


def test_labels_of_a_source_without_a_map_are_read_by_name_and_alias() -> None:
    found = fused([record(1, "ours", "a", genres=["sci-fi", "WESTERN", "Gun-Fu"])])[0]
    assert set(rows_of(found.movie_genres, "genre")) == {24, 32}


def test_party_ids_are_shown_where_they_are_known() -> None:
    with new_engine() as engine:
        engine.register("members", pa.Table.from_pylist(solaris(), MEMBERS))
        found = fuse_movies(engine, shipped_model(), FACTS)
        people = found.credits.append_column("person", pa.array([4, None, 5, 6], pa.int64()))
        texts = documents(engine, msgspec.structs.replace(found, credits=people), FACTS.rules)
    told = json.loads(texts.column("document")[0].as_py())
    assert [each.get("id") for each in told["people"]] == [4, None, 5, 6]
    assert told["companies"] == [{"name": "Mosfilm"}]


NAMES = st.sampled_from(["Solaris", "SOLARIS", "The Mirror", "Mirror, The", "Сталкер", '"Quoted" \\ \n', "…"])
RECORDS = st.builds(
    lambda movie, source, **fields: record(movie, source, f"{source}{movie}", **fields),
    movie=st.integers(1, 6),
    source=st.sampled_from(["imdb", "kaggle", "omdb", "ours", "stranger"]),
    title=st.one_of(st.none(), NAMES),
    year=st.one_of(st.none(), st.integers(1999, 2001)),
    released=st.one_of(st.none(), st.dates(dt.date(1998, 1, 1), dt.date(2002, 1, 1))),
    genres=st.one_of(st.none(), st.lists(st.sampled_from(["Drama", "Sci-Fi", "Odd"]), max_size=3)),
    languages=st.one_of(st.none(), st.lists(st.sampled_from(["en", "fr"]), unique=True)),
    people=st.one_of(
        st.none(), st.lists(st.builds(person, NAMES, st.just("actor"), st.integers(0, 2)), max_size=3)
    ),
    ratings=st.one_of(
        st.none(),
        st.lists(st.builds(rating, st.sampled_from(["imdb", "metacritic", "other"]), st.integers(0, 10))),
    ),
)


@settings(max_examples=some(5), deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=12, unique_by=lambda row: (row["source"], row["key"])))
def test_a_movie_is_fused_alike_alone_in_any_order_and_on_any_threads(rows: list[dict[str, Any]]) -> None:
    together, texts = fused(rows, threads=2)
    assert all(json.loads(str(text)) for text in texts.column("document").to_pylist())
    movie = rows[0]["movie"]
    alone, text = fused([row for row in rows[::-1] if row["movie"] == movie], threads=1)
    for name in Fused.__struct_fields__:
        part = _of(getattr(together, name), movie)
        assert part.equals(getattr(alone, name).combine_chunks()), name
    assert _of(texts, movie).equals(text.combine_chunks())


def _of(table: pa.Table, movie: int) -> pa.Table:
    return table.filter(pc.equal(table.column("movie"), pa.scalar(movie, pa.int64()))).combine_chunks()


def test_tables_are_in_the_order_of_their_keys() -> None:
    rows = [{**row, "movie": movie} for movie in (9, 3) for row in solaris()]
    found = fused(rows)[0]
    for name in Fused.__struct_fields__:
        movies = rows_of(getattr(found, name), "movie")
        assert movies == sorted(movies) and set(movies) == {3, 9}, name
