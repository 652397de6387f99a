"""Homes of earlier versions: what bringing them up would do is told, tried and taken back; then it does just that."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from moviec.catalog.connect import HEAD, connect, migrate, opened, version
from moviec.catalog.upgrades import rehearse, upgrade_of
from moviec.errors import StoreError
from moviec.model import ADDED_FIELDS, RECORD
from tests.commands import moviec
from tests.conftest import new_database
from tests.pipeline.old_home import FIXTURE, export, unpack


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


@pytest.fixture(params=sorted(FIXTURE.parent.glob("home-*.tar.xz")), ids=lambda path: path.name[5:-7])
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    unpack(tmp_path, request.param)
    return tmp_path / "home"


def test_fields_that_the_first_batches_lack_are_known_as_added(old: Path) -> None:
    """Else a home that has such batches cannot be published any more."""
    stored = {
        name
        for batch in (old / "lake" / "records").rglob("*.parquet")
        for name in pq.read_schema(batch).names
    }
    assert "title" in stored, "the fixture has no batches of records"
    lacking = set(RECORD.names) - stored
    assert lacking == set(ADDED_FIELDS), (
        "name each new field of the record in ADDED_FIELDS of moviec/model.py"
    )


#: What nobody can work out again: it must come through every upgrade as it was.
PRIMARY = (
    "SELECT movie, state, successor FROM identities ORDER BY movie",
    "SELECT left_source, left_key, right_source, right_key, verdict, who, at, undone FROM decisions ORDER BY number",
    "SELECT account, name, hash, scope, per_minute, created_at FROM keys ORDER BY number",
    "SELECT account, url, secret, state, position FROM webhooks ORDER BY number",
    "SELECT delivery, source, role, line, reason, text, state FROM rejected_rows ORDER BY number",
    "SELECT source, delivered_at, received_at FROM deliveries ORDER BY received_at",
    "SELECT number, at, movie, kind FROM changes ORDER BY number",
    "SELECT source, key, movie FROM records WHERE live ORDER BY source, key",
)


def primary(home: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(home / "catalogue.db") as connection:
        return {sql: connection.execute(sql).fetchall() for sql in PRIMARY}


@pytest.mark.slow
def test_a_home_of_each_earlier_version_comes_through_with_all_that_is_in_it(
    earlier: Path, tmp_path: Path
) -> None:
    before, untouched = primary(earlier), dump(earlier / "catalogue.db")
    assert [sql for sql, rows in before.items() if not rows and "webhooks" not in sql] == [], (
        "there is something of each"
    )
    with sqlite3.connect(earlier / "catalogue.db") as connection:
        (at,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    told = json.loads(moviec("migrate", "--dry-run", "--home", earlier, "--json").stdout)
    assert dump(earlier / "catalogue.db") == untouched
    assert [step["number"] for step in told["steps"]] == [
        f"{n:04}" for n in range(int(at) + 1, int(HEAD) + 1)
    ]
    was = (tmp_path / "movies.jsonl").read_bytes()
    assert export(earlier, tmp_path / "opened") == was, "what it exported then, to the byte"
    assert primary(earlier) == before
    assert moviec("rebuild", "--home", earlier).returncode == 0
    rebuilt = primary(earlier)
    assert {sql: rebuilt[sql] for sql in PRIMARY[1:6]} == {sql: before[sql] for sql in PRIMARY[1:6]}
    assert rebuilt[PRIMARY[7]] == before[PRIMARY[7]], "every record is of the film that it was of"
    found = moviec("doctor", "--home", earlier).stdout
    assert found.startswith("the database holds these webhooks' secrets" if plain(before) else "all is well")


def plain(before: dict[str, list[tuple[object, ...]]]) -> bool:
    return any(not str(secret).startswith("derived:") for _, _, secret, *_ in before[PRIMARY[3]])


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
