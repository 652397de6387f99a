"""How revenue settles, worked out by hand for three films."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import sqlalchemy as sa

from moviec.catalog.connect import connect
from moviec.catalog.history import settling
from moviec.catalog.schema.movies import movies
from moviec.catalog.schema.serving import changes

RELEASED = dt.date(2024, 1, 10)


def publish(catalogue: sa.Engine, reports: list[tuple[str, int, str, dict[str, list[Any]]]]) -> None:
    with catalogue.begin() as connection:
        for movie in {row[1] for row in reports}:
            film = {
                "movie": movie,
                "title": f"Film {movie}",
                "folded": "film",
                "released": RELEASED,
                "year": 2024,
                "adult": False,
            }
            names = {column.name for column in movies.columns}
            needed = {c.name: 0 for c in movies.columns if not c.nullable and c.name not in film}
            connection.execute(
                sa.insert(movies).values({k: v for k, v in {**needed, **film}.items() if k in names})
            )
        for number, (at, movie, kind, fields) in enumerate(reports, 1):
            row = {"number": number, "at": at, "movie": movie, "kind": kind, "fields": json.dumps(fields)}
            connection.execute(sa.insert(changes).values(row))


def test_a_share_is_what_stood_then_of_what_stands_now(database: str) -> None:
    catalogue = connect(database)
    publish(
        catalogue,
        [
            ("2024-01-12T00:00:00+00:00", 1, "created", {}),
            ("2024-01-12T00:00:00+00:00", 2, "created", {}),
            ("2024-01-20T00:00:00+00:00", 1, "updated", {"revenue": [None, 50]}),
            ("2024-02-20T00:00:00+00:00", 1, "updated", {"revenue": [50, 80]}),
            ("2024-03-20T00:00:00+00:00", 1, "updated", {"revenue": [80, 100], "year": [2023, 2024]}),
            ("2024-02-25T00:00:00+00:00", 2, "updated", {"revenue": [100, 100]}),
            ("2024-05-25T00:00:00+00:00", 2, "updated", {"title": ["revenue", "Revenue"]}),
        ],
    )
    with catalogue.connect() as connection:
        found = settling(connection, 0.99)
    catalogue.dispose()
    assert [(each.films, each.known, each.today) for each in found.months[:4]] == [
        (2, 150, 200), (2, 180, 200), (2, 200, 200), (2, 200, 200),
    ]  # fmt: skip
    assert found.settled == 2
    assert found.films == 2


def test_a_log_without_reports_names_no_window(database: str) -> None:
    catalogue = connect(database)
    with catalogue.connect() as connection:
        found = settling(connection, 0.99)
    catalogue.dispose()
    assert (found.months, found.settled) == ([], None)
