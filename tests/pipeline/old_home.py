"""A small home that version 0.1 made, and what tests of backups and of the lake's copy ask of one."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.accounts import digest
from moviec.catalog.arrow import rows_of
from moviec.catalog.connect import connect
from moviec.catalog.queries import documents_from
from moviec.config import Home
from moviec.home.ledger_copy import UNITS
from moviec.jobs.doctor import copied_otherwise, examine
from moviec.pipeline.opening import open_run
from tests.commands import moviec

FIXTURE = Path(__file__).parents[1] / "fixtures" / "home-0.1.tar.xz"

#: A fresher delivery of the fixture's `festival`, in which one film is gone and another is new.
FRESH = (
    "Film;Jahr;Regie;Länge;Note\nThe Shining;1980;Stanley Kubrick;144;8.9\nAlien;1979;Ridley Scott;117;9.1\n"
)


def unpack(folder: Path, fixture: Path = FIXTURE) -> None:
    with tarfile.open(fixture) as archive:
        archive.extractall(folder, filter="data")


def export(home: Path | Home, out: Path, *words: str) -> bytes:
    folder = home if isinstance(home, Path) else home.folder
    done = moviec("export", out, "--format", "jsonl", "--own-use", "--home", folder, *words)
    assert done.returncode == 0, done.stderr
    return (out / "movies.jsonl").read_bytes()


def documents(home: Home) -> dict[int, str]:
    catalogue = connect(home.catalogue)
    with catalogue.connect() as connection:
        found = dict(documents_from(connection, 0, 1_000))
    catalogue.dispose()
    return found


def select(home: Home, sql: str) -> list[tuple[Any, ...]]:
    catalogue = connect(home.catalogue)
    with catalogue.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text(sql))]
    catalogue.dispose()
    return found


def ledger(home: Home) -> dict[str, list[dict[str, Any]]]:
    """Everything of the copied tables that a publication does not work out."""
    catalogue = connect(home.catalogue)
    with catalogue.connect() as connection:
        found = {name: rows_of(connection, name).to_pylist() for name in UNITS}
    catalogue.dispose()
    for row in (*found["deliveries"], *found["batches"]):
        row.pop("report", None)
        row.pop("published", None)
    del found["catalogue_state"]
    return found


def has_key(home: Home, beside: Path) -> bool:
    key = digest((beside.parent / "key.txt").read_text().strip())
    return (key,) in select(home, "SELECT hash FROM keys WHERE revoked_at IS NULL")


def in_order(home: Home) -> None:
    with open_run(home, alone=True) as context:
        assert examine(context) == []
        assert copied_otherwise(context) == {}


def with_catalogue(home: Home, database: str) -> Home:
    settings = msgspec.structs.replace(home.settings, catalogue=database)
    (home.folder / "moviec.toml").write_text(f'catalogue = "{database}"\n')
    return Home(home.folder, settings)


def deliver(home: Home, place: Path, text: str = FRESH, day: str = "2026-11-20") -> None:
    (place / "festival").mkdir(parents=True, exist_ok=True)
    (place / "festival" / "films.csv").write_text(text)
    words = ("ingest", "festival", place / "festival", "--delivered-at", day, "--accept-shrink")
    done = moviec(*words, "--home", home.folder)
    assert done.returncode == 0, done.stderr
