"""Homes of earlier versions: what bringing them up would do is told, tried and taken back; then it does just that."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from moviec.catalog.connect import HEAD, connect, migrate, opened, version
from moviec.catalog.upgrades import rehearse, upgrade_of
from moviec.errors import StoreError
from tests.commands import moviec
from tests.conftest import new_database
from tests.pipeline.old_home import unpack


@pytest.fixture
def old(tmp_path: Path) -> Path:
    unpack(tmp_path)
    return tmp_path / "home"


def dump(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        return list(connection.iterdump())


def schema(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        return sorted(str(sql) for (sql,) in connection.execute("SELECT sql FROM sqlite_master"))


def test_the_first_migration_makes_what_version_0_1_made(old: Path, tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'fresh.db'}") as engine:
        migrate(engine, "0001")
        engine.dispose()
    assert schema(tmp_path / "fresh.db") == schema(old / "catalogue.db")


def test_a_dry_run_says_what_each_table_becomes_and_changes_nothing(old: Path) -> None:
    before = dump(old / "catalogue.db")
    done = moviec("migrate", "--dry-run", "--home", old, "--json")
    assert dump(old / "catalogue.db") == before
    told = json.loads(done.stdout)
    assert (told["at"], told["newest"]) == ("0001", HEAD)
    assert [step["number"] for step in told["steps"]] == [f"{n:04}" for n in range(2, int(HEAD) + 1)]
    assert all(step["title"] for step in told["steps"])
    assert told["tables"]["party_credits"] == "dropped, with 63 rows"
    assert told["tables"]["webhook_deliveries"] == "made, 0 rows"
    assert told["tables"]["matches"] == "+ contradiction; - contradicted"
    assert "people" not in told["tables"], "what stays as it is goes unmentioned"


def test_what_was_told_is_what_is_done(old: Path) -> None:
    assert "nothing was changed" in moviec("migrate", "--dry-run", "--home", old).stdout
    done = moviec("migrate", "--home", old)
    assert done.returncode == 0, done.stderr
    assert f"went from 0001 to {HEAD}" in done.stdout
    assert "the newest" in moviec("migrate", "--home", old).stdout
    catalogue = connect(f"sqlite:///{old / 'catalogue.db'}")
    assert version(catalogue) == HEAD
    catalogue.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_rehearsal_leaves_either_database_as_it_was(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    is_file = kind == "sqlite"
    database = (
        f"sqlite:///{tmp_path / 'c.db'}" if is_file else new_database(request.getfixturevalue("postgres"))
    )
    with opened(database) as engine:
        migrate(engine, "0001")
        before = sorted(sa.inspect(engine).get_table_names())
        assert rehearse(database).tables["party_credits"] == "dropped, with 0 rows"
        assert version(engine) == "0001"
        assert sorted(sa.inspect(engine).get_table_names()) == before
        engine.dispose()
    assert upgrade_of(database).steps


def test_a_newer_catalogue_is_no_upgrade(database: str) -> None:
    catalogue = connect(database)
    with catalogue.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    catalogue.dispose()
    with pytest.raises(StoreError, match="newer"):
        upgrade_of(database)
