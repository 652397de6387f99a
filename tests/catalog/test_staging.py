"""Rows reach a table as they are, however many statements and pieces they take."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moviec.catalog import staging
from moviec.catalog.connect import connect, sorting
from moviec.catalog.laid import Laid, lay
from moviec.catalog.schema import movies
from moviec.catalog.schema.serving import changes
from moviec.catalog.staging import BOUND, Given, StoredRows, load, store_rows
from moviec.errors import MovieCError

#: Changes have eight columns; so many of them are one statement of SQLite.
TOGETHER = BOUND // 8
TEXTS = ["plain", 'with "quotes", commas', "two\nlines", "", None, "日本語", "\\N", "  "]


def rows(first: int, count: int) -> pa.Table:
    """Make entries of the change log, some texts of which CSV must quote, and some of which are NULL."""
    numbers = range(first, first + count)
    texts = [TEXTS[number % len(TEXTS)] for number in numbers]
    return pa.table(
        {
            "number": pa.array(numbers, pa.int64()),
            "at": pa.array(["2026-11-30"] * count, pa.string()),
            "movie": pa.array([number * 3 for number in numbers], pa.int64()),
            "kind": pa.array(["created"] * count, pa.string()),
            "fields": pa.array(["{}"] * count, pa.string()),
            "source": pa.array(texts, pa.string()),
            "delivery": pa.array(texts[::-1], pa.string()),
            "decision": pa.array([number if number % 2 else None for number in numbers], pa.int64()),
        }
    )


@pytest.fixture
def catalogue(database: str) -> Any:
    engine = connect(database)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("count", [0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER + 5])
def test_rows_are_loaded_as_they_are(catalogue: sa.Engine, count: int) -> None:
    given = rows(1, count)
    with catalogue.begin() as connection:
        load(connection, changes, given)
        found = connection.execute(sa.select(changes).order_by(changes.c.number)).mappings().all()
    assert [{name: row[name] for name in given.column_names} for row in found] == given.to_pylist()


KINDS = sa.Table(
    "kinds",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("big", sa.BigInteger),
    sa.Column("real", sa.Float),
    sa.Column("flag", sa.Boolean),
    sa.Column("day", sa.Date),
    sa.Column("words", sa.Text),
    sa.Column("given", sa.JSON),
    sa.Column("bytes", sa.LargeBinary),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # each example empties the table
@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**63), 2**63 - 1),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.booleans(),
            st.none() | st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)),
            st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            st.none() | st.sampled_from(['{"a": [1, null]}', "[]", '"x"']),
            st.none() | st.binary(),
        ),
        max_size=30,
    )
)
def test_values_of_every_kind_are_loaded_as_they_are(
    catalogue: sa.Engine, tmp_path: Path, values: list[tuple[Any, ...]]
) -> None:
    types = [pa.int64(), pa.float64(), pa.bool_(), pa.date32(), pa.string(), pa.string(), pa.binary()]
    columns = [pa.array([row[at] for row in values], kind) for at, kind in enumerate(types)]
    given = pa.table([pa.array(range(len(values)), pa.int32()), *columns], KINDS.columns.keys())
    wanted = [(*row[:5], row[5] and json.loads(row[5]), row[6]) for row in values]
    ways: list[Given] = [given]
    if catalogue.dialect.name == "sqlite":
        file = tmp_path / "100%?#" / "laid.db"
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        lay([given.slice(0, 3), given.slice(3)], file, KINDS.name)
        ways.append(Laid(file, KINDS.name, given.column_names, given.num_rows))
    for rows in ways:
        with catalogue.begin() as connection:
            KINDS.create(connection, checkfirst=True)
            connection.execute(sa.delete(KINDS))
            load(connection, KINDS, rows)
            found = connection.execute(sa.select(KINDS).order_by(KINDS.c.number)).all()
        assert [tuple(row[1:]) for row in found] == wanted


def test_rows_of_several_files_are_loaded_piece_by_piece(
    catalogue: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "AT_ONCE", 100)
    parts = [rows(1, 250), rows(251, 0), rows(251, 90)]
    stored = StoredRows([store_rows(part, tmp_path / str(at)) for at, part in enumerate(parts)])
    with catalogue.begin() as connection:
        load(connection, changes, stored)
        found = connection.scalars(sa.select(changes.c.movie).order_by(changes.c.number)).all()
    assert found == [number * 3 for number in range(1, 341)]


def test_a_number_that_is_not_finite_in_a_later_piece_leaves_nothing(
    catalogue: sa.Engine, tmp_path: Path
) -> None:
    """The piece is made in another thread than the one that loads the pieces before it."""
    parts = [ratings([6.5] * 40), ratings([7.0, float("nan")])]
    stored = StoredRows([store_rows(part, tmp_path / str(at)) for at, part in enumerate(parts)])
    with pytest.raises(MovieCError, match="not a finite number"), catalogue.begin() as connection:
        load(connection, movies.ratings, stored)
    with catalogue.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(movies.ratings)) == 0


def ratings(values: list[float]) -> pa.Table:
    count = len(values)
    texts = {name: [name] * count for name in ("aspect", "panel", "source")}
    numbers = {"value": values, "lowest": [0.0] * count, "highest": [10.0] * count, "points": values}
    raters = [f"rater {number}" for number in range(count)]
    return pa.table({"movie": [1] * count, "rater": raters, **texts, **numbers})


def test_a_connection_that_sorted_for_an_index_has_its_pages_back(catalogue: sa.Engine) -> None:
    def pages(connection: sa.Connection) -> object:
        setting = "PRAGMA cache_size" if connection.dialect.name == "sqlite" else "SHOW work_mem"
        return connection.exec_driver_sql(setting).scalar()

    with catalogue.connect() as connection:
        before = pages(connection)
        with sorting(connection):
            assert (pages(connection) != before) == (connection.dialect.name == "sqlite")
        with pytest.raises(ZeroDivisionError), sorting(connection):
            raise ZeroDivisionError
        assert pages(connection) == before
