from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from moviec.catalog import connect as connecting
from moviec.catalog.connect import HEAD, alembic_config, connect, migrate, version
from moviec.catalog.schema import metadata
from moviec.errors import StoreError
from tests.conftest import new_database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the address of an empty database, to which the migrations come."""
    monkeypatch.setattr(connecting, "migrate", migrate)
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalogue.db'}"
    return new_database(request.getfixturevalue("postgres"))


def test_the_migrations_make_the_tables_that_the_code_names(database: str) -> None:
    catalogue = connect(database)
    with catalogue.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    assert version(catalogue) == HEAD
    catalogue.dispose()


def test_the_newest_migration_is_the_one_that_is_named() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_migrations_lead_down_and_up_again(database: str) -> None:
    catalogue = connect(database)
    config = alembic_config()
    with catalogue.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert set(sa.inspect(catalogue).get_table_names()) <= {"alembic_version"}
    migrate(catalogue)
    assert version(catalogue) == HEAD
    catalogue.dispose()


def test_several_that_open_a_new_catalogue_at_once_make_it_once(database: str) -> None:
    errors: list[Exception] = []

    def opened() -> None:
        try:
            connect(database).dispose()
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=opened) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_database_of_a_newer_moviec_is_refused(database: str) -> None:
    catalogue = connect(database)
    with catalogue.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    catalogue.dispose()
    with pytest.raises(StoreError, match="newer"):
        connect(database)


def test_every_table_and_column_says_what_it_is() -> None:
    for table in metadata.sorted_tables:
        assert table.comment, table.name
        assert all(column.comment for column in table.columns), table.name
