"""Facts that nothing can be read by: refused in one line that names their place, and no other source is the worse for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from moviec.catalog.connect import connect
from moviec.catalog.staging import as_table
from moviec.config import open_home
from moviec.errors import MovieCError, UsageError
from moviec.sources.registry import faulty_sources, find_source, find_sources
from tests.catalog.test_publish import publication, show
from tests.commands import moviec

FACTS = """
name = "club"
title = "A club's list"
home_page = ""
licence = "its own"
attribution = ""
{more}
[raters.club]
panel = "audience"
lowest = {lowest}
highest = {highest}

[files.films]
names = ["films"]
key = "id"
key_pattern = {key_pattern}
separator = {separator}
delimiter = {delimiter}
columns = {{ id = ["key"], title = ["title"], year = ["year"], score = ["ratings.club"], votes = ["ratings.club.votes"] }}
"""
USUAL = {
    "more": "", "lowest": "0", "highest": "10", "key_pattern": "'.+'", "separator": "'[|]'", "delimiter": "','",
}  # fmt: skip

BROKEN: list[tuple[Mapping[str, str], str]] = [
    ({"highest": "nan"}, "the ends of a scale are numbers"),
    ({"highest": "inf"}, "the ends of a scale are numbers"),
    ({"lowest": "-inf"}, "the ends of a scale are numbers"),
    ({"highest": "1e300"}, "the ends of a scale are numbers"),
    ({"highest": "0"}, "lowest must be below highest"),
    ({"lowest": "10", "highest": "0"}, "lowest must be below highest"),
    ({"highest": "1e-320"}, "lowest must be below highest"),
    ({"key_pattern": "'('"}, "is not a regular expression"),
    ({"key_pattern": "'(?<=a)b'"}, "is not a regular expression"),
    ({"key_pattern": f"'{'a' * 501}'"}, "500 characters at most"),
    ({"separator": "'['"}, "is not a regular expression"),
    ({"separator": "'a{1001}'"}, "is not a regular expression"),
    ({"delimiter": "''"}, "a delimiter must be one character"),
    ({"delimiter": "'::'"}, "a delimiter must be one character"),
    ({"delimiter": "'\"'"}, "a delimiter must be one character"),
    ({"delimiter": '"\\n"'}, "a delimiter must be one character"),
    ({"more": "shrink = nan"}, "shrink must be from 0 to 1"),
    ({"more": "least_rows = 5\nmost_rows = 2"}, "least_rows at most most_rows"),
    ({"more": "files = 3"}, "source.toml"),
    ({"more": "x = " + "[" * 5000 + "]" * 5000}, "club"),
]


def written(home: Path, facts: str | bytes, name: str = "club") -> Path:
    folder = home / "sources" / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "source.toml"
    path.write_bytes(facts.encode() if isinstance(facts, str) else facts)
    return path


@pytest.mark.parametrize(("change", "told"), BROKEN, ids=[str(change)[:40] for change, _ in BROKEN])
def test_facts_that_nothing_can_be_read_by_are_refused(
    tmp_path: Path, change: Mapping[str, str], told: str
) -> None:
    written(tmp_path, FACTS.format(**{**USUAL, **change}))
    with pytest.raises(UsageError, match=told) as refused:
        find_source("club", tmp_path)
    assert "club" in str(refused.value) and "\n" not in str(refused.value)
    assert "imdb" in find_sources(tmp_path)


def test_a_source_that_is_broken_in_any_way_stops_itself_alone(tmp_path: Path) -> None:
    good = FACTS.format(**USUAL)
    written(tmp_path, b"\xff\xfe\x00", "bytes")
    written(
        tmp_path,
        'name = "empty"\ntitle = ""\nhome_page = ""\nlicence = ""\nattribution = ""\n[files]\n',
        "empty",
    )
    (
        written(tmp_path, good.replace('"club"\ntitle', '"query"\ntitle'), "query").parent / "read.sql"
    ).write_bytes(b"\xff")
    for name, code in {
        "raises": "1 / 0", "exits": "raise SystemExit(3)", "deep": "f = lambda: f()\nf()", "nothing": "read = 3",
    }.items():  # fmt: skip
        (
            written(tmp_path, good.replace('"club"\ntitle', f'"{name}"\ntitle'), name).parent / "source.py"
        ).write_text(code)
    folder = tmp_path / "sources/folder"
    (folder / "source.toml").mkdir(parents=True)
    written(tmp_path, good)
    faults = faulty_sources(tmp_path)
    assert set(faults) == {"bytes", "empty", "query", "raises", "exits", "deep", "nothing"}
    assert {"club", "imdb"} <= set(find_sources(tmp_path))
    listed = moviec("sources", "--home", tmp_path)
    assert listed.returncode == 0 and "club" in listed.stdout and "Traceback" not in listed.stderr


def test_values_that_nothing_can_hold_are_unknown_and_counted(tmp_path: Path) -> None:
    written(tmp_path, FACTS.format(**USUAL).replace('votes = ["ratings.club.votes"]', 'votes = ["ratings.club.votes"], b = ["budget"], r = ["revenue"]'))  # fmt: skip
    films = tmp_path / "films.csv"
    films.write_text(
        "id,title,year,score,votes,b,r\n"
        "1,Ali,-44,7.5,1e-320,99999999999999999999999,1e400\n"
        "2,Big,1988,NaN,12,9223372036854775808,-5\n"
        "3,Cop,1e300,inf,1e300,nan,inf\n"
        "4,Duel,99999,8,-3,1e18,9223372036854775807\n"
        "5,Elf,2003,7,1000,33000000,228900000\n",
        "utf-8",
    )
    done = moviec("ingest", "club", films, "--home", tmp_path)
    assert done.returncode == 3, done.stderr
    for told in (
        "4 × ratings unreadable",
        "1 × revenue negative",
        "3 × year unreadable",
        "2 × budget unreadable",
    ):
        assert told in done.stdout, done.stdout
    catalogue = connect(open_home(tmp_path, {}).catalogue)
    with catalogue.connect() as connection:
        shown = connection.exec_driver_sql(
            "SELECT title, year, budget, revenue FROM movies ORDER BY title"
        ).all()
        rated = connection.exec_driver_sql("SELECT movie, value, votes FROM ratings ORDER BY movie").all()
    catalogue.dispose()
    assert [tuple(row) for row in shown] == [
        ("Ali", None, None, None), ("Big", 1988, None, None), ("Cop", None, None, None), ("Duel", None, None, None),
        ("Elf", 2003, 33_000_000, 228_900_000),
    ]  # fmt: skip
    assert {(row.value, row.votes) for row in rated} >= {(7.0, 1000), (7.5, None)}
    assert all(math.isfinite(row.value) for row in rated)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_never_published(database: str, value: float) -> None:
    catalogue = connect(database)
    show(catalogue, publication({1: {"title": "A"}}))
    wrong = publication({1: {"title": "A"}, 2: {"title": "B"}})
    movies = as_table(wrong.tables["movies"]).append_column("c_rating", pa.array([50.0, value]))
    try:
        with pytest.raises(
            MovieCError, match=r"^movies \(movie 2, .*c_rating of 1 row is not a finite number; nothing was"
        ):
            show(catalogue, msgspec.structs.replace(wrong, tables={**wrong.tables, "movies": movies}))
        with catalogue.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*), max(c_rating) FROM movies").one() == (1, None)
    finally:
        catalogue.dispose()
