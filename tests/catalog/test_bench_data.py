"""The catalogue that `bench_api.py` makes up by SQL of its own fits the schema as it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import api_data


def test_the_made_up_catalogue_of_the_bench_of_the_api_fits_the_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_data, "CACHE", tmp_path)
    monkeypatch.setattr(
        api_data, "halves", lambda: [(0, "The Third", "Man"), (1, "Metropolis", ""), (2, "Blue", "Angel")]
    )
    home = api_data.home_of(40)
    with sqlite3.connect(home / "catalogue.db") as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("SELECT count(*) FROM documents").fetchall() == [(40,)]
        assert connection.execute("SELECT count(*) FROM rankings").fetchone() > (0,)
    assert (home / "search").is_dir()
