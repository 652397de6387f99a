"""The database's check of itself: what it finds, what mends it, and what it says where it cannot check."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect
from moviec.catalog.integrity import integrity, remake_indexes
from moviec.errors import DamagedError


def test_a_sound_database_says_nothing_and_postgres_says_what_it_cannot_check(database: str) -> None:
    catalogue = connect(database)
    found = integrity(catalogue)
    assert (found.defects, found.of_indexes) == ([], [])
    if catalogue.dialect.name == "postgresql":
        assert "CREATE EXTENSION amcheck" in found.unchecked
        with catalogue.begin() as connection:
            connection.execute(sa.text("CREATE EXTENSION amcheck"))
        assert integrity(catalogue).unchecked == ""
    remake_indexes(catalogue)
    found = integrity(catalogue)
    assert (found.defects, found.of_indexes, found.unchecked) == ([], [], "")
    catalogue.dispose()


def test_a_row_that_refers_to_nothing_is_a_defect(tmp_path: Path) -> None:
    catalogue = connect(f"sqlite:///{tmp_path / 'catalogue.db'}")
    with sqlite3.connect(tmp_path / "catalogue.db") as connection:
        connection.execute(
            "INSERT INTO batches (delivery, source, keys_file, changed, tombstones, outdated, published)"
            " VALUES ('none', 'club', 'k', 0, 0, 0, 1)"
        )
    connection.close()
    assert integrity(catalogue).defects == [
        "row 1 of batches refers to a row of deliveries that is not there"
    ]
    catalogue.dispose()


@pytest.mark.parametrize(("at", "said"), [(0, "not a database"), (100, "malformed")])
def test_a_damaged_database_is_one_clear_line(tmp_path: Path, at: int, said: str) -> None:
    path = tmp_path / "catalogue.db"
    connect(f"sqlite:///{path}").dispose()
    data = bytearray(path.read_bytes())
    data[at] ^= 0x40
    path.write_bytes(data)
    with pytest.raises(
        DamagedError, match=rf"the database is damaged \(.*{said}.*\); .*move (the database|it) away"
    ):
        connect(f"sqlite:///{path}")
