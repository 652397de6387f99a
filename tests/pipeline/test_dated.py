"""Dated files and folders: which are found, under which date, in which order."""

from __future__ import annotations

import datetime as dt

import pytest

from moviec.errors import UsageError
from moviec.pipeline.arrivals import by_date

FIRST, EIGHTH = dt.date(2026, 11, 1), dt.date(2026, 11, 8)


@pytest.mark.parametrize(
    ("place", "names", "expected"),
    [
        ("in", ["2026-11-08", "2026-11-01", "readme.txt"], {FIRST: ["in/2026-11-01"], EIGHTH: ["in/2026-11-08"]}),
        ("in/", ["movies_20261101.csv", "links_20261101.csv"], {FIRST: ["in/links_20261101.csv", "in/movies_20261101.csv"]}),
        ("in/{date}/movies.csv", ["2026-11-01"], {FIRST: ["in/2026-11-01/movies.csv"]}),
        ("in/{date}/m_{date}.csv", ["20261101"], {FIRST: ["in/20261101/m_20261101.csv"]}),
        ("in/movies_{date}.csv.gz", ["movies_2026-11-01.csv.gz", "links_2026-11-01.csv.gz", "movies_2026-11-08.csv"], {FIRST: ["in/movies_2026-11-01.csv.gz"]}),
        ("{date}.csv", ["2026-11-01.csv"], {FIRST: ["2026-11-01.csv"]}),
    ],
)  # fmt: skip
def test_a_date_is_found_where_it_stands(
    place: str, names: list[str], expected: dict[dt.date, list[str]]
) -> None:
    found = by_date(place, lambda name: names if name in ("in", ".") else [])
    assert found == expected
    assert list(found) == sorted(found)


@pytest.mark.parametrize("name", ["2026-13-01", "120261101", "20261132", "movies.csv", "2026-11-1"])
def test_what_is_no_date_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="in: nothing here carries a date"):
        by_date("in", lambda _: [name])
