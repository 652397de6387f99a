"""Anyone's own list, in any of the formats, by a mapping of its columns."""

from __future__ import annotations

import datetime as dt
import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest

from moviec.errors import UsageError
from moviec.sources.registry import load_source
from moviec.sources.table.mapping import FED
from tests.sources.reading import read

FACTS = """
name = "shelf"
title = "My shelf"
home_page = ""
licence = "mine"
attribution = ""

[raters.me]
panel = "audience"
lowest = 0
highest = 5

[files.films]
names = ["shelf"]
format = "any"
key = "No"
separator = ","

[files.films.columns]
No = ["key"]
Name = ["title"]
"Seen as" = ["other_titles"]
Out = ["released"]
Length = ["runtime"]
Kinds = ["genres"]
"Directed by" = ["people.director"]
With = ["people"]
Gross = ["revenue.domestic"]
Stars = ["ratings.me"]
Votes = ["ratings.me.votes"]
IMDb = ["ids.imdb"]
Shop = ["ids.shop"]
"""
CSV = """No,Name,Seen as,Out,Length,Kinds,Directed by,With,Gross,Stars,Votes,IMDb,Shop,Extra
1,The Lamp,La lampe,"Mar 21, 2014",a while,"Drama, Comedy",Ada Bree,"Cy Dole,Eve Fay","$1,234,567",4.5,"1,020",123,s-9,x
2,"Rain, Again",,2001,90 min,,,,,6,,tt12345678,,
3,Casablanca,,23/01/1943,,,,,lots,fine,lots,nonsense,,
4,Amelie,,25.04.2001,,,,,,4,-3,,,
"""


@pytest.fixture
def shelf(tmp_path: Path) -> Any:
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "source.toml").write_text(FACTS, encoding="utf-8")
    return load_source(folder)


def test_a_mapping_is_all_a_list_needs(shelf: Any) -> None:
    found = read(shelf, {"films": CSV})
    film = found.films["1"]
    assert (film["title"], film["year"], film["released"]) == ("The Lamp", 2014, dt.date(2014, 3, 21))
    assert (film["genres"], film["other_titles"][0]["title"]) == (["Drama", "Comedy"], "La lampe")
    assert [(p["role"], p["name"]) for p in film["people"]] == [
        ("director", "Ada Bree"),
        ("actor", "Cy Dole"),
        ("actor", "Eve Fay"),
    ]
    assert (film["revenue"], film["revenue_scope"]) == (1_234_567, "domestic")
    rating = film["ratings"][0]
    assert (rating["rater"], rating["value"], rating["votes"], rating["highest"]) == ("me", 4.5, 1020, 5)
    assert dict(film["ids"]) == {"imdb": "tt0000123", "shop": "s-9"}
    assert film["problems"] == ["runtime_unreadable"]
    assert found.reading.files["films"].unknown_columns == ("Extra",)
    other = found.films["2"]
    assert (other["title"], other["runtime"], dict(other["ids"])) == (
        "Rain, Again",
        90,
        {"imdb": "tt12345678"},
    )
    assert other["year"] == 2001 and "released" not in other
    assert other["problems"] == ["rating_outside_its_scale"]
    odd = found.films["3"]
    assert odd["released"] == dt.date(1943, 1, 23) and not {"revenue", "ratings"} & set(odd)
    assert odd["problems"] == [
        "revenue_unreadable",
        "ratings_unreadable",
        "ratings_unreadable",
        "ids_unreadable",
    ]
    last = found.films["4"]
    assert last["released"] == dt.date(2001, 4, 25)
    assert last["ratings"][0]["votes"] is None and last["problems"] == ["ratings_unreadable"]


def test_the_format_makes_no_difference(shelf: Any) -> None:
    table = pyarrow.csv.read_csv(BytesIO(CSV.encode()))
    text = [[str(value) if value is not None else "" for value in row.values()] for row in table.to_pylist()]
    parquet = BytesIO()
    pyarrow.parquet.write_table(table, parquet)
    rows = [dict(zip(table.column_names, row, strict=True)) for row in text]
    expected = _content(read(shelf, {"films": CSV}).films)
    assert _content(read(shelf, {"films": parquet.getvalue()}).films) == expected
    assert _content(read(shelf, {"films": _json(rows)}).films) == expected
    assert _content(read(shelf, {"films": "\n".join(_json([row])[1:-1] for row in rows)}).films) == expected


def test_the_usual_column_names_need_no_mapping() -> None:
    payload = '[{"id": "a", "title": "The Lamp", "genres": ["Drama"], "directors": "Ada Bree;Cy Dole", "imdb_id": 7}]'
    film = read("table", {"films": payload}).films["a"]
    assert (film["genres"], len(film["people"])) == (["Drama"], 2)
    assert dict(film["ids"]) == {"imdb": "tt0000007"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ('Name = ["titel"]', "no record has the field titel"),
        ('Name = ["ratings.you"]', r"no \[raters.you\]"),
        ('Name = ["title.german"]', "a column cannot feed title.german"),
        ("Name = 3", "a list is expected, not a whole number"),
    ],
)
def test_a_mapping_that_is_wrong_is_named(tmp_path: Path, wrong: str, message: str) -> None:
    (tmp_path / "source.toml").write_text(FACTS.replace('Name = ["title"]', wrong), encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        load_source(tmp_path)


def _json(rows: list[dict[str, str]]) -> str:
    return json.dumps(rows)


def _content(films: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        key: {k: v for k, v in film.items() if k not in ("line", "_position")} for key, film in films.items()
    }


def test_the_handbook_lists_every_field_that_a_column_may_feed() -> None:
    page = (Path(__file__).parents[3] / "docs/sources.md").read_text("utf-8")
    listed = page.partition("A column may feed:\n")[2].partition("\n\nThe field decides")[0]
    named = {feed.partition(".")[0] for feed in re.findall(r"`([a-z_.A-Z]+)`", listed)}
    assert {*FED} <= named, "docs/sources.md, under 'A column may feed'"
