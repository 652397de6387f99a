"""Rotten Tomatoes reads as it means: one film per slug, critics and audience as two raters, from either file."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from tests.conftest import csv_text, real
from tests.sources.reading import read, reconciled

SITE = "https://www.rottentomatoes.com/"
COLUMNS = [
    "rotten_tomatoes_link",
    "movie_title",
    "movie_info",
    "critics_consensus",
    "content_rating",
    "genres",
    "directors",
    "authors",
    "actors",
    "original_release_date",
    "streaming_release_date",
    "runtime",
    "production_company",
    "tomatometer_status",
    "tomatometer_rating",
    "tomatometer_count",
    "audience_status",
    "audience_rating",
    "audience_count",
    "tomatometer_top_critics_count",
    "tomatometer_fresh_critics_count",
    "tomatometer_rotten_critics_count",
]


def listed(slug: str, **values: Any) -> dict[str, Any]:
    usual = {
        "title": "A Film",
        "url": SITE + slug,
        "release_date": "1999",
        "critic_score": "",
        "audience_score": "",
    }
    return {**usual, **values}


def table(**values: str) -> str:
    usual = {"rotten_tomatoes_link": "m/a_film", "movie_title": "A Film"}
    return csv_text([[{**usual, **values}.get(name, "") for name in COLUMNS]], COLUMNS)


LISTING = json.dumps(
    [
        listed("m/a_film", release_date="Released Dec 16, 1970", critic_score="63%", audience_score="0%"),
        listed("m/b", title="B", release_date="1988"),
        listed("m/c", title="C", release_date=None, critic_score=None),
        listed("m/d", title="D", release_date="In Theaters Sunday"),
        listed("m/e", title="E", release_date="Released Apr 12", audience_score="140%"),
        listed("m/b", title="B again", release_date=""),
        listed("tv/f", title="A series"),
    ],
    indent=0,
)


def test_the_listing_reads_film_by_film() -> None:
    found = read("rottentomatoes", {"listing": LISTING})
    film = found.films["m/a_film"]
    assert (film["released"], film["year"]) == (dt.date(1970, 12, 16), 1970)
    assert [(r["rater"], r["panel"], r["value"], r["highest"]) for r in film["ratings"]] == [
        ("rottentomatoes", "critics", 63, 100),
        ("rottentomatoes_audience", "audience", 0, 100),
    ]
    assert dict(film["ids"]) == {"rottentomatoes": "m/a_film"}
    assert found.films["m/b"]["title"] == "B again"
    assert "year" not in found.films["m/b"]
    assert found.films["m/c"].keys() == {"key", "role", "line", "title", "ids", "_position"}
    assert found.films["m/d"]["status"] == "In Theaters"
    assert found.films["m/e"]["problems"] == ["released_unreadable", "rating_outside_its_scale"]
    assert "ratings" not in found.films["m/e"]


def test_every_row_of_the_listing_is_accounted_for() -> None:
    found = read("rottentomatoes", {"listing": LISTING})
    count = found.reading.files["listing"].count
    assert (count.read, count.kept, count.merged, count.rejected) == (7, 5, 1, 1)
    row = found.reading.files["listing"].rejected.to_pylist()[0]
    assert (row["line"], json.loads(row["text"])["url"]) == (44, SITE + "tv/f")
    assert found.films["m/a_film"]["line"] == 2


def test_the_table_reads_field_by_field() -> None:
    payload = table(
        movie_info="What happens.", content_rating="PG-13", genres="Mystery & Suspense, Drama", directors="Ada Bree, Cy Dole",
        authors="Ada Bree", actors="Eve Fay", original_release_date="2010-02-12", runtime="119.0",
        production_company="Studio", tomatometer_rating="49.0", tomatometer_fresh_critics_count="73",
        tomatometer_rotten_critics_count="76", audience_rating="53.0", audience_count="254421.0",
    )  # fmt: skip
    film = read("rottentomatoes", {"movies": payload}).films["m/a_film"]
    assert (film["released"], film["year"], film["runtime"]) == (dt.date(2010, 2, 12), 2010, 119)
    assert film["genres"] == ["Mystery & Suspense", "Drama"]
    assert [(p["role"], p["name"], p["position"]) for p in film["people"]] == [
        ("director", "Ada Bree", 0),
        ("director", "Cy Dole", 1),
        ("writer", "Ada Bree", 0),
        ("actor", "Eve Fay", 0),
    ]
    assert [(r["rater"], r["value"], r["votes"]) for r in film["ratings"]] == [
        ("rottentomatoes", 49, 149),
        ("rottentomatoes_audience", 53, 254_421),
    ]
    assert (film["certificate"], film["overview"], film["companies"][0]["name"]) == (
        "PG-13",
        "What happens.",
        "Studio",
    )


def test_both_files_give_one_record_a_film() -> None:
    found = read(
        "rottentomatoes", {"movies": table(tomatometer_rating="70", runtime="90"), "listing": LISTING}
    )
    film = found.films["m/a_film"]
    assert (film["role"], film["runtime"], film["year"]) == ("movies", 90, 1970)
    assert [r["value"] for r in film["ratings"]] == [70, 0]
    assert (found.films["m/b"]["role"], found.films["m/b"]["line"]) == ("listing", 37)
    assert reconciled(found.reading)


def test_the_real_listing_reconciles_and_agrees_with_plain_python() -> None:
    path = real("rottentomatoes/movie_info.json")
    found = read("rottentomatoes", {"listing": path})
    rows = json.loads(path.read_text("utf-8"))
    last = {row["url"].removeprefix(SITE): row for row in rows}
    count = found.reading.files["listing"].count
    assert (count.read, count.kept, count.merged, count.rejected) == (
        len(rows),
        len(last),
        len(rows) - len(last),
        0,
    )
    assert found.films.keys() == last.keys()
    for slug, row in last.items():
        film = found.films[slug]
        scores = [row["critic_score"], row["audience_score"]]
        assert [r["value"] for r in film.get("ratings", [])] == [int(s.rstrip("%")) for s in scores if s]
        assert film["title"] == row["title"].strip()
        said = row["release_date"] or ""
        if said.startswith("Released ") and said[-4:].isdigit():
            assert film["released"] == dt.datetime.strptime(said, "Released %b %d, %Y").date()  # noqa: DTZ007
        assert film.get("year") == (int(said[-4:]) if said[-4:].isdigit() else None)
