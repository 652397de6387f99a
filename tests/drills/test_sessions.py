"""PostgreSQL ends a run's sessions at random moments, and runs are frozen while others take over: nothing is lost or twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect
from moviec.cli.export import _licences
from moviec.config import Home, open_home
from moviec.export.export import Order, export
from tests.conftest import new_database
from tests.drills.conftest import FULL, rounds, told
from tests.drills.test_kills import CASES, Place, digest

COMMANDS = {
    "ingest": CASES["ingest"].words,
    "rebuild": "rebuild --home {home}",
    "rebuild from raw": "rebuild --from-raw --home {home}",
    "tidy": "tidy --home {home}",
}
SHORT = ("rebuild from raw",)
NAMES = list(COMMANDS) if FULL else SHORT

#: Settings under which there is something to publish for a rebuild, and much to tidy.
SETTINGS = 'compact_after = 1\nkeep_raw = "last 2"\npatience = 60\n[fields.title]\nrule = "latest"\n'


@pytest.fixture(scope="module")
def filled(drilled: Home, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Give a home with a few deliveries more than the sample's, and a PostgreSQL database of it to be copied."""
    place = Place(tmp_path_factory.mktemp("filled") / "place", drilled, CASES["tidy"])
    for path in place.home.glob("catalogue.db*"):
        path.unlink()
    url = new_database(postgres)
    settle(place.home, url, "")
    done(moviec("rebuild", "--from-lake", "--home", str(place.home)))
    return place.home, url


def settle(home: Path, url: str, settings: str) -> None:
    (home / "moviec.toml").write_text(f'catalogue = "{url}"\n{settings}')


def moviec(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "moviec", *words]
    environment = {**os.environ, "MOVIEC_THREADS": "1"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def done(process: subprocess.Popen[str]) -> None:
    said = process.communicate()[0]
    assert process.returncode == 0, said


class Run:
    """A command over a copy of the filled home with a database of its own."""

    def __init__(self, folder: Path, filled: tuple[Path, str], server: str, name: str) -> None:
        self.home = folder / "home"
        shutil.copytree(filled[0], self.home)
        self.url = new_database(server, sa.make_url(filled[1]).database)
        settle(self.home, self.url, SETTINGS)
        later = filled[0].parent / "2026-11-22"
        self.words = COMMANDS[name].format(home=self.home, later=later).split()
        self.folder = folder

    def start(self) -> subprocess.Popen[str]:
        return moviec(*self.words)

    def end_sessions(self) -> None:
        maker = sa.create_engine(self.url, isolation_level="AUTOCOMMIT")
        with maker.connect() as connection:
            ours = "datname = current_database() AND pid <> pg_backend_pid()"
            connection.execute(
                sa.text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
            )
        maker.dispose()

    def comes_to(self) -> str:
        """Give the SHA-256 of an export, of a home in which nothing is amiss."""
        done(moviec("doctor", "--home", str(self.home)))
        whole = self.folder / "whole"
        home = open_home(self.home, {})
        catalogue = connect(home.catalogue)
        with catalogue.connect() as connection:
            export(connection, Order(whole, "jsonl", own_use=True), _licences(home), lambda _: None)
        catalogue.dispose()
        return digest(whole / "movies.jsonl")


def honest(process: subprocess.Popen[str]) -> None:
    """Hold that a run ended well, or said in one line what happened."""
    said = process.communicate()[0]
    assert "Traceback" not in said, said
    assert process.returncode == 0 or [line for line in said.splitlines() if line.startswith("moviec: ")], (
        said
    )


@pytest.fixture
def undisturbed(
    request: pytest.FixtureRequest, filled: tuple[Path, str], postgres: str, tmp_path: Path
) -> tuple[str, float]:
    """Give what an undisturbed run comes to, and how long it takes."""
    run = Run(tmp_path / "undisturbed", filled, postgres, request.getfixturevalue("name"))
    begun = time.monotonic()
    done(run.start())
    return run.comes_to(), time.monotonic() - begun


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_a_run_whose_sessions_end_is_called_again(
    name: str, undisturbed: tuple[str, float], filled: tuple[Path, str], postgres: str, tmp_path: Path, chance: random.Random
) -> None:  # fmt: skip
    wanted, lasted = undisturbed
    turns = rounds(0, 10)
    for number in turns:
        run = Run(tmp_path / f"{number}", filled, postgres, name)
        process = run.start()
        time.sleep(chance.uniform(0.5, lasted))
        run.end_sessions()
        honest(process)
        again = run.start()
        honest(again)
        assert again.returncode == 0
        assert run.comes_to() == wanted
        shutil.rmtree(run.folder)
    told(f"sessions ended: {name}", len(turns))


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_was_frozen_while_another_took_over_changes_nothing(
    name: str, undisturbed: tuple[str, float], filled: tuple[Path, str], postgres: str, tmp_path: Path, chance: random.Random
) -> None:  # fmt: skip
    wanted, lasted = undisturbed
    turns = rounds(1, 10)
    for number in turns:
        run = Run(tmp_path / f"{number}", filled, postgres, name)
        frozen = run.start()
        time.sleep(chance.uniform(0.5, lasted))
        frozen.send_signal(signal.SIGSTOP)
        run.end_sessions()
        other = run.start()
        honest(other)
        assert other.returncode == 0
        frozen.send_signal(signal.SIGCONT)
        honest(frozen)
        # As after a run that died, the next one moves aside what was written and not registered.
        done(moviec("quarantine", "replay", "--home", str(run.home)))
        assert run.comes_to() == wanted
        shutil.rmtree(run.folder)
    told(f"frozen, sessions ended: {name}", len(turns))
