"""The data dictionary and the role for dashboards."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect
from moviec.catalog.dictionary import dictionary
from moviec.catalog.schema import metadata
from tests.conftest import new_database

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_in_the_handbook_is_the_one_that_the_schema_makes() -> None:
    assert (DOCS / "data-dictionary.md").read_text("utf-8") == dictionary(), "run `make docs`"
    for table in metadata.tables.values():
        assert dictionary().count(f"### `{table.name}`\n") == 1
        assert all(column.comment for column in table.columns)


def test_the_readers_role_reads_and_does_nothing_else(postgres: str) -> None:
    address = new_database(postgres)
    catalogue = connect(address)
    with catalogue.begin() as connection:
        connection.exec_driver_sql((DOCS / "reader_role.sql").read_text("utf-8"))
        connection.exec_driver_sql((DOCS / "reader_role.sql").read_text("utf-8"))
    with catalogue.connect() as connection:
        connection.exec_driver_sql("SET ROLE moviec_reader")
        for name in ("movies", "rollups", "changes", "matches", "documents"):
            assert connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) == 0
        for statement in (
            "DELETE FROM movies",
            "SELECT * FROM keys",
            "SELECT secret FROM webhooks",
            "CREATE TABLE t (a int)",
        ):
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), connection.begin_nested():
                connection.exec_driver_sql(statement)
    with catalogue.begin() as connection:
        connection.exec_driver_sql("DROP OWNED BY moviec_reader; DROP ROLE moviec_reader")
    catalogue.dispose()
