"""Many rows are laid into databases of their own before SQLite's catalogue takes them over; here a few rows count as many."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from moviec.catalog import laying, publish
from moviec.catalog.foreign_keys import check_references
from moviec.catalog.laid import lay
from moviec.catalog.schema import metadata
from moviec.catalog.staging import Rows, merge
from moviec.config import Home, Settings, open_home
from moviec.errors import MovieCError, StoreError
from moviec.home.context import RunContext
from moviec.pipeline import publication
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Scope, bring_up
from moviec.sample import write_sample
from tests.homes import copied_home
from tests.pipeline.test_increments import deliver, differing, shown

DAY = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@pytest.fixture
def laid(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have five rows and films count as many; returns the tables whose rows are laid."""
    tables: list[str] = []

    def noted(pieces: Iterator[pa.Table], file: Path, table: str) -> None:
        tables.append(table)
        lay(pieces, file, table)

    def checked(connection: sa.Connection, rows: Mapping[str, Rows]) -> None:
        tables.append("references")
        check_references(connection, rows)

    monkeypatch.setattr(publish, "check_references", checked)
    monkeypatch.setattr(laying, "MANY", 5)
    monkeypatch.setattr(publication, "MANY", 5)
    monkeypatch.setattr(laying, "lay", noted)
    return tables


@contextmanager
def loaded(folder: Path, sample: Path) -> Iterator[RunContext]:
    folder.mkdir()
    with open_run(Home(folder, Settings()), alone=True) as context:
        for name in ("kaggle", "imdb"):
            deliver(context, name, sample / name, DAY)
        bring_up(context, Scope())
        yield context


def attached(context: RunContext) -> list[str]:
    """Return the databases of the connections that are in the pool."""
    with context.catalogue.connect() as one, context.catalogue.connect() as other:
        query = sa.text("SELECT name FROM pragma_database_list WHERE name <> 'temp'")
        return [*one.execute(query).scalars(), *other.execute(query).scalars()]


def test_a_first_load_gives_the_same_catalogue(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    write_sample(tmp_path / "sample")
    with loaded(tmp_path / "usual", tmp_path / "sample") as context:
        usual = shown(context)
    tables: list[str] = request.getfixturevalue("laid")
    with loaded(tmp_path / "laid", tmp_path / "sample") as context:
        assert differing(shown(context), usual) == {}
        assert attached(context) == ["main", "main"]
        with context.catalogue.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1, "for who comes next"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert {
        "references",
        "movies",
        "credits",
        "people",
        "parties",
        "records",
        "matches",
        "credit_names",
        "rollups",
    } <= {*tables}


def test_a_rebuild_finds_nothing_to_change(demo_home: Home, tmp_path: Path, laid: list[str]) -> None:
    home = copied_home(demo_home, tmp_path, "")
    with open_run(open_home(home.folder, {}), alone=True) as context:
        outcome = bring_up(context, Scope(everything=True))
    assert {name: rows for name, rows in outcome.touched.items() if rows.written or rows.removed} == {}
    assert "movies" in laid and "rollups" in laid and "references" not in laid


def test_what_cannot_be_laid_leaves_nothing(tmp_path: Path, laid: list[str]) -> None:
    table = metadata.tables["ratings"]
    nan: dict[str, Any] = {"movie": [1] * 9, "value": [float("nan")] * 9}
    write_sample(tmp_path / "sample")
    with loaded(tmp_path / "home", tmp_path / "sample") as context:
        before = shown(context)
        with context.catalogue.begin() as connection, laying.laying(connection, 9, tmp_path) as lay_rows:
            waiting = lay_rows("some", lambda: {"ratings": (table, pa.table(nan))})
            with pytest.raises(MovieCError, match="not a finite number"):
                merge(connection, table, waiting()["ratings"])
        assert differing(shown(context), before) == {}
    with pytest.raises(StoreError, match=r"rows cannot be written; make room"):
        lay([pa.table({"a": [1]})], tmp_path / "no such folder" / "laid.db", "a")
