"""The Movies Dataset into records: each field as the file has it, on small rows and on the real file."""

from __future__ import annotations

import ast
import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from moviec.engine import DuckEngine
from moviec.sources.audit import count_problems
from moviec.sources.registry import find_source
from moviec.sources.spec import Reading, Wanted
from tests.conftest import csv_text, movie, real


def read(engine: DuckEngine, work: Path, **files: Path) -> tuple[Reading, list[dict[str, Any]]]:
    reading = find_source("kaggle").read(engine, files, Wanted(work))
    return reading, engine.query("SELECT * FROM records ORDER BY _position").to_pylist()


def one(engine: DuckEngine, work: Path, **cells: str) -> dict[str, Any]:
    path = work / "movies_metadata.csv"
    path.write_text(csv_text([movie(**cells)]), encoding="utf-8")
    return read(engine, work, movies=path)[1][0]


def test_a_film_reads_field_by_field(engine: DuckEngine, tmp_path: Path) -> None:
    record = one(
        engine,
        tmp_path,
        id="862",
        imdb_id="tt0114709",
        belongs_to_collection="{'id': 1, 'name': \"Andy's Toys\", 'poster_path': None}",
        production_companies="[{'name': \"Director's Cut\", 'id': 3}, {'name': 'A \\\\ B \"C\"', 'id': 4}]",
        popularity="21.946943",
        genres="[{'id': 16, 'name': 'Animation'}, {'id': 35, 'name': 'Comedy'}]",
        tagline="  ",
    )
    assert record["collection"] == "Andy's Toys"
    assert record["companies"] == [{"name": "Director's Cut", "key": "3"}, {"name": 'A \\ B "C"', "key": "4"}]
    assert record["popularity"] == 21_946_943
    assert record["genres"] == ["Animation", "Comedy"]
    assert dict(record["ids"]) == {"imdb": "tt0114709", "tmdb": "862"}
    assert (record["budget"], record["revenue"], record["revenue_scope"]) == (
        1_000_000,
        2_000_000,
        "worldwide",
    )
    assert (record["released"], record["year"], record["runtime"]) == (dt.date(1999, 3, 31), 1999, 100)
    assert record["tagline"] is None
    rating = record["ratings"][0]
    assert (rating["rater"], rating["panel"], rating["value"], rating["votes"]) == (
        "tmdb",
        "audience",
        7.0,
        10,
    )
    assert record["problems"] == [] == record["list_problems"]


@pytest.mark.parametrize(
    ("cells", "field", "rule"),
    [
        ({"runtime": "0.0"}, "runtime", "runtime_zero"),
        ({"budget": "0"}, "budget", "budget_zero"),
        ({"budget": "2"}, "budget", "budget_under_1000_dollars"),
        ({"budget": "120"}, "budget", "budget_under_1000_dollars"),
        ({"budget": "-5"}, "budget", "budget_negative"),
        ({"budget": "9223372036854775807"}, "budget", "budget_over_10_billion_dollars"),
        ({"revenue": "10000000001"}, "revenue", "revenue_over_10_billion_dollars"),
        ({"runtime": "60001.0"}, "runtime", "runtime_over_60000_minutes"),
        ({"popularity": "1000001"}, "popularity", "popularity_over_1_million"),
        ({"popularity": "999999999999"}, "popularity", "popularity_over_1_million"),
        ({"budget": "99999999999999999999"}, "budget", "budget_unreadable"),
        ({"budget": "/ff9q.jpg"}, "budget", "budget_unreadable"),
        ({"revenue": "12"}, "revenue", "revenue_under_1000_dollars"),
        ({"release_date": "3019-01-01"}, "released", "year_impossible"),
        ({"release_date": "3019-01-01"}, "year", "year_impossible"),
        ({"release_date": "31.3."}, "released", "released_unreadable"),
        ({"popularity": "-1"}, "popularity", "popularity_negative"),
        ({"popularity": "many"}, "popularity", "popularity_unreadable"),
        ({"adult": " - Written by somebody"}, "adult", "adult_unreadable"),
    ],
)
def test_what_cannot_be_is_unknown_and_counted(
    engine: DuckEngine, tmp_path: Path, cells: dict[str, str], field: str, rule: str
) -> None:
    assert one(engine, tmp_path, **cells)[field] is None
    assert count_problems(engine, "problems", "records") == {rule: 1}


def test_an_unreadable_nested_cell_is_unknown_and_counted(engine: DuckEngine, tmp_path: Path) -> None:
    record = one(engine, tmp_path, genres="[{'id': 18, 'na", production_companies="False", vote_average="11")
    assert record["genres"] is None
    assert record["companies"] is None
    assert record["ratings"] == []
    assert count_problems(engine, "list_problems", "records") == {
        "companies_unreadable": 1,
        "genres_unreadable": 1,
    }
    assert count_problems(engine, "problems", "records") == {"rating_outside_its_scale": 1}


def test_credits_and_keywords_join_their_film(engine: DuckEngine, tmp_path: Path) -> None:
    movies, credits, keywords = (tmp_path / name for name in ("movies.csv", "credits.csv", "keywords.csv"))
    movies.write_text(csv_text([movie(id="1"), movie(id="2")]), encoding="utf-8")
    cast = "[{'cast_id': 1, 'character': 'Woody', 'id': 31, 'name': 'Tom Hanks', 'order': 0, 'profile_path': None}]"
    crew = "[{'id': 5, 'job': 'Director', 'name': 'J. L.'}, {'id': 6, 'job': 'Driver', 'name': 'X'}]"
    credits.write_text(
        csv_text([[cast, crew, "1"], ["[]", "[]", "9"]], ["cast", "crew", "id"]), encoding="utf-8"
    )
    keywords.write_text(csv_text([["1", "[{'id': 3, 'name': 'toy'}]"]], ["id", "keywords"]), encoding="utf-8")
    reading, records = read(engine, tmp_path, movies=movies, credits=credits, keywords=keywords)
    assert [(p["name"], p["role"], p["character"], p["position"]) for p in records[0]["people"]] == [
        ("Tom Hanks", "actor", "Woody", 0),
        ("J. L.", "director", None, None),
    ]
    assert records[0]["keywords"] == ["toy"]
    assert (records[1]["people"], records[1]["keywords"]) == (None, None)
    assert reading.files["credits"].count.kept == 2


def test_the_three_broken_records_are_whole_again(engine: DuckEngine, tmp_path: Path) -> None:
    reading, records = read(engine, tmp_path, movies=real("kaggle/broken.csv"))
    count = reading.files["movies"].count
    assert (count.read, count.kept, count.repaired, count.rejected) == (7, 7, 3, 0)
    whole = {record["key"]: record for record in records}
    assert whole["82663"]["released"] == dt.date(1997, 8, 20)
    assert whole["82663"]["overview"].endswith("\n - Written by Ørnås")
    assert {"122662", "249260"} <= whole.keys()
    assert [record["key"] for record in records][1] == "82663", "it stands where it stood"


def test_every_row_of_the_real_file_reads_as_plain_python_reads_it(
    engine: DuckEngine, tmp_path: Path
) -> None:
    path = real("kaggle/movies_metadata.csv")
    with path.open(encoding="utf-8", newline="") as text:
        rows = {row["id"]: row for row in csv.DictReader(text)}  # the later of two alike wins here, too
    reading, records = read(engine, tmp_path, movies=path)
    count = reading.files["movies"].count
    assert (count.read, count.kept, count.merged, count.rejected) == (len(rows) + 1, len(rows), 1, 0)
    assert {record["key"] for record in records} == rows.keys()
    for record in records:
        assert expected(rows[record["key"]]) == {name: record[name] for name in expected(rows[record["key"]])}


def expected(row: dict[str, str]) -> dict[str, Any]:
    """What one row must read as, by the plainest Python there is."""

    def names(column: str, key: str = "name") -> list[Any] | None:
        return [item[key] for item in ast.literal_eval(row[column])] or None

    def dollars(column: str) -> int | None:
        return int(row[column]) if int(row[column]) >= 1000 else None

    collection = ast.literal_eval(row["belongs_to_collection"]) if row["belongs_to_collection"] else None
    return {
        "title": row["title"].strip() or None,
        "original_title": row["original_title"].strip() or None,
        "genres": names("genres"),
        "companies": [
            {"name": " ".join(c["name"].removesuffix(" (").split()), "key": str(c["id"])}
            for c in ast.literal_eval(row["production_companies"])
        ]
        or None,
        "countries": names("production_countries", "iso_3166_1"),
        "languages": names("spoken_languages", "iso_639_1"),
        "collection": collection["name"] if collection else None,
        "budget": dollars("budget"),
        "revenue": dollars("revenue"),
        "runtime": (int(float(row["runtime"])) or None) if row["runtime"] else None,
        "released": dt.date.fromisoformat(row["release_date"]) if row["release_date"] else None,
        "popularity": round(float(row["popularity"]) * 1_000_000),
        "overview": row["overview"].strip() or None,
        "status": row["status"] or None,
    }


def test_absurd_votes_are_unknown_and_counted(engine: DuckEngine, tmp_path: Path) -> None:
    [rating] = one(engine, tmp_path, vote_count="2000000000")["ratings"]
    assert (rating["value"], rating["votes"]) == (7.0, None)
    assert count_problems(engine, "problems", "records") == {"votes_over_1_billion": 1}
