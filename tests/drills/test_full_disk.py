"""No room on the temporary disk, in the home or for the database: told in one line with status, and a way back that works."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from moviec.catalog.connect import connect
from moviec.catalog.ingest_queue import failed
from moviec.config import Home, open_home
from tests.drills.conftest import FULL
from tests.drills.test_kills import CASES, Place

#: What a run says that has no room: one line that names what to do.
TOLD = "make room"


def moviec(
    place: Place, *, temporary: Path | None = None, largest: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run the case's command; no file of it may become larger than `largest` bytes, as on a full disk."""

    def confine() -> None:
        if largest:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    environment = {**os.environ, "TMPDIR": str(temporary or place.temporary), "MOVIEC_THREADS": "1"}
    command = [sys.executable, "-m", "moviec", *place.words]
    return subprocess.run(
        command, env=environment, preexec_fn=confine, capture_output=True, text=True, check=False
    )


def aside(home: Path) -> int:
    catalogue = connect(open_home(home, {}).catalogue)
    with catalogue.connect() as connection:
        found = len(failed(connection))
    catalogue.dispose()
    return found


@pytest.fixture
def place(drilled: Home, tmp_path: Path) -> Place:
    return Place(tmp_path / "disturbed", drilled, CASES["ingest"])


@pytest.fixture(scope="module")
def wanted(drilled: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    undisturbed = Place(tmp_path_factory.mktemp("undisturbed") / "place", drilled, CASES["ingest"])
    undisturbed.run()
    return undisturbed.comes_to()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 64 kB, or skip where none may be mounted."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        mount is None
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("needs leave to mount a small disk: run the drills as root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def honest(done: subprocess.CompletedProcess[str]) -> None:
    """Hold that a run failed with one line that says what to do, and no traceback."""
    said = [line for line in done.stderr.splitlines() if line.startswith("moviec: ")]
    assert done.returncode in (1, 3), done.stderr
    assert len(said) == 1 and TOLD in said[0], done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_full_temporary_disk_is_told_and_the_same_command_again_comes_to_the_same(
    place: Place, wanted: dict[str, str], tiny_disk: Path
) -> None:
    honest(moviec(place, temporary=tiny_disk))
    assert aside(place.home) == 0
    assert moviec(place).returncode == 0
    assert place.comes_to() == wanted


@pytest.mark.parametrize("largest", [1_000, 60_000] if FULL else [1_000])
def test_files_that_cannot_grow_are_told_and_the_same_command_again_comes_to_the_same(
    place: Place, wanted: dict[str, str], largest: int
) -> None:
    honest(moviec(place, largest=largest))
    assert aside(place.home) == 0
    assert moviec(place).returncode == 0
    assert place.comes_to() == wanted
