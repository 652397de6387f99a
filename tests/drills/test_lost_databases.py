"""The database lost, older than its lake or another home's, and payloads damaged: refused in one line, and a way back."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from moviec.config import Home
from tests.drills.conftest import rounds, told
from tests.drills.test_kills import CASES, Place

#: Commands that write; none may touch a lake whose catalogue does not go with it.
WRITING = (
    "ingest festival {file}",
    "run",
    "rebuild",
    "rebuild --from-raw",
    "tidy",
    "fit",
    "worker --once",
    "doctor --repair",
    "review same kaggle:862 imdb:tt0114709 --yes",
)


def call(place: Place, words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "moviec", *words.split(), "--home", str(place.home)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def files(place: Place) -> dict[str, int]:
    """The lake's files and their sizes."""
    lake = place.home / "lake"
    return {str(path.relative_to(lake)): path.stat().st_size for path in lake.rglob("*") if path.is_file()}


def swapped(place: Place, other: Path | None) -> None:
    """Put another database, or none, in the place of the home's."""
    for path in place.home.glob("catalogue.db*"):
        path.unlink()
    if other:
        shutil.copy(other, place.home / "catalogue.db")


@pytest.mark.parametrize("what", ["lost", "older", "another's"])
def test_no_command_touches_a_lake_without_its_catalogue(
    what: str, drilled: Home, tmp_path: Path, chance: random.Random
) -> None:
    turns = rounds(0, 10)
    for number in turns:
        place = Place(tmp_path / f"{number}", drilled, CASES["rebuild from raw"])
        shutil.copy(place.home / "catalogue.db", tmp_path / "older.db")
        for day in range(chance.randint(1, 3)):
            place.deliver(place.festival.replace(";8.", f";{day + 5}."), f"2026-11-2{day + 3}")
        wanted, before = place.comes_to(), files(place)
        other = {"lost": None, "older": tmp_path / "older.db", "another's": tmp_path / "another.db"}[what]
        if what == "another's":
            another = Place(tmp_path / f"{number}-another", drilled, CASES["demo"])
            another.run()
            shutil.copy(another.home / "catalogue.db", tmp_path / "another.db")
        swapped(place, other)
        for words in chance.sample(WRITING, 4):
            done = call(place, words.format(file=place.folder / "in" / "2026-11-23" / "films.csv"))
            assert done.returncode != 0 or words in ("run", "doctor --repair", "worker --once"), words
            assert "Traceback" not in done.stderr
            assert files(place).items() >= before.items(), words
        if what == "another's":
            refused = call(place, "rebuild --from-lake")
            assert refused.returncode == 1 and "another lake's" in refused.stderr
            swapped(place, None)
        back = call(place, "rebuild --from-lake")
        assert back.returncode == 0, back.stderr
        assert place.comes_to() == wanted
        assert call(place, "doctor").stdout == "all is well\n"
        shutil.rmtree(place.folder)
    told(f"database {what}", len(turns))


def test_a_payload_that_is_damaged_and_delivered_again_is_as_it_was(
    drilled: Home, tmp_path: Path, chance: random.Random
) -> None:
    turns = rounds(1, 10)
    place = Place(tmp_path / "place", drilled, CASES["ingest"])
    place.run()
    wanted = place.comes_to()
    for _ in turns:
        delivered = chance.choice(sorted((place.folder / "2026-11-22").iterdir()))
        payload = next(
            path
            for path in (place.home / "lake" / "raw").rglob("*")
            if path.is_file() and path.read_bytes() == delivered.read_bytes()
        )
        data = bytearray(payload.read_bytes())
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        payload.write_bytes(data)
        assert call(place, "rebuild --from-raw").returncode == 1
        assert call(place, "doctor").returncode == 3
        assert place.comes_to() == wanted
        place.run()
        assert payload.read_bytes() == delivered.read_bytes()
        assert place.comes_to() == wanted
        assert call(place, "doctor").stdout == "all is well\n"
    told("payload damaged, delivered again", len(turns))
